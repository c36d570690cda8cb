"""Structured logs: a JSON object a line, with the id of the request and without what a history holds."""

import json
import logging
import sys
import time
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from topple.errors import cut, escaped
from topple.web.telling.metrics import Metrics

logger = logging.getLogger(__name__)
request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is worked on."""
FAILED = 500
"""Status of a request at which the service failed."""
LEFT = 499
"""Status in logs and metrics of a request whose client left."""


class Lines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": cut(escaped(record.getMessage())),
        }
        if request_id.get():
            told["request"] = request_id.get()
        told |= getattr(record, "told", {})
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=True)


def log_lines() -> None:
    """Have everything that is logged go to standard error, a JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("topple").setLevel(logging.INFO)
    logging.getLogger("topple.api").setLevel(logging.WARNING)  # a line a call of the library
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)


class Watch:
    """Gives each request an id, counts it, and logs it when it is answered: never the body, nor what was typed.

    Args:
        app: what answers.
        metrics: counts.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, name = time.perf_counter(), uuid.uuid4().hex[:16]
        token, status = request_id.set(name), LEFT

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = name
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception:
            if status != FAILED:  # else it was logged and answered
                raise
        finally:
            self._count(scope, status, time.perf_counter() - began)
            request_id.reset(token)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route_of(scope)
        status = LEFT if scope.get("client_left") else status
        method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD") else "other"
        self.metrics.requests.labels(route, method, str(status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        told = {
            "route": route, "method": method, "status": status, "ms": round(seconds * 1000, 2),
            "key": scope.get("client_name", ""), "model": (scope.get("path_params") or {}).get("key", ""),
        }  # fmt: skip
        logger.info("request", extra={"told": told})


def _route_of(scope: Scope) -> str:
    """Return the path of a request with the names of what varies in it; "other" where no route answers."""
    if scope.get("route") is None:
        return "other"
    named = {str(value): f"{{{name}}}" for name, value in (scope.get("path_params") or {}).items()}
    return "/".join(named.get(part, part) for part in scope["path"].split("/"))
