"""Verdicts that need not be made again, and what is still to be found out for them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import torch

from topple.records.answer import Explanation, Verdict
from topple.records.question import CandidateRule, Repeats
from topple.scoring.encoding import encode, named_items, sets_at
from topple.scoring.memory import histories_at_once
from topple.scoring.ranking import Ranking
from topple.scoring.recommender import Recommender
from topple.verification.reranking import reranked
from topple.verification.stamps import Stamp, stamp_of, state_of
from topple.verification.verify import by_history, named_positions


def taken_over(explanation: Explanation, recommender: Recommender, rule: CandidateRule) -> Verdict | None:
    """Return the Verdict inside an explanation where judging the set anew could say nothing else; None where it might.

    That is so where the judge made this very Verdict in this process, under this rule, with this recommender, which has
    learned nothing since, about the query that the explanation holds and the set that its items and positions name. A model
    that shows no arrays may answer otherwise by now, and so may one that is told a context: these are asked again.
    """
    verdict, query = explanation.verdict, explanation.query
    stamp = stamp_of(verdict)
    if verdict is None or stamp is None or verdict.rule is not rule:
        return None
    same_model = stamp.model() is recommender and stamp.state is not None and stamp.state == state_of(recommender)
    if not same_model or verdict.query is not query or query.context is not None:
        return None
    same_items = explanation.items == named_items(query, stamp.positions)
    return verdict if same_items and explanation.positions == stamp.positions == set_of(explanation) else None


def set_of(explanation: Explanation) -> tuple[int, ...]:
    """Return the positions of the set that an explanation names.

    Where single events are named, the positions in the explanation tell which, as far as they are of these items.
    """
    query, given = explanation.query, explanation.positions
    in_order = given == tuple(sorted(set(given))) and set(given) <= set(range(len(query.history)))
    if (
        query.repeats is Repeats.EVENTS
        and in_order
        and Counter(named_items(query, given)) == Counter(explanation.items)
    ):
        return given
    return named_positions(query, explanation.items)


def with_alone(recommender: Recommender, verdicts: Sequence[Verdict], rule: CandidateRule) -> list[Verdict]:
    """Return verdicts that were taken over with `sufficient` and `rank_alone`, which are found out here where they are missing.

    Args:
        recommender: the recommender that they were made with.
        verdicts: of one rule.
        rule: that rule.
    """
    out, stamps = list(verdicts), [stamp_of(verdict) for verdict in verdicts]
    lacking = [number for number, verdict in enumerate(verdicts) if verdict.found and verdict.rank_alone is None]
    for part in by_history(
        [verdicts[number].query for number in lacking], histories_at_once(len(recommender.catalogue))
    ):
        numbers = [lacking[turn] for turn in part]
        found = _alone(recommender, [(verdicts[n], known) for n in numbers if (known := stamps[n]) is not None], rule)
        for number, (rank, sufficient) in zip(numbers, found, strict=True):
            out[number] = replace(verdicts[number], rank_alone=rank, sufficient=sufficient)
    return out


def _alone(
    recommender: Recommender, stamped: Sequence[tuple[Verdict, Stamp]], rule: CandidateRule
) -> list[tuple[int, bool]]:
    """Return the rank of each target with nothing but the set, and whether it is surely in the list then."""
    queries = encode([verdict.query for verdict, _ in stamped], recommender.catalogue, device=recommender.device)
    keep = sets_at([stamp.positions for _, stamp in stamped], queries.protected).to(queries.histories.weights.dtype)
    tolerance = torch.tensor([[stamp.tolerance] for _, stamp in stamped]).to(keep)  # [N, 1]
    ranking, target, k = Ranking.of(recommender), queries.target[:, None], queries.k[:, None]
    found: dict[int, tuple[int, bool]] = {}
    for part, scores in reranked(recommender, queries.histories, queries.row, keep, rule):
        standing = ranking.standing(scores, target[part], k[part], tolerance[part])
        ranks = ranking.rank(scores, standing, tolerance[part])[:, 0].tolist()
        found.update(zip(part.tolist(), zip(ranks, (~standing.possibly_out)[:, 0].tolist(), strict=True), strict=True))
    return [found[number] for number in range(len(stamped))]
