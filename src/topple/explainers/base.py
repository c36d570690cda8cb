"""What an explainer is: queries in, one claimed set a query out. Claims are verified elsewhere."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from torch import Tensor

from topple.errors import CapabilityError
from topple.explanation import Status
from topple.recommenders.base import Capability, Recommender
from topple.recommenders.encoding import EncodedQueries
from topple.settings import Settings

OnProgress: TypeAlias = Callable[[float], None]
"""Called with how many more queries are done; fractions count."""


@dataclass(frozen=True, eq=False)
class Proposals:
    """What an explainer claims for N queries.

    Args:
        removed: the claimed sets, places of the histories, bool [N, H]; empty where nothing was found.
        status: `found`, `not_found` or another end, one a query.
        cost: scored histories of each query [N]; one that serves several queries counts for each.
        minimum: sets of which the method has proven that no smaller one exists, bool [N]; None: no such claim.
    """

    removed: Tensor
    status: tuple[Status, ...]
    cost: Tensor
    minimum: Tensor | None = None


class Explainer(ABC):
    """A method that proposes the items to remove.

    It never changes the recommender and ranks by no rule of its own. The same query gets the same proposal alone, in
    any batch and in any order.

    Args:
        settings: of `settings_type`; None for its defaults.

    Raises:
        SettingsError: settings of something else.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[Capability]] = frozenset()
    settings_type: ClassVar[type[Settings]] = Settings

    settings: Settings

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = self.settings_type.own(settings, self.name)

    @abstractmethod
    def propose(
        self, recommender: Recommender, queries: EncodedQueries, on_progress: OnProgress | None = None
    ) -> Proposals:
        """Propose a set for each query."""

    def require(self, recommender: Recommender) -> None:
        """Check that the recommender declares what this method needs.

        Raises:
            CapabilityError: naming what is missing.
        """
        missing = sorted(self.needs - recommender.capabilities)
        if missing:
            has = ", ".join(sorted(recommender.capabilities)) or "none"
            raise CapabilityError(
                f"{self.name} needs a recommender that is {', '.join(missing)}; {recommender.name} declares: {has}. "
                "Choose another explainer or another recommender."
            )
