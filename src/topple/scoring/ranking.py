"""The only ranking in the library: one rule, with one number a query, the tolerance.

An item outranks the target when its score is higher by more than the query's tolerance: eight times what rounding can do to
the model's scores. Ties speak for the target, so that a target that is called gone is gone however a system breaks ties.

Ties of fillers do not. A *filler* is an item that scores what an empty history gives it: nothing that is left of the history
speaks for it. A target that is a filler ties with the other fillers, and they are counted as if they outranked it.

In a list, equal scores stand in the order of the catalogue.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import torch
from torch import Tensor

from topple.errors import RecommenderError
from topple.records.question import CandidateRule
from topple.scoring.lists.listable import candidates_of, few_listable, spread
from topple.scoring.memory import rows_at_once
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch, unchanged

SAFETY = 8
"""How many times the rounding of a model's scores the tolerance is."""


def only_competing(scores: Tensor, histories: HistoryBatch, keep: Tensor, rule: CandidateRule) -> Tensor:
    """Return scores with minus infinity for items that do not compete under `rule` or that the histories' filters leave out.

    Args:
        scores: of the whole catalogue [B, S, I], as a recommender returned them; changed in place where they are contiguous.
        histories: the B histories, unchanged.
        keep: the variations that were scored [B, S, H].
        rule: which items compete. An item is seen while one of the kept events is of it; an addition is never seen.

    Raises:
        RecommenderError: a score is NaN.
    """
    refuse_nan(scores, keep)
    out = scores.contiguous()
    if histories.filters is not None and histories.filter_of is not None:
        most = out.new_full(histories.filters.shape, torch.inf).masked_fill_(~histories.filters, -torch.inf)  # [F, I]
        one_for_all = len(most) == 1  # as in most runs: a row for each history would be written out in vain
        out.clamp_(
            max=(most if one_for_all else most[histories.filter_of])[:, None]
        )  # three times as fast as a masked fill
    if rule is CandidateRule.ALL:
        return out
    seen = histories.present[:, None].expand_as(keep)  # [B, S, H]
    if rule is CandidateRule.UNSEEN_AFTER:
        seen = seen & (keep > 0)
    row, variation, position = seen.nonzero(as_tuple=True)
    out[row, variation, histories.items[row, position]] = -torch.inf
    return out


def refuse_nan(scores: Tensor, keep: Tensor) -> None:
    """Refuse scores [B, S, I] of variations [B, S, H] that are not numbers.

    Raises:
        RecommenderError: a score is NaN.
    """
    if torch.isnan(scores.sum()) and torch.isnan(scores).any():  # the sum of infinities may be NaN too
        row, variation, item = torch.nonzero(torch.isnan(scores))[0].tolist()
        raise RecommenderError(
            f"the score of item index {item} is NaN for history {row}, variation {variation} ({int(keep[row, variation].sum())}"
            " items kept); scores must be numbers. Check the model's weights, and what it does with short histories."
        )


def catalogue_scores(recommender: Recommender, histories: HistoryBatch, keep: Tensor, rule: CandidateRule) -> Tensor:
    """Return the scores of variations [B, S, H] for the whole catalogue [B, S, I], minus infinity for what does not compete.

    Raises:
        RecommenderError: scores of the wrong shape, or NaN.
    """
    items = few_listable(histories)
    with torch.no_grad():
        scores = recommender.score(histories, keep, candidates_of(items, histories))
    expected = (len(histories), keep.shape[1], len(recommender.catalogue) if items is None else len(items))
    if tuple(scores.shape) != expected:
        raise RecommenderError(
            f"{recommender.name} returned scores of shape {tuple(scores.shape)}, expected {expected} (histories, "
            "variations, items). Check the model's score method."
        )
    return only_competing(spread(scores, items, histories), histories, keep, rule)


def unseen_scores(recommender: Recommender, histories: HistoryBatch) -> Tensor:
    """Return the scores of unchanged histories [B, I], minus infinity for the items of each; without gradients."""
    return catalogue_scores(recommender, histories, unchanged(histories), CandidateRule.UNSEEN_BEFORE)[:, 0]


