"""A network of another library as steps over arrays: scored, stored and read again without the library."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import ModelFolderError, ToppleError
from topple.recommenders.adapters.arrays.steps import NetworkSettings, run
from topple.recommenders.adapters.asking.black_box import BlackBox
from topple.records.question import Request
from topple.scoring.layers import by_item
from topple.scoring.learned.arrays import require_arrays
from topple.scoring.memo import Memo
from topple.scoring.recommender import Capability
from topple.settings import Settings
from topple.types import Id


class Network(BlackBox):
    """Scores are what the steps make of the history's vector, in the precision of the histories.

    Args:
        catalogue: the items.
        arrays: what the steps name.
        settings: the name of the model, and the steps.
        capabilities: what is said of the model.
        empty: as of `BlackBox`.
        missing: as of `BlackBox`.
        at_once: as of `BlackBox`.
        probe: as of `BlackBox`.
    """

    stored_as = "network"
    settings_type: ClassVar[type[NetworkSettings]] = NetworkSettings

    def __init__(
        self,
        catalogue: Catalogue,
        arrays: Mapping[str, Tensor],
        settings: NetworkSettings,
        *,
        capabilities: frozenset[Capability] = frozenset({Capability.DIFFERENTIABLE}),
        empty: float | Sequence[float] | None = None,
        missing: float | None = None,
        at_once: int | None = None,
        probe: Sequence[Sequence[Id] | Request] | None = None,
    ) -> None:
        self._arrays = {name: array.detach().clone() for name, array in arrays.items()}
        self._cast: dict[torch.dtype, Memo[dict[str, Tensor]]] = {
            precision: Memo() for precision in (torch.float32, torch.float64)
        }
        super().__init__(
            catalogue,
            settings.name,
            lambda asked: run(settings.steps, self._in(asked.weights.dtype), asked),
            capabilities=capabilities,
            device=next((array.device for array in self._arrays.values()), None),
            empty=empty,
            missing=missing,
            at_once=at_once,
            probe=probe,
            settings=settings,
            uses_weights=settings.uses_weights,
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from the arrays that its steps name.

        Raises:
            ModelFolderError: an array is missing, or the steps cannot be taken with them.
        """
        chosen = cls.settings_type.checked(settings, str(cls.stored_as))
        names = [name for step in chosen.steps for name in step.arrays]
        require_arrays(arrays, names, chosen.name)
        try:
            found = {name: torch.from_numpy(np.array(arrays[name])) for name in names}
            return cls(catalogue, found, chosen)
        except (TypeError, ValueError, ToppleError) as error:
            raise ModelFolderError(
                f"{chosen.name}: the arrays do not fit the steps of the network ({error}). Wrap the model and save it again."
            ) from error

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the arrays that the steps name."""
        return self._arrays

    def _in(self, precision: torch.dtype) -> dict[str, Tensor]:
        items = len(self.catalogue)
        return self._cast[precision].get(
            self.learned_version(),
            lambda: {name: by_item(array.to(precision), items) for name, array in self._arrays.items()},
        )
