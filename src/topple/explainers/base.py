"""What an explainer is: queries in, one claim a query out. Claims are verified elsewhere."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from topple import registry
from topple.errors import CapabilityError
from topple.records.claims import Claims
from topple.records.question import Goal
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.findings.identity import same_model
from topple.scoring.recommender import Capability, Recommender
from topple.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

    from topple.data.splitting import Split

OnProgress: TypeAlias = Callable[[float], None]
"""Called with how many more queries are done; fractions count."""
OnStep: TypeAlias = Callable[[int, int, str], None]
"""Called as a method learns: steps done, of how many, and a note on how good it is."""


class Explainer(ABC):
    """A method that proposes the items to remove.

    It never changes the recommender and ranks by no rule of its own. The same query gets the same claim alone, in
    any batch and in any order. Methods that search over sets inherit `topple.explainers.search.explainer.SetSearch`.

    Args:
        settings: of `settings_type`; None for its defaults.

    Raises:
        SettingsError: settings of something else.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[Capability]] = frozenset()
    settings_type: ClassVar[type[Settings]] = Settings
    goals: ClassVar[frozenset[Goal]] = frozenset({Goal.NECESSARY})
    """The goals that the method can be asked for."""
    attributes: ClassVar[bool] = False
    """Whether the method gives a number for each event of the history."""
    learns: ClassVar[bool] = False
    """Whether the method learns from a recommender and the data that it was trained on, by `fit`, before it can be asked."""
    draws: ClassVar[bool] = True
    """Whether answers may depend on the seed; of a method that draws nothing, one seed tells all."""

    settings: Settings

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = self.settings_type.checked(settings, self.name)
        self.model = ""
        """The identity of the recommender that the method was fitted to; nothing for a method that does not learn."""
        self.training: dict[str, Any] = {}
        """How it was fitted."""

    @classmethod
    def fit(
        cls, recommender: Recommender, split: "Split", settings: Settings | None = None, on_step: OnStep | None = None
    ) -> Self:
        """Learn to explain a recommender; for a method whose `learns` is True.

        Args:
            recommender: what is explained; it stays as it is.
            split: the data: training users to learn from, validation users to choose by. Test users are never looked at.
            settings: of `settings_type`; None for its defaults.
            on_step: called as it learns.
        """
        raise NotImplementedError(f"{cls.__name__} does not learn.")

    def arrays(self) -> "Mapping[str, Tensor]":
        """Return what the method has learned, by name; what a folder stores."""
        return {}

    @classmethod
    def from_arrays(
        cls, arrays: "Mapping[str, Any]", recommender: Recommender, settings: Settings | None = None
    ) -> Self:
        """Build the method from what `arrays` returned.

        Raises:
            ExplainerFolderError: arrays that are missing or do not fit the recommender.
        """
        raise NotImplementedError(f"{cls.__name__} has no arrays to be built from.")

    @abstractmethod
    def propose(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        on_progress: OnProgress | None = None,
        meter: Meter | None = None,
    ) -> Claims:
        """Claim a set for each query, or that there is none.

        Args:
            recommender: what recommended.
            queries: N queries, each with one of the method's goals.
            on_progress: called as queries are done.
            meter: what may be spent; None for no limit.
        """

    def may_learn(self, recommender: Recommender) -> bool:
        """Return whether the method may ask the recommender for gradients; where not, torch computes sooner without a trace of them."""
        return True

    @property
    def prover(self) -> str:
        """The name that proofs of the method carry: with the package in front where another package takes a name of this library."""
        taken = self.outside and self.name in registry.BUILT_IN["explainers"]
        return f"{type(self).__module__.partition('.')[0]}:{self.name}" if taken else self.name

    @property
    def outside(self) -> bool:
        """Whether the method comes from another package, so that nothing of it is believed that is not scored again."""
        return type(self).__module__.partition(".")[0] != "topple"

    def require(self, recommender: Recommender) -> None:
        """Check that the recommender declares what this method needs, and is the one that the method was fitted to.

        Raises:
            CapabilityError: naming what is missing, and the methods that fit.
        """
        if self.learns and not self.model:
            raise CapabilityError(
                f"{self.name} learns before it is asked, and this one has learned nothing. Fit it: topple.fit_explainer(model, split, "
                f"{self.name!r}), or `topple fit --explainer {self.name} --model MODEL --out EXPLAINER`, then --explainer EXPLAINER."
            )
        if self.learns and not same_model(self.model, recommender):
            raise CapabilityError(
                f"this {self.name} was fitted to model {self.model}, and {recommender.name} is {recommender.fingerprint}: what it has "
                "learned says nothing of another model. Fit it to this one."
            )
        reason = misfit(type(self), recommender)
        if reason:
            fits = [name for name, method in registry.loaded("explainers").items() if not misfit(method, recommender)]
            raise CapabilityError(f"{reason}. Choose one that fits {recommender.name}: {', '.join(fits)}.")


def misfit(explainer: type[Explainer], recommender: Recommender | type[Recommender]) -> str:
    """Return why an explainer does not fit a recommender; nothing where it does."""
    missing = sorted(explainer.needs - recommender.capabilities)
    if not missing:
        return ""
    has = ", ".join(sorted(recommender.capabilities)) or "none"
    return f"{explainer.name} needs a recommender that is {', '.join(missing)}; {recommender.name} declares: {has}"
