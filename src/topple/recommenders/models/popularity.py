"""Popularity: every item scores how many training users met it, whoever asks."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.recommenders.training.loop import report_single_epoch
from topple.scoring.devices import moved
from topple.scoring.learned.arrays import read_arrays
from topple.scoring.recommender import Capability, OnBest, OnEpoch, Recommender
from topple.scoring.sums.rows import Rows, dense_rows
from topple.scoring.variations import HistoryBatch
from topple.settings import Settings
from topple.types import IntArray


class PopularitySettings(Settings):
    """Popularity has no settings."""


class Popularity(Recommender):
    """Scores are the items' training counts, the same for every history: the baseline that others must beat.

    It is additive with nothing to add: under `unseen_before`, `exact` proves of every recommendation that no removal
    topples it. Under `unseen_after` the removed items come back, and those that are more popular push others out.
    Random: no.
    """

    name = "popularity"
    uses_weights = False
    capabilities: ClassVar = frozenset({Capability.ADDITIVE, Capability.HISTORY_FREE, Capability.TRAINABLE})
    settings_type: ClassVar[type[PopularitySettings]] = PopularitySettings

    def __init__(self, catalogue: Catalogue, counts: Tensor, settings: PopularitySettings | None = None) -> None:
        super().__init__(catalogue)
        self.settings: PopularitySettings = settings or PopularitySettings()
        self._counts = counts.detach().float().contiguous()

    @classmethod
    def fit(
        cls,
        split: Split,
        settings: Settings | None = None,
        on_epoch: OnEpoch | None = None,
        on_best: OnBest | None = None,
    ) -> Self:
        """Count each item in the split's training users; the hooks are called once."""
        chosen = PopularitySettings.checked(settings, cls.name)
        started = time.perf_counter()
        model = cls(
            split.catalogue,
            torch.from_numpy(np.bincount(split.train.indices, minlength=len(split.catalogue)).astype(np.float32)),
            chosen,
        )
        report_single_epoch(model, split, started, on_epoch, on_best)
        return model

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from the counts [I] under the name `counts`.

        Raises:
            ModelFolderError: they are missing, do not fit the catalogue, or are not numbers.
        """
        chosen = PopularitySettings.checked(settings, cls.name)
        return cls(catalogue, read_arrays(arrays, {"counts": (len(catalogue),)}, cls.name, catalogue)["counts"], chosen)

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the counts [I]."""
        return {"counts": self._counts}

    def to(self, device: torch.device | str) -> Self:
        """Return the same model with its counts on another device."""
        return moved(self, self._counts, device)

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Return the counts, once for every variation."""
        counts = self._counts.to(histories.weights.dtype)
        chosen = counts[None] if candidates is None else counts[candidates]
        return chosen[:, None].expand(*keep.shape[:2], -1).clone()

    def contributions(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Tensor:
        """Return zeros: no item of a history adds anything."""
        columns = len(self.catalogue) if candidates is None else candidates.shape[1]
        return histories.weights.new_zeros(*histories.items.shape, columns)

    def rows(self, histories: HistoryBatch, listable: Tensor | None = None) -> tuple[Rows, IntArray]:
        """Return one row of zeros, which is every item's."""
        return dense_rows(torch.zeros(1, len(self.catalogue))), np.zeros_like(histories.items.numpy())
