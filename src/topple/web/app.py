"""The app: routes, what guards them, and what they share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

import topple
from topple.web.asking import audit as about_audit
from topple.web.asking import batch, explaining, health, listing, menus, showing
from topple.web.asking import models as about_models
from topple.web.asking.answers import Json
from topple.web.auditing import Auditing
from topple.web.guarding.errors import answer_errors
from topple.web.guarding.guard import Guard
from topple.web.guarding.keys import ApiKeys
from topple.web.models import ServedModels
from topple.web.page.router import router as page
from topple.web.pooling.pool import Pool
from topple.web.service import Service
from topple.web.settings import ServeSettings
from topple.web.telling.logs import Watch
from topple.web.telling.metrics import Metrics

VERSION = "/v1"
ABOUT = (
    "Which of this user's past items, had they not been there, would topple this recommendation out of the list? Every answer is verified "
    "by re-ranking the full catalogue."
)


class _Guarded(FastAPI):
    """An app behind the guard, watched."""

    def build_middleware_stack(self) -> ASGIApp:
        service: Service = self.state.service
        keys = None if service.settings.keys is None else ApiKeys(service.settings.keys)
        return Watch(
            Guard(super().build_middleware_stack(), service.settings, keys, lambda: service.pool.full), service.metrics
        )


def create_app(
    models: ServedModels,
    settings: ServeSettings | None = None,
    audit: Auditing | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Return the app that serves models.

    Args:
        models: what is served.
        settings: of the service; the defaults without.
        audit: where explanations are written before they are given.
        on_ready: called once every model is warm and requests are taken.
    """
    chosen, metrics = settings or ServeSettings(), Metrics()
    pool = Pool(chosen.pool, chosen.queue, metrics.batch)
    service = Service(chosen, models, pool, metrics, audit)

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.ensure_future(service.warm_up(on_ready))
        yield
        service.ready = False
        warming.cancel()
        pool.close()

    app = _Guarded(
        default_response_class=Json,
        title="topple", version=topple.__version__, description=ABOUT, docs_url=None, redoc_url=None, lifespan=living,
        openapi_url=f"{VERSION}/openapi.json",
    )  # fmt: skip
    app.state.service = service
    metrics.watch(lambda: float(pool.waiting))
    for model in models:
        metrics.loaded(model.key, model.loaded)
    answer_errors(app)
    # routes are tried in this order, each for microseconds: what is asked most comes first
    for router in (explaining.router, listing.router, batch.router, menus.router, showing.router):
        app.include_router(router, prefix=VERSION + "/models/{key}", tags=["ask"])
    app.include_router(about_models.router, prefix=VERSION, tags=["models"])
    app.include_router(about_audit.router, prefix=VERSION, tags=["audit"])
    app.include_router(health.router, tags=["service"])
    if chosen.page:
        app.include_router(page)
    return app
