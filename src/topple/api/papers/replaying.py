"""Replay: a recorded answer asked again, and whether the canonical JSON is equal; where identities differ, that is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import topple
from topple import registry
from topple.api.explaining import explain_queries, make_explainer
from topple.api.papers.recorded import Recorded, recorded_of
from topple.api.papers.telling import digest
from topple.errors import DataError, QueryError, need
from topple.explainers.base import Explainer
from topple.inputs import json_of
from topple.records.answer import Explanation
from topple.records.history import History
from topple.records.io import canonical_json
from topple.records.question import Query, UntoldContext
from topple.scoring.budget import Budget
from topple.scoring.checks import check_recommender
from topple.scoring.findings.identity import same_model
from topple.scoring.recommender import Recommender
from topple.types import ItemId, JsonObject, UserId

FILE = "file"


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity as it was recorded, and as it is now.

    Args:
        name: model, catalogue, data, history, version, or file: the answers in the file, and as they were when they were written.
        recorded: the identity in the file; nothing where the file has none.
        now: the identity of what is given.
        same: whether the two are the same; None where the file has none.
    """

    name: str
    recorded: str
    now: str
    same: bool | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of canonical JSON that is another now.

    Args:
        field: the name.
        recorded: the value in the file.
        now: the value of the new answer.
    """

    field: str
    recorded: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """One answer that was asked again.

    Args:
        target: the recommendation.
        recorded: the canonical JSON in the file.
        now: the canonical JSON of the new answer.
        differences: the fields that are others; none where the two are equal.
        explanation: the new answer.
    """

    target: ItemId | None
    recorded: str
    now: str
    differences: tuple[Difference, ...]
    explanation: Explanation

    @property
    def same(self) -> bool:
        """Whether the canonical JSON is equal."""
        return self.recorded == self.now


@dataclass(frozen=True, slots=True, repr=False)
class Replay:
    """What came of asking recorded answers again.

    Args:
        identities: of what was recorded and of what is given.
        answers: each of the recorded answers.
    """

    identities: tuple[Identity, ...]
    answers: tuple[Replayed, ...]

    @property
    def same(self) -> bool:
        """Whether all answers are the same, and the file is as it was written."""
        untouched = all(each.same is not False for each in self.identities if each.name == FILE)
        return untouched and all(each.same for each in self.answers)

    def __repr__(self) -> str:
        same = sum(each.same for each in self.answers)
        others = [each.name for each in self.identities if each.same is False]
        told = f"; another {', '.join(others)}" if others else ""
        return f"<Replay of {len(self.answers)} answers: {same} the same{told}>"

    def as_json(self) -> JsonObject:
        """Return what came of it as JSON, with the canonical JSON of each answer as it was and as it is."""
        return {
            "same": self.same,
            "identities": [{name: getattr(each, name) for name in Identity.__slots__} for each in self.identities],
            "answers": [
                {
                    "target": each.target,
                    "same": each.same,
                    "differences": [
                        {name: getattr(found, name) for name in Difference.__slots__} for found in each.differences
                    ],
                    "recorded": each.recorded,
                    "now": each.now,
                }
                for each in self.answers
            ],
        }


def replay(
    told: Mapping[str, Any],
    recommender: Recommender,
    history: Sequence[ItemId] | None = None,
    *,
    user: UserId | None = None,
    context: object = None,
    explainer: Explainer | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
) -> Replay:
    """Ask recorded answers again, and say whether the canonical JSON is equal, and which identities are not.

    Args:
        told: the JSON object of a dossier (`Dossier.as_json`), an audit entry (`Entry.as_json`), an explanation (`to_dict`, or
            several: `Explanations.to_dict`), or canonical JSON as an object.
        recommender: the model to ask.
        history: the person's history, with its weights where it is a `topple.History`; None: the history in the record.
        user: who it was, where the record holds a pseudonym.
        context: what the model is told besides, where the record names the context by a key alone.
        explainer: the fitted explainer, for a record of one that learns; None: the method and the settings that are recorded.
        budget: what may be spent; None: what is recorded, or no limit.

    Raises:
        DataError: the object holds no answer.
        UnknownNameError, SettingsError: a method or settings that this version does not have.
        QueryError: a method that learns, and no explainer.

    Example:
        >>> from topple.testing import film_recommender
        >>> model = film_recommender()
        >>> told = topple.dossier(model, ["alien", "brazil"], user=42, k=2).as_json()
        >>> topple.replay(told, model, ["alien", "brazil"])
        <Replay of 2 answers: 2 the same>
        >>> topple.replay(told, model, ["alien"])
        <Replay of 2 answers: 0 the same; another history>
    """
    check_recommender(recommender)
    need(explainer, Explainer | None, "explainer", "a fitted explainer, or None")
    found = recorded_of(told, user)
    if not found:
        raise DataError("there is no answer in it to ask again. Give a dossier with at least one answer.")
    queries = [_query(each.explanation.query, history, context) for each in found]
    again = [
        _asked_again(recommender, each, query, explainer, budget) for each, query in zip(found, queries, strict=True)
    ]
    answers = [_compared(each.explanation, now) for each, now in zip(found, again, strict=True)]
    return Replay(tuple(_identities(found, queries, recommender)), tuple(answers))


def _query(query: Query, history: Sequence[ItemId] | None, context: object) -> Query:
    """Return a recorded query, about the history that is given."""
    told = query.context if context is None else context
    asked = replace(query, context=None if isinstance(told, UntoldContext) else told)
    if history is None or (tuple(history) == query.history and _weights(history) == query.weights):
        return asked
    return replace(asked, history=tuple(history), weights=_weights(history), times=())


def _weights(history: Sequence[ItemId]) -> tuple[float, ...]:
    return history.weights if isinstance(history, History) else ()


def _asked_again(
    recommender: Recommender,
    recorded: Recorded,
    query: Query,
    explainer: Explainer | None,
    budget: Budget | Mapping[str, Any] | None,
) -> Explanation:
    """Return the new answer to a recorded query, by the method that answered it."""
    was = recorded.explanation
    method = explainer
    if method is None:
        if was.method in registry.names("explainers") and registry.load("explainers", was.method).learns:
            raise QueryError(
                f"the method {was.method} learns, and the record does not hold what it has learned. Give the fitted explainer: "
                "explainer=topple.load_explainer(folder, model), on the command line --explainer FOLDER."
            )
        method = make_explainer(was.method, was.settings)
    lists = {query.user: was.shown} if was.shown and query.user is not None else None
    limits = recorded.budget if budget is None else budget
    (again,) = explain_queries(recommender, [query], explainer=method, budget=limits, progress=False, shown=lists)
    return again


def _compared(was: Explanation, now: Explanation) -> Replayed:
    """Return two answers side by side."""
    recorded, told = canonical_json(was), canonical_json(now)
    before, after = json_of(recorded), json_of(told)
    differences = [Difference(name, before[name], after[name]) for name in before if before[name] != after[name]]
    return Replayed(was.query.target, recorded, told, tuple(differences), now)


def _identities(found: Sequence[Recorded], queries: Sequence[Query], recommender: Recommender) -> list[Identity]:
    """Return the identities of the records, and of what is given; those of several answers once."""
    told: dict[Identity, None] = {}
    for each, query in zip(found, queries, strict=True):
        now = {
            "model": recommender.fingerprint,
            "catalogue": recommender.catalogue.fingerprint,
            "data": str(recommender.training.get("data", "")),
            "history": query.history_fingerprint,
            "version": topple.__version__,
        }
        for name, value in now.items():
            was = each.identities.get(name, "")
            same = (same_model(was, value) if name == "model" else was == value) if was else None
            told[Identity(name, was, value, same)] = None
    if any(each.digest for each in found):
        were = digest("".join(each.digest for each in found))[:16]
        now_are = digest("".join(digest(canonical_json(each.explanation)) for each in found))[:16]
        told[Identity(FILE, were, now_are, were == now_are)] = None
    signed = [each.intact for each in found if each.intact is not None]
    if signed:
        told[Identity(FILE, "as signed", "as signed" if all(signed) else "changed", all(signed))] = None
    return list(told)
