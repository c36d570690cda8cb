"""The explanations that claims come to once they are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from torch import Tensor

from topple.api.reasons import coarse, events_left_out, joined, nearly_everyone, no_set, refuted, remark
from topple.records.answer import Explanation, Proof, Status, Verdict
from topple.records.claims import Claims
from topple.records.columns import from_columns
from topple.records.question import Query
from topple.scoring.encoding import THOUSANDTHS, named_items, positions_of
from topple.scoring.recommender import Recommender
from topple.types import ItemId

ItemSet: TypeAlias = tuple[ItemId, ...]
"""The items of a set."""
OF_VERDICTS = (
    *("query", "replacements", "rank_before", "rank_after", "rank_alone"),
    *("at_least", "proof_by", "margin", "within_rounding"),
)
"""The fields of an Explanation that are those of the Verdict."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a method claims of Q queries, and what the judge says of it.

    Args:
        claims: of the method.
        named: the items and the positions of each set.
        refusals: why a query does not allow the set; nothing where it does.
        verdicts: about the sets.
        others: by query, other sets that are true.
    """

    claims: Claims
    named: Sequence[tuple[ItemSet, tuple[int, ...]]]
    refusals: Sequence[str]
    verdicts: Sequence[Verdict]
    others: Mapping[int, tuple[ItemSet, ...]]

    def explanations(self, recommender: Recommender, **stamp: Any) -> list[Explanation]:
        """Return the explanation of each query.

        Args:
            recommender: what is explained.
            stamp: the fields that are the same for all.
        """
        claims, verdicts = self.claims, self.verdicts
        endings, alternatives = [], []
        for number, (verdict, (items, _), refusal, claimed, spent) in enumerate(
            zip(verdicts, self.named, self.refusals, claims.status, claims.ended.tolist(), strict=True)
        ):
            ending = _ending(recommender, verdict, items, refusal, claimed, spent=spent)
            others = self.others.get(number, ()) if ending[1] else ()
            endings.append(ending)
            alternatives.append(_as_cheap(verdict.query, items, others) if others else ())
        columns: dict[str, Sequence[Any]] = {
            **dict(zip(("status", "proof", "reason"), zip(*endings, strict=True), strict=True)),
            **dict(zip(("items", "positions"), zip(*self.named, strict=True), strict=True)),
            **{name: [getattr(verdict, name) for verdict in verdicts] for name in OF_VERDICTS},
            "alternatives": alternatives,
            "cost": claims.cost.tolist(),
            "verdict": verdicts,
        }
        for name, numbers in (("attributions", claims.attributions), ("attribution_errors", claims.attribution_errors)):
            if numbers is not None:
                columns[name] = _by_event(verdicts, numbers)
        return from_columns(Explanation, columns, **stamp)


def _by_event(verdicts: Sequence[Verdict], numbers: Tensor) -> list[tuple[float, ...]]:
    """Return the numbers of the events of each history, given those of the positions [N, H]; nothing where none is known."""
    known = (~numbers.isnan()).any(1).tolist()
    cut = zip(verdicts, numbers.tolist(), known, strict=True)
    return [tuple(of_each[: len(verdict.query.history)]) if told else () for verdict, of_each, told in cut]


def _ending(
    recommender: Recommender, verdict: Verdict, items: ItemSet, refusal: str, claimed: Status, *, spent: bool
) -> tuple[Status, Proof | None, str]:
    """Return how a query ended, what is proven of the set, and the reason.

    Args:
        recommender: what is explained.
        verdict: about the set.
        items: the set.
        refusal: why the query does not allow it; nothing where it does.
        claimed: how the query ended as the method claims.
        spent: whether the budget ended the search.
    """
    unproven = claimed is Status.IMPOSSIBLE and verdict.at_least is None
    status = Status.NOT_FOUND if unproven else claimed
    if refusal:
        return status, None, f"refused: {refusal}"
    if status is not Status.FOUND:
        reason = no_set(status, verdict.proof_by) + nearly_everyone(recommender, verdict.query) + coarse(recommender)
        return status, None, reason
    if not verdict.valid:
        return status, None, f"refuted by re-ranking: {refuted(verdict)}"
    proof = Proof.MINIMAL if verdict.minimal else Proof.VALID
    if verdict.at_least is not None and _thousandths(verdict.at_least) == _thousandths(verdict.query.item_cost(items)):
        proof = Proof.MINIMUM
    return status, proof, remark(verdict, proof, spent=spent)


def with_what_was_left_out(explanation: Explanation) -> Explanation:
    """Return an explanation whose reason says what was left out of the history, as the catalogue does not hold it."""
    gone = explanation.query.left_out
    if not gone or not explanation.query.history:  # an empty history is the reason already
        return explanation
    return replace(explanation, reason=joined(explanation.reason, events_left_out(gone)))


def named_sets(queries: Sequence[Query], sets: Tensor) -> list[tuple[ItemSet, tuple[int, ...]]]:
    """Return the items and the positions of the set of each query, bool [N, H]; a position beyond a history names nothing."""
    named = []
    for query, positions in zip(queries, positions_of(sets), strict=True):
        if positions and positions[-1] >= len(query.history):
            positions = tuple(position for position in positions if position < len(query.history))
        named.append((named_items(query, positions), positions))
    return named


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
