"""A stream of questions: a JSON object a line comes in, a JSON object a line goes out as answers are ready, in the same order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from topple.errors import AuditError, QueryError, ToppleError, counted, shown
from topple.inputs import json_of
from topple.records.as_json import as_json
from topple.types import JsonObject
from topple.web.asking.bodies import ExplainBody
from topple.web.asking.explaining import explain_body
from topple.web.guarding.errors import error_json, not_stored, problem_of
from topple.web.guarding.guard import LINES, client_left
from topple.web.models import ServedModel
from topple.web.pooling.pool import QueueFullError
from topple.web.service import AModel, AService, Service

router = APIRouter()
RETRY_SECONDS = 0.05


@router.post(
    "/explain-many",
    summary="Why are these items listed, for many?",
    response_class=StreamingResponse,
    openapi_extra={"requestBody": {"content": {LINES: {"schema": {"type": "string"}}}, "required": True}},
    responses={200: {"content": {LINES: {"schema": {"type": "string"}}}, "description": "An answer a line."}},
)
async def explain_many(service: AService, model: AModel, request: Request) -> StreamingResponse:
    """Answer a stream of bodies of `explain`, a JSON object a line, with a JSON object a line, in the same order.

    A line that cannot be answered gets an `error` and stops no other; every answer has the `line` that it is for, from 1.
    """
    return _WhileReading(_answers(service, model, request), media_type=LINES)


class _WhileReading(StreamingResponse):
    """An answer that is sent while the body is read: what sends it sees by itself when the client leaves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stream_response(send)


async def _answers(service: Service, model: ServedModel, request: Request) -> AsyncIterator[bytes]:
    """Yield an answer a line; so many lines are asked at once as are answered together."""
    asked: deque[asyncio.Future[Any]] = deque()
    try:
        number = 0
        async for line in _lines(service, request):
            number += 1
            asked.append(asyncio.ensure_future(_answer(service, model, number, line)))
            while len(asked) >= 2 * service.settings.pool or (asked and asked[0].done()):
                yield _line(await asked.popleft())
        gone = asyncio.ensure_future(client_left(request.receive))
        asked.append(gone)  # cancelled with the others
        while len(asked) > 1:
            await asyncio.wait({asked[0], gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            yield _line(await asked.popleft())
    except ClientDisconnect:
        return
    except QueryError as error:
        while asked:
            yield _line(await asked.popleft())
        yield _line(_refused(number + 1, "QueryError", str(error)))
    finally:
        for task in asked:
            task.cancel()


async def _lines(service: Service, request: Request) -> AsyncIterator[bytes]:
    """Yield the lines of a body that are not empty.

    Raises:
        QueryError: a line is longer than a body may be, or the client sends too slowly.
    """
    rest, most = b"", service.settings.largest_body
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(service.settings.body_seconds):
                part = await anext(stream)
        except StopAsyncIteration:
            break
        except TimeoutError as error:
            seconds = f"{service.settings.body_seconds:g} seconds"
            raise QueryError(f"nothing came for {seconds}. Send the lines without such a pause.") from error
        *whole, rest = (rest + part).split(b"\n")
        for line in filter(bytes.strip, whole):
            yield line
        if len(rest) > most:
            raise QueryError(f"a line is longer than {most:,} bytes. Send shorter ones, or set largest_body.")
    if rest.strip():
        yield rest


async def _answer(service: Service, model: ServedModel, number: int, line: bytes) -> JsonObject:
    """Return the answer to one line; where many wait already, it waits its turn."""
    try:
        if len(line) > service.settings.largest_body:
            most = counted(service.settings.largest_body, "byte")
            raise QueryError(f"the line has {len(line):,} bytes; at most {most} are taken. Send a shorter one.")
        body = ExplainBody.model_validate(_object(line))
        while True:
            try:
                return {"line": number, **await explain_body(service, model, body)}
            except QueueFullError:
                await asyncio.sleep(RETRY_SECONDS)
    except ValidationError as error:
        return _refused(number, "BodyError", "; ".join(problem_of(each) for each in error.errors()[:3]))
    except AuditError as error:
        return _refused(number, "AuditError", not_stored(error))
    except ToppleError as error:
        return _refused(number, type(error).__name__, str(error))


def _object(line: bytes) -> Any:
    """Return the object of a line.

    Raises:
        QueryError: it is no JSON.
    """
    try:
        return json_of(line.decode())
    except (ValueError, RecursionError) as error:
        raise QueryError(
            f"{shown(line[:60].decode(errors='replace'))} is no JSON ({error}). Send an object a line."
        ) from error


def _refused(number: int, kind: str, message: str) -> JsonObject:
    return {"line": number, **error_json(kind, message)}


def _line(answer: JsonObject) -> bytes:
    return (as_json(answer) + "\n").encode(errors="replace")
