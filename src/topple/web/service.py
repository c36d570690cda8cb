"""What the handlers of requests share: settings, models, the pool, what is measured, and the audit store."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from topple.api.explaining import explain
from topple.errors import QueryError
from topple.records.effort import Effort
from topple.records.history import History
from topple.records.question import Goal
from topple.types import Id
from topple.web.asking.bodies import Who
from topple.web.auditing import Auditing
from topple.web.models import ServedModel, ServedModels
from topple.web.pooling.pool import Pool
from topple.web.pooling.questions import How
from topple.web.searching import users_like
from topple.web.settings import ServeSettings
from topple.web.telling.metrics import Metrics

_Found = TypeVar("_Found")
logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Service:
    """The service.

    Args:
        settings: of the service.
        models: what is served.
        pool: answers questions.
        metrics: what is measured.
        audit: where explanations are written before they are given; None: nowhere.
        ready: whether requests are taken; False while the service warms up and when it is being stopped.
    """

    settings: ServeSettings
    models: ServedModels
    pool: Pool
    metrics: Metrics
    audit: Auditing | None = None
    ready: bool = False

    async def call(self, work: Callable[..., _Found], *arguments: Any, quick: bool = True, **named: Any) -> _Found:
        """Return what a verb returns that is called in the thread that computes."""
        return await self.pool.call(partial(work, *arguments, **named), quick=quick)

    async def warm_up(self, on_ready: Callable[[], None]) -> None:
        """Have every model explain one list, so that compiled loops are read before anybody waits; then requests are taken.

        The loops of the other goals follow in the thread of long work: where they have to be compiled, that takes a minute or two.
        """
        await self._warm(Goal.NECESSARY, quick=True)
        self.ready = True
        on_ready()
        for goal in (Goal.SUFFICIENT, Goal.BOTH):
            await self._warm(goal, quick=False)

    async def _warm(self, goal: Goal, *, quick: bool) -> None:
        for model in self.models:
            try:
                await self.pool.call(partial(warm, model, goal), quick=quick)
            except Exception:  # whoever asks is told why
                logger.warning("model %s could not be warmed up", model.key, exc_info=True)

    async def exchange(self, key: str) -> ServedModel:
        """Load a model anew and serve it from then on."""
        model = await asyncio.to_thread(self.models.reload, key)
        self.metrics.loaded(model.key, model.loaded)
        return model

    def histories(self, model: ServedModel, who: Who) -> Any:
        """Return whose history is asked about, as `topple.explain` takes it: by user, or one of nobody's.

        Raises:
            QueryError: neither a user nor a history, an unknown user, or more than the service takes.
        """
        if who.history is None:
            if who.user is None:
                raise QueryError(
                    "neither user nor history is given. Give a user of the model, or history=[...] with item ids."
                )
            if who.weights is not None:
                raise QueryError(
                    "weights are those of history, and a user has own ones. Give history=[...] with the weights."
                )
            user: Id | None = model.user_id(who.user)
            history = model.user(who.user)
        else:
            weights = () if who.weights is None else who.weights
            if weights and len(weights) != len(who.history):
                raise QueryError(
                    f"{len(weights)} weights for {len(who.history)} events of history. Give one each, or none."
                )
            history, user = History(who.history, weights), who.user
        if len(history) > self.settings.longest_history:
            raise QueryError(
                f"a history of {len(history):,} events; this service takes {self.settings.longest_history:,}. Give fewer, or ask "
                "the library."
            )
        return history if user is None else {user: history}

    def check_length(self, k: int | None) -> None:
        """Refuse a list that is longer than the service makes.

        Raises:
            QueryError: it is.
        """
        if k is not None and k > self.settings.largest_k:
            raise QueryError(f"k={k}; this service makes lists of at most {self.settings.largest_k}. Give a smaller k.")

    def due(self, deadline: float | None, how: How) -> float | None:
        """Return when answers are due, by `time.perf_counter`; None: no deadline.

        Raises:
            QueryError: a deadline beyond what the service takes.
        """
        most = self.settings.most_seconds
        if deadline is not None and deadline > most:
            raise QueryError(f"deadline={deadline:g}; this service takes at most {most:g} seconds. Give a sooner one.")
        endless = how.budget.scored is None and not how.quick
        seconds = most if deadline is None and endless else deadline
        return None if seconds is None else time.perf_counter() + seconds

    def effort(self, method: str, effort: Effort | None, scored: int | None) -> Effort | None:
        """Return what an answer may cost: what is asked, else the service's own of the default method."""
        return self.settings.effort if effort is None and method == "auto" and scored is None else effort


def warm(model: ServedModel, goal: Goal = Goal.NECESSARY) -> None:
    """Explain the list of somebody, and forget it."""
    users = [] if model.split is None else users_like(model.split, "", 1)
    ids = model.recommender.catalogue.vocabulary.ids
    history = model.user(users[0]) if users else ids[: max(1, min(10, len(ids) - 2))]
    explain(model.recommender, history, k=1, goal=goal, effort=Effort.INSTANT, progress=False)


def one_history(histories: Any) -> Sequence[Any]:
    """Return the one history of what `Service.histories` returned."""
    return next(iter(histories.values())) if isinstance(histories, dict) else histories


async def service_of(request: Request) -> Service:  # not async, it would be called in another thread
    """Return the service that a request has come to."""
    service: Service = request.app.state.service
    return service


async def model_of(request: Request, key: str) -> ServedModel:
    """Return the model that a request names.

    Raises:
        UnknownNameError: there is none.
    """
    return (await service_of(request)).models[key]


AService = Annotated[Service, Depends(service_of)]
AModel = Annotated[ServedModel, Depends(model_of)]
