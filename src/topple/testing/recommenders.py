"""Does a recommender keep the scoring contract?"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from safetensors.numpy import load, save
from torch import Tensor

from topple.scoring.recommender import Capability, Recommender
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing.rules import nothing_changes, require
from topple.testing.rules import require_close as require_within
from topple.testing.scoring.capabilities import check_capabilities
from topple.testing.scoring.scores import check_empty_scores, check_rounding, check_threads

ALONE = "the same history has the same scores alone, in any batch and in any order."


def check_recommender(recommender: Recommender) -> None:
    """Check everything that the scoring contract promises, on histories of the recommender's catalogue.

    Raises:
        ContractError: the first rule that is broken, with the value that breaks it.

    Example:
        >>> from topple.testing import film_recommender
        >>> check_recommender(film_recommender())
    """
    name = getattr(recommender, "name", None)
    require(isinstance(name, str) and name, "name", repr(name), "a recommender has a name.")
    items = len(recommender.catalogue)
    require(items >= 4, f"{name}: catalogue", f"{items} items", "the checks need at least 4.")
    histories = _histories(items)
    with nothing_changes(recommender, f"{name}: scoring"), torch.no_grad():
        _check_shape(recommender, histories)
        _check_precision(recommender, histories)
        _check_batches(recommender, histories)
        _check_padding(recommender, histories)
        _check_removal(recommender, histories)
        _check_weights(recommender, histories)
        _check_candidates(recommender, histories)
        _check_empty(recommender)
        batch = batch_of(recommender, histories)
        check_rounding(recommender, batch, _variations(batch))
        check_empty_scores(recommender)
        check_threads(recommender, batch, _variations(batch))
    with nothing_changes(recommender, f"{name}: scoring"):
        check_capabilities(recommender, batch_of(recommender, histories))
    _check_round_trip(recommender, histories)


def batch_of(
    recommender: Recommender, histories: Sequence[Sequence[int]], dtype: torch.dtype = torch.float64
) -> HistoryBatch:
    """Return histories where the recommender lives, with a context that it knows where it is told any."""
    probe = recommender.findings.probe(recommender).other(histories)
    return probe.batch(range(len(histories)), recommender.device, dtype)


def require_close(recommender: Recommender, found: Tensor, expected: Tensor, part: str, rule: str) -> None:
    """Require equal scores, up to the rounding that the recommender declares."""
    require_within(found, expected, part, rule, tolerance=recommender.rounding)


def _histories(items: int) -> list[list[int]]:
    order = torch.randperm(items, generator=torch.Generator().manual_seed(0)).tolist()
    longest = min(8, items - 2)
    return [order[:longest], order[-1:], order[1:3], order[-longest:], order[2 : 2 + (longest + 1) // 2]]


def _variations(batch: HistoryBatch) -> Tensor:
    """Return what is kept [B, 3, H]: everything, all but the first item, and a share of each item."""
    keep = unchanged(batch).repeat(1, 3, 1)
    keep[:, 1, 0] = 0
    shares = torch.rand(keep.shape[2], generator=torch.Generator().manual_seed(1)).to(keep)
    keep[:, 2] *= 0.2 + 0.7 * shares
    return keep


def _check_shape(recommender: Recommender, histories: list[list[int]]) -> None:
    batch = batch_of(recommender, histories)
    keep = _variations(batch)
    given = batch.items.clone(), batch.weights.clone(), keep.clone()
    scores = recommender.score(batch, keep)
    expected = (len(histories), keep.shape[1], len(recommender.catalogue))
    rule = f"score returns [histories, variations, items], here {expected}."
    require(tuple(scores.shape) == expected, f"{recommender.name}: shape of the scores", tuple(scores.shape), rule)
    nans = int(torch.isnan(scores).sum())
    require(not nans, f"{recommender.name}: scores", f"{nans} of {scores.numel()} are NaN", "scores are numbers.")
    same = all(torch.equal(now, then) for now, then in zip((batch.items, batch.weights, keep), given, strict=True))
    require(same, f"{recommender.name}: scoring", "the histories or keep changed", "what is given stays as it was.")
    first = scores.clone()
    if scores.is_contiguous():
        scores.fill_(-1e9)
    again = recommender.score(batch, keep)
    rule = "scores are not random, and belong to the caller, who may change them."
    require_close(recommender, again, first, f"{recommender.name}: scoring twice", rule)


def _check_precision(recommender: Recommender, histories: list[list[int]]) -> None:
    for dtype in (torch.float32, torch.float64):
        batch = batch_of(recommender, histories, dtype)
        found = recommender.score(batch, unchanged(batch)).dtype
        rule = "scores have the precision of the histories' weights."
        require(found is dtype, f"{recommender.name}: precision of the scores", f"{found} for {dtype}", rule)


def _check_batches(recommender: Recommender, histories: list[list[int]]) -> None:
    batch = batch_of(recommender, histories)
    keep = _variations(batch)
    scores = recommender.score(batch, keep)
    order = torch.arange(len(histories)).flip(0).to(recommender.device)
    turned = recommender.score(batch.rows(order), keep[order])
    require_close(recommender, turned[order], scores, f"{recommender.name}: batch in reverse", ALONE)
    for row, history in enumerate(histories):
        alone = batch_of(recommender, [history])
        single = recommender.score(alone, keep[row : row + 1, :, : len(history)])
        require_close(recommender, single[0], scores[row], f"{recommender.name}: history {row} alone", ALONE)
        for variation in range(keep.shape[1]):
            one = recommender.score(alone, keep[row : row + 1, variation : variation + 1, : len(history)])
            rule = "a variation has the same scores alone and among others."
            part = f"{recommender.name}: variation {variation} of history {row} alone"
            require_close(recommender, one[0, 0], scores[row, variation], part, rule)


def _check_padding(recommender: Recommender, histories: list[list[int]]) -> None:
    batch = batch_of(recommender, histories)
    scores = recommender.score(batch, unchanged(batch))
    for item in (0, len(recommender.catalogue) - 1):
        width = (len(batch), 3)
        items = torch.cat([batch.items, torch.full(width, item).to(batch.items)], dim=1)
        weights = torch.cat([batch.weights, torch.zeros(width).to(batch.weights)], dim=1)
        longer = HistoryBatch(items, weights, contexts=batch.contexts)
        rule = "padding (weight 0, keep 0) adds nothing, whatever item stands there."
        require_close(
            recommender, recommender.score(longer, unchanged(longer)), scores, f"{recommender.name}: padding", rule
        )


def _check_removal(recommender: Recommender, histories: list[list[int]]) -> None:
    batch = batch_of(recommender, histories)
    keep = unchanged(batch)
    keep[:, :, 0] = 0
    removed = recommender.score(batch, keep)
    shorter = batch_of(recommender, [history[1:] for history in histories])
    rule = "a history with an item removed (keep 0) scores as the history that never held it."
    without = recommender.score(shorter, unchanged(shorter))
    require_close(recommender, removed, without, f"{recommender.name}: a removed item", rule)
    if Capability.HISTORY_FREE in recommender.capabilities:
        return
    moved = (recommender.score(batch, unchanged(batch)) - removed).abs().max()
    rule = "scores depend on the history, or the recommender declares HISTORY_FREE: it has nothing to explain then."
    require(moved > 0, f"{recommender.name}: use of the history", "no score moves when items are removed", rule)


def _check_weights(recommender: Recommender, histories: list[list[int]]) -> None:
    """Compare the scores of weighted histories with those of the same without weights, where these are to be equal."""
    if recommender.uses_weights:
        return
    batch = batch_of(recommender, histories)
    weighted = replace(batch, weights=batch.weights * (0.5 + torch.arange(batch.weights.shape[1]).to(batch.weights)))
    plain = recommender.score(batch, unchanged(batch))
    rule = "with uses_weights = False, scores do not depend on weights: `score` takes self.weighed(histories)."
    for what, scores in (
        ("weights", recommender.score(weighted, unchanged(batch))),
        ("weights, bound", recommender.bind(weighted)(unchanged(batch))),
    ):
        require_close(recommender, scores, plain, f"{recommender.name}: {what}", rule)


def _check_candidates(recommender: Recommender, histories: list[list[int]]) -> None:
    batch = batch_of(recommender, histories)
    keep, items = _variations(batch), len(recommender.catalogue)
    random = torch.Generator().manual_seed(2)
    candidates = torch.stack([torch.randperm(items, generator=random)[:3] for _ in histories]).to(recommender.device)
    full = recommender.score(batch, keep)
    expected = full.gather(2, candidates[:, None].expand(-1, keep.shape[1], -1))
    rule = "the scores of candidates [B, C] are those columns of the whole catalogue's, in the order asked."
    require_close(
        recommender, recommender.score(batch, keep, candidates), expected, f"{recommender.name}: candidates", rule
    )
    rule = "bind(histories, candidates)(keep) equals score(histories, keep, candidates)."
    chosen = torch.tensor([2, 4, 2], device=recommender.device)  # shorter than the longest
    positions = int(batch.rows(chosen).items.shape[1])
    for what, given, scores in (("bind", None, full), ("bind with candidates", candidates, expected)):
        bound = recommender.bind(batch, given)
        require_close(recommender, bound(keep), scores, f"{recommender.name}: {what}", rule)
        rule_rows = "bound(keep, rows) scores variations of the chosen histories, cut to the longest of them."
        found = bound(keep[chosen][..., :positions], chosen)
        require_close(recommender, found, scores[chosen], f"{recommender.name}: {what}, chosen rows", rule_rows)


def _check_empty(recommender: Recommender) -> None:
    rule = "an empty history is scored like any other, with numbers."
    batch, alone = batch_of(recommender, [[], [1]]), batch_of(recommender, [[]])
    scores = recommender.score(batch, torch.zeros_like(unchanged(batch)))
    single = recommender.score(alone, unchanged(alone))
    nans = int(torch.isnan(scores).sum() + torch.isnan(single).sum())
    require(not nans, f"{recommender.name}: empty history", f"{nans} scores are NaN", rule)
    require_close(recommender, scores[0], scores[1], f"{recommender.name}: all items removed", rule)
    require_close(recommender, scores[0], single[0], f"{recommender.name}: empty history alone", ALONE)


def _check_round_trip(recommender: Recommender, histories: list[list[int]]) -> None:
    """Write the arrays as safetensors, read them, and build the recommender again."""
    arrays = recommender.arrays()
    if not arrays:
        return
    stored = save({name: array.detach().cpu().contiguous().numpy() for name, array in arrays.items()})
    again = type(recommender).from_arrays(load(stored), recommender.catalogue, recommender.settings)
    batch = batch_of(recommender, histories)
    keep = unchanged(batch)
    with torch.no_grad():
        expected, found = recommender.score(batch, keep), again.score(batch.rows(torch.arange(len(batch))), keep)
    rule = "from_arrays(arrays()) is the same recommender."
    require_close(recommender, found, expected, f"{recommender.name}: arrays, written and read", rule)
    prints = again.fingerprint, recommender.fingerprint
    require(prints[0] == prints[1], f"{recommender.name}: fingerprint, written and read", prints, rule)
