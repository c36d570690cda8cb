"""The guard before all routes: who asks, from where, how much, how fast; and that a client who leaves is worked for no more."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from topple.web.guarding.clients import Client, client
from topple.web.guarding.errors import error_answer, too_busy
from topple.web.guarding.keys import ApiKey, ApiKeys
from topple.web.guarding.keys import Scope as May
from topple.web.guarding.origins import allowed_names, host_of, is_foreign
from topple.web.guarding.rates import Rates
from topple.web.settings import ServeSettings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""Headers of every answer."""
OPEN = ("/health", "/ready")
"""What anybody may ask."""
LINES = "application/x-ndjson"
BUSY_SECONDS = 0.25
"""Seconds that a refusal takes where too many wait."""


class Guard:
    """Refuses what may not be asked, before any of it is worked on, and hands the rest on.

    Args:
        app: what answers.
        settings: of the service.
        keys: the API keys; None where none are asked for.
        full: says whether so many questions wait that no more are taken.
    """

    def __init__(
        self, app: ASGIApp, settings: ServeSettings, keys: ApiKeys | None, full: Callable[[], bool] = lambda: False
    ) -> None:
        self.app, self.settings, self.keys, self._full = app, settings, keys, full
        self._names, self._rates = allowed_names(settings), Rates(settings.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        sending = self._sending(send)
        refusal = self._refusal(scope, headers)
        body: bytes | None = b""
        stream = is_stream(scope, headers)
        if refusal is None and scope["method"] == "POST" and not stream and self._full():
            await asyncio.sleep(BUSY_SECONDS)  # who asks again at once must not keep from computing who waits
            refusal = too_busy()
        if refusal is None and not stream:
            body, refusal = await self._body(receive)
        if refusal is not None:
            await refusal(scope, receive, sending)
        elif stream:  # the app reads the body as it comes, and sees by itself when the client leaves
            await self.app(scope, receive, sending)
        elif body is not None:
            await self._answer(scope, _with_body(body, receive), receive, sending)

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        """Return why a request is not taken; None where it is."""
        path, api = scope["path"], scope["path"].startswith("/v1/")
        if host_of(headers.get("host", "")) not in self._names:
            return error_answer(
                421, "HostError", "this service does not answer under that name. Add it with --name, or use its own."
            )
        if is_foreign(headers, reads_page=not api):
            return error_answer(
                403,
                "OriginError",
                "a page of another site sends this request. Ask from the page of the service, or without one.",
            )
        found = self._who(path, headers)
        if isinstance(found, Response):
            return found
        name = "" if found is None else found.name
        client.set(Client(name, reads_all=self.keys is None or (found is not None and May.ADMIN in found.scopes)))
        scope["client_name"] = name
        if path not in OPEN and (api or scope["method"] == "POST"):
            return self._too_fast(scope, found) or self._strange_body(scope, headers)
        return None

    def _who(self, path: str, headers: Mapping[str, str]) -> ApiKey | Response | None:
        """Return the key of a request that needs one; a refusal; or None where none is needed."""
        scope_needed = needed(path)
        if self.keys is None or scope_needed is None:
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        key = self.keys.find(given.strip()) if kind.casefold() == "bearer" else None
        if key is None:
            message = "no known API key is given. Send the header: Authorization: Bearer KEY."
            return error_answer(401, "KeyError", message, {"WWW-Authenticate": "Bearer"})
        if scope_needed and scope_needed not in key.scopes:
            return error_answer(
                403, "ScopeError", f"the key {key.name} may not ask this: it lacks the scope {scope_needed}."
            )
        return key

    def _too_fast(self, scope: Scope, key: ApiKey | None) -> Response | None:
        """Return a refusal where too many requests come from one key, or from one address."""
        who = f"key {key.name}" if key is not None else str((scope.get("client") or ("",))[0])
        rate = key.rate if key is not None and key.rate is not None else self.settings.rate
        wait = self._rates.wait(who, rate)
        if not wait:
            return None
        seconds = str(max(1, round(wait + 0.5)))
        return error_answer(
            429,
            "RateError",
            f"more than {rate:g} requests a second. Ask again in {seconds} s.",
            {"Retry-After": seconds},
        )

    def _strange_body(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        """Return a refusal of a body that is too large, packed, or of another kind."""
        if scope["method"] not in ("POST", "PUT", "PATCH"):
            return None
        if headers.get("content-encoding", "identity") != "identity":
            return error_answer(415, "BodyError", "packed bodies are not taken. Send the body as it is.")
        kind = headers.get("content-type", "").partition(";")[0].strip().casefold()
        length = headers.get("content-length", "")
        if kind != "application/json" and length != "0" and not is_stream(scope, headers):
            return error_answer(
                415, "BodyError", "the body is no JSON. Send JSON with the header: Content-Type: application/json."
            )
        if not is_stream(scope, headers) and length.isdecimal() and int(length[:20]) > self.settings.largest_body:
            return self._too_large()
        return None

    def _too_large(self) -> Response:
        most = self.settings.largest_body
        return error_answer(
            413,
            "BodyError",
            f"the body is larger than {most:,} bytes. Send less, or set largest_body.",
            {"Connection": "close"},
        )

    async def _body(self, receive: Receive) -> tuple[bytes | None, Response | None]:
        """Return the body, or None where the client left, and why it is not taken."""
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None, None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self.settings.largest_body:
                        return None, self._too_large()
                    if not message.get("more_body", False):
                        return b"".join(parts), None
        except TimeoutError:
            told = f"the body did not come within {self.settings.body_seconds:g} seconds. Send it at once."
            return None, error_answer(408, "SlowError", told, {"Connection": "close"})

    def _sending(self, send: Send) -> Send:
        """Return a `send` that adds the headers of safety, and gives a client only so long to take each part."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in SAFE if each[0] not in there)]
            async with asyncio.timeout(self.settings.body_seconds):
                await send(message)

        return sending

    async def _answer(self, scope: Scope, receive: Receive, left: Receive, send: Send) -> None:
        """Have the app answer; where the client leaves first, the app is told to stop.

        Args:
            scope: of the request.
            receive: gives the body to the app.
            left: tells when the client leaves, once the body was read.
            send: sends.
        """
        answering = asyncio.ensure_future(self.app(scope, receive, send))
        leaving = asyncio.ensure_future(client_left(left))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                answering.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await answering
                scope["client_left"] = True
                return
            answering.result()
        finally:
            leaving.cancel()
            if not answering.done():
                answering.cancel()


def is_stream(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Return whether a body is lines of JSON for a path that reads them as they come; other bodies are bounded and read first."""
    lines = headers.get("content-type", "").partition(";")[0].strip().casefold() == LINES
    return lines and scope["path"].endswith("/explain-many")


def needed(path: str) -> May | str | None:
    """Return the scope that a path needs, "" where any key will do, None where none is needed."""
    if path == "/metrics" or path.endswith("/reload"):
        return May.ADMIN
    if not path.startswith("/v1/"):
        return None
    if path.startswith("/v1/audit"):
        return May.AUDIT
    if path in ("/v1/openapi.json", "/v1/models"):
        return ""
    return May.WHAT_IF if path.endswith("/what-if") else May.EXPLAIN


def _with_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that was read already, and then waits for the client to leave."""
    given: list[Any] = []

    async def receiving() -> Message:
        if not given:
            given.append(True)
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return receiving


async def client_left(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
