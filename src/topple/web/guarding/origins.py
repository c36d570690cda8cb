"""From where a request comes: the name that it asks for, and the page that sends it."""

import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from topple.web.settings import LOOPBACK, ServeSettings


def allowed_names(settings: ServeSettings) -> frozenset[str]:
    """Return the names that a request may give as its host: those of this machine, which no page elsewhere has, and those listed."""
    here = {*LOOPBACK, settings.host, *settings.names}
    if not settings.loopback and not settings.names:
        here |= {socket.gethostname(), socket.getfqdn()}
    return frozenset(name.casefold() for name in here)


def host_of(header: str) -> str:
    """Return the name of a host header, without the port."""
    try:
        return (urlsplit(f"//{header}").hostname or "").casefold()
    except ValueError:
        return ""


def is_foreign(headers: Mapping[str, str], *, reads_page: bool) -> bool:
    """Return whether a page of another site sends the request; a link that a person follows to a page is none.

    Args:
        headers: of the request.
        reads_page: whether the request asks for a page or a file of it.
    """
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is not None and urlsplit(origin).netloc.casefold() != host.casefold():
        return True
    foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return foreign and not (reads_page and headers.get("sec-fetch-mode") == "navigate")
