"""The shared searches: from single removals to a set, from a set to a minimal one. One code path each."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.engine import Engine
from topple.recommenders.what_if import Packing


@dataclass(eq=False)
class Found:
    """What a search holds for B histories x T targets.

    Args:
        removed: the sets, bool [B, T, H]; empty where none is found.
        toppled: whether the set topples its target, bool [B, T].
    """

    removed: Tensor
    toppled: Tensor


def grow_and_prune(engine: Engine, *, width: int, most: int) -> tuple[Found, Tensor]:
    """Search greedily, settle by the full catalogue and prune; return the minimal sets, and what `singles` returned."""
    leads = singles(engine)
    return prune(engine, settled(engine, greedy(engine, leads, width=width, most=most))), leads


def settled(engine: Engine, found: Found) -> Found:
    """Return the sets that topple among the full catalogue too."""
    row, slot = found.toppled.nonzero(as_tuple=True)
    true = torch.zeros_like(found.toppled)
    true[row, slot] = engine.settle(row, slot, found.removed[row, slot]) > 0
    return Found(found.removed & true[..., None], true)


def singles(engine: Engine) -> Tensor:
    """Return the lead over each target after removing each item alone [B, T, H]; one scan serves all targets.

    Places that may not be removed hold minus infinity.
    """
    grid = engine.grid
    rows = torch.arange(len(grid.histories), device=grid.row.device)
    one = torch.eye(grid.histories.items.shape[1], dtype=torch.bool, device=grid.row.device)
    leads = engine.leads(rows, one.expand(len(rows), -1, -1)).transpose(1, 2)
    engine.cost += grid.asked * grid.histories.present.sum(1, keepdim=True)
    return leads.masked_fill(~grid.removable, -torch.inf)


def greedy(engine: Engine, leads: Tensor, *, width: int, most: int) -> Found:
    """Grow a set item by item, each the one that brings the target nearest to leaving, until it has left.

    Args:
        engine: the engine.
        leads: what `singles` returned [B, T, H].
        width: items tried in each step, those that promised most when last tried.
        most: largest set.
    """
    grid = engine.grid
    places = leads.shape[-1]
    best, first = leads.max(-1)
    removed = torch.nn.functional.one_hot(first, places).bool() & grid.asked[..., None]
    toppled = (best > 0) & grid.asked
    gain = leads - best[..., None]
    width = min(width, places)
    for _ in range(1, most):
        open_ = grid.asked & ~toppled & ((grid.removable & ~removed).any(-1))
        if not open_.any():
            break
        row, slot = open_.nonzero(as_tuple=True)
        base = removed[row, slot]
        promise = gain[row, slot].masked_fill(base | ~grid.removable[row, slot], -torch.inf)
        tried = promise.topk(width, -1).indices  # [Q, width]
        more = base[:, None].repeat(1, width, 1).scatter(-1, tried[..., None], True)
        new = _own(engine, row, slot, more).masked_fill(torch.isinf(promise.gather(-1, tried)), -torch.inf)
        step, which = new.max(-1)
        chosen = tried.gather(-1, which[:, None])
        removed[row, slot] = base.scatter(-1, chosen, True)
        gain[row, slot] = gain[row, slot].scatter(-1, tried, new - step[:, None])
        toppled[row, slot] = step > 0
    return Found(removed & toppled[..., None], toppled)


def _own(engine: Engine, row: Tensor, slot: Tensor, removed: Tensor) -> Tensor:
    """Return the lead over each query's own target [Q, V] after its removals, bool [Q, V, H]; histories are packed."""
    variations = removed.shape[1]
    engine.cost.index_put_((row, slot), torch.full_like(row, variations), accumulate=True)
    out = torch.zeros(removed.shape[:2], dtype=engine.grid.histories.weights.dtype, device=row.device)
    together = torch.bincount(row)[row]  # those of a history are scored together; histories with as many, in one batch
    for count in torch.unique(together).tolist():
        mine = (together == count).nonzero()[:, 0]
        packing = Packing.of(row[mine])
        leads = engine.leads(packing.which, packing.lay(removed[mine]).flatten(1, 2))
        leads = packing.pick(leads.reshape(len(packing.which), count, variations, leads.shape[-1]))
        out[mine] = leads.gather(-1, slot[mine, None, None].expand(-1, variations, 1))[..., 0]
    return out


def prune(engine: Engine, found: Found, hopeful: Tensor | None = None) -> Found:
    """Give items back one at a time while the set still topples, judged by the full catalogue; what stays is minimal.

    Of the items that can be given back, the one whose return leaves the largest lead goes first. Targets that are not
    `hopeful`, bool [B, T], are left as they are.
    """
    tried = found.toppled if hopeful is None else found.toppled & hopeful
    row, slot = tried.nonzero(as_tuple=True)
    removed = found.removed.clone()
    while len(row):
        base = removed[row, slot]
        query, place = base.nonzero(as_tuple=True)
        several = base.sum(-1)[query] > 1
        query, place = query[several], place[several]
        if not len(query):
            break
        fewer = base[query].scatter(-1, place[:, None], False)
        leads = engine.settle(row[query], slot[query], fewer)
        best = torch.full((len(row),), -torch.inf, dtype=leads.dtype, device=leads.device)
        best = best.scatter_reduce(0, query, leads, "amax")
        give = (leads > 0) & (leads == best[query])
        again = torch.zeros(len(row), dtype=torch.int64, device=row.device) - 1
        again[query[give]] = place[give]
        shrunk = again >= 0
        row, slot = row[shrunk], slot[shrunk]
        removed[row, slot] = base[shrunk].scatter(-1, again[shrunk][:, None], False)
    return Found(removed, found.toppled)


def swap(engine: Engine, found: Found, leads: Tensor, hopeful: Tensor, *, width: int) -> Found:
    """Try to shrink each set by one: two items out, one in, among the `width` items that promise most alone.

    Args:
        engine: the engine.
        found: sets that topple.
        leads: what `singles` returned [B, T, H].
        hopeful: the targets whose sets are tried, bool [B, T].
        width: items tried for the place of two.

    Returns:
        The sets, smaller where a swap topples the target among the full catalogue.
    """
    removed = found.removed.clone()
    sizes = removed.sum(-1) * hopeful
    for size in torch.unique(sizes[sizes > 2]).tolist():  # in the place of two, `singles` has tried every one
        row, slot = (sizes == size).nonzero(as_tuple=True)
        base = removed[row, slot]
        inside = base.nonzero()[:, 1].reshape(-1, size)  # [Q, size]
        promise = leads[row, slot].masked_fill(base, -torch.inf)
        outside = promise.topk(min(width, promise.shape[-1])).indices  # [Q, W]
        pairs = torch.combinations(torch.arange(size, device=row.device))  # [P, 2]
        kept = base[:, None].repeat(1, len(pairs), 1).scatter(-1, inside[:, pairs], False)
        swapped = kept[:, :, None].repeat(1, 1, outside.shape[1], 1)
        swapped.scatter_(-1, outside[:, None, :, None].expand(-1, len(pairs), -1, 1), True)
        swapped = swapped.flatten(1, 2)
        new = _own(engine, row, slot, swapped)
        new = new.masked_fill(torch.isinf(promise.gather(-1, outside)).repeat(1, len(pairs)), -torch.inf)
        lead, which = new.max(-1)
        best = swapped[torch.arange(len(row), device=row.device), which]
        better = (lead > 0).nonzero()[:, 0]
        better = better[engine.settle(row[better], slot[better], best[better]) > 0]
        removed[row[better], slot[better]] = best[better]
    return Found(removed, found.toppled)
