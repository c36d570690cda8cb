"""Variations of a history as low-rank updates: what a few items that are kept less change in the solution.

With A the left side of a history's equations, x the solution, Z the factors of the items and a what each adds to the left
side, shares that are less by d give x + g Z A^-1, where (I - diag(d a) Z A^-1 Z') g = -d * pull. That is Woodbury's identity;
g is 0 where d is, so the system is as small as the number of items that moved.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from topple.recommenders.families.small_systems import by_size, solve_small
from topple.scoring.products import products

if TYPE_CHECKING:
    from topple.recommenders.families.fold_in import FoldIn


@dataclass(frozen=True, eq=False)
class Start:
    """Histories with no item, or with all of them; any other variation is an update of one of the two.

    Args:
        user: x [B, D].
        effect: Z A^-1 [B, H, D], how x moves with the right side of each item.
        pull: b - a Z x [B, H]; an item of which the share c is kept adds c * pull to A x = G x + ....
    """

    user: Tensor
    effect: Tensor
    pull: Tensor

    @classmethod
    def side_by_side(cls, *starts: "Start") -> "Start":
        """Return starts as one, with a dimension for them after the histories."""
        return cls(*(torch.stack([getattr(start, field.name) for start in starts], 1) for field in fields(cls)))


@dataclass(frozen=True, eq=False)
class Update:
    """The small systems of variations [R, S].

    Args:
        fold_in: of the histories.
        from_empty: which start each variation moves from, bool [R, S].
        sizes: how many items move [R, S].
        moves: which, among all R * S * H, in order [moves].
        less: by how much less each of these is kept [moves].
        length: H.
        any_kept: whether anything is kept, bool [R, S]; if not, x is 0 and not what rounding leaves of it: all scores tie.
        history: which histories the variations are of [R].
        rows: the same, or None for all.
    """

    fold_in: "FoldIn"
    from_empty: Tensor
    sizes: Tensor
    moves: Tensor
    less: Tensor
    length: int
    any_kept: Tensor
    history: Tensor
    rows: Tensor | None = None

    @property
    def most(self) -> int:
        """How many items move at most."""
        return int(self.sizes.max())

    @cached_property
    def start(self) -> Start:
        """Both starts [B, 2, ...], or the one that is needed [B, 1, ...]."""
        return self.fold_in.both if self.from_empty.any() else self.fold_in.one

    def users(self) -> Tensor:
        """Return the new x [R, S, D]."""
        before = self.start.user[self.history, None].expand(-1, self.sizes.shape[1], -1, -1)
        return (self._of_the_start(before) - self._moved(self.steps())) * self.any_kept[..., None]

    def effects(self, slope: Tensor) -> Tensor:
        """Return Z A^-1 slope [R, S, H] for the new A, of slopes [R, S, D]; of all histories."""
        before = slope @ self.start.effect.flatten(1, 2).transpose(1, 2)
        by_start = before.reshape(*before.shape[:2], *self.start.pull.shape[1:])
        left = self.fold_in.left[:, None].repeat(1, 1, by_start.shape[2])
        moved = self._moved(self.steps(before * left)) @ self.fold_in.factors.transpose(1, 2)
        return self._of_the_start(by_start) + moved

    def steps(self, values: Tensor | None = None) -> Tensor:
        """Solve left g = less * values, with values [R, S, starts * H] or those that move x; g among all items of the starts.

        Variations with about as many items that move are solved together.
        """
        starts, width = self.start.pull.shape[1:]
        out = self.less.new_zeros(*self.sizes.shape, self.length if starts == 1 else starts * width)
        mutual = None if self.rows is None else self.fold_in.mutual(starts)
        for variations in by_size(self.sizes.flatten(), self.fold_in.factors.shape[2]):
            block = self._block(variations)
            left = self._products_of(block, mutual) * -(block.less * self.fold_in.left.flatten()[block.item])[..., None]
            left.diagonal(dim1=1, dim2=2).add_(1)
            into = block.position + (variations * out.shape[2] + block.shift)[:, None]
            known = self.start.pull.flatten()[block.entry] if values is None else values.flatten()[into]
            out.view(-1).index_add_(0, into.flatten(), solve_small(left, block.less * known).flatten())
        return out

    def _block(self, variations: Tensor) -> "_Block":
        """Return the items that move in some variations [N], padded to the most of one of these."""
        starts, width = self.start.pull.shape[1:]
        sizes = self.sizes.flatten()
        first = (sizes.cumsum(0) - sizes)[variations]
        turn = torch.arange(int(sizes[variations[-1]]), device=sizes.device)
        real = turn < sizes[variations][:, None]
        entry = torch.where(real, first[:, None] + turn, 0)
        position = torch.where(real, self.moves[entry] - (variations * self.length)[:, None], 0)
        history = self.history.repeat_interleave(self.sizes.shape[1])[variations]
        shift = self.from_empty.flatten()[variations].long() * width
        return _Block(
            less=torch.where(real, self.less[entry], 0),
            position=position,
            shift=shift,
            entry=position + (history * starts * width + shift)[:, None],
            item=position + (history * width)[:, None],
        )

    def _products_of(self, block: "_Block", mutual: Tensor | None) -> Tensor:
        """Return Z A^-1 Z' among the items that move [N, M, M]."""
        if mutual is None:
            effects, factors = self.start.effect.flatten(0, 2), self.fold_in.factors.flatten(0, 1)
            return effects[block.entry] @ factors[block.item].transpose(1, 2)
        width = self.start.pull.shape[2]
        return mutual.flatten()[(block.entry * width)[..., None] + block.position[:, None]]

    def _of_the_start(self, values: Tensor) -> Tensor:
        """Return, of values of each start [R, S, starts, ...], those of the start that a variation moves from."""
        if values.shape[2] == 1:
            return values[:, :, 0]
        return torch.where(self.from_empty[..., None], values[:, :, 1], values[:, :, 0])

    def _moved(self, steps: Tensor) -> Tensor:
        """Return g Z A^-1 [R, S, D]."""
        lengths = self.fold_in.lengths if self.start.pull.shape[1] == 1 else None
        return products(steps, self.start.effect.flatten(1, 2), self.rows, lengths)


@dataclass(frozen=True, eq=False)
class _Block:
    """The items that move in N variations, M of each, padded with items that move by 0.

    Args:
        less: by how much less each is kept [N, M].
        position: in the history [N, M].
        shift: where the start of a variation begins among the items of all starts of the history [N].
        entry: which of the items of all starts of all histories [N, M].
        item: which of the items of all histories [N, M].
    """

    less: Tensor
    position: Tensor
    shift: Tensor
    entry: Tensor
    item: Tensor


def users_of(kept: Tensor, update: Update) -> Tensor:
    """Return the users of variations [B, S, D] by their updates, with a gradient in what is kept."""
    found: Tensor = _Users.apply(kept, update)  # type: ignore[no-untyped-call]
    return found


class _Users(torch.autograd.Function):
    """Users by updates; an item kept a little more moves x by A^-1 y * pull, with A and pull those of the new x."""

    @staticmethod
    def forward(ctx: Any, kept: Tensor, update: Update) -> Tensor:
        users = update.users()
        ctx.update, ctx.users = update, users
        return users.clone()

    @staticmethod
    @once_differentiable  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore]
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        return ctx.update.fold_in.pull(ctx.users) * ctx.update.effects(slope), None
