"""The only ranking in the library: one rule, one number a query.

An item outranks the target when its score is higher by more than the query's tolerance, a number of the size of what rounding
can do to the model's scores, times eight. Ties speak for the target: what is called gone is gone however a system breaks
ties. One tie does not: where nothing that is left of a history speaks for the target, which then scores what an empty
history gives it, it ties with every other item of which the same is true (fillers), and no more is claimed for it than for
them. In a list, equal scores stand in the order of the catalogue.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from topple.errors import RecommenderError
from topple.records.question import CandidateRule
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch, unchanged

SAFETY = 8
"""How many times the rounding of a model's scores the tolerance is."""
SCORES_AT_ONCE = 4_000_000
"""Scores that are looked at together for fillers."""


def exclude(scores: Tensor, histories: HistoryBatch, keep: Tensor, rule: CandidateRule) -> Tensor:
    """Put the items that do not compete under `rule`, or that the histories' filters leave out, at minus infinity.

    Args:
        scores: [B, S, I], the whole catalogue, as a recommender returned them; changed in place where that is possible.
        histories: the B histories as they were.
        keep: the variations that were scored [B, S, H].
        rule: which items compete. An item is seen while one of the kept events is of it; an addition is never seen.

    Raises:
        RecommenderError: a score is NaN.
    """
    refuse_nan(scores, keep)
    out = scores.contiguous()
    if histories.filters is not None and histories.filter_of is not None:
        out.masked_fill_(~histories.filters[histories.filter_of][:, None], -torch.inf)
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


def whole_rows(recommender: Recommender, histories: HistoryBatch, keep: Tensor, rule: CandidateRule) -> Tensor:
    """Return the scores of variations [B, S, H] for the whole catalogue [B, S, I], minus infinity for what does not compete.

    Raises:
        RecommenderError: scores of the wrong shape, or NaN.
    """
    with torch.no_grad():
        scores = recommender.score(histories, keep)
    expected = (len(histories), keep.shape[1], len(recommender.catalogue))
    if tuple(scores.shape) != expected:
        raise RecommenderError(
            f"{recommender.name} returned scores of shape {tuple(scores.shape)}, expected {expected} (histories, "
            "variations, items). Check the model's score method."
        )
    return exclude(scores, histories, keep, rule)


def unseen_scores(recommender: Recommender, histories: HistoryBatch) -> Tensor:
    """Return the scores of unchanged histories [B, I], minus infinity for the items of each; without gradients."""
    return whole_rows(recommender, histories, unchanged(histories), CandidateRule.UNSEEN_BEFORE)[:, 0]


def top_k(scores: Tensor, k: int) -> Tensor:
    """Return the indices [..., K] of the k best scores [..., C], best first; equal scores in catalogue order."""
    last = torch.topk(scores, k, dim=-1).values[..., -1:]
    above, level = scores > last, scores == last
    room = k - above.sum(-1, keepdim=True)
    chosen = above | (level & (level.cumsum(-1) <= room))
    index = chosen.nonzero()[:, -1].reshape(*scores.shape[:-1], k)
    order = torch.sort(scores.gather(-1, index), dim=-1, descending=True, stable=True).indices
    return index.gather(-1, order)


def kth_other(scores: Tensor, target: Tensor, k: Tensor) -> Tensor:
    """Return the k-th best score but the target's own [..., T].

    Args:
        scores: [..., C], minus infinity where an item does not compete.
        target: the targets' scores, which are among them [..., T].
        k: length of the list [..., T].
    """
    count = min(int(k.max()) + 1, scores.shape[-1])
    if scores.requires_grad:  # which of equal scores has the gradient must not depend on how many others there are
        best = torch.sort(scores, dim=-1, descending=True, stable=True).values[..., :count]  # [..., K + 1]
    else:
        best = torch.topk(scores, count).values
    at, after = best.gather(-1, k - 1), best.gather(-1, k.clamp(max=best.shape[-1] - 1))
    return torch.where(target >= at, after, at)


