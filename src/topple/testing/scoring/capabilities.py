"""Are the capabilities that a recommender declares true?"""

from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from topple.scoring.recommender import Capability, Recommender
from topple.scoring.sums.building import AskedAlone
from topple.scoring.sums.rows import Rows
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing.rules import require, require_close
from topple.testing.scoring.equations import check_solved
from topple.types import FloatArray


def check_capabilities(recommender: Recommender, batch: HistoryBatch) -> None:
    """Check each declared capability on histories in float64.

    Raises:
        ContractError: a capability that is declared and not true.
    """
    declared = recommender.capabilities
    rule = "capabilities are a frozenset of Capability."
    known = isinstance(declared, frozenset) and all(isinstance(each, Capability) for each in declared)
    require(known, f"{recommender.name}: capabilities", repr(declared), rule)
    for capability, check in _CHECKS.items():
        if capability in declared:
            check(recommender, batch)
    _order(recommender, batch)
    check_solved(recommender, batch)


def _order(recommender: Recommender, batch: HistoryBatch) -> None:
    """Score one history forwards and backwards: the scores move where that is declared, and nowhere else."""
    first = batch.rows(torch.tensor([0], device=batch.items.device))
    items, weights = first.items.flip(1), first.weights.flip(1)
    with torch.no_grad():
        forwards, backwards = (
            recommender.score(given, unchanged(given))
            for given in (first, HistoryBatch(items, weights, contexts=first.contexts))
        )
    part = f"{recommender.name}: order of the history"
    if Capability.ORDER_AWARE in recommender.capabilities:
        rule = "the scores of an ORDER_AWARE recommender depend on the order of the history."
        require((forwards - backwards).abs().max() > 0, part, "no score moves when it is turned round", rule)
    else:
        rule = (
            "a recommender that does not declare that it is ORDER_AWARE gives a history the same scores in any order."
        )
        require_close(backwards, forwards, part, rule, tolerance=recommender.rounding)


def _differentiable(recommender: Recommender, batch: HistoryBatch) -> None:
    """Compare the gradient of a weighted sum of scores with central differences."""
    part = f"{recommender.name}: gradient in keep"
    random = torch.Generator().manual_seed(3)
    shares = torch.rand(batch.items.shape[1], generator=random).to(batch.weights)
    keep = (unchanged(batch) * (0.3 + 0.5 * shares)).requires_grad_()
    with torch.enable_grad():
        scores = recommender.score(batch, keep)
        require(scores.requires_grad, part, "there is none", "a DIFFERENTIABLE recommender has one.")
        weights = torch.randn(scores.shape[2], generator=random, dtype=torch.float64).to(scores)
        (slope,) = torch.autograd.grad((scores * weights).sum(), keep)
    for position in range(min(3, batch.items.shape[1])):
        step = torch.zeros_like(keep)
        step[:, :, position] = 1e-5 * (batch.weights[:, None, position] > 0)
        with torch.no_grad():
            up, down = recommender.score(batch, keep + step), recommender.score(batch, keep - step)
        differences = (((up - down) * weights).sum(2) / 2e-5)[batch.present[:, position]]
        rule = "the gradient agrees with finite differences in float64."
        require_close(slope[:, :, position][batch.present[:, position]], differences, part, rule, tolerance=1e-4)


def _additive(recommender: Recommender, batch: HistoryBatch) -> None:
    """Compare the move of removing two items with the moves of removing each."""
    keep = unchanged(batch).repeat(1, 4, 1)
    tolerance = 4 * recommender.rounding  # up to four scores are added up
    keep[:, 1, 0] = 0
    keep[:, 2, -1] = 0
    keep[:, 3, [0, -1]] = 0
    with torch.no_grad():
        scores = recommender.score(batch, keep)
    both, sum_of_two = scores[:, 0] - scores[:, 3], 2 * scores[:, 0] - scores[:, 1] - scores[:, 2]
    present = batch.weights[:, -1] > 0
    rule = "in an ADDITIVE recommender removing two items moves the scores by the sum of the two moves."
    require_close(both[present], sum_of_two[present], f"{recommender.name}: sum over items", rule, tolerance=tolerance)
    with torch.no_grad():
        empty = recommender.score(batch, torch.zeros_like(keep[:, :1]))
        shares = recommender.contributions(batch)
        columns = torch.arange(len(recommender.catalogue)).flip(0)[:3].expand(len(batch), -1).to(recommender.device)
        chosen = recommender.contributions(batch, columns)
    part = f"{recommender.name}: contributions"
    shape = (*batch.items.shape, len(recommender.catalogue))
    rule = f"contributions are [histories, positions, items], here {shape}."
    require(tuple(shares.shape) == shape, part, tuple(shares.shape), rule)
    rule = "the contributions of the kept items and the scores of the empty history add up to the scores."
    require_close(keep @ shares + empty, scores, part, rule, tolerance=tolerance)
    rule = "padding contributes nothing."
    require(not shares[~batch.present].any(), part, "padding is above or below 0", rule)
    rule = "the contributions to candidates [B, C] are those columns of the whole catalogue's."
    require_close(chosen, shares.gather(2, columns[:, None].expand(-1, shape[1], -1)), part, rule, tolerance=tolerance)
    _rows(recommender, batch, shares)
    offered = recommender.answers(batch) if isinstance(recommender, AskedAlone) and not batch.weights.is_cuda else None
    if offered is not None:
        table = torch.from_numpy(_whole(offered[0], shape[2])[offered[1]]).to(shares)
        part, rule = (
            f"{recommender.name}: answers",
            "the rows of positions that were asked for alone are the contributions.",
        )
        require_close(table[batch.present], shares[batch.present], part, rule, tolerance=tolerance)


