"""Connections whose client sends the head of a request too slowly are closed."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


def patient(seconds: float) -> type[H11Protocol]:
    """Return a protocol that gives a client so many seconds for the head of each request.

    uvicorn bounds the time between requests, and not that of the first one, nor how long a head may take.
    """

    class Patient(H11Protocol):
        """Closes a connection where the head of a request takes too long."""

        _head: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._done()
            elif self._head is None and not self.transport.is_closing():
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._done()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._head = self.loop.call_later(seconds, self._close)

        def _done(self) -> None:
            if self._head is not None:
                self._head.cancel()
                self._head = None

        def _close(self) -> None:
            self._head = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

    return Patient
