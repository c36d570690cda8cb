"""What other data would have led to: single items taken out one at a time, and the model fitted anew without a set."""

from collections.abc import Sequence
from dataclasses import dataclass

from topple.api.influence import influence
from topple.records.answer import Explanation, Removal
from topple.records.history import History
from topple.records.question import Goal, Request
from topple.scoring.recommender import Recommender
from topple.types import JsonObject
from topple.verification.retraining import Retraining
from topple.verification.single_query import rank_and_list
from topple.verification.verify import verify

MOST_ALONE = 1_000
"""Items of a history that are taken out one at a time at most."""
NOT_TRIED = "it was not asked for"
HELD_OUT = "the person's data was never trained on, so that training without it changes nothing"
NO_SET = "there is no true set to train without"


@dataclass(frozen=True)
class FittedAnew:
    """What fitting the model anew says.

    Args:
        each: of each explanation; None where it was not tried.
        tried: how many sets were tried.
        reason: why none was tried; nothing where one was.
    """

    each: Sequence[JsonObject | None]
    tried: int
    reason: str


def alone(recommender: Recommender, request: Request) -> JsonObject:
    """Return, for each item of a history, which recommendations leave the list where that item alone is taken out."""
    items = dict.fromkeys(request.history)
    told: JsonObject = {"items": len(items), "changes": None, "rows": [], "reason": ""}
    if len(items) > MOST_ALONE:
        told["reason"] = f"the history has {len(items):,} items, and single ones are tried for up to {MOST_ALONE:,}"
        return told
    history = History(request.history, request.weights)
    found = influence(
        recommender, history, request.k, rule=request.rule, candidates=request.candidates, exclude=request.exclude,
        context=request.context,
    )  # fmt: skip
    catalogue = recommender.catalogue
    for unit, leaves in zip(found.units, found.topples.tolist(), strict=True):
        leaving = [one for one, left in zip(found.listed, leaves, strict=True) if left]
        told["rows"].append(
            {
                "items": [{"item": item, "title": catalogue.title(item)} for item in unit],
                "leave": [{"item": one.item, "title": one.title} for one in leaving],
            }
        )
    told["changes"] = sum(bool(row["leave"]) for row in told["rows"])
    return told


def fitted_anew(
    recommender: Recommender,
    explained: Sequence[Explanation],
    retraining: Retraining | None,
    *,
    trained_on: bool | None,
) -> FittedAnew:
    """Fit the model anew without each true set of training data, and once with nothing left out.

    Raises:
        QueryError: with retraining, a person whose history is not what was trained on.
        CapabilityError: with retraining, a model that cannot be fitted here.
    """
    nothing: list[JsonObject | None] = [None] * len(explained)
    numbers = [at for at, each in enumerate(explained) if each.valid and each.query.goal is not Goal.SUFFICIENT]
    if trained_on is False:
        return FittedAnew(nothing, 0, HELD_OUT)
    if retraining is None or not numbers:
        return FittedAnew(nothing, 0, NOT_TRIED if retraining is None else NO_SET)
    queries, sets = [explained[at].query for at in numbers], [explained[at].items for at in numbers]
    verdicts = verify(recommender, queries, sets, retraining=retraining)
    again, _ = retraining.refit(recommender, retraining.split)
    for at, verdict in zip(numbers, verdicts, strict=True):
        if verdict.removal is Removal.RETRAINED:
            steady, _ = rank_and_list(again, verdict.query, recommender.catalogue, (), verdict.rule)
            nothing[at] = {
                "leaves": verdict.necessary,
                "rank_before": verdict.rank_before,
                "rank_after": verdict.rank_after,
                "rank_with_nothing_removed": steady,
                "seconds": verdict.seconds,
            }
    return FittedAnew(nothing, sum(each is not None for each in nothing), "")
