"""Folding histories into a factor model: a user is the least squares of the items of the history."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from topple.recommenders.families.low_rank import Start, Update, users_of
from topple.scoring.memory import may_hold, rows_at_once
from topple.scoring.products import factor_scores, lengths_of, products
from topple.scoring.recommender import Scorer

NEAR = 32
"""Where no variation removes more items than this, all are updates of the whole history."""
HEAVY = 300.0
"""So many times the certainty about an item of all users, an item of the history may add: what is left of that certainty when the
item is taken out again has lost as many digits."""

OTHERWISE = 1.3
"""Equations times a number have the same solution, and every product in them is rounded otherwise."""


@dataclass(frozen=True, eq=False)
class System:
    """What the equations of all histories have in common.

    Args:
        gram: G = Y'Y + reg I [D, D], in float64.
        inverse: the inverse of G [D, D], in float64.
    """

    gram: Tensor
    inverse: Tensor

    @classmethod
    def of(cls, factors: Tensor, regularisation: float) -> "System":
        """Prepare the system of factors Y [I, D]."""
        exact = factors.double()
        gram = exact.T @ exact
        gram.diagonal().add_(regularisation)
        return cls(gram, torch.cholesky_inverse(torch.linalg.cholesky(gram)))


@dataclass(frozen=True, eq=False)
class FoldIn:
    """B histories, prepared for many variations of each.

    A variation that keeps shares c has the user x with (G + Z' diag(c a) Z) x = Z' (c b), where Z are the factors of the
    history's items and an item of confidence b adds a = b - 1, or whatever the model says. It is solved anew, or as a low-rank
    update of the whole history or the empty one: whichever is cheaper for the shape of what is asked.

    Args:
        system: of the model.
        factors: Z [B, H, D].
        left: a, what an item adds to the left side [B, H].
        right: b, what an item adds to the right side [B, H]; a and b are 0 for padding.
    """

    system: System
    factors: Tensor
    left: Tensor
    right: Tensor

    def users(self, kept: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return the users of variations [R, S, D], the cheapest way.

        Args:
            kept: shares kept [R, S, H], of `kept`, cut to the longest of the chosen histories or longer.
            rows: which histories [R]; None for all.
        """
        if not kept.numel():
            return self.factors.new_zeros(*kept.shape[:2], self.factors.shape[2])
        if self.heavy:
            return (self if rows is None else self.chosen(rows, kept.shape[2])).solved_by_rows(kept)
        if rows is not None and kept.requires_grad:
            return self.chosen(rows, kept.shape[2]).users(kept)
        update = self.update(kept, rows)
        if rows is None:
            return self.solved(kept) if self._solving_is_cheaper(update) else users_of(kept, update)
        return update.users()

    def scorer(self, columns: Tensor) -> Scorer:
        """Return the scorer of the items with factors `columns` [B, D, C], whose products are prepared; without gradients."""
        before, effect = (self.whole.user[:, None] @ columns)[:, 0], self.whole.effect @ columns

        def score(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            if rows is None:
                rows = torch.arange(len(keep), device=keep.device)
            update = self.update(self.kept(keep, rows), rows)
            if update.from_empty.any():
                return factor_scores(update.users(), columns, rows)
            return (before[rows, None] - products(update.steps(), effect, rows, self.lengths)) * update.any_kept[
                ..., None
            ]

        return score

    def scorer_is_cheaper(self, columns: int) -> bool:
        """Say whether `scorer` of so many columns is no dearer than `users` and then the users' products with the columns."""
        length, factors = self.factors.shape[1:]
        return not self.heavy and length * columns <= factors * (length + columns)

    @cached_property
    def heavy(self) -> bool:
        """Whether an item of a history is so certain, such as one with 10,000 plays, that no variation is an update of the whole."""
        if (
            not self.left.numel() or float(self.left.max()) <= HEAVY
        ):  # what an item adds is at most `left` times what is known
            return False
        return float((self.left * (self.empty.effect * self.factors).sum(-1)).max()) > HEAVY

    def kept(self, keep: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return the shares kept of the chosen histories [R, S, H], 0 where an item moves nothing."""
        return keep * (self.moving if rows is None else self.moving[rows, : keep.shape[2]])[:, None]

    def chosen(self, rows: Tensor, length: int) -> "FoldIn":
        """Return some of the histories [R], cut to a length; what is prepared goes along."""
        parts = (self.factors, self.left, self.right)
        found = FoldIn(self.system, *(part[rows, :length] for part in parts))
        for name in () if self.heavy else ("empty", "whole"):  # heavy histories are solved by rows, and begin nowhere
            start: Start = getattr(self, name)
            found.__dict__[name] = Start(start.user[rows], start.effect[rows, :length], start.pull[rows, :length])
        return found

    def solved(self, kept: Tensor) -> Tensor:
        """Solve each variation by itself, in the space of the history or of the factors, the smaller of the two."""
        length, factors = self.factors.shape[1:]
        solve = self._solved_by_items if length < factors else self._solved_by_factors
        together = rows_at_once(len(kept) * length * min(length, factors))
        return torch.cat([solve(part) for part in torch.split(kept, together, 1)], 1)

    def ways(self, kept: Tensor) -> tuple[Tensor, ...]:
        """Return the users of variations by every way that is taken [B, S, D]: equal but for rounding."""
        if self.heavy:
            return self._solved_by_factors(kept), self.solved_by_rows(kept)
        return self._solved_by_items(kept), self._solved_by_factors(kept), self.update(kept).users()

    def _solved_by_items(self, kept: Tensor) -> Tensor:
        mutual = self.empty.effect @ self.factors.transpose(1, 2)
        left = (kept * self.left[:, None])[..., None] * mutual[:, None]
        left = left + torch.eye(kept.shape[2], dtype=kept.dtype, device=kept.device)
        found: Tensor = torch.linalg.solve(left, kept * self.right[:, None])
        return found @ self.empty.effect

    def _solved_by_factors(self, kept: Tensor) -> Tensor:
        factors = self.factors[:, None]
        more = (factors * (kept * self.left[:, None])[..., None]).transpose(2, 3) @ factors
        left, right = self.system.gram.to(kept) + more, (kept * self.right[:, None]) @ self.factors
        return torch.cholesky_solve(right[..., None], torch.linalg.cholesky(left))[..., 0]

    def solved_by_rows(self, kept: Tensor) -> Tensor:
        """Solve each variation as least squares of rows, the largest first: half as many digits are lost as with the equations."""
        length, factors = self.factors.shape[1:]
        together = rows_at_once(len(kept) * (length + factors) * factors)
        return torch.cat([self._solved_by_rows(part) for part in torch.split(kept, together, 1)], 1)

    def solved_again(self, kept: Tensor) -> Tensor:
        """Solve each variation by rows with other roundings: how far that is from `solved_by_rows` shows what rounding did."""
        backwards = torch.arange(self.factors.shape[2] - 1, -1, -1, device=self.factors.device)  # [D]
        system = System(OTHERWISE**2 * self.system.gram[backwards][:, backwards], self.system.inverse)
        left, right = OTHERWISE**2 * self.left, OTHERWISE**2 * self.right
        return FoldIn(system, self.factors[..., backwards], left, right).solved_by_rows(kept)[..., backwards]

    def _solved_by_rows(self, kept: Tensor) -> Tensor:
        factors = self.factors[:, None]
        left, right = kept * self.left[:, None], kept * self.right[:, None]  # [B, S, H]
        heavy = left > HEAVY
        light = torch.where(heavy, 0.0, left)
        gram = self.system.gram.to(kept) + (factors * light[..., None]).transpose(2, 3) @ factors  # [B, S, D, D]
        root = torch.linalg.cholesky(gram)
        pulled = torch.where(heavy, 0.0, right)[..., None, :] @ factors  # [B, S, 1, D]
        below = torch.linalg.solve_triangular(root, pulled.transpose(2, 3), upper=False)  # [B, S, D, 1]
        size = torch.where(heavy, left, 1.0).sqrt()
        above = torch.where(heavy, right / size, 0.0)[..., None]  # [B, S, H, 1]
        rows = torch.cat(
            [factors * torch.where(heavy, size, 0.0)[..., None], root.transpose(2, 3)], 2
        )  # [B, S, H + D, D]
        order = rows.detach().abs().amax(-1).argsort(2, descending=True)[..., None]
        turned, upper = torch.linalg.qr(rows.gather(2, order.expand_as(rows)))
        wanted = turned.transpose(2, 3) @ torch.cat([above, below], 2).gather(2, order)
        found: Tensor = torch.linalg.solve_triangular(upper, wanted, upper=True)
        return found[..., 0]

    def _solving_is_cheaper(self, update: Update) -> bool:
        """Say whether solving is cheaper than an update, by the multiplications that the two take."""
        variations, length, factors, most = update.sizes.shape[1], update.length, self.factors.shape[2], update.most
        solving = variations * min(length**3, factors**3 // 2 + length * factors**2)
        return solving < 3 * length * factors**2 + variations * (most**3 + (most**2 + length) * factors)

    def update(self, kept: Tensor, rows: Tensor | None = None) -> Update:
        """Return what moves each variation [R, S, H] from the nearer of the two starts, or all from the whole where that is near."""
        history = torch.arange(len(kept), device=kept.device) if rows is None else rows
        base = self.moving[history, None, : kept.shape[2]]
        moves, sizes = _moves(kept != base)
        from_empty = torch.zeros_like(sizes, dtype=torch.bool)
        if len(moves) and int(sizes.max()) > NEAR:
            from_empty = (kept != 0).sum(-1) < sizes
            base = base.masked_fill(from_empty[..., None], 0)
            moves, sizes = _moves(kept != base)
        less = base.expand_as(kept).flatten()[moves] - kept.flatten()[moves]
        return Update(self, from_empty, sizes, moves, less, kept.shape[2], (kept != 0).any(-1), history, rows)

    @cached_property
    def empty(self) -> Start:
        """The histories without any item."""
        effect = self.factors @ self.system.inverse.to(self.factors)
        user = self.factors.new_zeros(len(self.factors), self.factors.shape[2])
        return Start(user, effect, self.right)

    @cached_property
    def whole(self) -> Start:
        """The histories with all their items."""
        length, factors = self.factors.shape[1:]
        across = self.factors.transpose(1, 2)
        if length < factors:
            left = (self.empty.effect @ across) * self.left[:, None]
            effect = torch.linalg.solve(
                left + torch.eye(length, dtype=left.dtype, device=left.device), self.empty.effect
            )
        else:
            left = self.system.gram.to(across) + (across * self.left[:, None]) @ self.factors
            effect = self.factors @ torch.cholesky_inverse(torch.linalg.cholesky(left))
        user = (self.right[:, None] @ effect)[:, 0]
        return Start(user, effect, self.pull(user[:, None])[:, 0])

    def pull(self, users: Tensor) -> Tensor:
        """Return how far each item pulls users [B, S, D] that it does not belong to yet, [B, S, H]: b - a Z x."""
        return self.right[:, None] - self.left[:, None] * (users @ self.factors.transpose(1, 2))

    @cached_property
    def moving(self) -> Tensor:
        """The whole history [B, H]: 1 where an item moves the user, 0 for padding and for items whose factors are all 0."""
        moves = (self.factors != 0).any(-1) & ((self.left != 0) | (self.right != 0))
        return moves.to(self.factors)

    @cached_property
    def one(self) -> Start:
        """The histories with all their items, as one start [B, 1, ...]."""
        return Start(self.whole.user[:, None], self.whole.effect[:, None], self.whole.pull[:, None])

    @cached_property
    def both(self) -> Start:
        """The histories with all their items and without any, side by side [B, 2, ...]."""
        return Start.side_by_side(self.whole, self.empty)

    @cached_property
    def lengths(self) -> list[int]:
        """How far each history is filled: up to the last position that holds an item."""
        return lengths_of(self.moving > 0)

    def mutual(self, starts: int) -> Tensor | None:
        """Return Z A^-1 Z' of the whole histories, or of both starts, [B, starts, H, H]; None where that is too much to hold."""
        if not may_hold(starts * self.factors.shape[1] * self.left.numel()):
            return None
        if starts not in self._mutual:
            effect = (self.one if starts == 1 else self.both).effect
            self._mutual[starts] = effect @ self.factors[:, None].transpose(2, 3)
        return self._mutual[starts]

    @cached_property
    def _mutual(self) -> dict[int, Tensor]:
        return {}


def _moves(differ: Tensor) -> tuple[Tensor, Tensor]:
    """Return which positions of variations differ, bool [R, S, H], among all R * S * H, and how many of each variation [R, S]."""
    moves = differ.flatten().nonzero()[:, 0]
    counts = torch.bincount(moves // differ.shape[2], minlength=differ.shape[0] * differ.shape[1])
    return moves, counts.view(differ.shape[:2])
