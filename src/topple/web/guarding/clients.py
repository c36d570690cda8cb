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
    reads_all: bool = False


client: ContextVar[Client] = ContextVar("client", default=Client())  # noqa: B039 # a frozen record
"""Who asks the request that is worked on."""
