"""Menus: what there is to choose from, what each does, and why it fits or does not."""

import inspect
from dataclasses import dataclass
from typing import Any

from topple import registry
from topple.explainers.base import Explainer, misfit
from topple.scoring.recommender import Recommender


@dataclass(frozen=True, slots=True)
class ExplainerChoice:
    """An explainer on the menu.

    Args:
        explainer: the name.
        does: what it does, in one line.
        needs: capabilities that a recommender must declare.
        goals: what it can be asked for.
        presets: names of published settings, by data set.
        fits: whether it fits the recommender; None where the menu is for none.
        reason: why it fits, or why not.
    """

    explainer: str
    does: str
    needs: tuple[str, ...]
    goals: tuple[str, ...]
    presets: tuple[str, ...]
    fits: bool | None = None
    reason: str = ""


def explainer_menu(recommender: Recommender | type[Recommender] | None = None) -> list[ExplainerChoice]:
    """Return the explainers of the registry, for a recommender with whether each fits and why.

    Example:
        >>> from topple.recommenders.models.popularity import Popularity
        >>> [choice.explainer for choice in explainer_menu(Popularity) if not choice.fits]
        ['lcer', 'lcer-rank', 'gradient-x-input', 'integrated-gradients', 'lxr']
    """
    return [_choice(method, name, recommender) for name, method in registry.loaded("explainers").items()]


def preset_for(explainer: str, data: str | None) -> str | None:
    """Return the name of an explainer's published settings for a data set; None where there are none.

    Example:
        >>> preset_for("lcer", "ml-100k"), preset_for("lcer", "generated")
        ('ml-100k', None)
    """
    return data if data in registry.load("explainers", explainer).settings_type.presets else None


def _choice(kind: Any, name: str, recommender: Recommender | type[Recommender] | None) -> ExplainerChoice:
    misses = "" if recommender is None else misfit(kind, recommender)
    return ExplainerChoice(
        explainer=name,
        does=(inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip("."),
        needs=tuple(sorted(kind.needs)),
        goals=tuple(sorted(kind.goals)),
        presets=tuple(sorted(kind.settings_type.presets)),
        fits=None if recommender is None else not misses,
        reason="" if recommender is None else misses or _why(kind, recommender),
    )


def _why(kind: type[Explainer], recommender: Recommender | type[Recommender]) -> str:
    """Say why a method fits; of the default, also how it proves."""
    from topple.explainers.auto import how_it_proves

    if kind.name == "auto":
        return how_it_proves(recommender.capabilities)
    once_fitted = f"once fitted: topple fit --explainer {kind.name}; " if kind.learns else ""
    return once_fitted + (
        f"{recommender.name} is {' and '.join(sorted(kind.needs))}" if kind.needs else "it needs nothing but scores"
    )
