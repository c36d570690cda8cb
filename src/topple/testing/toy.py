"""A world so small that every answer can be worked out by hand, and asymmetric, so that a transpose shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import ModelFolderError
from topple.records.question import Query
from topple.scoring.recommender import Capability, Recommender
from topple.scoring.variations import HistoryBatch
from topple.settings import Settings
from topple.types import Id

FILMS: dict[Id, str] = {
    "alien": "Alien (1979)",
    "brazil": "Brazil (1985)",
    "casablanca": "Casablanca (1942)",
    "duel": "Duel (1971)",
    "evita": "Evita (1996)",
    "fargo": "Fargo (1996)",
    "gattaca": "Gattaca (1997)",
}
# Row: the item that was kept. Column: the item that is scored.
GIVES = (
    # alien brazil casablanca duel evita fargo gattaca
    (0, 1, 0, 2, 4, 1, 0),  # alien
    (5, 0, 1, 0, 3, 2, 0),  # brazil
    (0, 3, 0, 1, 1, 3, 2),  # casablanca
    (1, 0, 8, 0, 0, 1, 4),  # duel
    (1, 0, 2, 0, 0, 5, 1),  # evita
    (0, 2, 0, 6, 2, 0, 3),  # fargo
    (3, 0, 1, 1, 7, 2, 0),  # gattaca
)
ANA = ("alien", "brazil", "casablanca", "duel")
BO = ("gattaca", "evita")


class ToyRecommender(Recommender):
    """Scores are a sum of table rows, one a kept item: kept [I] @ gives [I, I]."""

    name = "toy"
    capabilities: ClassVar = frozenset({Capability.DIFFERENTIABLE, Capability.ADDITIVE})

    def __init__(self, catalogue: Catalogue, gives: Tensor) -> None:
        super().__init__(catalogue)
        self._gives = gives

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Add the rows of the kept items."""
        rows = self._gives.to(histories.weights.dtype)[histories.items] * histories.weights[..., None]  # [B, H, I]
        scores = keep @ rows
        if candidates is None:
            return scores
        return scores.gather(2, candidates[:, None].expand(-1, keep.shape[1], -1))

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the table."""
        return {"gives": self._gives}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build it from the table [I, I]."""
        gives = torch.as_tensor(arrays["gives"])
        if tuple(gives.shape) != (len(catalogue), len(catalogue)):
            raise ModelFolderError(
                f"array 'gives' has shape {tuple(gives.shape)}, expected one row and column an item."
            )
        return cls(catalogue, gives)


class OpaqueRecommender(ToyRecommender):
    """The same scores, with no capability declared and no gradient."""

    name = "opaque-toy"
    capabilities: ClassVar = frozenset()

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Add the rows of the kept items; nothing flows back."""
        return super().score(histories, keep.detach(), candidates)


@dataclass(frozen=True)
class FilmWorld:
    """The recommender of the films and the queries whose answers are known.

    With the four films of Ana's history the scores of what she has not seen are evita 8, fargo 7, gattaca 6::

                     evita  fargo  gattaca
        alien          4      1      0
        brazil         3      2      0
        casablanca     1      3      2
        duel           0      1      4

    Under `unseen_before`:

    - `one` (evita, k = 1): {alien} topples it (4 against 6 and 6), and so does {brazil} (5 against 5 and 6).
    - `two` (fargo, k = 2): nothing smaller than {brazil, casablanca} does (2 against 4 and 4), and no other pair.
    - `impossible`: the same with brazil protected; no set topples it.

    Under `unseen_after` {casablanca} topples fargo at k = 2: it comes back with 1 + 8 = 9, above evita's 7 and fargo's 4.
    `bo` (fargo, k = 1, history gattaca and evita): {evita} topples it (2 against alien's 3).
    """

    recommender: ToyRecommender
    one: Query
    two: Query
    impossible: Query
    bo: Query

    @property
    def queries(self) -> tuple[Query, ...]:
        """All of them."""
        return self.one, self.two, self.impossible, self.bo


def film_recommender(kind: type[ToyRecommender] = ToyRecommender) -> ToyRecommender:
    """Return the recommender of the seven films."""
    catalogue = Catalogue(Vocabulary(list(FILMS)), tuple(FILMS.values()))
    return kind(catalogue, torch.tensor(GIVES, dtype=torch.float32))


def film_world(kind: type[ToyRecommender] = ToyRecommender) -> FilmWorld:
    """Return the films with their queries."""
    return FilmWorld(
        film_recommender(kind),
        one=Query(ANA, "evita", k=1, user="ana"),
        two=Query(ANA, "fargo", k=2, user="ana"),
        impossible=Query(ANA, "fargo", k=2, user="ana", protected=frozenset({"brazil"})),
        bo=Query(BO, "fargo", k=1, user="bo"),
    )