def top_k(scores: Tensor, k: int) -> Tensor:
    """Return the indices [..., K] of the k best scores [..., C], best first; equal scores in catalogue order."""
    last = torch.topk(scores, k, dim=-1).values[..., -1:]  # [..., 1]
    above, equal = scores > last, scores == last
    still_to_choose = k - above.sum(-1, keepdim=True)
    chosen = above | (equal & (equal.cumsum(-1) <= still_to_choose))
    index = chosen.nonzero()[:, -1].reshape(*scores.shape[:-1], k)
    order = torch.sort(scores.gather(-1, index), dim=-1, descending=True, stable=True).indices
    return index.gather(-1, order)


def kth_other(scores: Tensor, target: Tensor, k: Tensor | int) -> Tensor:
    """Return the k-th best score of the items other than the target [..., T].

    Args:
        scores: [..., C], minus infinity where an item does not compete.
        target: the scores of the targets, which are among `scores` [..., T].
        k: length of the list: of all, or of each target [..., T].
    """
    longest = k if isinstance(k, int) else int(k.max())
    count = min(longest + 1, scores.shape[-1])
    if scores.requires_grad:  # which of equal scores has the gradient must not depend on how many others there are
        best = torch.sort(scores, dim=-1, descending=True, stable=True).values[..., :count]  # [..., K + 1]
    else:
        best = torch.topk(scores, count).values
    if isinstance(k, int):
        kth, next_best = best[..., k - 1, None], best[..., min(k, count - 1), None]  # [..., 1]
    else:
        kth, next_best = best.gather(-1, k - 1), best.gather(-1, k.clamp(max=count - 1))  # [..., T]
    return torch.where(target >= kth, next_best, kth)  # a target among the k best is left out of the count


