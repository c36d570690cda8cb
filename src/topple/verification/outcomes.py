"""What becomes of targets when histories change: one changed history for each query, or one for many targets."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.scoring.encoding import EncodedQueries
from topple.scoring.ranking import Standing, top_k
from topple.scoring.unchanged import UnchangedScores
from topple.verification.reranking import changed_rows


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What became of the targets of N queries, each for one changed history; zeros for a query that was not tried.

    Args:
        tried: the queries that were tried, bool [N].
        surely_out: the target is out of the list whatever rounding did, bool [N].
        possibly_out: the target is out of the list, or in by no more than rounding, bool [N].
        by_fillers: the target is out only since the fillers that tie with it are counted, bool [N].
        lead: by how much the target is out, in units of score; below 0 by how much it is in, and 0 where by fillers [N].
        rank: of the target [N].
        tied: how many other items tie with the target; 0 where it is out by fillers [N].
        entered: by query, the items that outrank the target and were not in the list before, best first.
    """

    tried: Tensor
    surely_out: Tensor
    possibly_out: Tensor
    by_fillers: Tensor
    lead: Tensor
    rank: Tensor
    tied: Tensor
    entered: dict[int, list[int]]

    @classmethod
    def none_tried(cls, like: Tensor) -> "Outcomes":
        """Return the outcomes of N queries of which none is tried yet, on the device of `like` [N]."""
        tried, surely_out, possibly_out, by_fillers = (torch.zeros_like(like, dtype=torch.bool) for _ in range(4))
        rank, tied = torch.zeros_like(like), torch.zeros_like(like)
        return cls(tried, surely_out, possibly_out, by_fillers, like.double() * 0, rank, tied, {})


def outcomes_of(
    unchanged: UnchangedScores, queries: EncodedQueries, chosen: Tensor, keep: Tensor, *, lists: bool
) -> Outcomes:
    """Try one changed history for each of the chosen queries.

    Args:
        unchanged: the scores of the unchanged histories, under the rule that is asked about.
        queries: N queries.
        chosen: the numbers of the queries to try [Q].
        keep: what is kept of their histories [Q, H].
        lists: whether to find out which items entered the lists.
    """
    found, ranking = Outcomes.none_tried(queries.k), unchanged.ranking
    target, k = queries.target[chosen, None], queries.k[chosen, None]  # [Q, 1]
    tolerance = unchanged.tolerance(queries.row[chosen], target)
    before = unchanged.best(int(queries.k.max()))[0].tolist() if lists and len(chosen) else []
    for part, scores in changed_rows(unchanged, queries.histories, queries.row[chosen], keep):
        standing = ranking.standing(scores, target[part], k[part], tolerance[part])
        number = chosen[part]
        found.tried[number] = True
        found.surely_out[number], found.possibly_out[number] = standing.surely_out[:, 0], standing.possibly_out[:, 0]
        found.by_fillers[number] = standing.by_fillers[:, 0]
        found.lead[number] = standing.lead[:, 0].double().masked_fill(standing.by_fillers[:, 0], 0)
        found.rank[number] = ranking.rank(scores, standing, tolerance[part])[:, 0]
        if lists:
            tied = ranking.tied(scores, standing.score, tolerance[part])[:, 0]
            found.tied[number] = tied.masked_fill(standing.by_fillers[:, 0], 0)
            to_exceed = (standing.score + tolerance[part])[:, 0]
            found.entered.update(_entered(queries, number, scores, to_exceed, before))
    return found


def _entered(
    queries: EncodedQueries, number: Tensor, scores: Tensor, to_exceed: Tensor, before: list[list[int]]
) -> dict[int, list[int]]:
    """Return by query the items of the new list that outrank the target and were not in the list before, best first.

    Args:
        queries: N queries.
        number: the queries of this chunk [Q].
        scores: of their changed histories [Q, I].
        to_exceed: the score that an item must exceed to outrank the target [Q].
        before: the best items of each unchanged history.
    """
    after = top_k(scores, int(queries.k[number].max()))  # [Q, K]
    outranks = scores.gather(1, after) > to_exceed[:, None]
    entered: dict[int, list[int]] = {}
    for query, items, above in zip(number.tolist(), after.tolist(), outranks.tolist(), strict=True):
        k = int(queries.k[query])
        listed_before = set(before[int(queries.row[query])][:k])
        listed_after = zip(items[:k], above[:k], strict=True)
        entered[query] = [item for item, higher in listed_after if higher and item not in listed_before]
    return entered


def target_out(
    unchanged: UnchangedScores, queries: EncodedQueries, number: Tensor, keep: Tensor
) -> tuple[Tensor, Tensor]:
    """Return whether changed histories leave the targets surely, and possibly, out of their lists, both bool [M].

    Args:
        unchanged: the scores of the unchanged histories.
        queries: N queries.
        number: the query that each variation is tried for [M]; a query may be there more than once.
        keep: what is kept of the history of each [M, H].
    """
    surely, possibly = torch.zeros_like(number, dtype=torch.bool), torch.zeros_like(number, dtype=torch.bool)
    row, target, k = queries.row[number], queries.target[number, None], queries.k[number, None]
    tolerance = unchanged.tolerance(row, target)
    for part, scores in changed_rows(unchanged, queries.histories, row, keep):
        standing = unchanged.ranking.standing(scores, target[part], k[part], tolerance[part])
        surely[part], possibly[part] = standing.surely_out[:, 0], standing.possibly_out[:, 0]
    return surely, possibly


def targets_out(
    unchanged: UnchangedScores, queries: EncodedQueries, row: Tensor, keep: Tensor, asked: Tensor
) -> tuple[Tensor, Tensor]:
    """Try changed histories, each for the targets of several queries and scored once.

    Args:
        unchanged: the scores of the unchanged histories.
        queries: N queries.
        row: the history of each variation [M].
        keep: what is kept [M, H].
        asked: which queries each variation is tried for, bool [M, N]; queries about the history of the variation.

    Returns:
        Whether the targets are surely out, and possibly out, both bool [M, N]; False where nothing was asked.
    """
    surely, possibly = torch.zeros_like(asked), torch.zeros_like(asked)
    most = int(asked.sum(1).max()) if len(asked) else 0
    if not most:
        return surely, possibly
    # A variation with fewer queries than `most` is filled up with others, which the last line leaves out.
    number = asked.long().topk(most, dim=1).indices  # [M, T]
    tolerance = unchanged.tolerance(row, queries.target[number])
    for part, scores in changed_rows(unchanged, queries.histories, row, keep):
        tried = number[part]
        standing: Standing = unchanged.ranking.standing(
            scores, queries.target[tried], queries.k[tried], tolerance[part]
        )
        surely[part] = surely[part].scatter(1, tried, standing.surely_out)
        possibly[part] = possibly[part].scatter(1, tried, standing.possibly_out)
    return surely & asked, possibly & asked
