"""Who asks the request that is worked on."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks.

    Args:
        name: of the API key; "" where none is asked for.
        reads_all: whether entries of the audit store that were given to others may be read.
    """

    name: str = ""
    reads_all: bool = True


NOBODY = Client()
client: ContextVar[Client] = ContextVar("client", default=NOBODY)
"""Who asks the request that is worked on."""