@dataclass(frozen=True, eq=False)
class Standing:
    """Where targets stand in changed lists, each [..., T].

    Args:
        score: the scores of the targets.
        lead: by how much the k-th best other item is above what outranks the target; above 0 the target is out.
        band: how far rounding may move the lead.
        tied: where nothing speaks for the target: how many other items tie with it of which the same is true; else 0.
        above: how many items outrank the target, where nothing speaks for it; else 0.
        k: length of the list.
    """

    score: Tensor
    lead: Tensor
    band: Tensor
    tied: Tensor
    above: Tensor
    k: Tensor

    @cached_property
    def by_fillers(self) -> Tensor:
        """Where the target is out for want of evidence: fillers that tie with it are counted, bool [..., T]."""
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
        """Where the target is out, or rounding alone says that it is not, bool [..., T]: a proof needs that it is nowhere."""
        return (self.lead + self.band >= 0) | self.by_fillers

    @property
    def within_rounding(self) -> Tensor:
        """Where rounding decides, bool [..., T]."""
        return self.surely_out != self.possibly_out


@dataclass(frozen=True, eq=False)
class Ranking:
    """The rule for the scores of one model.

    Args:
        rounding: how far scores may be off, as a share of a score or of the scale.
        scale: how large the model's scores are.
        empty: the scores of the empty history [I]; None where the model has none, so that there are no fillers.
    """

    rounding: float
    scale: float
    empty: Tensor | None

    @classmethod
    def of(cls, recommender: Recommender) -> "Ranking":
        """Return the rule for a recommender."""
        return cls(recommender.rounding, recommender.scale, recommender.empty_scores())

    def without_fillers(self) -> "Ranking":
        """Return the rule among some competitors: fillers stand outside them."""
        return self if self.empty is None else Ranking(self.rounding, self.scale, None)

    def tolerance(self, target: Tensor) -> Tensor:
        """Return by how much others must be above targets with these unchanged scores to outrank them [...].

        A power of two, so that scores times a power of two have their tolerance times the same.
        """
        size = SAFETY * self.rounding * target.double().abs().clamp(min=self.scale)
        mantissa, exponent = torch.frexp(size)  # size = mantissa * 2 ** exponent, mantissa in [0.5, 1)
        power = torch.ldexp(torch.ones_like(size), exponent - (mantissa == 0.5).to(exponent.dtype))
        return torch.where(size > 0, power, 0).to(target.dtype)

    @staticmethod
    def lead(scores: Tensor, target: Tensor, k: Tensor, tolerance: Tensor) -> Tensor:
        """Return by how much the k-th best other item is above what outranks each target [..., T]: all that a search needs.

        Arguments as of `standing`; fillers do not count.
        """
        score = scores.gather(-1, target)
        return kth_other(scores, score, k) - (score + tolerance)

    def standing(self, scores: Tensor, target: Tensor, k: Tensor, tolerance: Tensor) -> Standing:
        """Return where targets stand.

        Args:
            scores: variations of histories [..., I], minus infinity where an item does not compete.
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
        filler = ((score - empty[target]).abs() <= tolerance).nonzero()  # [M, ...]
        items = scores.shape[-1]
        for part in torch.split(filler, max(1, SCORES_AT_ONCE // items)):
            if not len(part):
                continue
            at = part.unbind(-1)
            rows, mine, eps = (
                scores[at[:-1]],
                score[at][:, None],
                tolerance.expand_as(score)[at][:, None],
            )  # [M, I], [M, 1]
            level = ((rows - mine).abs() <= eps) & ((rows - empty).abs() <= eps)
            tied[at] = level.sum(-1) - 1
            above[at] = (rows > mine + eps).sum(-1)
        return tied, above

    def rank(self, scores: Tensor, standing: Standing, tolerance: Tensor) -> Tensor:
        """Return the 1-based ranks of targets among scores [..., I]: 1 + the items that outrank each, or tie as fillers do."""
        bars = (standing.score + tolerance).unbind(-1)
        above = [(scores > bar[..., None]).sum(-1) for bar in bars]
        ranks = 1 + torch.stack(above, -1) if above else torch.zeros_like(standing.k)
        return torch.where(standing.by_fillers, ranks + standing.tied, ranks)
