"""What an outside model answered, made sure of: one finite number an item, or an error that says where it is not."""

import sys
from collections.abc import Callable
from typing import Any
from weakref import getweakrefcount

import numpy as np
import torch
from torch import Tensor

from topple.errors import RecommenderError
from topple.recommenders.adapters.asking.variations import Variations


def asked_for(ask: Callable[[Variations], Any], asked: Variations) -> tuple[Any, bool]:
    """Return what a model answers, and whether that is an array that surely nobody else holds: it need not be copied.

    Who keeps the array, a part of it, or a way to write into it, is counted by Python.
    """
    answer = ask(asked)
    if type(answer) is not np.ndarray or not answer.flags.owndata or getweakrefcount(answer):
        return answer, False
    held = sys.getrefcount(answer)
    return answer, held <= _HELD_HERE


def _held_here() -> int:
    """Return how often an array is counted that only the function holds which asked for it."""
    answer = (lambda: np.zeros(1))()
    held = sys.getrefcount(answer)
    return held


_HELD_HERE = _held_here()


def scores_of(
    answer: Any,
    asked: Variations,
    name: str,
    device: torch.device,
    missing: float | None,
    origin: Callable[[int], tuple[int, int]],
    columns: Tensor | None = None,
    *,
    free: bool = False,
) -> Tensor:
    """Return an answer as scores [N, I or C] in the precision that was asked in, in memory that nobody else has.

    Args:
        answer: what the model returned.
        asked: the N histories it was asked about.
        name: of the model.
        device: where the scores must be.
        missing: the score of items without one; None: that is an error.
        origin: row of `asked` to (history, variation), for messages.
        columns: the items that are wanted of each row [N, C]; None: all. All are checked.
        free: whether nobody else holds the answer.

    Raises:
        RecommenderError: not real numbers, another shape, another device, too coarse, or not finite.
    """
    expected = (len(asked), len(asked.catalogue))
    scores = _tensor(answer, name)
    if tuple(scores.shape) != expected:
        raise RecommenderError(
            f"{name} returned scores of shape {tuple(scores.shape)} for {expected[0]} histories over {expected[1]:,} items. "
            f"Return one row a history and one column an item of the catalogue, here {expected}."
        )
    if scores.device != device:
        raise RecommenderError(
            f"{name} returned scores on {scores.device}, but it was asked on {device}. Return scores where the histories are."
        )
    if scores.is_floating_point() and torch.finfo(scores.dtype).eps > 1e-6:
        raise RecommenderError(
            f"{name} returned scores in {scores.dtype}: too coarse to tell who outranks whom. Return float32 or float64."
        )
    if not bool(torch.isfinite(scores.sum())):  # one pass in nearly every case
        finite = torch.isfinite(scores)
        if not bool(finite.all()):
            if missing is None or bool((scores == torch.inf).any()):
                raise RecommenderError(_where(scores, finite, asked, name, origin))
            scores = scores.masked_fill(~finite, missing)
    precision = asked.weights.dtype
    if columns is not None:
        return scores.gather(1, columns).to(precision)
    return scores.to(precision, copy=not free)  # the answer may be an array that the model keeps


def _tensor(answer: Any, name: str) -> Tensor:
    if isinstance(answer, Tensor):
        scores = answer
    else:
        array = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
        if array.dtype.kind not in "fiub":
            raise RecommenderError(
                f"{name} returned {type(answer).__name__} of {array.dtype}. Return real numbers: one row of scores a history."
            )
        scores = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    if scores.is_complex():
        raise RecommenderError(f"{name} returned {scores.dtype} scores. Return real numbers.")
    return scores


def _where(
    scores: Tensor, finite: Tensor, asked: Variations, name: str, origin: Callable[[int], tuple[int, int]]
) -> str:
    row, item = (~finite).nonzero()[0].tolist()
    history, variation = origin(row)
    outside = asked.catalogue.vocabulary.decode([item])[0]
    return (
        f"{name} scored item {outside!r} {float(scores[row, item])} for history {history}, variation {variation} "
        f"({int(asked.kept[row])} items kept): scores are finite numbers. Return the scores themselves, unmasked (items of "
        "the history are left out here), or give `missing`, the score of items that have none"
        + (", or `empty`, those of the empty history." if not int(asked.kept[row]) else ".")
    )
