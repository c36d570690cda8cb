"""What is found out about a model by asking it: once a model, whichever thread asks first."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from topple.data.splitting import Split
from topple.scoring.findings.identity import answer_identity, array_hash
from topple.scoring.findings.listing import Listed, listed_counts, users_counted
from topple.scoring.findings.probe import Measures, Probe, drawn, measure, training_probe
from topple.scoring.memo import Memo
from topple.scoring.variations import unchanged

if TYPE_CHECKING:
    from topple.scoring.recommender import Recommender


class Findings:
    """What a model's answers tell, found out when it is first asked for and again once the model has learned something else.

    Args:
        probe: the histories that the scale is measured with; None for drawn ones.
        users: the histories of training users whose lists are counted; None where there are none.
        measures: known already.
        listed: known already.
    """

    def __init__(
        self,
        probe: Probe | None = None,
        users: Probe | None = None,
        measures: Measures | None = None,
        listed: Listed | None = None,
    ) -> None:
        self._probe, self._users = probe, users
        self._measures: Memo[Measures] = Memo(measures)
        self._listed: Memo[Listed] = Memo(listed)
        self._identity: Memo[str] = Memo()
        self._empty: Memo[Tensor] = Memo()

    @classmethod
    def of_training(cls, split: Split) -> "Findings":
        """Return what is to be found out with the training users of a split."""
        return cls(training_probe(split), training_probe(split, users_counted(len(split.catalogue))))

    def elsewhere(self) -> "Findings":
        """Return the same for the same model on another device."""
        return Findings(self._probe, self._users, self._measures.known, self._listed.known)

    def restore(self, measures: Measures, listed: Listed | None) -> None:
        """Take what was found out before the model was stored."""
        self._measures.put(measures)
        if listed is not None:
            self._listed.put(listed)

    def probe(self, model: "Recommender") -> Probe:
        """Return the histories that the scale is measured with."""
        return drawn(len(model.catalogue)) if self._probe is None else self._probe

    def measures(self, model: "Recommender", version: object) -> Measures:
        """Return what the scores for the probe tell."""
        return self._measures.get(version, lambda: measure(model, self.probe(model)))

    def identity(self, model: "Recommender", arrays: Mapping[str, Tensor], version: object) -> str:
        """Return which model this is: by its arrays, or by its answers where it has none."""
        return self._identity.get(
            version, lambda: array_hash(model, arrays) if arrays else answer_identity(model, self.probe(model))
        )

    def empty(self, model: "Recommender", version: object) -> Tensor:
        """Return the scores of the empty history in float64 [I]."""

        def ask() -> Tensor:
            # drawn histories tell nothing besides, and take half a second to draw from a large catalogue
            told = Probe([[]]) if self._probe is None else self._probe.other([[]])
            nothing = told.batch([0], model.device)
            return model.score(nothing, unchanged(nothing))[0, 0].clone()

        return self._empty.get(version, ask)

    def listed(self, model: "Recommender", version: object) -> Listed | None:
        """Return how many training users have each item in their list; None where there are no such users."""
        users = self._users
        if users is None:
            return self._listed.known
        return self._listed.get(version, lambda: Listed(listed_counts(model, users), len(users)))
