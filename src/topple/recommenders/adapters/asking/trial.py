"""A wrapped model tried out before it is used: does a score depend on its history alone, and how exactly?"""

import torch
from torch import Tensor

from topple.errors import CapabilityError, RecommenderError
from topple.scoring.findings.probe import Histories
from topple.scoring.recommender import DOUBLE, SINGLE, Capability, Recommender
from topple.scoring.variations import HistoryBatch, unchanged

TRUSTED = 1e-5
"""How far scores may lie apart that should be equal, as a share of the largest; beyond it, it is not rounding."""
SAFETY = 8
"""The rounding is so many times what was seen of it in a few histories."""
TOGETHER, ALONE = 16, 4
"""Histories of the probe that are asked for in one call, and how many of them alone too."""


def try_out(recommender: Recommender) -> float:
    """Ask a model for a few histories in several ways and return its rounding.

    Raises:
        RecommenderError: too few items, or scores that depend on more than their history.
        CapabilityError: scores that depend on the order of the history, or are not additive, unlike what is said.
    """
    if len(recommender.catalogue) < 3:
        raise RecommenderError(
            f"{recommender.name} has {len(recommender.catalogue)} items; a recommender needs at least 3."
        )
    scores = few_scores(recommender)
    _refuse_more_than_the_history(recommender, scores)
    _refuse_unsaid_order(recommender, scores)
    if Capability.ADDITIVE in recommender.capabilities:
        _refuse_interplay(recommender, scores)
    single = bool((scores == scores.float()).all()) and bool((scores != scores.round()).any())
    return max(SINGLE if single else DOUBLE, SAFETY * _difference(recommender))


def few_scores(recommender: Recommender) -> Tensor:
    """Return the scores [6, I] of: nothing, one item, another, both, many, and both the other way round."""
    items = len(recommender.catalogue)
    many = list(range(0, items, max(1, items // 50)))
    first, other = items // 3, (2 * items) // 3
    return _scores(recommender, [[], [first], [other], [first, other], many, [other, first]])


def _scores(recommender: Recommender, histories: Histories) -> Tensor:
    probe = recommender.findings.probe(recommender).other(histories)
    return _scores_of(recommender, probe.batch(range(len(probe)), recommender.device))


def _scores_of(recommender: Recommender, batch: HistoryBatch) -> Tensor:
    with torch.no_grad():
        return recommender.score(batch, unchanged(batch))[:, 0]


def _difference(recommender: Recommender) -> float:
    """Return how far scores of the probe lie apart alone and in a batch, as a share of their size or of the scale."""
    probe, device = recommender.findings.probe(recommender), recommender.device
    numbers = range(min(TOGETHER, len(probe)))
    together = _scores_of(recommender, probe.batch(numbers, device))
    chosen = numbers[:: max(1, len(numbers) // ALONE)]
    level = max(recommender.scale, torch.finfo(torch.float64).tiny)
    gaps = []
    for row in chosen:
        alone = _scores_of(recommender, probe.batch([row], device))[0]
        gaps.append(float(((alone - together[row]).abs() / together[row].abs().clamp(min=level)).max()))
    if max(gaps) > TRUSTED:
        raise _depends_on_more(recommender, len(probe.histories[0]), max(gaps), len(numbers) - 1)
    return max(gaps)


def _refuse_more_than_the_history(recommender: Recommender, scores: Tensor) -> None:
    items = len(recommender.catalogue)
    alone = _scores(recommender, [[items // 3, (2 * items) // 3]])[0]
    gap = float((alone - scores[3]).abs().max() / _level(scores))
    if gap > TRUSTED:
        raise _depends_on_more(recommender, 2, gap, 5)


def _depends_on_more(recommender: Recommender, length: int, gap: float, others: int) -> RecommenderError:
    return RecommenderError(
        f"{recommender.name} gives a history of {length} items other scores alone than among {others} other histories (by "
        f"{gap:.2g} of the largest score). A score depends on its history and on nothing else: no chance, no dropout, no "
        "statistics of the batch. Put the model in its scoring mode; if the batch matters by design, give at_once=1."
    )


def _refuse_unsaid_order(recommender: Recommender, scores: Tensor) -> None:
    turned = float((scores[5] - scores[3]).abs().max() / _level(scores))
    if turned > TRUSTED and Capability.ORDER_AWARE not in recommender.capabilities:
        raise CapabilityError(
            f"{recommender.name} scores two items otherwise when their order is turned round (by {turned:.2g} of the largest "
            "score), and does not say so. If it reads the history as a sequence, oldest first, give ordered=True."
        )


def _refuse_interplay(recommender: Recommender, scores: Tensor) -> None:
    left = float((scores[3] - scores[1] - scores[2] + scores[0]).abs().max() / _level(scores))
    if left > TRUSTED:
        raise CapabilityError(
            f"{recommender.name} is said to be additive, but two items together move the scores by other than the sum of "
            f"their own moves (off by {left:.2g} of the largest score). Leave additive out."
        )


def _level(scores: Tensor) -> Tensor:
    return scores.abs().max().clamp(min=1e-30)
