"""What becomes of targets when histories change: one changed history for each query, or one for many targets."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.scoring.encoding import EncodedQueries
from topple.scoring.lists.standings import Stood, stand_without
from topple.scoring.pace import go_on
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

    def fill(self, number: Tensor, standing: Standing, rank: Tensor) -> None:
        """Fill in where the targets of the queries `number` [Q] stand, and their ranks [Q]."""
        self.tried[number] = True
        self.surely_out[number], self.possibly_out[number] = standing.surely_out, standing.possibly_out
        self.by_fillers[number] = standing.by_fillers
        self.lead[number] = standing.lead.double().masked_fill(standing.by_fillers, 0)
        self.rank[number] = rank

    @classmethod
    def none_tried(cls, like: Tensor) -> "Outcomes":
        """Return the outcomes of N queries of which none is tried yet, on the device of `like` [N]."""
        tried, surely_out, possibly_out, by_fillers = (torch.zeros_like(like, dtype=torch.bool) for _ in range(4))
        rank, tied = torch.zeros_like(like), torch.zeros_like(like)
        return cls(tried, surely_out, possibly_out, by_fillers, like.double() * 0, rank, tied, {})


def outcomes_of(
    unchanged: UnchangedScores, queries: EncodedQueries, tolerance: Tensor, chosen: Tensor, keep: Tensor, *, lists: bool
) -> Outcomes:
    """Try one changed history for each of the chosen queries.

    Args:
        unchanged: the scores of the unchanged histories, under the rule that is asked about.
        queries: N queries.
        tolerance: of each [N].
        chosen: the numbers of the queries to try [Q].
        keep: what is kept of their histories [Q, H].
        lists: whether to find out which items entered the lists.
    """
    found, ranking = Outcomes.none_tried(queries.k), unchanged.ranking
    if not len(chosen):
        return found
    target, k, tolerance = queries.target[chosen, None], queries.k[chosen, None], tolerance[chosen, None]  # [Q, 1]
    before = unchanged.best(int(queries.k.max()))[0].tolist() if lists else []
    if unchanged.changeable is not None:
        row = queries.row[chosen]
        stood = _stood(
            unchanged, queries, row, keep, torch.arange(len(chosen) + 1), chosen, tolerance[:, 0], lists=lists
        )
        found.fill(chosen, stood.standing, stood.rank)
        if lists:
            found.tied[chosen] = stood.tied.masked_fill(stood.standing.by_fillers, 0)
            found.entered.update(_new(queries, chosen, stood.listed.tolist(), before))
        return found
    for part, scores in changed_rows(unchanged, queries.histories, queries.row[chosen], keep):
        standing = ranking.standing(scores, target[part], k[part], tolerance[part])
        number = chosen[part]
        found.fill(number, standing.column(0), ranking.rank(scores, standing, tolerance[part])[:, 0])
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
    return _new(queries, number, after.masked_fill(~outranks, -1).tolist(), before)


def _new(
    queries: EncodedQueries, number: Tensor, listed: list[list[int]], before: list[list[int]]
) -> dict[int, list[int]]:
    """Return by query the items of the new list that were not in the list before; -1 is none. Arguments as of `_entered`."""
    entered: dict[int, list[int]] = {}
    facts = zip(number.tolist(), queries.row[number].tolist(), queries.k[number].tolist(), listed, strict=True)
    for query, row, k, items in facts:
        listed_before = set(before[row][:k])
        entered[query] = [item for item in items[:k] if item >= 0 and item not in listed_before]
    return entered


def _stood(
    unchanged: UnchangedScores,
    queries: EncodedQueries,
    row: Tensor,
    keep: Tensor,
    first: Tensor,
    number: Tensor,
    tolerance: Tensor,
    *,
    lists: bool = False,
) -> Stood:
    """Return where targets stand, for histories that compiled functions change.

    Args:
        unchanged: the scores of the unchanged histories.
        queries: N queries.
        row: the history of each variation [M].
        keep: what is kept of it [M, H].
        first: where the queries of each variation begin [M + 1].
        number: the queries of each variation, one variation after the other [Q].
        tolerance: of each [Q].
        lists: whether lists are told too.
    """
    assert unchanged.changeable is not None  # noqa: S101 - asked for these alone
    go_on()
    gone = queries.histories.filled[row, : keep.shape[1]] & (keep == 0)
    variations = row.numpy(), gone.numpy()
    asked = first.numpy(), queries.target[number], queries.k[number], tolerance
    return stand_without(unchanged.changeable, unchanged.ranking, variations, asked, lists=lists)


def target_out(
    unchanged: UnchangedScores, queries: EncodedQueries, tolerance: Tensor, number: Tensor, keep: Tensor
) -> tuple[Tensor, Tensor]:
    """Return whether changed histories leave the targets surely, and possibly, out of their lists, both bool [M].

    Args:
        unchanged: the scores of the unchanged histories.
        queries: N queries.
        tolerance: of each [N].
        number: the query that each variation is tried for [M]; a query may be there more than once.
        keep: what is kept of the history of each [M, H].
    """
    surely, possibly = torch.zeros_like(number, dtype=torch.bool), torch.zeros_like(number, dtype=torch.bool)
    row, target, k = queries.row[number], queries.target[number, None], queries.k[number, None]
    tolerance = tolerance[number, None]
    if unchanged.changeable is not None:
        stood = _stood(unchanged, queries, row, keep, torch.arange(len(number) + 1), number, tolerance[:, 0])
        return stood.standing.surely_out, stood.standing.possibly_out
    for part, scores in changed_rows(unchanged, queries.histories, row, keep):
        standing = unchanged.ranking.standing(scores, target[part], k[part], tolerance[part])
        surely[part], possibly[part] = standing.surely_out[:, 0], standing.possibly_out[:, 0]
    return surely, possibly


def targets_out(
    unchanged: UnchangedScores, queries: EncodedQueries, tolerance: Tensor, row: Tensor, keep: Tensor, asked: Tensor
) -> tuple[Tensor, Tensor]:
    """Try changed histories, each for the targets of several queries and scored once.

    Args:
        unchanged: the scores of the unchanged histories.
        queries: N queries.
        tolerance: of each [N].
        row: the history of each variation [M].
        keep: what is kept [M, H].
        asked: which queries each variation is tried for, bool [M, N]; queries about the history of the variation.

    Returns:
        Whether the targets are surely out, and possibly out, both bool [M, N]; False where nothing was asked.
    """
    surely, possibly = torch.zeros_like(asked), torch.zeros_like(asked)
    if unchanged.changeable is not None:
        variation, number = asked.nonzero(as_tuple=True)
        first = torch.nn.functional.pad(asked.sum(1).cumsum(0), (1, 0))
        stood = _stood(unchanged, queries, row, keep, first, number, tolerance[number])
        surely[variation, number] = stood.standing.surely_out
        possibly[variation, number] = stood.standing.possibly_out
        return surely, possibly
    most = int(asked.sum(1).max()) if len(asked) else 0
    if not most:
        return surely, possibly
    # A variation with fewer queries than `most` is filled up with others, which the last line leaves out.
    number = asked.long().topk(most, dim=1).indices  # [M, T]
    tolerance = tolerance[number]
    for part, scores in changed_rows(unchanged, queries.histories, row, keep):
        tried = number[part]
        standing: Standing = unchanged.ranking.standing(
            scores, queries.target[tried], queries.k[tried], tolerance[part]
        )
        surely[part] = surely[part].scatter(1, tried, standing.surely_out)
        possibly[part] = possibly[part].scatter(1, tried, standing.possibly_out)
    return surely & asked, possibly & asked
