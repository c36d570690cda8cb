"""The widget: what is asked in the page goes to an exploration, and what it shows comes back."""

from collections.abc import Sequence
from importlib import resources
from typing import Any

import anywidget
import traitlets

from topple.api.what_if import WhatIf
from topple.notebook.exploration import Exploration
from topple.records.answer import Explanation
from topple.types import ItemId

_STATIC = resources.files("topple.notebook").joinpath("static")


class Explorer(anywidget.AnyWidget):
    """A history with switches, the list today and as it would be, and why; `topple.explore` makes one.

    Args:
        exploration: what answers.
    """

    _esm = _STATIC.joinpath("explorer.js").read_text(encoding="utf-8")
    _css = _STATIC.joinpath("explorer.css").read_text(encoding="utf-8")
    items: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """The history, for the page."""
    shown = traitlets.Dict().tag(sync=True)
    """What the page shows."""
    asked = traitlets.Dict().tag(sync=True)
    """What a person asked last: `number` of the question, `why` as a row of the list, `off` as rows of the history."""

    def __init__(self, exploration: Exploration) -> None:
        self._exploration = exploration
        super().__init__(items=exploration.items(), shown=exploration.view(), asked={"number": 0})

    @property
    def off(self) -> tuple[ItemId, ...]:
        """The items that are switched off; set it to switch others."""
        return self._exploration.off

    @off.setter
    def off(self, items: Sequence[ItemId]) -> None:
        self._exploration.switch(items)
        self._show()

    @property
    def target(self) -> ItemId | None:
        """The recommendation that is asked about; set it to ask about another, which switches off what the answer names."""
        return self._exploration.target

    @target.setter
    def target(self, item: ItemId | None) -> None:
        self._exploration.ask(item)
        self._show()

    @property
    def changed(self) -> WhatIf | None:
        """The list today and without what is switched off; None where nothing is, or where there is no such list."""
        return self._exploration.changed

    @property
    def explanation(self) -> Explanation | None:
        """Why the target is listed; None where nothing is asked about, or where that could not be asked."""
        return self._exploration.explanation

    @traitlets.observe("asked")
    def _answer(self, change: Any) -> None:
        """Answer what a person asked."""
        if change["new"].get("number", 0) != 0:
            self._exploration.answer(change["new"])
            self._show()

    def _show(self) -> None:
        """Tell the page what is to be shown."""
        self.shown = self._exploration.view() | {"answered": self.asked.get("number", 0)}
