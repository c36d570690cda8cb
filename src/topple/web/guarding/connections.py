"""Connections whose client sends the head of a request too slowly, or too long a one, are closed."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 32_768
"""Most bytes of the head of a request."""


class Patient(HttpToolsProtocol):
    """Closes a connection where the head of a request takes too long, or is too long.

    uvicorn bounds the time between requests, and neither that of the first one, nor how long a head may take, nor how long it is.
    """

    head_seconds = 10.0
    """Seconds that the head of a request may take."""
    _head: asyncio.TimerHandle | None = None
    _bytes = 0

    @property
    def _in_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        self._bytes += len(data) if self._in_head else 0
        super().data_received(data)
        if not self._in_head:
            self._done()
        elif self._bytes > LONGEST_HEAD:
            self.send_400_response("The head of the request is too long.")
        elif self._head is None and not self.transport.is_closing():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._done()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._head = self.loop.call_later(self.head_seconds, self._close)

    def _done(self) -> None:
        self._bytes = 0
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _close(self) -> None:
        self._head = None
        if self._in_head:
            self.transport.close()


def patient(seconds: float) -> type[Patient]:
    """Return a protocol that gives a client so many seconds for the head of each request."""
    return type("Patient", (Patient,), {"head_seconds": seconds})
