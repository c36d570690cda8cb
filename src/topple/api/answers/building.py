"""The explanation that a claim comes to once it is judged."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from torch import Tensor

from topple.api.reasons import coarse, events_left_out, joined, nearly_everyone, no_set, refuted, remark
from topple.records.answer import Explanation, Proof, Status, Verdict
from topple.records.claims import Claims
from topple.records.question import Query
from topple.scoring.encoding import THOUSANDTHS, named_items
from topple.scoring.recommender import Recommender
from topple.types import ItemId

ItemSet: TypeAlias = tuple[ItemId, ...]
"""The items of a set."""


def explanation_of(
    recommender: Recommender,
    verdict: Verdict,
    named: tuple[ItemSet, tuple[int, ...]],
    refusal: str,
    claims: Claims,
    number: int,
    others: tuple[ItemSet, ...],
    stamp: Mapping[str, Any],
) -> Explanation:
    """Return the explanation of one query.

    Args:
        recommender: what is explained.
        verdict: about the set.
        named: the items and the positions of the set.
        refusal: why the query does not allow the set; nothing where it does.
        claims: of all queries that were answered together.
        number: of the query among them.
        others: other sets that are true.
        stamp: what all answers of a run have in common.
    """
    query, (items, positions) = verdict.query, named
    status, reason, proof = claims.status[number], "", None
    if status is Status.IMPOSSIBLE and verdict.at_least is None:
        status = Status.NOT_FOUND
    if refusal:
        reason = f"refused: {refusal}"
    elif status is not Status.FOUND:
        reason = no_set(status, verdict.proof_by) + nearly_everyone(recommender, query) + coarse(recommender)
    elif not verdict.valid:
        reason = f"refuted by re-ranking: {refuted(verdict)}"
    else:
        cost = _thousandths(query.item_cost(items))
        is_minimum = verdict.at_least is not None and _thousandths(verdict.at_least) == cost
        proof = Proof.MINIMUM if is_minimum else Proof.MINIMAL if verdict.minimal else Proof.VALID
        reason = remark(verdict, proof, spent=bool(claims.ended[number]))
    attributions = claims.attributions
    return Explanation(
        query=query,
        status=status,
        items=items,
        positions=positions,
        replacements=verdict.replacements,
        rank_before=verdict.rank_before,
        rank_after=verdict.rank_after,
        rank_alone=verdict.rank_alone,
        alternatives=_as_cheap(query, items, others) if proof else (),
        proof=proof,
        at_least=verdict.at_least,
        proof_by=verdict.proof_by,
        margin=verdict.margin,
        within_rounding=verdict.within_rounding,
        attributions=() if attributions is None else tuple(attributions[number, : len(query.history)].tolist()),
        cost=int(claims.cost[number]),
        reason=reason,
        verdict=verdict,
        **stamp,
    )


def with_what_was_left_out(explanation: Explanation) -> Explanation:
    """Return an explanation whose reason says what was left out of the history, as the catalogue does not hold it."""
    gone = explanation.query.left_out
    if not gone or not explanation.query.history:  # an empty history is the reason already
        return explanation
    return replace(explanation, reason=joined(explanation.reason, events_left_out(gone)))


def named_set(query: Query, positions: Tensor) -> tuple[ItemSet, tuple[int, ...]]:
    """Return the items and the positions of a set, bool [H]."""
    numbers = tuple(position for position in positions.nonzero()[:, 0].tolist() if position < len(query.history))
    return named_items(query, numbers), numbers


def _as_cheap(query: Query, items: ItemSet, others: tuple[ItemSet, ...]) -> tuple[ItemSet, ...]:
    """Return the first of the other sets that cost what the set does, each once, as many as the query asks for."""
    cost = _thousandths(query.item_cost(items))
    different = dict.fromkeys(
        other for other in others if other != items and _thousandths(query.item_cost(other)) == cost
    )
    return tuple(different)[: query.sets - 1]


def _thousandths(cost: float) -> int:
    """Return a cost in whole thousandths, so that costs are compared exactly."""
    return round(THOUSANDTHS * cost)