@dataclass(frozen=True, eq=False)
class Standing:
    """Where targets stand in the lists of changed histories; every field is [..., T].

    Args:
        score: the scores of the targets.
        lead: by how much the k-th best other item exceeds the target's score plus the tolerance; above 0 the target is out.
        band: how far rounding may move the lead up or down.
        tied: where the target is a filler, how many other fillers tie with it; else 0.
        above: where the target is a filler, at least, how many items outrank it.
        k: length of the list.
    """

    score: Tensor
    lead: Tensor
    band: Tensor
    tied: Tensor
    above: Tensor
    k: Tensor

    def column(self, number: int) -> "Standing":
        """Return where one target of each list stands: the fields [..., T] at `number` of the last dimension."""
        return Standing(*(getattr(self, field.name)[..., number] for field in fields(self)))

    def rows(self, chosen: Tensor) -> "Standing":
        """Return where the targets of some lists stand, by number."""
        return Standing(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def reshape(self, shape: torch.Size) -> "Standing":
        """Return the same in another shape."""
        return Standing(*(getattr(self, field.name).reshape(shape) for field in fields(self)))

    @cached_property
    def by_fillers(self) -> Tensor:
        """Where the target is out only since the fillers that tie with it are counted, bool [..., T]."""
        return (self.lead <= 0) & (self.tied > 0) & (self.above + self.tied >= self.k)

    @property
    def out(self) -> Tensor:
        """Where the target is out of the list, bool [..., T]."""
        return (self.lead > 0) | self.by_fillers

    @property
    def surely_out(self) -> Tensor:
        """Where the target is out whatever rounding did, bool [..., T]: what a valid set needs."""
        return (self.lead > self.band) | self.by_fillers

    @property
    def possibly_out(self) -> Tensor:
        """Where the target is out, or in by no more than rounding, bool [..., T]; a proof needs that it is False of cheaper sets."""
        near = (self.band > 0) & (self.lead + self.band >= 0)  # between scores of 0 there is nothing to round
        return (self.lead > 0) | near | self.by_fillers

    @property
    def within_rounding(self) -> Tensor:
        """Where rounding decides whether the target is out, bool [..., T]."""
        return self.surely_out != self.possibly_out


@dataclass(frozen=True, eq=False)
class Ranking:
    """The ranking rule, for the scores of one model.

    Args:
        rounding: how far scores may be off, as a share of a score or of the scale, whichever is larger.
        scale: how large the scores of good items are.
        empty: the scores of the empty history [I]; None where they say nothing of the model, so that no item is a filler.
    """

    rounding: float
    scale: float
    empty: Tensor | None

    @classmethod
    def of(cls, recommender: Recommender) -> "Ranking":
        """Return the ranking rule for a recommender."""
        return cls(recommender.rounding, recommender.scale, recommender.empty_scores())

    def without_fillers(self) -> "Ranking":
        """Return the rule for a choice of competitors, among which fillers cannot be counted."""
        return self if self.empty is None else Ranking(self.rounding, self.scale, None)

    def tolerance(self, target: Tensor) -> Tensor:
        """Return by how much an item must be above a target to outrank it, given the target's unchanged score [...].

        A power of two: scores that are all multiplied by a power of two have a tolerance multiplied by the same.
        """
        size = SAFETY * self.rounding * target.double().abs().clamp(min=self.scale)
        mantissa, exponent = torch.frexp(size)  # size = mantissa * 2 ** exponent, mantissa in [0.5, 1)
        power = torch.ldexp(torch.ones_like(size), exponent - (mantissa == 0.5).to(exponent.dtype))
        return torch.where(size > 0, power, 0).to(target.dtype)

    @staticmethod
    def lead(scores: Tensor, target: Tensor, k: Tensor | int, tolerance: Tensor) -> Tensor:
        """Return by how much the k-th best other item exceeds each target's score plus the tolerance [..., T].

        That is all that a search among a choice of competitors needs. The arguments are those of `standing`; fillers do not count.
        """
        score = scores.gather(-1, target)
        return kth_other(scores, score, k) - (score + tolerance)

    def standing(self, scores: Tensor, target: Tensor, k: Tensor, tolerance: Tensor) -> Standing:
        """Return where targets stand.

        Args:
            scores: of variations of histories [..., I], minus infinity where an item does not compete.
            target: the targets [..., T].
            k: length of the list [..., T].
            tolerance: of each query [..., T].
        """
        score = scores.gather(-1, target)
        other = kth_other(scores, score, k)
        lead = other - (score + tolerance)
        size = torch.where(torch.isfinite(other), other.abs(), 0).maximum(
            torch.where(torch.isfinite(score), score.abs(), 0)
        )
        tied, above = self._fillers(scores, target, score, tolerance)
        return Standing(score, lead, self.rounding * size, tied, above, k)

    def _fillers(self, scores: Tensor, target: Tensor, score: Tensor, tolerance: Tensor) -> tuple[Tensor, Tensor]:
        """Return how many other fillers tie with each target that is one, and how many items outrank it, both [..., T]."""
        tied, above = torch.zeros_like(target), torch.zeros_like(target)
        if self.empty is None:
            return tied, above
        empty = self.empty.to(scores)
        # the cells of the targets that are fillers
        filler = ((score - empty[target]).abs() <= tolerance).nonzero()  # [M, ...]
        items = scores.shape[-1]
        for part in torch.split(filler, rows_at_once(items)):
            if not len(part):
                continue
            cell = part.unbind(-1)
            others = scores[cell[:-1]]  # [M, I]
            target_score, eps = score[cell][:, None], tolerance.expand_as(score)[cell][:, None]  # [M, 1]
            tie = ((others - target_score).abs() <= eps) & ((others - empty).abs() <= eps)
            tied[cell] = tie.sum(-1) - 1  # the target ties with itself
            above[cell] = (others > target_score + eps).sum(-1)
        return tied, above

    @staticmethod
    def tied(scores: Tensor, target: Tensor, tolerance: Tensor) -> Tensor:
        """Return how many other items tie with targets: neither is above the other by more than the tolerance [..., T].

        Args:
            scores: [..., I], minus infinity where an item does not compete.
            target: the scores of the targets, which are among `scores` [..., T].
            tolerance: of each query [..., T].
        """
        columns = zip(target.unbind(-1), tolerance.expand_as(target).unbind(-1), strict=True)
        near = [((scores - score[..., None]).abs() <= eps[..., None]).sum(-1) for score, eps in columns]
        return (torch.stack(near, -1) - 1).clamp(min=0) if near else torch.zeros_like(target, dtype=torch.int64)

    def rank(self, scores: Tensor, standing: Standing, tolerance: Tensor) -> Tensor:
        """Return the ranks of targets among scores [..., I]: 1 + the items that outrank each, or as fillers tie with it [..., T]."""
        to_exceed = (standing.score + tolerance).unbind(-1)
        above = [(scores > score[..., None]).sum(-1) for score in to_exceed]
        ranks = 1 + torch.stack(above, -1) if above else torch.zeros_like(standing.k)
        return torch.where(standing.by_fillers, ranks + standing.tied, ranks)
