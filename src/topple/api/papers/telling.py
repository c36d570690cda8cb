"""What a dossier holds, as JSON."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import topple
from topple.api.faces.showing import lists_of
from topple.api.papers.changing import FittedAnew
from topple.api.recommending import Recommended
from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.errors import DataError, shown
from topple.records.answer import Explanation, Status
from topple.records.io import canonical_json
from topple.records.question import Request
from topple.reports.records import explanation_json
from topple.scoring.budget import Budget
from topple.scoring.findings.identity import same_model
from topple.scoring.recommender import Recommender
from topple.types import ItemId, JsonObject, UserId

SCHEMA = "topple.dossier/1"


def digest(canonical: str) -> str:
    """Return the hash by which a dossier shows whether an answer in it was changed since."""
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def trained_on(split: Split | None, user: UserId | None) -> bool | None:
    """Return whether the model was trained on the person's data; None where that is not known."""
    if split is None or user is None:
        return None
    if user in split.test.users or user in split.validation.users:
        return False
    return True if user in split.train_users else None


def told_of_question(recommender: Recommender, request: Request, method: str, limits: Budget) -> JsonObject:
    """Return who was asked about, what was asked, of which model, and of which history."""
    return {
        "schema": SCHEMA,
        "made": {"at": datetime.now(UTC).isoformat(timespec="seconds"), "version": topple.__version__},
        "user": request.user,
        "question": {
            "k": request.k,
            "rule": request.rule.value,
            "seed": request.seed,
            "method": method,
            "budget": limits.model_dump(exclude_none=True),
            "candidates": None if request.candidates is None else len(request.candidates),
            "exclude": len(request.exclude),
            "left_out": list(request.left_out),
        },
        "identities": {
            "model": recommender.fingerprint,
            "name": recommender.name,
            "catalogue": recommender.catalogue.fingerprint,
            "data": str(recommender.training.get("data", "")),
            "history": request.history_fingerprint,
        },
        "history": _events(request, recommender.catalogue),
    }


def told_of_listed(one: Recommended) -> JsonObject:
    """Return an item of the model's list."""
    return {"rank": one.rank, "item": one.item, "title": one.title, "evidence": one.evidence}


def told_of_items(items: Iterable[ItemId], catalogue: Catalogue) -> list[JsonObject]:
    """Return items with their titles."""
    return [{"item": item, "title": catalogue.title(item)} for item in items]


def told_of_answers(
    recommender: Recommender, explained: Sequence[Explanation], anew: FittedAnew, **wording: str
) -> JsonObject:
    """Return the answers, each with the lists before and after, and whether models were fitted anew."""
    return {
        "answers": [
            _answer(each, recommender, wording) | {"retrained": fitted}
            for each, fitted in zip(explained, anew.each, strict=True)
        ],
        "retraining": {"tried": anew.tried, "reason": anew.reason},
    }


def told_of_entry(entry: Mapping[str, Any], recommender: Recommender) -> JsonObject:
    """Return an explanation that the person was given before.

    Raises:
        DataError: it is no entry of an audit store.
    """
    try:
        target = entry["answer"]["target"]
        titles = {each["item"]: each["title"] for each in entry["titles"]}
        return {
            "id": entry["id"],
            "at": entry["at"],
            "target": target,
            "title": titles.get(target) or recommender.catalogue.title(target),
            "sentence": entry["sentence"],
            "same_model": same_model(entry["model"], recommender.fingerprint),
            "intact": entry["intact"],
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(
            f"{shown(entry)} is no entry of an audit store: {error!r}. Give what Entry.as_json returned."
        ) from error


def _events(request: Request, catalogue: Catalogue) -> list[JsonObject]:
    """Return the events of the history, with what the model was told of each."""
    told = told_of_items(request.history, catalogue)
    for name, values in (("weight", request.weights), ("time", request.times)):
        for event, value in zip(told, values, strict=False):
            event[name] = value
    return told


def _answer(explanation: Explanation, recommender: Recommender, wording: Mapping[str, str]) -> JsonObject:
    """Return what a dossier holds of one recommendation."""
    asked = explanation.status is not Status.INVALID
    before, after = (lists_of(explanation, recommender) if asked else None) or ((), ())
    return {
        "explanation": explanation_json(explanation, recommender.catalogue, **wording),
        "canonical_sha256": digest(canonical_json(explanation)),
        "before": told_of_items(before, recommender.catalogue),
        "after": told_of_items(after, recommender.catalogue),
    }
