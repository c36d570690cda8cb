"""A progress bar in the output of a notebook's cell: HTML that is replaced, without widgets and without a warning."""

import time
from html import escape
from typing import Any, Self

from topple.errors import escaped

PAUSE = 0.2
"""Seconds between two changes of the output at least."""
GONE = {"text/plain": "", "text/html": ""}


class NotebookBar:
    """One bar; the methods are those of a bar of rich that the library calls.

    It is shown once there is a task, changed from the thread that works, and emptied when the work is done or fails.
    """

    def __init__(self) -> None:
        self._name, self._note, self._completed = "", "", 0.0
        self._total: float | None = None
        self._tasks: list[int] = []
        self._handle: Any = None
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._handle is not None:
            self._handle.update(GONE, raw=True)

    @property
    def task_ids(self) -> list[int]:
        """The number of the task, once there is one."""
        return self._tasks

    def add_task(self, name: str, *, total: float | None = None, completed: float = 0, note: str = "") -> int:
        """Show a task, and return its number."""
        from IPython.display import display

        self._name, self._note, self._total, self._completed = name, note, total, completed
        self._tasks = [0]
        self._handle = display(self._told(), raw=True, display_id=True)
        return 0

    def advance(self, task: int, more: float) -> None:
        """Say that more is done."""
        self.update(task, completed=self._completed + more)

    def update(self, task: int, **told: Any) -> None:
        """Say what is done, of how much, and a note; shown if the last change is not too near."""
        self._completed = told.get("completed", self._completed)
        self._total, self._note = told.get("total", self._total), told.get("note", self._note)
        now = time.monotonic()
        if self._handle is not None and now - self._shown >= PAUSE:
            self._shown = now
            self._handle.update(self._told(), raw=True)

    def _told(self) -> dict[str, str]:
        """Return the bar as text and as HTML."""
        seconds = int(time.monotonic() - self._began)
        of = "" if self._total is None else f"{self._completed:,.0f} of {self._total:,.0f}"
        after = " · ".join(part for part in (of, f"{seconds // 60}:{seconds % 60:02d}", self._note) if part)
        share = "" if not self._total else f' value="{min(1.0, self._completed / self._total):.4f}"'
        name, after = escaped(self._name), escaped(after)
        html = f"<span>{escape(name)} <progress{share}></progress> {escape(after)}</span>"
        return {"text/plain": f"{name}: {after}", "text/html": html}
