"""Show: explanations as cards and pictures, with the lists that the model gives and the titles that the catalogue knows."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from topple.api.evaluating import check_explanations
from topple.api.recommending import lists_around
from topple.data.vocabulary import Catalogue
from topple.errors import QueryError, need
from topple.records.answer import Explanation, Status
from topple.records.telling.beside import Titles, beside
from topple.reports.cards.content import Lists
from topple.reports.cards.explanations import explanation_card, explanations_card
from topple.reports.cards.html import Html
from topple.reports.pictures import explanation_figure
from topple.scoring.findings.identity import same_model
from topple.scoring.recommender import Recommender

if TYPE_CHECKING:
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)

MOST_SHOWN = 20
"""Explanations of a list that are shown as cards at most."""
Model: TypeAlias = Recommender | Catalogue | None
"""Who is asked for lists and titles, for titles alone, or nobody but who came with the explanation."""


def card(
    explanations: Explanation | Sequence[Explanation],
    model: Model = None,
    *,
    because: str = "liked",
    language: str = "en",
    most: int = MOST_SHOWN,
) -> Html:
    """Return the card of an explanation, or of several a table whose rows open to cards: HTML without scripts.

    A card says the explanation in words and shows the list before and after the change, the named items, attributions as bars
    where the method gives some, what was checked, and what it cost. A notebook shows it; `str` gives the HTML, and
    `card(...).write("why.html")` a page.

    Args:
        explanations: one explanation, or several.
        model: the recommender that was explained, or for titles alone the catalogue. Needed for explanations that were read from a
            file or whose model is no longer there: their cards have no whole lists without it.
        because: what the data says that people did: liked, bought, played, read, viewed, watched, heard or rated.
        language: "en" or "de".
        most: of several explanations, how many are shown.

    Raises:
        QueryError: something else than explanations, or a model that they do not explain.
        SettingsError: a word or a language that is not known.

    Example:
        >>> import topple
        >>> from topple.testing import film_recommender
        >>> found = topple.explain(film_recommender(), ["alien", "brazil"], k=2, progress=False)
        >>> "Without these two" in topple.card(found[0])
        True
    """
    _check_model(model)
    wording = {"because": because, "language": language}
    if isinstance(explanations, Explanation):
        return explanation_card(explanations, titles_of(explanations, model), lists_of(explanations, model), **wording)
    every = check_explanations(explanations)
    shown = every[:most]
    titles = [titles_of(each, model) for each in shown]
    return explanations_card(shown, titles, [lists_of(each, model) for each in shown], total=len(every), **wording)


def draw(
    explanation: Explanation, model: Recommender | None = None, *, because: str = "liked", language: str = "en"
) -> "Figure":
    """Return the picture of an explanation as a figure of matplotlib: the sentence, the list as it is, and the list as it would be.

    Lines tell by their form, without colours too, what the recommendation does, what leaves, what enters and what stays. Where there
    is no set, the list as it is is drawn alone. `draw(...).savefig("why.png")` writes it.

    Args:
        explanation: one of those that `explain` returned.
        model: the recommender that was explained; needed where the explanation was read from a file, or the model is gone.
        because: what the data says that people did: liked, bought, played, read, viewed, watched, heard or rated.
        language: "en" or "de".

    Raises:
        CapabilityError: matplotlib is not installed.
        QueryError: a question that could not be asked, an explanation without a model to ask for lists, or another model.
        SettingsError: a word or a language that is not known.
    """
    need(explanation, Explanation, "explanation", "one of those that explain returned")
    need(model, Recommender | None, "model", "the recommender that was explained")
    if explanation.status is Status.INVALID or explanation.query.target is None:
        reason = explanation.reason.rstrip(".") or explanation.status.value
        raise QueryError(f"there is nothing to draw: {reason}. Draw another answer.")
    lists = lists_of(explanation, model)
    if lists is None or (explanation.items and not lists[1]):
        raise QueryError(
            "the lists are not in the explanation, and the model is not there. Give it: topple.draw(explanation, model)."
        )
    wording = {"because": because, "language": language}
    return explanation_figure(explanation, titles_of(explanation, model), lists, **wording)


def titles_of(explanation: Explanation, model: Model) -> Titles:
    """Return who tells the titles of an explanation."""
    if model is None:
        return beside(explanation).titles
    return model if isinstance(model, Catalogue) else model.catalogue


def lists_of(explanation: Explanation, model: Model) -> Lists | None:
    """Return the list before and the list after the change, the second empty without a set; None where nobody can be asked.

    Raises:
        QueryError: the explanation is of another model than the one that is given.
    """
    query, known = explanation.query, beside(explanation)
    if explanation.status is Status.INVALID or query.target is None:
        return None
    asked = model if isinstance(model, Recommender) else known.model() if known.model is not None else None
    if isinstance(model, Recommender):
        _check_same(explanation, model)
    if asked is None:
        return (known.listed, ()) if known.listed else None
    try:
        before, after = lists_around(asked, explanation)
    except Exception as error:  # noqa: BLE001 # a card is shown, whatever a wrapped model does
        logger.warning("no lists for a card: %s: %s", type(error).__name__, error)
        return (known.listed, ()) if known.listed else None
    return before, after if explanation.items else ()


def _check_model(model: Any) -> None:
    """Refuse what can be asked for nothing."""
    need(model, Recommender | Catalogue | None, "model", "the recommender that was explained, or its catalogue")


def _check_same(explanation: Explanation, model: Recommender) -> None:
    """Refuse a model that an explanation does not explain."""
    if explanation.model and not same_model(explanation.model, model.fingerprint):
        raise QueryError(
            f"the explanation is of model {explanation.model}, and {model.name} is {model.fingerprint}: it lists other items. Give the "
            "model that was explained."
        )
