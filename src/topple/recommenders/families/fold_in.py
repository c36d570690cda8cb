"""Folding a history into a factor model by its closed form; a removal is a low-rank update of it, not a new solve."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from topple.recommenders.families.small_systems import NUMBERS, alike, solved
from topple.scoring.products import factor_scores, lengths_of, products
from topple.scoring.recommender import Scorer

HELD = 16_000_000
"""Numbers that are held of how the items of histories move each other, for many variations to follow."""
NEAR = 32
"""Where no variation removes more items than this, all are updates of the whole history."""


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
        pull: 1 + alpha - alpha Z x [B, H]; an item kept with weight c adds c * pull to A x = G x + ....
    """

    user: Tensor
    effect: Tensor
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
            chosen.__dict__[name] = _Start(start.user[rows], start.effect[rows, :places], start.pull[rows, :places])
        return chosen

    def users(self, kept: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return x for kept weights of the chosen histories [R, S, H], as [R, S, D], the cheapest way that its shape allows.

        Args:
            kept: the weights, cut to the longest of the chosen histories or longer.
            rows: which histories [R]; None for all.
        """
        if not kept.numel():
            return self.rows.new_zeros(*kept.shape[:2], self.rows.shape[2])
        if rows is not None and kept.requires_grad:
            return self.some(rows, kept.shape[2]).users(kept)
        update = self.update(kept, rows)
        (_, variations, places), factors, most = kept.shape, self.rows.shape[2], int(update.sizes.max())
        direct = min(places**3, factors**3 // 2 + places * factors**2)
        prepared = 3 * places * factors**2 + variations * (most**3 + (most**2 + places) * factors)
        if rows is None and variations * direct < prepared:
            return self.solved(kept)
        if rows is not None:
            return update.users()
        users: Tensor = _Users.apply(kept, update)  # type: ignore[no-untyped-call]
        return users

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
        mutual = self.empty.effect @ self.rows.transpose(1, 2)
        left = self.system.alpha * kept[..., None] * mutual[:, None]
        left = left + torch.eye(kept.shape[2], dtype=kept.dtype, device=kept.device)
        step: Tensor = torch.linalg.solve(left, (1 + self.system.alpha) * kept)
        return step @ self.empty.effect

    def _solved_by_factors(self, kept: Tensor) -> Tensor:
        rows = self.rows[:, None]
        left = self.system.gram.to(kept) + self.system.alpha * (rows * kept[..., None]).transpose(2, 3) @ rows
        right = (1 + self.system.alpha) * kept @ self.rows
        return torch.cholesky_solve(right[..., None], torch.linalg.cholesky(left))[..., 0]

    def update(self, kept: Tensor, rows: Tensor | None = None) -> "_Update":
        """Return what moves each variation [R, S, H] from the nearer of the two starts, or all from the whole where that is near."""
        history = torch.arange(len(kept), device=kept.device) if rows is None else rows
        base = self.weights[history, None, : kept.shape[2]]
        moves, sizes = _moves(kept != base)
        from_empty = torch.zeros_like(sizes, dtype=torch.bool)
        if len(moves) and int(sizes.max()) > NEAR:
            stays = (kept != 0).sum(-1)
            from_empty = stays < sizes
            base = base.masked_fill(from_empty[..., None], 0)
            moves, sizes = _moves(kept != base)
        less = base.expand_as(kept).flatten()[moves] - kept.flatten()[moves]
        return _Update(self, from_empty, sizes, moves, less, kept.shape[2], kept.sum(-1) > 0, history, rows)

    @cached_property
    def one(self) -> _Start:
        """The histories with all their items, as one start [B, 1, ...]."""
        return _Start(self.whole.user[:, None], self.whole.effect[:, None], self.whole.pull[:, None])

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
        return _Start(user, effect, torch.full_like(self.weights, 1 + self.system.alpha))

    @cached_property
    def whole(self) -> _Start:
        """The histories with all their items."""
        alpha, (_, places, factors) = self.system.alpha, self.rows.shape
        rows = self.rows.transpose(1, 2)
        if places < factors:
            left = alpha * (self.empty.effect @ rows) * self.weights[:, None]
            effect = torch.linalg.solve(
                left + torch.eye(places, dtype=left.dtype, device=left.device), self.empty.effect
            )
        else:
            left = self.system.gram.to(rows) + alpha * (rows * self.weights[:, None]) @ self.rows
            effect = self.rows @ torch.cholesky_inverse(torch.linalg.cholesky(left))
        user = (1 + alpha) * (self.weights[:, None] @ effect)[:, 0]
        pull = 1 + alpha - alpha * (self.rows @ user[..., None])[..., 0]
        return _Start(user, effect, pull)

    @cached_property
    def even(self) -> bool:
        """Whether all items count 1, so that what is kept of them is their weight."""
        return bool(((self.weights == 1) | (self.weights == 0)).all())

    def mutual(self, starts: int) -> Tensor | None:
        """Return Z A^-1 Z' of the whole histories, or of both starts, [B, starts, H, H]; None where that is too much to hold."""
        if starts * self.rows.shape[1] * self.weights.numel() > HELD:
            return None
        if starts not in self._mutual:
            effect = (self.one if starts == 1 else self.both).effect
            self._mutual[starts] = effect @ self.rows[:, None].transpose(2, 3)
        return self._mutual[starts]

    @cached_property
    def _mutual(self) -> dict[int, Tensor]:
        return {}

    @cached_property
    def lengths(self) -> list[int]:
        """The places of each history up to the last that holds an item."""
        return lengths_of(self.weights > 0)

    def few(self, columns: int) -> bool:
        """Say whether reading a removal straight in so many columns is no dearer than x and then x in the columns."""
        places, factors = self.rows.shape[1:]
        return places * columns <= factors * (places + columns)

    def onto(self, columns: Tensor) -> Scorer:
        """Return the scorer of kept weights for items [B, D, C], with their products prepared; without gradients."""
        before, effect = (self.whole.user[:, None] @ columns)[:, 0], self.whole.effect @ columns

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            if rows is None:
                rows = torch.arange(len(keep), device=keep.device)
            update = self.update(keep if self.even else keep * self.weights[rows, None, : keep.shape[2]], rows)
            if update.from_empty.any():
                return factor_scores(update.users(), columns, rows)
            return (before[rows, None] - products(update.steps(), effect, rows, self.lengths)) * update.some[..., None]

        return scorer


@dataclass(frozen=True, eq=False)
class _Update:
    """The small systems of some variations.

    Args:
        fold_in: of the histories.
        from_empty: which start each variation moves from, bool [R, S].
        sizes: how many items move [R, S].
        moves: which, among those of all variations, in order [moves].
        less: by how much less each of them is kept [moves].
        places: H.
        some: whether anything is kept, bool [R, S]; if not, x is 0 and not what rounding leaves of it: all scores tie.
        history: which histories the variations are of [R].
        rows: the same, or None for all.
    """

    fold_in: FoldIn
    from_empty: Tensor
    sizes: Tensor
    moves: Tensor
    less: Tensor
    places: int
    some: Tensor
    history: Tensor
    rows: Tensor | None = None

    @cached_property
    def start(self) -> _Start:
        """Both starts [B, 2, ...], or the one that is needed [B, 1, ...]."""
        return self.fold_in.both if self.from_empty.any() else self.fold_in.one

    def steps(self, values: Tensor | None = None) -> Tensor:
        """Solve left g = less * values, with values [R, S, starts * H] or those that move x; g among all items of the starts.

        Variations with about as many items that move are solved together.
        """
        (_, starts, width), places, alpha = self.start.pull.shape, self.places, self.fold_in.system.alpha
        counts, less = self.sizes.flatten(), self.less
        out = less.new_zeros(*self.sizes.shape, places if starts == 1 else starts * width)
        first, shift = counts.cumsum(0) - counts, self.from_empty.flatten().long() * width
        history = self.history.repeat_interleave(self.sizes.shape[1])
        effects, rows = self.start.effect.flatten(0, 2), self.fold_in.rows.flatten(0, 1)
        mutual = None if self.rows is None else self.fold_in.mutual(starts)
        for some in alike(counts, rows.shape[1]):
            turn = torch.arange(int(counts[some[-1]]), device=less.device)  # [M]
            real = turn < counts[some][:, None]
            at = torch.where(real, first[some][:, None] + turn, 0)  # [N, M]
            its = torch.where(real, less[at], 0)
            where = torch.where(real, self.moves[at] - (some * places)[:, None], 0)
            own = where + (history[some] * starts * width + shift[some])[:, None]  # among those of all starts
            into = where + (some * out.shape[2] + shift[some])[:, None]
            if mutual is None:
                left = effects[own] @ rows[where + (history[some] * width)[:, None]].transpose(1, 2)
            else:
                left = mutual.flatten()[(own * width)[..., None] + where[:, None]]
            left *= (-alpha * its)[..., None]
            left.diagonal(dim1=1, dim2=2).add_(1)
            right = its * (self.start.pull.flatten()[own] if values is None else values.flatten()[into])
            out.view(-1).index_add_(0, into.flatten(), solved(left, right).flatten())
        return out

    def own(self, values: Tensor) -> Tensor:
        """Return of values of each start [R, S, starts, ...] those of the start that a variation moves from."""
        if values.shape[2] == 1:
            return values[:, :, 0]
        return torch.where(self.from_empty[..., None], values[:, :, 1], values[:, :, 0])

    def users(self) -> Tensor:
        """Return the new x [R, S, D]."""
        before = self.start.user[self.history, None].expand(-1, self.sizes.shape[1], -1, -1)
        return (self.own(before) - self._moved(self.steps())) * self.some[..., None]

    def effects(self, slope: Tensor) -> Tensor:
        """Return Z A^-1 slope [R, S, H] for the new A, of slopes [R, S, D]; of all histories."""
        fold_in, before = self.fold_in, slope @ self.start.effect.flatten(1, 2).transpose(1, 2)
        by_start = before.reshape(*before.shape[:2], *self.start.pull.shape[1:])
        moved = self._moved(self.steps(before)) @ fold_in.rows.transpose(1, 2)
        return self.own(by_start) + fold_in.system.alpha * moved

    def _moved(self, steps: Tensor) -> Tensor:
        """Return g Z A^-1 [R, S, D]."""
        lengths = self.fold_in.lengths if self.start.pull.shape[1] == 1 else None
        return products(steps, self.start.effect.flatten(1, 2), self.rows, lengths)


def _moves(differ: Tensor) -> tuple[Tensor, Tensor]:
    """Return which places of variations differ, bool [R, S, H], among all R * S * H, and how many of each variation [R, S]."""
    moves = differ.flatten().nonzero()[:, 0]
    counts = torch.bincount(moves // differ.shape[2], minlength=differ.shape[0] * differ.shape[1])
    return moves, counts.view(differ.shape[:2])


class _Users(torch.autograd.Function):
    """Users by low-rank updates; an item kept a little more moves x by A^-1 y * pull, with A and pull those of the new x."""

    @staticmethod
    def forward(ctx: Any, kept: Tensor, update: _Update) -> Tensor:
        users = update.users()
        ctx.update, ctx.users = update, users
        return users.clone()

    @staticmethod
    @once_differentiable  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore]
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        alpha, rows = ctx.update.fold_in.system.alpha, ctx.update.fold_in.rows
        pull = 1 + alpha - alpha * ctx.users @ rows.transpose(1, 2)
        return pull * ctx.update.effects(slope), None