def _rows(recommender: Recommender, batch: HistoryBatch, shares: Tensor) -> None:
    """Compare the rows that are offered for compiled sums, times the weights, with contributions [B, H, I]."""
    weighed = recommender.weighed(batch)
    offered = None if batch.weights.is_cuda else recommender.rows(weighed)
    if offered is None:
        return
    rows, row = offered
    table = torch.from_numpy(_whole(rows, shares.shape[2])[row])
    part, rule = f"{recommender.name}: rows", "the rows that are offered, times the weights, are the contributions."
    tolerance = 4 * recommender.rounding
    require_close(table.to(shares) * weighed.weights[..., None], shares, part, rule, tolerance=tolerance)
    listable = torch.arange(0, shares.shape[2], 2)
    few = recommender.rows(weighed, listable)
    if few is not None and len(few[0].dense) and few[0].dense.shape[1] != shares.shape[2]:
        table, chosen = torch.from_numpy(_whole(few[0], len(listable))[few[1]]), shares[..., listable]
        table = table.to(shares) * weighed.weights[..., None]
        require_close(table, chosen, f"{part} of listable items", rule, tolerance=tolerance)
    rule = "`largest` is the largest absolute number of each row."
    most = torch.from_numpy(np.abs(_whole(rows, shares.shape[2])[row]).max(-1))
    held = torch.from_numpy(rows.largest[row]).to(most)
    require(bool((held >= most - 1e-12 * most).all()), part, "a row has a larger number", rule)


def _whole(rows: Rows, columns: int) -> FloatArray:
    """Return rows as a table [R, C]."""
    if len(rows.dense):
        return rows.dense.astype(np.float64)
    whole: FloatArray = csr_matrix((rows.values, rows.indices, rows.indptr), (len(rows.indptr) - 1, columns)).toarray()
    return whole.astype(np.float64)


def _feed_forward(recommender: Recommender, batch: HistoryBatch) -> None:
    """Carry the histories through `layers()` by hand."""
    part, rule = f"{recommender.name}: layers", "layers() over the history divided by the L2 norm gives the scores."
    layers = getattr(recommender, "layers", None)
    require(callable(layers), part, "there is no such method", "a FEED_FORWARD recommender shows its network.")
    hidden = torch.zeros(len(batch), len(recommender.catalogue)).to(batch.weights)
    hidden.scatter_add_(1, batch.items, batch.weights)
    hidden = hidden / hidden.norm(dim=1, keepdim=True).clamp(min=1e-6)
    with torch.no_grad():
        for layer in layers() if callable(layers) else ():
            hidden = hidden @ layer.weight.to(hidden) + layer.bias.to(hidden)
            hidden = torch.tanh(hidden) if layer.tanh else hidden
        scores = recommender.score(batch, unchanged(batch))
    require_close(hidden, scores[:, 0], part, rule)


def _trainable(recommender: Recommender, batch: HistoryBatch) -> None:
    overrides = type(recommender).fit.__func__ is not Recommender.fit.__func__  # type: ignore[attr-defined]
    require(overrides, f"{recommender.name}: fit", "it is not there", "a TRAINABLE recommender has it.")


def _history_free(recommender: Recommender, batch: HistoryBatch) -> None:
    """Compare the scores of whole, shortened and empty histories, and of one history with another."""
    keep = unchanged(batch).repeat(1, 3, 1)
    keep[:, 1, 0] = 0
    keep[:, 2] = 0
    with torch.no_grad():
        scores = recommender.score(batch, keep)
    rule = "a HISTORY_FREE recommender gives every history the same scores."
    require_close(scores, scores[:1, :1].expand_as(scores), f"{recommender.name}: any history", rule)


_CHECKS: dict[Capability, Callable[[Recommender, HistoryBatch], None]] = {
    Capability.DIFFERENTIABLE: _differentiable,
    Capability.ADDITIVE: _additive,
    Capability.FEED_FORWARD: _feed_forward,
    Capability.TRAINABLE: _trainable,
    Capability.HISTORY_FREE: _history_free,
}
