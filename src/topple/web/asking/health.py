"""Whether the service lives, whether it takes requests, and what is measured."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

import topple
from topple.web.service import AService

router = APIRouter()


@router.get("/health", summary="Does the service live?")
async def health(service: AService) -> dict[str, str | None]:
    """Answer as long as the service lives, and say whether the audit store takes what is given, and since when it does not."""
    audit = service.audit
    since = None if audit is None else audit.failing_since
    state = "none" if audit is None else "ok" if since is None else "failing"
    return {"status": "ok", "version": topple.__version__, "audit": state, "audit_failing_since": since}


@router.get("/ready", summary="Does the service take requests?")
async def ready(service: AService) -> JSONResponse:
    """Answer 200 where requests are taken, and 503 while the service warms up or is being stopped."""
    found = {"ready": service.ready, "waiting": service.pool.waiting, "models": [each.key for each in service.models]}
    return JSONResponse(found, status_code=200 if service.ready else 503)


@router.get("/metrics", summary="What is measured", response_class=Response)
async def metrics(service: AService) -> Response:
    """Return what is measured, as Prometheus reads it."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
