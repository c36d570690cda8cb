"""How much an answer may cost, by what it is for: in scored histories and settings of the default method, never in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from topple.errors import SettingsError, need, shown
from topple.explainers.base import Explainer
from topple.records.effort import Effort
from topple.scoring.budget import Budget
from topple.settings import Settings


@dataclass(frozen=True)
class Spends:
    """What an effort stands for.

    Args:
        scored: the limit of a query, in scored histories; None: no limit but those of the settings.
        settings: of the default method.
    """

    scored: int | None
    settings: Mapping[str, int] = field(default_factory=dict)


EFFORTS: Mapping[Effort, Spends] = {
    Effort.INSTANT: Spends(500, {"budget": 0}),
    Effort.BALANCED: Spends(5_000, {"budget": 2_000}),
    Effort.PROOF: Spends(None, {"budget": 20_000}),
}
"""What each effort may spend."""


def with_effort(
    effort: Effort | str | None,
    explainer: str | Explainer,
    settings: Settings | Mapping[str, Any] | None,
    budget: Budget | Mapping[str, Any] | None,
) -> tuple[Settings | Mapping[str, Any] | None, Budget]:
    """Return the settings and the budget that an effort comes to; those that are given stay, and must not contradict.

    Raises:
        SettingsError: no such effort, another method than the default one, or settings or a budget that set what the effort sets.
    """
    limits = budget if isinstance(budget, Budget) else Budget.parse(budget)
    if effort is None:
        return settings, limits
    if not isinstance(effort, str) or effort not in [*Effort]:
        raise SettingsError(f"effort={shown(effort)} is not one of {', '.join(Effort)}. Choose one of these.")
    chosen = EFFORTS[Effort(effort)]
    if explainer != "auto":
        other = (
            f"an explainer with settings, {explainer.name}," if isinstance(explainer, Explainer) else shown(explainer)
        )
        raise SettingsError(
            f"effort={str(effort)!r} says what the method 'auto' may spend, and {other} is given. Leave one of the two out."
        )
    need(settings, Settings | Mapping | None, "settings", "a mapping of settings by name")
    given = settings.model_dump(exclude_unset=True) if isinstance(settings, Settings) else dict(settings or {})
    twice = sorted(given.keys() & chosen.settings.keys())
    if twice:
        raise SettingsError(
            f"effort={str(effort)!r} sets {twice[0]}={chosen.settings[twice[0]]}, and the settings say {twice[0]}={given[twice[0]]}. Give "
            "one of the two."
        )
    if limits.scored is not None:
        raise SettingsError(
            f"effort={str(effort)!r} sets how many histories a query may score, and the budget says scored={limits.scored}. Give one of "
            "the two; seconds, and limits in all, go with an effort."
        )
    return {**given, **chosen.settings}, limits.model_copy(update={"scored": chosen.scored})
