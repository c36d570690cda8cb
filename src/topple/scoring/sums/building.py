"""Histories as sums, for recommenders that offer the rows that they add up."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from topple.records.question import CandidateRule
from topple.scoring.lists.listable import few_listable
from topple.scoring.sums.rows import Rows, Sums, every_item
from topple.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from topple.scoring.recommender import Recommender
    from topple.scoring.variations import HistoryBatch

UNIT = 2.0**-53
"""Half the distance of 1 to the next number."""
ENTRY = np.dtype([("position", np.int64), ("number", np.float64)])
"""An entry in the order of the columns. Entries are written all over that order: side by side, both numbers are in one cache line."""


@runtime_checkable
class AskedAlone(Protocol):
    """A recommender that is additive, and finds out by asking what each position of a history adds."""

    def answers(self, histories: "HistoryBatch") -> tuple[Rows, IntArray] | None:
        """Return rows, weights included, and the row of each position [B, H]; None where positions are not to be asked for alone."""


def summed(recommender: "Recommender", histories: "HistoryBatch", rule: CandidateRule) -> Sums | None:
    """Return B histories as sums.

    None where the recommender offers no rows, where its numbers are not on a CPU or not finite, and for histories with additions.
    """
    if not _computable(histories):
        return None
    histories = recommender.weighed(histories)
    listable = few_listable(histories)
    return _summed(recommender, histories, rule, recommender.rows(histories, listable), listable)


def answered(recommender: "Recommender", histories: "HistoryBatch", rule: CandidateRule) -> Sums | None:
    """Return B histories as sums of what the recommender answers to each position alone; None where it is not to be asked so.

    Sets are proposed by them, and nothing is claimed: they are added up here, where the recommender may do otherwise.
    """
    if not isinstance(recommender, AskedAlone) or not _computable(histories):
        return None
    return _summed(recommender, histories.unweighted(), rule, recommender.answers(histories), None)


def _computable(histories: "HistoryBatch") -> bool:
    """Return whether histories are such as compiled functions take."""
    weights = histories.weights
    return (
        histories.added is None and type(weights) is Tensor and not weights.is_cuda and weights.dtype == torch.float64
    )


def _summed(
    recommender: "Recommender",
    histories: "HistoryBatch",
    rule: CandidateRule,
    offered: tuple[Rows, IntArray] | None,
    listable: Tensor | None,
) -> Sums | None:
    """Return histories as sums of the rows that are offered, if any; of dense rows, of the `listable` items [C] or of all."""
    if offered is None:
        return None
    rows, row = offered
    constant = _constant(recommender)
    if not (np.isfinite(rows.largest).all() and np.isfinite(constant).all()):
        return None
    if not rows.dense.size and len(constant) and (constant != constant[0]).any():
        return None
    if rows.dense.shape[1] == len(constant):  # whole rows were offered all the same
        listable = None
    sums = _arranged(rows, row, constant, histories, rule, listable)
    from topple.scoring.sums.entries import order_best  # compiled where it is first needed, as what follows
    from topple.scoring.sums.touching import unchanged_scores

    unchanged_scores(sums)
    if not rows.dense.size:
        order_best(sums)
    return sums


def whole_rows(sums: Sums) -> Tensor:
    """Return the unchanged scores of B histories, minus infinity for what does not compete [B, I]."""
    shape = len(sums.length), sums.allowed.shape[1]
    if every_item(sums):
        return torch.from_numpy(sums.score.reshape(shape))
    from topple.scoring.sums.touching import written_out

    scores = np.empty(shape)
    written_out(sums, scores)
    return torch.from_numpy(scores)


def _constant(recommender: "Recommender") -> FloatArray:
    """Return the scores of the empty history [I]."""
    return recommender.findings.empty(recommender, recommender.learned_version()).numpy().astype(np.float64, copy=False)


def _arranged(
    rows: Rows,
    row: IntArray,
    constant: FloatArray,
    histories: "HistoryBatch",
    rule: CandidateRule,
    listable: Tensor | None,
) -> Sums:
    """Return histories as sums whose scores are still to be filled in; of dense rows, of the `listable` items [C] or of all."""
    event, weight = histories.items.numpy(), histories.weights.numpy()
    filled, length = histories.filled.numpy(), histories.lengths.numpy()
    items, (count, width) = len(constant), event.shape
    allowed, number = np.ones((1, items), dtype=np.bool_), np.zeros(count, dtype=np.int64)
    if histories.filters is not None and histories.filter_of is not None:
        allowed, number = histories.filters.numpy(), histories.filter_of.numpy()
    unseen = rule is not CandidateRule.ALL
    returns = np.zeros_like(filled)
    if rule is CandidateRule.UNSEEN_AFTER:
        returns = filled & first_positions(event, filled) & allowed[number[:, None], event]
    size = np.abs(weight) * rows.largest[row] * filled
    delta = 4 * (width + 2) * UNIT * (size.sum(1) + (np.abs(constant).max() if items else 0.0))
    lift = np.where(weight >= 0, -weight * rows.least[row], size) * filled
    common = (np.ascontiguousarray(row), np.ascontiguousarray(weight), length)
    if rows.dense.size:
        none, found, item = np.zeros(0, dtype=np.int64), event, np.zeros(0, dtype=np.int64)
        ordered = np.empty(0, dtype=ENTRY)
        if listable is not None:
            column = np.full(items, -1, dtype=np.int64)
            column[listable.numpy()] = np.arange(len(listable))
            found, item, constant = column[event], np.tile(listable.numpy(), count), constant[listable.numpy()]
        columns = np.arange(count + 1, dtype=np.int64) * len(constant)
        return Sums(
            rows.dense, rows.across, *common, none, none.astype(np.uint32), none, rows.values, none,
            ordered["position"], ordered["number"], np.empty(0, dtype=np.int32), columns, item,
            np.empty(columns[-1]), constant, 0.0, np.zeros(count, dtype=np.int64), delta, lift,
            event, found, returns, bool(returns.any()), np.empty(width), allowed, number, unseen,
        )  # fmt: skip
    return _touched(rows, common, constant, (delta, lift), event, returns, allowed, number, unseen)


def _touched(
    rows: Rows,
    common: tuple[IntArray, FloatArray, IntArray],
    constant: FloatArray,
    bounds: tuple[FloatArray, FloatArray],
    event: IntArray,
    returns: BoolArray,
    allowed: BoolArray,
    number: IntArray,
    unseen: bool,
) -> Sums:
    """Return the sums of sparse rows, arranged by the items that each history touches."""
    from topple.scoring.sums.touching import count_others, touch

    row, weight, length = common
    count, width = row.shape
    held = np.arange(width) < length[:, None]
    entries = int(((rows.indptr[row + 1] - rows.indptr[row]) * held).sum())
    entry, start = np.zeros(count * width + 1, dtype=np.int64), np.zeros(count + 1, dtype=np.int64)
    begin, column = np.zeros(count * width, dtype=np.int64), np.empty(entries, dtype=np.uint32)
    item, score, ordered = np.empty(entries, dtype=np.int64), np.empty(entries), np.empty(entries, dtype=ENTRY)
    found, where = np.full(row.shape, -1, dtype=np.int64), np.full(len(constant), -1, dtype=np.int32)
    rest = float(constant[0]) if len(constant) else 0.0
    columns = touch(
        rows, row, length, weight, event, rest, where,
        entry, begin, column, start, item, score, found,
    )  # fmt: skip
    by_column, most = np.zeros(columns + count, dtype=np.int64), int(np.diff(start).max(initial=0))
    sums = Sums(
        rows.dense, rows.across, row, weight, length, entry, column, begin, rows.values, by_column,
        ordered["position"], ordered["number"], np.empty(most, dtype=np.int32), start, item[:columns], score[:columns], constant, rest,
        np.zeros(count, dtype=np.int64), *bounds, event, found, returns, bool(returns.any()), np.empty(width),
        allowed, number, unseen,
    )  # fmt: skip
    count_others(sums, allowed.sum(1))
    return sums


def first_positions(event: IntArray, filled: BoolArray) -> BoolArray:
    """Return which positions are the first of their item, bool [B, H]."""
    items = np.where(filled, event, -1 - np.arange(event.shape[1]))
    order = np.argsort(items, axis=1, kind="stable")
    ordered = np.take_along_axis(items, order, 1)
    new = np.ones_like(filled)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    out = np.empty_like(filled)
    np.put_along_axis(out, order, new, 1)
    return out
