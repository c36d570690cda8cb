"""Are the scores of a recommender as exact as it says, and the same in every thread?"""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from topple.scoring.findings.probe import measure
from topple.scoring.recommender import Capability, Recommender
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing.rules import require

COARSEST = 1e-3
"""A rounding that hides more than this is no score to rank by."""
THREADS = 4
ROUNDS = 3


def check_rounding(recommender: Recommender, batch: HistoryBatch, keep: Tensor) -> None:
    """Compare scores alone with those among other histories and variations; the declared rounding covers the difference.

    Args:
        recommender: the recommender.
        batch: histories in float64.
        keep: variations of them [B, S, H].

    Raises:
        ContractError: it does not.
    """
    name, declared = recommender.name, recommender.rounding
    rule = f"rounding is a share of a score, above 0 and below {COARSEST:g}."
    require(0 < declared < COARSEST, f"{name}: rounding", declared, rule)
    scale = recommender.scale
    rule = "the scale is a number of 0 or more, the same as the probe tells."
    probed = measure(recommender, recommender.findings.probe(recommender)).scale
    require(0 <= scale < float("inf"), f"{name}: scale", scale, rule)
    require(
        abs(scale - probed) <= COARSEST * probed, f"{name}: scale", f"{scale:g}, and the probe tells {probed:g}", rule
    )
    together, worst = recommender.score(batch, keep), 0.0
    many = recommender.score(batch, keep.repeat(1, 8, 1))[:, : keep.shape[1]]
    worst = max(worst, _apart(many, together, scale))
    for row in range(len(batch)):
        index = torch.tensor([row], device=recommender.device)
        alone = batch.rows(index)
        kept = keep[row : row + 1, :, : alone.items.shape[1]]
        worst = max(worst, _apart(recommender.score(alone, kept), together[row : row + 1], scale))
        for variation in range(keep.shape[1]):
            one = recommender.score(alone, kept[:, variation : variation + 1])
            worst = max(worst, _apart(one, together[row : row + 1, variation : variation + 1], scale))
    value = f"{declared:g} is declared, and scores alone and in a batch differ by {worst:.2g}"
    rule = "rounding covers what the batch changes, as a share of the score or of the scale, whichever is larger."
    require(worst <= declared, f"{name}: rounding", value, f"{rule} Declare {8 * worst:.1g}.")


def _apart(found: Tensor, expected: Tensor, scale: float) -> float:
    """Return how far scores lie apart at most, as a share of their size or of the scale."""
    finite = torch.isfinite(expected) & torch.isfinite(found)
    gap = (found - expected).abs()[finite]
    size = expected.abs()[finite].clamp(min=scale)
    return float((gap / size).nan_to_num(0).max()) if len(gap) else 0.0


def check_empty_scores(recommender: Recommender) -> None:
    """Check that the scores kept for the empty history are those that it gets when it is scored.

    Raises:
        ContractError: they are not, or are given where they say nothing of the model.
    """
    name, found = recommender.name, recommender.empty_scores()
    part = f"{name}: empty_scores"
    by_context, ignored = recommender.takes_contexts, Capability.HISTORY_FREE in recommender.capabilities
    silent = recommender.empty_by_rule or by_context or ignored or recommender.coarse
    rule = "None where an empty history is scored by convention or by context, where the history is ignored, or where the model is coarse."
    require(found is None or not silent, part, "there are scores", rule)
    if found is None:
        require(silent, part, "None", "a model that scores an empty history by what it has learned gives these scores.")
        return
    shape = (len(recommender.catalogue),)
    value, rule = f"{found.dtype} {tuple(found.shape)}", f"float64, one score an item: {shape}."
    require(found.dtype is torch.float64 and tuple(found.shape) == shape, part, value, rule)
    removed = HistoryBatch.of([[1, 2, 3]], torch.float64, recommender.device)
    expected = recommender.score(removed, torch.zeros_like(unchanged(removed)))[0, 0]
    apart = _apart(found, expected, recommender.scale)
    rule = "these are the scores of a history from which everything is removed."
    require(apart <= recommender.rounding, part, f"they differ by {apart:.2g} of the score", rule)


def check_threads(recommender: Recommender, batch: HistoryBatch, keep: Tensor) -> None:
    """Score in several threads at once: the scores of one thread, no error, and no module that changes meanwhile.

    Raises:
        ContractError: another score, an error in a thread, or a module whose mode or precision changes while it scores.
    """
    expected = recommender.score(batch, keep)
    rows = torch.arange(len(batch), device=recommender.device)
    bound, scale, before = recommender.bind(batch), recommender.scale, _modes(recommender)
    ways: Sequence[Callable[[], Tensor]] = (
        lambda: recommender.score(batch, keep),
        lambda: recommender.score(batch.rows(rows.flip(0)), keep.flip(0)).flip(0),
        lambda: bound(keep),
        lambda: recommender.bind(batch)(keep, rows),
    )
    wrong: list[str] = []

    def work(number: int) -> None:
        try:
            for turn in range(ROUNDS):
                with torch.no_grad():
                    apart = _apart(ways[(number + turn) % len(ways)](), expected, scale)
                if apart > recommender.rounding:
                    wrong.append(f"scores differ by {apart:.2g} of the score from those of one thread")
        except Exception as error:  # noqa: BLE001 - whatever a thread raises is said
            wrong.append(f"{type(error).__name__}: {error}")

    changed = _watched(
        [threading.Thread(target=work, args=(number,)) for number in range(THREADS)], recommender, before
    )
    rule = f"{THREADS} threads that score at once get the scores of one."
    require(not wrong, f"{recommender.name}: scoring in threads", wrong[:1], rule)
    rule = "scoring changes nothing, not even for a moment: another thread would see it."
    require(not changed, f"{recommender.name}: scoring in threads", "a module's mode or precision changes", rule)


def _watched(threads: Sequence[threading.Thread], recommender: Recommender, before: object) -> bool:
    """Run threads, and return whether the modes of modules changed meanwhile."""
    changed = False
    with _switching_often():
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            changed = changed or _modes(recommender) != before
            threads[0].join(1e-4)
        for thread in threads:
            thread.join()
    return changed or _modes(recommender) != before


@contextmanager
def _switching_often() -> Iterator[None]:
    """Let threads take turns as often as possible."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _modes(recommender: Recommender) -> list[tuple[bool, list[torch.dtype]]]:
    """Return mode and precisions of the modules that a recommender holds."""
    held = [value for value in vars(recommender).values() if isinstance(value, torch.nn.Module)]
    return [
        (module.training, [parameter.dtype for parameter in module.parameters()])
        for each in held
        for module in each.modules()
    ]
