"""Changed histories of queries, tried one way: scored, ranked, and where the targets then stand."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.scoring.encoding import EncodedQueries
from topple.scoring.ranking import Standing, top_k
from topple.scoring.unchanged import UnchangedScores
from topple.verification.reranking import reranked


@dataclass(frozen=True, eq=False)
class Trials:
    """What came of one changed history a query, for those that were tried.

    Args:
        tried: the queries that were tried, bool [N].
        out: the target is out of the list, bool [N].
        surely_out: whatever rounding did, bool [N].
        possibly_out: unless rounding did it, bool [N].
        by_fillers: it is out for want of evidence alone, bool [N].
        lead: by how much it is out [N]; 0 where it is for want of evidence.
        rank: of the target [N].
        entered: the items that outrank the target and were not in the list before, best first, by query.
    """

    tried: Tensor
    out: Tensor
    surely_out: Tensor
    possibly_out: Tensor
    by_fillers: Tensor
    lead: Tensor
    rank: Tensor
    entered: dict[int, list[int]]

    @classmethod
    def none(cls, like: Tensor) -> "Trials":
        """Return room for the trials of N queries [N]: nothing is tried yet."""
        no = torch.zeros_like(like, dtype=torch.bool)
        return cls(no, no.clone(), no.clone(), no.clone(), no.clone(), like.double() * 0, torch.zeros_like(like), {})


def one_each(
    unchanged: UnchangedScores, queries: EncodedQueries, which: Tensor, keep: Tensor, *, lists: bool
) -> Trials:
    """Try one changed history for each of some queries.

    Args:
        unchanged: the scores of the histories as they are, under the rule that is asked about.
        queries: N queries.
        which: the queries to try [M].
        keep: what is kept of their histories [M, H].
        lists: whether to say which items entered the list.
    """
    found, ranking = Trials.none(queries.k), unchanged.ranking
    k = queries.k[which, None]  # [M, 1]
    target = queries.target[which, None]
    tolerance = unchanged.tolerance(queries.row[which], target)
    before = unchanged.best(int(queries.k.max()))[0].tolist() if lists and len(which) else []
    for part, scores in reranked(unchanged.recommender, queries.histories, queries.row[which], keep, unchanged.rule):
        standing = ranking.standing(scores, target[part], k[part], tolerance[part])
        at = which[part]
        found.tried[at] = True
        found.out[at], found.surely_out[at] = standing.out[:, 0], standing.surely_out[:, 0]
        found.possibly_out[at], found.by_fillers[at] = standing.possibly_out[:, 0], standing.by_fillers[:, 0]
        found.lead[at] = standing.lead[:, 0].double().masked_fill(standing.by_fillers[:, 0], 0)
        found.rank[at] = ranking.rank(scores, standing, tolerance[part])[:, 0]
        if lists:
            bars = (standing.score + tolerance[part])[:, 0]
            found.entered.update(_entered(queries, at, scores, bars, before))
    return found


def _entered(
    queries: EncodedQueries, which: Tensor, scores: Tensor, bars: Tensor, before: list[list[int]]
) -> dict[int, list[int]]:
    """Return the items of the new lists, from scores [m, I], that outrank the target [m] and were not in the list before."""
    most = int(queries.k[which].max())
    after = top_k(scores, most)
    outranking = (scores.gather(1, after) > bars[:, None]).tolist()
    facts = zip(which.tolist(), after.tolist(), outranking, strict=True)
    entered: dict[int, list[int]] = {}
    for number, items, above in facts:
        k = int(queries.k[number])
        known = set(before[int(queries.row[number])][:k])
        listed = zip(items[:k], above[:k], strict=True)
        entered[number] = [item for item, higher in listed if higher and item not in known]
    return entered


def outcomes(
    unchanged: UnchangedScores, queries: EncodedQueries, number: Tensor, keep: Tensor
) -> tuple[Tensor, Tensor]:
    """Return whether changed histories leave the targets surely, and possibly, out of their lists, both bool [M].

    Args:
        unchanged: the scores of the histories as they are.
        queries: N queries.
        number: the query that each variation is tried for [M].
        keep: what is kept of its history [M, H].
    """
    surely, possibly = torch.zeros_like(number, dtype=torch.bool), torch.zeros_like(number, dtype=torch.bool)
    row, target, k = queries.row[number], queries.target[number, None], queries.k[number, None]
    tolerance = unchanged.tolerance(row, target)
    for part, scores in reranked(unchanged.recommender, queries.histories, row, keep, unchanged.rule):
        standing = unchanged.ranking.standing(scores, target[part], k[part], tolerance[part])
        surely[part], possibly[part] = standing.surely_out[:, 0], standing.possibly_out[:, 0]
    return surely, possibly


def all_targets(
    unchanged: UnchangedScores, queries: EncodedQueries, row: Tensor, keep: Tensor, asked: Tensor
) -> tuple[Tensor, Tensor]:
    """Try changed histories for several targets each, every one scored once.

    Args:
        unchanged: the scores of the histories as they are.
        queries: N queries.
        row: the history of each variation [M].
        keep: what is kept [M, H].
        asked: which queries each variation is tried for, bool [M, N]; queries of the variation's history.

    Returns:
        Whether the targets are surely out, and possibly out, both bool [M, N]; False where nothing was asked.
    """
    surely, possibly = torch.zeros_like(asked), torch.zeros_like(asked)
    most = int(asked.sum(1).max()) if len(asked) else 0
    if not most:
        return surely, possibly
    mine = asked.long().topk(most, dim=1).indices  # [M, T]: queries of each variation, some of no interest
    tolerance = unchanged.tolerance(row, queries.target[mine])
    for part, scores in reranked(unchanged.recommender, queries.histories, row, keep, unchanged.rule):
        at = mine[part]
        standing: Standing = unchanged.ranking.standing(scores, queries.target[at], queries.k[at], tolerance[part])
        surely[part] = surely[part].scatter(1, at, standing.surely_out)
        possibly[part] = possibly[part].scatter(1, at, standing.possibly_out)
    return surely & asked, possibly & asked
