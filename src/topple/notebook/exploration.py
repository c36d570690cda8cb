"""What a person sees of one history, asked of the library: lists, what is switched off, and why."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from topple.api.effort import with_effort
from topple.api.explaining import explain
from topple.api.limits import one_request
from topple.api.recommending import recommend
from topple.api.what_if import WhatIf, what_if
from topple.errors import QueryError, ToppleError, as_list, escaped, shown
from topple.notebook.rows import Titled, rows_after, rows_before
from topple.notebook.words import heading, headline, proofs, sentence_parts, work
from topple.records.answer import Explanation
from topple.records.effort import Effort
from topple.records.history import History
from topple.records.question import CandidateRule
from topple.reports.words import words_in
from topple.scoring.checks import check_recommender
from topple.scoring.recommender import Recommender
from topple.types import ItemId, JsonObject, plain

logger = logging.getLogger(__name__)


class Exploration:
    """One history that is questioned; the arguments are those of `topple.explore`.

    Attributes:
        off: the items that are switched off.
        target: the recommendation that is asked about.
        changed: the list without what is switched off.
        explanation: why the target is listed.
    """

    def __init__(
        self, recommender: Recommender, history: Sequence[ItemId], k: int = 5, *,
        rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE, candidates: Iterable[ItemId] | None = None,
        exclude: Iterable[ItemId] = frozenset(), context: object = None, because: str = "liked",
        effort: Effort | str = Effort.INSTANT,
    ) -> None:  # fmt: skip
        catalogue = check_recommender(recommender).catalogue
        words_in("en").verb(because)
        with_effort(effort, "auto", None, None)
        asked = one_request(
            catalogue,
            "refuse",
            history=history,
            k=k,
            rule=rule,
            candidates=candidates,
            exclude=exclude,
            context=context,
        )
        self._recommender, self._because, self._effort = recommender, because, effort
        self._history, self._titles = History(asked.history, asked.weights), Titled(catalogue)
        self._besides: dict[str, Any] = {
            "rule": asked.rule, "candidates": asked.candidates, "exclude": asked.exclude, "context": context,
        }  # fmt: skip
        self._k = asked.k
        self._times = Counter(self._history)
        self._units = list(self._times)  # each item once, in the order of the history
        self._row_of = {item: row for row, item in enumerate(self._units)}
        self.today = recommend(recommender, self._history, self._k, **self._besides)
        self._answers: dict[ItemId, Explanation] = {}
        self.off: tuple[ItemId, ...] = ()
        self.target: ItemId | None = None
        self.changed: WhatIf | None = None
        self.explanation: Explanation | None = None
        self._trouble = self._why_trouble = ""

    def switch(self, items: Sequence[ItemId] | ItemId) -> None:
        """Switch these items off, and all others on.

        Raises:
            ToppleError: an item that is not in the history, or a list that cannot be made; what is shown stays as it was.
        """
        several = [items] if isinstance(items, str | int) else as_list(items, "off", "item ids, or one")
        asked = [plain(item) for item in several]
        strange = [item for item in asked if not isinstance(item, str | int) or item not in self._times]
        if strange:
            raise QueryError(
                f"off={shown(strange[0])} is not in the history ({len(self._units)} items). Switch off one that is."
            )
        chosen = set(asked)
        off = tuple(item for item in self._units if item in chosen)
        changed = what_if(self._recommender, self._history, self._k, without=off, **self._besides) if off else None
        self.off, self.changed, self._trouble = off, changed, ""

    def ask(self, item: ItemId | None) -> None:
        """Ask why an item is listed, and switch off what the answer names; None asks about nothing.

        Raises:
            ToppleError: an item that is not listed, or a question that cannot be asked; what is shown stays as it was.
        """
        if item is not None and item not in [one.item for one in self.today]:
            raise QueryError(f"target={shown(item)} is not among the {self._k} of the list. Choose one that is listed.")
        found = None if item is None else self._why(plain(item))
        self.switch(() if found is None else found.items)
        self.target, self.explanation, self._why_trouble = item, found, ""

    def _why(self, item: ItemId) -> Explanation:
        """Return why an item is listed; what was asked once is not asked again."""
        if item not in self._answers:
            (self._answers[item],) = explain(
                self._recommender,
                self._history,
                targets=[item],
                k=self._k,
                effort=self._effort,
                progress=False,
                **self._besides,
            )
        return self._answers[item]

    def answer(self, asked: Mapping[str, Any]) -> None:
        """Answer what a page asks; whatever goes wrong is told there, and what was asked stays.

        Args:
            asked: `why`, a row of the list or None; `off`, rows of the history, or None for those that the answer names.
        """
        why, off = asked.get("why"), asked.get("off")
        rows = off if isinstance(off, list) else []
        if not (_is_row(why, self.today) or why is None) or not all(_is_row(row, self._units) for row in rows):
            self._trouble = "What was asked is not of this history. Run the cell again."
            return
        target = None if why is None else self.today[why].item
        if target != self.target or off is None:
            self._try_why(target)
        if off is not None:
            self._try_switch([self._units[row] for row in rows])

    def _try_why(self, target: ItemId | None) -> None:
        try:
            self.ask(target)
        except Exception as error:  # noqa: BLE001 # a wrapped model may raise anything, and the page says what
            self.target, self.explanation, self._why_trouble = target, None, _told(error)

    def _try_switch(self, items: Sequence[ItemId]) -> None:
        try:
            self.switch(items)
        except Exception as error:  # noqa: BLE001 # as above
            self.off, self.changed, self._trouble = tuple(items), None, _told(error)

    def items(self) -> list[JsonObject]:
        """Return the history for a page: each item once, with title and how often it comes."""
        return [{"title": self._titles.title(item), "times": self._times[item]} for item in self._units]

    def view(self) -> JsonObject:
        """Return what a page shows, as JSON: texts, marks and rows."""
        named = () if self.explanation is None else self.explanation.items
        return {
            "answered": 0,
            "off": [self._row_of[item] for item in self.off],
            "named": [self._row_of[item] for item in named],
            "today": rows_before(self.today, self.changed, self.target, self._titles),
            "then": rows_after(self.today, self.changed, self.target, self._titles),
            "heading": heading(len(self.off)),
            "headline": headline(self.changed, self.off, self._titles),
            "trouble": self._trouble,
            "why": self._why_view(),
        }

    def _why_view(self) -> JsonObject | None:
        """Return what is told of the target."""
        if self.target is None:
            return None
        found = self.explanation
        row = [one.item for one in self.today].index(self.target)
        told: JsonObject = {"row": row, "title": self._titles.title(self.target), "trouble": self._why_trouble}
        if found is None:
            return told
        return told | {
            "sentence": sentence_parts(found, self._titles, because=self._because),
            "proofs": proofs(found),
            "work": work(found),
            "again": len(found.items) if set(found.items) != set(self.off) else 0,
        }


def _is_row(row: object, rows: Sequence[object]) -> bool:
    """Return whether a value is the number of a row."""
    return isinstance(row, int) and not isinstance(row, bool) and 0 <= row < len(rows)


def _told(error: Exception) -> str:
    """Return an error in words; one that is not of topple's goes to the log with its origin."""
    if isinstance(error, ToppleError):
        return str(error)
    logger.warning("the explorer could not be answered", exc_info=error)
    return escaped(f"The model failed: {type(error).__name__}: {error}")
