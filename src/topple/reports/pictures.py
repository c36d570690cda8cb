"""One explanation as a picture: the list as it is, and the list as it would be."""

from collections.abc import Sequence
from typing import Any

from topple.data.vocabulary import Catalogue
from topple.errors import CapabilityError, SettingsError, escaped, how_to_install
from topple.files import refuse_existing, writing
from topple.inputs import path_of
from topple.records.answer import Explanation
from topple.records.question import Goal
from topple.types import FilePath, ItemId

GONE, NEW, STAYS = "#c0392b", "#1e8449", "#5d6d7e"
LONGEST_TITLE = 34
SUFFIXES = (".png", ".svg", ".pdf")


def check_picture(path: FilePath, *, overwrite: bool = False) -> None:
    """Refuse a picture that cannot be drawn, before any work.

    Raises:
        SettingsError: a suffix other than .png, .svg or .pdf.
        OutputExistsError: the file exists and `overwrite` is False.
    """
    path = path_of(path)
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"picture={str(path)!r}: the suffix must be one of {', '.join(SUFFIXES)}. Name it so.")
    refuse_existing(path, overwrite=overwrite)


def draw_explanation(
    explanation: Explanation,
    before: Sequence[ItemId],
    after: Sequence[ItemId],
    catalogue: Catalogue,
    path: FilePath,
    *,
    overwrite: bool = False,
) -> None:
    """Draw a found explanation: two lists side by side, the target falling out, the replacement coming in.

    Args:
        explanation: a found set.
        before: the recommended list for the whole history, best first.
        after: the recommended list without the removed items, best first.
        catalogue: for the titles.
        path: .png, .svg or .pdf.
        overwrite: whether an existing file may be replaced.

    Raises:
        CapabilityError: matplotlib is not installed.
        OutputExistsError, OutputError: the file could not be written.
    """
    check_picture(path, overwrite=overwrite)
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CapabilityError(f"pictures need matplotlib. Install it: {how_to_install('pictures')}.") from error
    k, target = len(before), explanation.query.target
    figure = Figure(figsize=(10, 0.55 * k + 2.2), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-1.35, 2.35), ylim=(k + 1.6, -0.4))
    axes.axis("off")
    axes.text(0, 0, f"top {k} today", ha="right", weight="bold")
    alone = explanation.query.goal is Goal.SUFFICIENT
    axes.text(1, 0, f"top {k} with them alone" if alone else f"top {k} without them", ha="left", weight="bold")
    _draw_lists(axes, before, after, target, catalogue)
    if target not in after:
        below = f"{explanation.rank_after}  {_title(target, catalogue)}"
        axes.text(1.05, k + 1, below, ha="left", va="center", color=GONE, parse_math=False)
    removed = "\n".join(f"– {_title(item, catalogue)}" for item in explanation.items[:6])
    more = f"\n  and {len(explanation.items) - 6} more" if len(explanation.items) > 6 else ""
    why = f"Why {escaped(catalogue.title(target))}? {_because(explanation)}:\n{removed}{more}"
    figure.suptitle(why, fontsize=11, parse_math=False)
    with writing(path, overwrite=overwrite) as aside:
        figure.savefig(aside, dpi=130)


def _draw_lists(
    axes: Any, before: Sequence[ItemId], after: Sequence[ItemId], target: ItemId | None, catalogue: Catalogue
) -> None:
    """Draw both lists, and a line from where each item was to where it is."""
    for rank, item in enumerate(before, start=1):
        colour = GONE if item not in after else STAYS
        today = f"{_title(item, catalogue)}  {rank}"
        axes.text(-0.05, rank, today, ha="right", va="center", color=colour, parse_math=False)
        end = after.index(item) + 1 if item in after else len(before) + 1
        reach = 1.0 if item in after or item == target else 0.3  # another item that leaves fades out
        line = [rank, rank + (end - rank) * reach]
        style = "-" if item in after else "--"
        axes.plot([0, reach], line, color=colour, lw=3 if item == target else 1.5, ls=style)
    for rank, item in enumerate(after, start=1):
        colour = NEW if item not in before else STAYS
        then = f"{rank}  {_title(item, catalogue)}"
        axes.text(1.05, rank, then, ha="left", va="center", color=colour, parse_math=False)


def _because(explanation: Explanation) -> str:
    """Say what the named set does."""
    return {
        Goal.NECESSARY: "Without these of the history it would be gone",
        Goal.SUFFICIENT: "These of the history alone would keep it",
        Goal.BOTH: "Without these of the history it would be gone, and these alone would keep it",
    }[explanation.query.goal]


def _title(item: ItemId | None, catalogue: Catalogue) -> str:
    title = escaped(catalogue.title(item)).replace("\n", " ")
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"
