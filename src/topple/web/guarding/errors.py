"""Errors as clients get them: a status, what failed, and what to do; never a traceback."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from topple.errors import AuditError, ToppleError, UnknownNameError, cut, escaped, shown
from topple.types import JsonObject
from topple.web.models import UnknownModelError
from topple.web.pooling.pool import QueueFullError, StoppedError

logger = logging.getLogger(__name__)
SHOWN = 3
"""Problems of a body that are named at most."""


def not_stored(error: AuditError) -> str:
    """Write down why the audit store failed, and return what a client is told, who need not know where the store is."""
    logger.error("the audit store failed: %s", error)
    return (
        "the audit store does not take explanations at the moment, and none is given without it. Ask again in a while."
    )


def error_answer(status: int, kind: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an error as JSON."""
    return JSONResponse(error_json(kind, message), status_code=status, headers=dict(headers or {}))


def error_json(kind: str, message: str) -> JsonObject:
    """Return an error as what an answer holds."""
    return {"error": {"kind": kind, "message": cut(escaped(message))}}


def too_busy() -> JSONResponse:
    """Return the refusal of a request where too many wait."""
    message = "too many requests wait already. Ask again in a second."
    return error_answer(503, "QueueFull", message, {"Retry-After": "1"})


def answer_errors(app: FastAPI) -> None:
    """Have an app answer every error in words."""

    @app.exception_handler(ToppleError)
    async def refused(request: Request, error: ToppleError) -> JSONResponse:
        return error_answer(422, type(error).__name__, str(error))

    @app.exception_handler(UnknownModelError)
    async def nowhere(request: Request, error: UnknownModelError) -> JSONResponse:
        return error_answer(404, UnknownNameError.__name__, str(error))

    @app.exception_handler(AuditError)
    async def not_kept(request: Request, error: AuditError) -> JSONResponse:
        return error_answer(503, "AuditError", not_stored(error), {"Retry-After": "5"})

    @app.exception_handler(RequestValidationError)
    async def misshapen(request: Request, error: RequestValidationError) -> JSONResponse:
        told = [problem_of(each) for each in error.errors()[:SHOWN]]
        more = len(error.errors()) - SHOWN
        return error_answer(
            422, "BodyError", "; ".join(told) + (f"; and {more} more" if more > 0 else "") + ". Change it."
        )

    @app.exception_handler(QueueFullError)
    async def full(request: Request, error: QueueFullError) -> JSONResponse:
        return too_busy()

    @app.exception_handler(StoppedError)
    async def stopped(request: Request, error: StoppedError) -> JSONResponse:
        return error_answer(
            503, "Stopping", "the service is being stopped. Ask again in a while.", {"Retry-After": "5"}
        )

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        return error_answer(error.status_code, "HttpError", f"{error.detail}.", error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        logger.error("unexpected %s", type(error).__name__, exc_info=error)
        message = "the service failed. The log of the service says why, under the id of this request (x-request-id)."
        return error_answer(500, "Unexpected", message)


def problem_of(error: Mapping[str, object]) -> str:
    """Return one problem of a body in words."""
    where = error["loc"]
    name = ".".join(str(part) for part in where[1:]) if isinstance(where, tuple) else ""
    given = f"={shown(error.get('input'))}" if error["type"] not in ("missing", "json_invalid") else ""
    return f"{name or 'the body'}{given}: {error['msg']}"
