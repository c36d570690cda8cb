"""Explore: the widget of one history, and what is said where its library is not installed."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from topple.errors import CapabilityError, how_to_install
from topple.notebook.exploration import Exploration
from topple.records.effort import Effort
from topple.records.question import CandidateRule
from topple.scoring.recommender import Recommender
from topple.types import ItemId

if TYPE_CHECKING:
    from topple.notebook.widget import Explorer


def explore(
    recommender: Recommender,
    history: Sequence[ItemId],
    k: int = 5,
    *,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    candidates: Iterable[ItemId] | None = None,
    exclude: Iterable[ItemId] = frozenset(),
    context: object = None,
    because: str = "liked",
    effort: Effort | str = Effort.INSTANT,
) -> "Explorer":
    """Return a widget for Jupyter, VS Code and marimo in which the list of a history is questioned.

    It shows the history with a switch for each item, the list today and without what is switched off, and for a recommendation that
    is clicked why: the sentence, the named items, what was checked. The answers are those of `what_if` and `explain`, computed in the
    kernel while one looks. `off` and `target` of the widget say what is switched off and asked about, and can be set; `changed` and
    `explanation` are the answers that it shows.

    Args:
        recommender: what recommends.
        history: item ids, oldest first where the model knows of order; a `topple.History` has weights with it.
        k: length of the list.
        rule: whether what is switched off may be listed ("unseen_after") or not ("unseen_before"), or every item of the history ("all").
        candidates: the only items that may be listed; None for all.
        exclude: items that may not be listed.
        context: what a wrapped model is told besides.
        because: what the data says that people did: liked, bought, played, read, viewed, watched, heard or rated.
        effort: how much a click may cost: "instant", "balanced" or "proof".

    Raises:
        CapabilityError: anywidget is not installed.
        QueryError: a history or a k for which there is no list.
        SettingsError: an effort or a word that is not known.
    """
    try:
        from topple.notebook.widget import Explorer
    except ImportError as error:
        raise CapabilityError(
            f"the explorer in a notebook needs anywidget. Install it: {how_to_install('notebook')}."
        ) from error
    exploration = Exploration(
        recommender,
        history,
        k,
        rule=rule,
        candidates=candidates,
        exclude=exclude,
        context=context,
        because=because,
        effort=effort,
    )
    return Explorer(exploration)
