"""Answers as JSON: ids as the data has them, with titles."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from fastapi.responses import JSONResponse

from topple.api.influence import Influence
from topple.api.recommending import Recommended
from topple.api.what_if import WhatIf
from topple.data.vocabulary import Catalogue
from topple.records.answer import Verdict
from topple.records.as_json import as_json
from topple.types import Id, JsonObject
from topple.web.models import ServedModel

VERDICT = (
    "found", "size", "rank_before", "rank_after", "rank_alone", "replacements", "necessary", "sufficient", "minimal",
    "within_rounding", "without_evidence", "whole_history", "valid",
)  # fmt: skip
"""Fields of a verdict that are told."""


class Json(JSONResponse):
    """JSON that every reader takes: NaN as null, and halves of characters, which have no bytes, escaped."""

    def render(self, content: object) -> bytes:
        """Return the content as JSON."""
        try:
            return orjson.dumps(content)
        except TypeError:  # numbers of more than 64 bits, or halves of characters
            return json.dumps(json.loads(as_json(content))).encode()


def titled(items: Iterable[Id], catalogue: Catalogue) -> list[JsonObject]:
    """Return items with their titles."""
    return [{"item": item, "title": catalogue.title(item)} for item in items]


def list_json(listed: Iterable[Recommended]) -> list[JsonObject]:
    """Return a list, best first."""
    return [asdict(one) for one in listed]


def what_if_json(found: WhatIf) -> JsonObject:
    """Return two lists and what became of what."""
    return {
        "rule": found.rule.value,
        "history": list(found.history),
        "changed": list(found.changed),
        "before": list_json(found.before),
        "after": list_json(found.after),
        "left": [asdict(one) for one in found.left],
        "entered": [asdict(one) for one in found.entered],
        "moved": [asdict(one) for one in found.moved],
    }


def verdict_json(verdict: Verdict, catalogue: Catalogue) -> JsonObject:
    """Return what re-ranking says of a set."""
    found: JsonObject = {name: getattr(verdict, name) for name in VERDICT}
    return {
        **found,
        "rule": verdict.rule.value,
        "goal": verdict.query.goal.value,
        "target": verdict.query.target,
        "replacements": titled(verdict.replacements, catalogue),
    }


def influence_json(found: Influence, catalogue: Catalogue) -> JsonObject:
    """Return the matrix of history by list: ranks and falls of scores, a row a unit."""
    return {
        "rule": found.rule.value,
        "units": [titled(unit, catalogue) for unit in found.units],
        "list": list_json(found.listed),
        "ranks": found.ranks.tolist(),
        "drops": [[drop if math.isfinite(drop) else None for drop in row] for row in found.drops.tolist()],
        "topples": found.topples.tolist(),
    }


def model_json(model: ServedModel) -> JsonObject:
    """Return what is told of a model."""
    recommender = model.recommender
    return {
        "key": model.key,
        "name": recommender.name,
        "settings": recommender.settings.model_dump(mode="json"),
        "items": len(recommender.catalogue),
        "users": None if model.split is None else len(model.split.train_users) + len(model.split.test.users),
        "takes_weights": recommender.uses_weights,
        "takes_contexts": recommender.takes_contexts,
        "fingerprint": recommender.fingerprint,
        "catalogue": recommender.catalogue.fingerprint,
        "data": str(recommender.training.get("data", "")),
        "loaded": model.loaded,
    }


def scores_json(items: Sequence[Id], scores: Any, catalogue: Catalogue) -> list[JsonObject]:
    """Return items with scores; null where the model has none."""
    return [
        {"item": item, "title": catalogue.title(item), "score": score if math.isfinite(score) else None}
        for item, score in zip(items, scores.tolist(), strict=True)
    ]
