"""Where targets stand, by compiled functions on a CPU: among given scores, and once positions of histories are gone."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from topple.scoring.folded.histories import Folded
from topple.scoring.ranking import SAFETY, Ranking, Standing, top_k
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray


class Stood(NamedTuple):
    """Where N targets stand.

    Args:
        rank: their ranks [N].
        standing: where they stand [N].
        tied: how many other items tie with each [N].
        listed: the items of the list that outrank each, best first, -1 where there are no more [N, K].
    """

    rank: Tensor
    standing: Standing
    tied: Tensor
    listed: Tensor

    def rows(self, chosen: Tensor) -> "Stood":
        """Return where some of them stand, by number, without lists."""
        return Stood(self.rank[chosen], self.standing.rows(chosen), self.tied[chosen], self.listed[:0])

    def reshape(self, shape: torch.Size) -> "Stood":
        """Return the same in another shape, without lists."""
        return Stood(self.rank.reshape(shape), self.standing.reshape(shape), self.tied.reshape(shape), self.listed[:0])


def best_of(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k best items of rows of scores [B, I], best first, and what they score [B, K]; equal ones as in the catalogue."""
    if not _compiled(scores):
        items = top_k(scores, k)
        return items, scores.gather(1, items)
    from topple.scoring.lists.best import best_items  # compiled where it is first needed

    items, best = scores.new_empty(len(scores), k, dtype=torch.int64), scores.new_empty(len(scores), k)
    best_items(scores.numpy(), items.numpy(), best.numpy())
    return items, best


def stand_unchanged(
    scores: Tensor, ranking: Ranking, row: Tensor, targets: Tensor, k: Tensor, tolerance: Tensor
) -> Stood:
    """Return where targets [R, T] stand in the rows `row` [R] of scores [B, I]; every field [R, T], and no lists.

    Args:
        scores: minus infinity where an item does not compete.
        ranking: the rule.
        row: the row of each of R histories.
        targets: the targets.
        k: length of the list of each.
        tolerance: of each.
    """
    if not _compiled(scores):
        standing = ranking.standing(scores[row], targets, k, tolerance)
        tied = ranking.tied(scores[row], standing.score, tolerance)
        return Stood(ranking.rank(scores[row], standing, tolerance), standing, tied, targets[:0])
    from topple.scoring.lists.best import unchanged_standings  # compiled where it is first needed

    rows, target, length, eps = (part.expand_as(targets).flatten() for part in (row[:, None], targets, k, tolerance))
    numbers, counts = np.empty((targets.numel(), 3)), np.empty((targets.numel(), 4), dtype=np.int64)
    asked = rows.numpy(), target.numpy(), length.numpy(), eps.numpy()
    unchanged_standings(scores.numpy(), asked, fillers_of(ranking), ranking.rounding, numbers, counts)
    return _stood(numbers.reshape(*targets.shape, 3), counts.reshape(*targets.shape, 4), k, targets[:0])


def stand_without(
    histories: Sums | Folded,
    ranking: Ranking,
    variations: tuple[IntArray, BoolArray],
    asked: tuple[IntArray, Tensor, Tensor, Tensor],
    *,
    lists: bool = False,
) -> Stood:
    """Return where targets stand without positions.

    Args:
        histories: B histories that are sums, or folded in.
        ranking: the rule.
        variations: the history of each variation [M], and the positions that are gone, bool [M, H].
        asked: where the targets of each variation begin [M + 1]; the targets, the lengths of the lists and the tolerances,
            variations in a row [N].
        lists: whether lists are told too; nothing otherwise.
    """
    first, target, k, tolerance = asked
    numbers, counts = np.empty((len(target), 3)), np.empty((len(target), 4), dtype=np.int64)
    listed = np.full((len(target) if lists else 0, int(k.max()) if len(k) else 0), -1, dtype=np.int64)
    of_each = target.numpy(), k.numpy(), tolerance.numpy()
    of_all = *variations, first, *of_each, fillers_of(ranking), ranking.rounding, numbers, counts, listed
    if isinstance(histories, Sums):
        from topple.scoring.sums.standing import standings  # compiled where it is first needed

        standings(histories, *of_all)
    else:
        from topple.scoring.folded.standing import standings as standings_of_folded  # as above

        standings_of_folded(histories, *of_all)
    return _stood(numbers, counts, k, torch.from_numpy(listed))


def tolerance_of(ranking: Ranking, scores: Tensor) -> Tensor:
    """Return what `Ranking.tolerance` does."""
    if not _compiled(scores):
        return ranking.tolerance(scores)
    from topple.scoring.lists.best import tolerances  # compiled where it is first needed

    out = torch.empty_like(scores)
    tolerances(scores.numpy().reshape(-1), SAFETY * ranking.rounding, ranking.scale, out.numpy().reshape(-1))
    return out


def fillers_of(ranking: Ranking) -> FloatArray:
    """Return the scores of the empty history [I]; empty where no item is a filler."""
    return np.zeros(0) if ranking.empty is None else ranking.empty.numpy()


def _stood(numbers: FloatArray, counts: IntArray, k: Tensor, listed: Tensor) -> Stood:
    """Return where targets stand by what compiled functions tell, [..., 3] and [..., 4]."""
    score, lead, band = torch.from_numpy(numbers).unbind(-1)
    ties, above, tied, rank = torch.from_numpy(counts).unbind(-1)
    return Stood(rank, Standing(score, lead, band, ties, above, k), tied, listed)


def _compiled(scores: Tensor) -> bool:
    """Return whether rows of scores are such as compiled functions take."""
    return scores.dtype == torch.float64 and not scores.is_cuda and scores.is_contiguous() and type(scores) is Tensor
