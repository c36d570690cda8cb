"""Factor models whose user is the least squares of a history: implicit ALS, trained here or in any library."""

from abc import abstractmethod
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import QueryError
from topple.recommenders.families.fold_in import FoldIn, System
from topple.scoring.findings.probe import TENTH, drawn_histories
from topple.scoring.folded.histories import Solved
from topple.scoring.memo import Memo, version_of
from topple.scoring.memory import may_hold
from topple.scoring.products import columns_of, factor_scores
from topple.scoring.recommender import DOUBLE, Capability, Recommender, Scorer
from topple.scoring.variations import HistoryBatch, unchanged

TRIED = 16
"""Histories that tell the rounding."""
SAFETY = 8
"""The rounding is so many times what was seen of it in these."""


class LeastSquares(Recommender):
    """Scores are Y x, with x the least squares of the history: (Y'Y + reg I + Y_H' diag(c - 1) Y_H) x = Y_H' c.

    c is the confidence of each item of the history, which is preferred; an item outside it has preference 0 and confidence 1.
    A variation keeps shares of what items add to both sides. What it removes is an update of rank |removed|, so it costs a
    system of that size once the history is prepared (`FoldIn`).
    Source: Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008, equation 4.

    Args:
        catalogue: the items.
        factors: Y [I, D].
        regularisation: weight of the squared norm of x.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.DIFFERENTIABLE})

    def __init__(self, catalogue: Catalogue, factors: Tensor, regularisation: float) -> None:
        super().__init__(catalogue)
        self._factors = factors
        self._system = System.of(factors, regularisation)
        self._usual = 0.0  # how large good scores are; found out with the rounding
        self._prepared: WeakKeyDictionary[HistoryBatch, FoldIn] = WeakKeyDictionary()
        self._exact: Memo[Tensor] = Memo()
        self._sizes: Memo[Tensor] = Memo()

    def seen_rounding(self) -> float:
        """Return the rounding of the model: more than usual where the equations are hard to solve.

        A few histories, whole and halved, are folded in by every way there is; how far the scores lie apart tells.
        """
        histories = HistoryBatch.of(drawn_histories(len(self.catalogue))[:TRIED], torch.float64, self._factors.device)
        keep = unchanged(histories).repeat(1, 2, 1)
        keep[:, 1, ::2] = 0
        fold_in = self._fold_in(histories)
        scores = [users @ self._factors.double().T for users in fold_in.ways(fold_in.kept(keep))]
        tenth = torch.topk(scores[0], min(TENTH, len(self.catalogue))).values[..., -1:].abs()
        self._usual = float(tenth.median())
        level = torch.maximum(scores[0].abs(), tenth).clamp(min=torch.finfo(torch.float64).tiny)
        return max(DOUBLE, *(SAFETY * float(((other - scores[0]).abs() / level).max()) for other in scores[1:]))

    @abstractmethod
    def sides(self, histories: HistoryBatch) -> tuple[Tensor, Tensor]:
        """Return what the items of histories add to the left and the right side of the equations, both [B, H]; 0 for padding."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is prepared: a copy, or the model in another process, prepares its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_prepared"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _prepared=WeakKeyDictionary())

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Fold the variations in and multiply them with the factors of the items asked for."""
        return self.bind(histories, candidates)(keep)

    def bind(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        """Fold the histories in once, for all that is bound to them."""
        dtype = histories.weights.dtype
        fold_in = self._fold_in(histories)
        columns = columns_of(self.factors_in(dtype) if candidates is None else self._factors, candidates, dtype)
        prepared = None
        if candidates is not None and columns.ndim == 3 and fold_in.scorer_is_cheaper(candidates.shape[1]):
            prepared = fold_in.scorer(columns)

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            if prepared and not keep.requires_grad:
                return prepared(keep, rows)
            kept = fold_in.kept(keep, rows)
            scores = factor_scores(fold_in.users(kept, rows), columns, rows)
            if fold_in.heavy and scores.dtype == torch.float64 and not scores.requires_grad and scores.numel():
                chosen = fold_in if rows is None else fold_in.chosen(rows, kept.shape[2])
                self._refuse_noise(scores, factor_scores(chosen.solved_again(kept), columns, rows), histories)
            return scores

        return scorer

    def solved(self, histories: HistoryBatch) -> Solved | None:
        """Return the equations of the histories; None where they are heavy, or the model is not on a CPU."""
        fold_in = self._fold_in(histories)
        if self._factors.is_cuda or fold_in.heavy:
            return None
        whole, factors = fold_in.whole, self._factors.detach()
        size = self._sizes.get(version_of(self._factors), lambda: factors.double().norm(dim=1))
        parts = size, self._system.inverse, whole.user, whole.effect, fold_in.left, fold_in.right, whole.pull
        moving = fold_in.moving > 0
        return Solved(*(part.contiguous().numpy() for part in (factors, *parts, moving)))

    def factors_in(self, precision: torch.dtype) -> Tensor:
        """Return Y in a precision; in float64 it is held, where memory allows, and not made for each history again."""
        if precision is not torch.float64 or not may_hold(self._factors.numel()):
            return self._factors.to(precision)
        return self._exact.get(version_of(self._factors), self._factors.double)

    def _refuse_noise(self, scores: Tensor, again: Tensor, histories: HistoryBatch) -> None:
        """Refuse scores of heavy histories [R, S, C] that come out otherwise when they are rounded otherwise.

        Raises:
            QueryError: they lie farther apart than the rounding of the model allows.
        """
        level = torch.maximum(scores.abs(), torch.tensor(self._usual, dtype=scores.dtype, device=scores.device))
        if bool(((scores - again).abs() > self.rounding * level).any()):
            raise QueryError(
                f"a history with weights up to {float(histories.weights.max()):.3g} cannot be scored exactly by {self.name}: the model "
                "holds items of the history for nearly the same, and more than rounding allows depends on the last digits. Give weights "
                "that are less far apart, such as their logarithms."
            )

    def _fold_in(self, histories: HistoryBatch) -> FoldIn:
        """Return histories that are folded in once, for as long as they are there.

        Items whose factors are all 0 count as not there: the scores are those of the other items to the last bit.
        """
        found = self._prepared.get(histories)
        if found is None:
            factors = self._factors[histories.items].to(histories.weights.dtype)
            found = self._prepared[histories] = FoldIn(self._system, factors, *self.sides(histories))
        return found
