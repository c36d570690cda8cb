"""Folding a history into a factor model by its closed form; a removal is a low-rank update of it, not a new solve."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from topple.recommenders.products import products

NUMBERS = 4_000_000
"""Numbers of systems of equations held at a time."""
NEAR = 16
"""Where no variation removes more items than this, all are updates of the whole history."""
SMALL = 8
"""Unknowns of a system that is small: below about this, one call of a solver for each costs more than the solving."""


@dataclass(frozen=True, eq=False)
class System:
    """What the equations of all histories have in common.

    Args:
        alpha: confidence that a seen item adds.
        gram: G = Y'Y + reg I [D, D], in float64.
        inverse: its inverse [D, D], in float64.
    """

    alpha: float
    gram: Tensor
    inverse: Tensor

    @classmethod
    def of(cls, factors: Tensor, alpha: float, regularisation: float) -> "System":
        """Prepare the system of factors Y [I, D]."""
        exact = factors.double()
        gram = exact.T @ exact
        gram.diagonal().add_(regularisation)
        return cls(alpha, gram, torch.cholesky_inverse(torch.linalg.cholesky(gram)))


@dataclass(frozen=True, eq=False)
class _Start:
    """Some histories with no item, or with all of them; any other variation is an update of one of the two.

    With A the left side of the equations and Z the factors of the history's items:

    Args:
        user: x [B, D].
        effect: Z A^-1 [B, H, D], how x moves with the right side of each item.
        mutual: Z A^-1 Z' [B, H, H].
        pull: 1 + alpha - alpha Z x [B, H]; an item kept with weight c adds c * pull to A x = G x + ....
    """

    user: Tensor
    effect: Tensor
    mutual: Tensor
    pull: Tensor


@dataclass(frozen=True, eq=False)
class FoldIn:
    """The closed form of B histories, prepared for many variations of each.

    For a start (A, x) and kept weights that are less than the start's by d, the new x is x + g Z A^-1, where
    (I - alpha diag(d) Z A^-1 Z') g = -d * pull. That is Woodbury's identity; g is 0 where d is, so the system is as small as
    the number of items that moved, and its condition is at most 1 + alpha.

    Args:
        system: of the model.
        rows: the factors Z of the items [B, H, D].
        weights: base weights [B, H].
    """

    system: System
    rows: Tensor
    weights: Tensor

    def some(self, rows: Tensor, places: int) -> "FoldIn":
        """Return the closed form of some of the histories [R], cut to so many places; what is prepared stays so."""
        chosen = FoldIn(self.system, self.rows[rows, :places], self.weights[rows, :places])
        for name in ("empty", "whole"):
            start: _Start = getattr(self, name)
            cut = _Start(
                start.user[rows],
                start.effect[rows, :places],
                start.mutual[rows, :places, :places],
                start.pull[rows, :places],
            )
            chosen.__dict__[name] = cut
        return chosen

    def users(self, kept: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return x for kept weights of the chosen histories [R, S, H], as [R, S, D], the cheapest way that its shape allows.

        Args:
            kept: the weights, cut to the longest of the chosen histories or longer.
            rows: which histories [R]; None for all.
        """
        if rows is not None and kept.requires_grad:
            return self.some(rows, kept.shape[2]).users(kept)
        if not kept.numel():
            return self.solved(kept)
        weights = self.weights if rows is None else self.weights[rows, : kept.shape[2]]
        sizes = (kept != weights[:, None]).sum(-1)
        from_empty = torch.zeros_like(sizes, dtype=torch.bool)
        if int(sizes.max()) > NEAR:
            stays = (kept != 0).sum(-1)
            from_empty, sizes = stays < sizes, torch.minimum(stays, sizes)
        (_, variations, places), factors, most = kept.shape, self.rows.shape[2], int(sizes.max())
        direct = min(places**3, factors**3 // 2 + places * factors**2)
        prepared = places * factors * (3 * factors + places) + variations * (most**3 + places * factors)
        if rows is None and variations * direct < prepared:
            return self.solved(kept)
        parts = self._parts(kept, most * most)
        if rows is not None:
            return torch.cat([self.update(kept[:, p], from_empty[:, p], sizes[:, p], rows).users() for p in parts], 1)
        users: list[Tensor] = [_Users.apply(kept[:, p], self, from_empty[:, p], sizes[:, p]) for p in parts]  # type: ignore[no-untyped-call]
        return torch.cat(users, 1)

    def solved(self, kept: Tensor) -> Tensor:
        """Solve each variation by itself, in the space of the history or of the factors, the smaller of the two."""
        places, factors = self.rows.shape[1:]
        solve = self._solved_by_items if places < factors else self._solved_by_factors
        return torch.cat([solve(kept[:, part]) for part in self._parts(kept, places * min(places, factors))], 1)

    def _parts(self, kept: Tensor, each: int) -> list[slice]:
        """Return some variations at a time, so that no more than about `NUMBERS` are held where one needs `each`."""
        together = max(1, NUMBERS // max(1, len(kept) * each))
        return [slice(start, start + together) for start in range(0, max(1, kept.shape[1]), together)]

    def _solved_by_items(self, kept: Tensor) -> Tensor:
        left = self.system.alpha * kept[..., None] * self.empty.mutual[:, None]
        left = left + torch.eye(kept.shape[2], dtype=kept.dtype, device=kept.device)
        step: Tensor = torch.linalg.solve(left, (1 + self.system.alpha) * kept)
        return step @ self.empty.effect

    def _solved_by_factors(self, kept: Tensor) -> Tensor:
        rows = self.rows[:, None]
        left = self.system.gram.to(kept) + self.system.alpha * (rows * kept[..., None]).transpose(2, 3) @ rows
        right = (1 + self.system.alpha) * kept @ self.rows
        return torch.cholesky_solve(right[..., None], torch.linalg.cholesky(left))[..., 0]

    def update(self, kept: Tensor, from_empty: Tensor, sizes: Tensor, rows: Tensor | None = None) -> "_Update":
        """Move from the nearer of the two starts by the `sizes` items [R, S] in which each variation differs from it."""
        start = self.both if from_empty.any() else self.one
        history = torch.arange(len(kept), device=kept.device) if rows is None else rows
        places, most, counts, width = kept.shape[2], int(sizes.max()), sizes.flatten(), self.weights.shape[1]
        weights = self.weights[history, None, :places]
        less = torch.where(from_empty[..., None], -kept, weights - kept)  # [R, S, H]
        differs = less.flatten().nonzero()[:, 0]
        variation = torch.repeat_interleave(counts)  # among B * S
        slot = torch.arange(len(differs), device=kept.device) - (counts.cumsum(0) - counts).index_select(0, variation)
        slot += variation * most
        where = sizes.new_zeros(len(counts) * most).scatter_(0, slot, differs - variation * places)
        its = kept.new_zeros(where.shape).scatter_(0, slot, less.flatten().index_select(0, differs))
        where, its = (laid.view(*sizes.shape, most) for laid in (where, its))  # [B, S, M]
        at = from_empty.long()[..., None] * width + where
        first = start.pull[0].numel() * history[:, None, None] + at
        pairs = (first * width)[..., None] + where[:, :, None]  # [R, S, M, M]
        among = start.mutual.flatten().index_select(0, pairs.flatten()).view(pairs.shape)
        left = torch.eye(most, dtype=kept.dtype, device=kept.device) - among * (self.system.alpha * its)[..., None]
        return _Update(start, from_empty, at, its, left, rows)

    @cached_property
    def one(self) -> _Start:
        """The histories with all their items, as one start [B, 1, ...]."""
        whole = self.whole
        return _Start(whole.user[:, None], whole.effect[:, None], whole.mutual[:, None], whole.pull[:, None])

    @cached_property
    def both(self) -> _Start:
        """The histories with all their items and without any, side by side [B, 2, ...]."""
        pairs = ((getattr(start, name) for start in (self.whole, self.empty)) for name in _Start.__dataclass_fields__)
        return _Start(*(torch.stack(list(pair), 1) for pair in pairs))

    @cached_property
    def empty(self) -> _Start:
        """The histories without any item."""
        effect = self.rows @ self.system.inverse.to(self.rows)
        user = self.rows.new_zeros(len(self.rows), self.rows.shape[2])
        pull = torch.full_like(self.weights, 1 + self.system.alpha)
        return _Start(user, effect, effect @ self.rows.transpose(1, 2), pull)

    @cached_property
    def whole(self) -> _Start:
        """The histories with all their items."""
        alpha, (_, places, factors) = self.system.alpha, self.rows.shape
        if places < factors:
            left = alpha * self.empty.mutual * self.weights[:, None]
            effect = torch.linalg.solve(
                left + torch.eye(places, dtype=left.dtype, device=left.device), self.empty.effect
            )
        else:
            rows = self.rows.transpose(1, 2)
            left = self.system.gram.to(rows) + alpha * (rows * self.weights[:, None]) @ self.rows
            effect = torch.cholesky_solve(rows, torch.linalg.cholesky(left)).transpose(1, 2)
        user = (1 + alpha) * (self.weights[:, None] @ effect)[:, 0]
        pull = 1 + alpha - alpha * (self.rows @ user[..., None])[..., 0]
        return _Start(user, effect, effect @ self.rows.transpose(1, 2), pull)


def _solved(left: Tensor, right: Tensor) -> Tensor:
    """Solve systems [..., M, M] for [..., M]; small ones all at once, by elimination with the systems side by side.

    Elimination needs no exchange of rows: the systems are similar to positive definite ones.
    """
    size = right.shape[-1]
    if size > SMALL:
        solved: Tensor = torch.linalg.solve(left, right)
        return solved
    a, x = left.flatten(0, -3).permute(1, 2, 0).contiguous(), right.flatten(0, -2).T.contiguous()  # [M, M, N], [M, N]
    for pivot in range(size):
        below = slice(pivot + 1, size)
        share = a[below, pivot] / a[pivot, pivot]
        a[below, below] -= share[:, None] * a[pivot, below]
        x[below] -= share * x[pivot]
    for pivot in reversed(range(size)):
        x[pivot] = (x[pivot] - (a[pivot, pivot + 1 :] * x[pivot + 1 :]).sum(0)) / a[pivot, pivot]
    return x.T.reshape(right.shape)


@dataclass(frozen=True, eq=False)
class _Update:
    """The small systems of some variations.

    Args:
        start: both starts [B, 2, ...], or the one that is needed [B, 1, ...].
        from_empty: which start each variation moves from, bool [B, S].
        at: the items that move, among those of all starts [B, S, M].
        its: by how much less each is kept, 0 where there is none [B, S, M].
        left: I - alpha diag(its) Z A^-1 Z' [B, S, M, M].
        rows: which histories of the start the variations are of; None for all.
    """

    start: _Start
    from_empty: Tensor
    at: Tensor
    its: Tensor
    left: Tensor
    rows: Tensor | None = None

    def steps(self, values: Tensor) -> Tensor:
        """Solve left g = its * values, with values [B, S, starts * H] of all items; g among all items."""
        right = self.its * values.gather(2, self.at)
        return torch.zeros_like(values).scatter_add_(2, self.at, _solved(self.left, right))

    def own(self, values: Tensor) -> Tensor:
        """Return of values of each start [B, S, starts, ...] those of the start that a variation moves from."""
        if values.shape[2] == 1:
            return values[:, :, 0]
        return torch.where(self.from_empty[..., None], values[:, :, 1], values[:, :, 0])

    def users(self) -> Tensor:
        """Return the new x [B, S, D]."""
        some = slice(None) if self.rows is None else self.rows
        pull = self.start.pull[some].flatten(1)[:, None].expand(-1, self.at.shape[1], -1)
        before = self.start.user[some, None].expand(-1, self.at.shape[1], -1, -1)
        return self.own(before) - products(self.steps(pull), self.start.effect.flatten(1, 2), self.rows)

    def effects(self, slope: Tensor, alpha: float) -> Tensor:
        """Return Z A^-1 slope [B, S, H] for the new A, of slopes [B, S, D]."""
        before = slope @ self.start.effect.flatten(1, 2).transpose(1, 2)
        by_start = before.reshape(*before.shape[:2], *self.start.pull.shape[1:])
        return self.own(by_start) + alpha * self.steps(before) @ self.start.mutual.flatten(1, 2)


class _Users(torch.autograd.Function):
    """Users by low-rank updates; an item kept a little more moves x by A^-1 y * pull, with A and pull those of the new x."""

    @staticmethod
    def forward(ctx: Any, kept: Tensor, fold_in: FoldIn, from_empty: Tensor, sizes: Tensor) -> Tensor:
        ctx.fold_in, ctx.update = fold_in, fold_in.update(kept, from_empty, sizes)
        users: Tensor = ctx.update.users()
        ctx.users = users
        return users.clone()

    @staticmethod
    @once_differentiable  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore]
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None, None]:
        alpha, rows = ctx.fold_in.system.alpha, ctx.fold_in.rows
        pull = 1 + alpha - alpha * ctx.users @ rows.transpose(1, 2)
        return pull * ctx.update.effects(slope, alpha), None, None, None
