"""What adapters share: a model asked for the scores of many edited histories at once, and what its answers must be."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import RecommenderError, ToppleError, shown
from topple.recommenders.adapters.asking.answers import asked_for, scores_of
from topple.recommenders.adapters.asking.contexts import Contexts, few_contexts, probe_of
from topple.recommenders.adapters.asking.trial import try_out
from topple.recommenders.adapters.asking.variations import Variations
from topple.records.question import Request
from topple.scoring.findings.known import Findings
from topple.scoring.memo import Lock
from topple.scoring.memory import CHUNK, rows_at_once
from topple.scoring.pace import current_pace
from topple.scoring.recommender import Capability, Recommender
from topple.scoring.sums.rows import Rows, dense_rows
from topple.scoring.variations import HistoryBatch, unchanged
from topple.settings import Settings
from topple.types import Id, IntArray

Ask: TypeAlias = Callable[[Variations], Any]
"""N edited histories to their scores [N, I]: a tensor, an array, or whatever an array can be made of."""


class BlackBox(Recommender):
    """A model of somebody else's, asked for scores in few large calls; its answers are checked, here for all adapters.

    Cost: one scored history a variation, a single item of a history among them; a call takes as many as `at_once` and memory allow.

    Args:
        catalogue: the items, in the order of the score columns.
        name: what to call the model in messages and results.
        ask: edited histories to scores.
        capabilities: what the model really is; additivity is tried out here.
        device: where the model lives.
        empty: scores of the empty history (a number, or one an item), for a model that cannot be asked.
        missing: the score of items that the model has none for (NaN or minus infinity); None: that is an error.
        at_once: histories of a call at most; 1 for a model whose answers depend on the rest of the batch.
        probe: histories that the scale of the scores is measured with, or requests with weights, times or a context; None for
            drawn histories.
        settings: of a model that is stored.
        uses_weights: whether `ask` reads the weights of the events; False shows it a weight of 1 for each.
        contexts: whether `ask` reads the contexts of the histories, or a few contexts that the model is tried out with.

    Raises:
        RecommenderError: the model cannot score an empty, a short or a long history, or breaks the scoring contract.
        CapabilityError: it is not additive though that is said.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        name: str,
        ask: Ask,
        *,
        capabilities: frozenset[Capability] = frozenset(),
        device: torch.device | None = None,
        empty: float | Sequence[float] | None = None,
        missing: float | None = None,
        at_once: int | None = None,
        probe: Sequence[Sequence[Id] | Request] | None = None,
        settings: Settings | None = None,
        uses_weights: bool = True,
        contexts: Contexts = False,
    ) -> None:
        super().__init__(catalogue)
        self.settings = settings or self.settings
        self.name = name  # type: ignore[misc]  # the object knows which model it wraps, the class does not
        self.capabilities = capabilities  # type: ignore[misc]
        self.ask, self.uses_weights = ask, uses_weights
        self._asking = Lock()
        self.module: object = None  # where the model is a torch module: what must keep its mode
        self._device = device or torch.device("cpu")
        self._empty = _empty_scores(empty, len(catalogue), name)
        self._missing = missing
        self.at_once = max(1, at_once or CHUNK)
        self.empty_by_rule = empty is not None  # type: ignore[misc]
        self.takes_contexts = contexts is not False
        self.findings = Findings(probe_of(probe, few_contexts(contexts, name), catalogue))
        self.rounding = try_out(self)

    @property
    def device(self) -> torch.device:
        """Where the model lives."""
        return self._device

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Ask for all variations, as many to a call as go in, and pick the candidates.

        Raises:
            RecommenderError: what the model raised, or an answer that is not one finite number an item.
            TimeIsUpError: there is a deadline, and it is over.
        """
        return self._asked(histories, keep, candidates, self._missing)

    def contributions(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Tensor:
        """Ask for each item alone, and once for those that histories share."""
        if not self._answers_alone:
            return super().contributions(histories, candidates)
        gains, row = self._alone(histories)
        return gains[row] if candidates is None else gains[row[..., None], candidates[:, None]]

    def answers(self, histories: HistoryBatch) -> tuple[Rows, IntArray] | None:
        """Ask for each item alone, and once for those that histories share."""
        if not self._answers_alone:
            return None
        gains, row = self._alone(histories)
        return dense_rows(gains, across=False), row.numpy()

    @property
    def _answers_alone(self) -> bool:
        """Whether a position adds the same to scores whatever else is in the history, and whoever is asked about."""
        return Capability.ADDITIVE in self.capabilities and not self.takes_contexts

    def _alone(self, histories: HistoryBatch) -> tuple[Tensor, Tensor]:
        """Return what different events add to scores, and nothing in the last row [N + 1, I], and the row of each position [B, H]."""
        filled, times = histories.filled, histories.times
        told = [histories.items, self.weighed(histories).weights, *([] if times is None else [times])]
        events, which = torch.unique(torch.stack([part[filled].double() for part in told]), dim=1, return_inverse=True)
        row = torch.full_like(histories.items, events.shape[1])
        row[filled] = which
        events = torch.nn.functional.pad(events, (0, 1))[..., None]  # the last history is empty
        items, weights = events[0].long(), events[1].to(histories.weights.dtype)
        there = torch.ones_like(items, dtype=torch.bool)
        there[-1] = False
        asked = HistoryBatch(items, weights, there, None if times is None else events[2])
        with torch.no_grad():
            scores = self.score(asked, unchanged(asked))[:, 0]
        return scores - scores[-1:], row

    def known_scores(self, histories: HistoryBatch) -> Tensor:
        """Return the scores of unchanged histories [B, I], minus infinity where the model has none for an item."""
        missing = None if self._missing is None else -torch.inf
        return self._asked(histories, unchanged(histories), None, missing)[:, 0]

    def _asked(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None, missing: float | None) -> Tensor:
        variations, width = keep.shape[1], max(1, keep.shape[1])
        grows = Capability.DIFFERENTIABLE in self.capabilities and torch.is_grad_enabled()
        with torch.inference_mode(mode=False), torch.set_grad_enabled(grows):  # the model may keep what it computes
            asked = Variations.of(self.catalogue, self.weighed(histories), keep)
            columns = None if candidates is None else candidates.repeat_interleave(variations, 0)
            parts: list[Tensor] = []
            together, start, pace = min(self.at_once, rows_at_once(len(self.catalogue))), 0, current_pace()
            while start < len(asked):
                fit, began = together if pace is None else pace.histories(together), time.perf_counter()
                rows = slice(start, start + min(together, fit))
                wanted = None if columns is None else columns[rows]
                parts.append(self._scores(asked[rows], wanted, missing, partial(_origin, start, width)))
                start += len(parts[-1])
                if pace is not None:
                    pace.took(len(parts[-1]), time.perf_counter() - began)
            width = len(self.catalogue) if candidates is None else candidates.shape[1]
            flat = parts[0] if len(parts) == 1 else torch.cat([keep.new_zeros(0, width), *parts])
            return flat.view(len(histories), variations, width)

    def _scores(
        self,
        asked: Variations,
        columns: Tensor | None,
        missing: float | None,
        origin: Callable[[int], tuple[int, int]],
    ) -> Tensor:
        """Return the scores of some histories, of all items [N, I] or some [N, C]; those of an empty one may be known already."""
        filled = asked.kept > 0
        if self._empty is None or bool(filled.all()):
            return self._answer(asked, columns, missing, origin)
        scores = self._empty.to(asked.weights)[None].repeat(len(asked), 1)
        scores = scores if columns is None else scores.gather(1, columns)
        rows = filled.nonzero()[:, 0]
        if len(rows):
            wanted = None if columns is None else columns[rows]
            answer = self._answer(asked[rows], wanted, missing, lambda row: origin(int(rows[row])))
            scores = scores.index_put((rows,), answer)
        return scores

    def _answer(
        self,
        asked: Variations,
        columns: Tensor | None,
        missing: float | None,
        origin: Callable[[int], tuple[int, int]],
    ) -> Tensor:
        """Ask, and copy an answer that somebody else could hold, one thread at a time: a model may keep what it likes while it answers."""
        with self._asking:
            try:
                answer, free = asked_for(self.ask, asked)
            except ToppleError:
                raise
            except Exception as error:
                raise _failed(self.name, asked, error, untold=self.takes_contexts and not asked.contexts) from error
            return scores_of(answer, asked, self.name, self._device, missing, origin, columns, free=free)


def _failed(name: str, asked: Variations, error: Exception, *, untold: bool) -> RecommenderError:
    kept = asked.kept
    hint = (
        " One of them is empty (all items removed): if the model cannot score that, give `empty`, the scores to use."
        if int(kept.min()) == 0
        else " Ask the model for such histories yourself to see why."
    )
    if asked.contexts:
        hint = f" It was told contexts such as {shown(asked.contexts[0])}: do all have the form that it reads?"
    if untold:
        hint = (
            " It was told no context, for none was known: in the place of contexts=True give a few contexts to try the model out with, a "
            "list or a mapping by user."
        )
    return RecommenderError(
        f"{name} raised {type(error).__name__}: {error} (asked for {len(asked)} histories of {int(kept.min())} to "
        f"{int(kept.max())} items). A recommender scores any history made of items of its catalogue.{hint}"
    )


def _origin(start: int, width: int, row: int) -> tuple[int, int]:
    """Return the history and the variation of a row of a call that began at row `start`."""
    return divmod(start + row, width)


def _empty_scores(empty: float | Sequence[float] | None, items: int, name: str) -> Tensor | None:
    if empty is None:
        return None
    scores = torch.as_tensor(empty, dtype=torch.float64).flatten()
    if not bool(torch.isfinite(scores).all()):
        raise RecommenderError(
            f"empty holds {float(scores[~torch.isfinite(scores)][0])} for {name}: scores are finite numbers. Give one for all "
            "items, or one for each."
        )
    if len(scores) not in (1, items):
        raise RecommenderError(
            f"empty holds {len(scores):,} numbers for the {items:,} items of {name}. Give one finite number for all items, or "
            "one for each."
        )
    return scores.expand(items)
