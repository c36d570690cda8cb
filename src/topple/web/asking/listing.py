"""Recommend, score, what if, influence, agree, evaluate."""

from typing import Any

from fastapi import APIRouter

from topple.api import recommending
from topple.api.agreement import agreement
from topple.api.evaluating import evaluate
from topple.api.influence import influence
from topple.api.scoring import score
from topple.api.what_if import what_if
from topple.errors import QueryError
from topple.records.explanations import Explanations
from topple.reports.tables import evaluation_json
from topple.types import JsonObject
from topple.web.asking.answers import influence_json, list_json, scores_json, titled, what_if_json
from topple.web.asking.bodies import EvaluateBody, ListBody, ScoreBody, ShownBody, WhatIfBody
from topple.web.asking.direct import Direct
from topple.web.service import AModel, AService, one_history

router = APIRouter(route_class=Direct)


@router.post("/recommend", summary="What is listed?")
async def recommend(service: AService, model: AModel, body: ListBody) -> JsonObject:
    """Return the history as it is known, with titles, and the k best items for it."""
    history = one_history(service.histories(model, body))
    service.check_length(body.k)
    found = await service.call(
        recommending.recommend, model.recommender, history, body.k, context=body.context, unknown=body.unknown,
        **_limits(body),
    )  # fmt: skip
    catalogue = model.recommender.catalogue
    return {"history": titled(history, catalogue), "list": list_json(found), "model": model.fingerprint}


@router.post("/score", summary="How does the model score items?")
async def scores(service: AService, model: AModel, body: ScoreBody) -> JsonObject:
    """Return scores as the model gives them: higher is better, comparable within one answer."""
    history = one_history(service.histories(model, body))
    recommender = model.recommender
    found = await service.call(score, recommender, history, body.items, context=body.context, unknown=body.unknown)
    items = recommender.catalogue.vocabulary.ids if body.items is None else body.items
    return {"scores": scores_json(items, found, recommender.catalogue)}


@router.post("/what-if", summary="What would be listed for a changed history?")
async def changed(service: AService, model: AModel, body: WhatIfBody) -> JsonObject:
    """Return the list, the list of a changed history, and what left, entered and moved."""
    service.check_length(body.k)
    history = one_history(service.histories(model, body))
    found = await service.call(
        what_if, model.recommender, history, body.k, without=body.without, only=body.only, add=body.add,
        unknown=body.unknown, context=body.context, **_limits(body),
    )  # fmt: skip
    return what_if_json(found)


@router.post("/influence", summary="What does each item of the history do to each recommendation?")
async def matrix(service: AService, model: AModel, body: ListBody) -> JsonObject:
    """Return the rank of each listed item without each item of the history, one taken out at a time."""
    service.check_length(body.k)
    history = one_history(service.histories(model, body))
    most = service.settings.longest_matrix
    if len(set(history)) > most:
        raise QueryError(
            f"the influence of {len(set(history)):,} items; this service works out that of {most:,}. Ask about some of them with what-if."
        )
    found = await service.call(
        influence, model.recommender, history, body.k, unknown=body.unknown, context=body.context, **_limits(body),
        quick=False,
    )  # fmt: skip
    return influence_json(found, model.recommender.catalogue)


@router.post("/agree", summary="Are the lists that were shown the model's?")
async def agree(service: AService, model: AModel, body: ShownBody) -> JsonObject:
    """Compare lists that were really shown to users of the model's data with the model's, and find why they differ."""
    if model.split is None:
        raise QueryError(f"model {model.key} knows no users, whose lists could be compared.")
    service.check_length(body.k)
    shown = {model.user_id(user): listed for user, listed in body.shown.items()}
    found = await service.call(agreement, model.recommender, shown, body.k, histories=model.split, quick=False)
    return found.as_json()


@router.post("/evaluate", summary="How good are explanations?")
async def evaluation(service: AService, model: AModel, body: EvaluateBody) -> JsonObject:
    """Judge explanations anew with this model, and measure them."""
    explanations = Explanations.from_dict(body.explanations)
    found = await service.call(evaluate, model.recommender, explanations, progress=False, quick=False)
    return evaluation_json(found)


def _limits(body: ListBody) -> dict[str, Any]:
    """Return what may be listed, and which items compete."""
    return {"rule": body.rule, "candidates": body.candidates, "exclude": frozenset(body.exclude)}
