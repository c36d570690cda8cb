"""Compared methods as pictures: size against validity, deletion curves, cost against quality."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from topple.errors import CapabilityError, SettingsError, escaped, how_to_install, shown
from topple.types import JsonObject

Curves: TypeAlias = Mapping[tuple[str, str], Sequence[float]]
"""By model and method, the mean share of targets in the top-k at each of the 11 points."""
MARKERS = "osD^vPX<>*hp"
COLOURS = ("#1f5a96", "#c0392b", "#1e8449", "#7d3c98", "#b9770e", "#34495e", "#d35400", "#117a65")
"""Told apart in grey by the markers, the styles of lines and the names beside them."""
STYLES = ("-", "--", "-.", ":")


def draw_methods(rows: Sequence[JsonObject], curves: Curves, kind: str = "all") -> Any:
    """Return a figure of matplotlib.

    Args:
        rows: of compared methods, plain.
        curves: deletion curves.
        kind: "size", "deletion", "cost", or "all" in one figure.

    Raises:
        SettingsError: another kind, or deletion curves where no method gives numbers for events.
        CapabilityError: matplotlib is not installed.
    """
    if kind not in (*PANELS, "all"):
        raise SettingsError(f"kind={shown(kind)} is not one of {', '.join((*PANELS, 'all'))}. Choose one of them.")
    kinds = [name for name in PANELS if kind in (name, "all") and (name != "deletion" or curves)]
    if not kinds:
        raise SettingsError("no method gives numbers for events, so there is no deletion curve. Draw size or cost.")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CapabilityError(f"pictures need matplotlib. Install it: {how_to_install('pictures')}.") from error
    figure = Figure(figsize=(5.2 * len(kinds), 4.4), layout="constrained")
    measured = [row for row in rows if not row["reason"]]
    for axes, name in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        PANELS[name](axes, measured, curves)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    return figure


def _size(axes: Any, rows: Sequence[JsonObject], curves: Curves) -> None:
    """Draw the mean size of found sets, with the spread over seeds, against the validity."""
    axes.set(xlabel="mean size of found sets", ylabel="validity (found and verified, of queries)")
    _points(axes, rows, lambda row: row["measured"].get("mean_size"), lambda row: row["measured"].get("validity"))


def _cost(axes: Any, rows: Sequence[JsonObject], curves: Curves) -> None:
    """Draw the time of a query against the validity, with the scored histories beside the names."""
    axes.set(xlabel="milliseconds a query, with verification (and scored histories)", ylabel="validity", xscale="log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    _points(
        axes,
        rows,
        lambda row: row["milliseconds"],
        lambda row: row["measured"].get("validity"),
        beside=lambda row: f" ({row['scored']['value']:,.0f})",
    )


def _deletion(axes: Any, rows: Sequence[JsonObject], curves: Curves) -> None:
    """Draw the share of targets that are still listed as the history is emptied, what holds the target up most first."""
    axes.set(
        xlabel="share of the history that is removed", ylabel="share of targets still in the top-k", ylim=(-0.03, 1.03)
    )
    for turn, row in enumerate(rows):
        curve = curves.get((row["model"], row["method"]))
        if curve is not None:
            points = [point / (len(curve) - 1) for point in range(len(curve))]
            style = {"color": COLOURS[turn % len(COLOURS)], "linestyle": STYLES[turn % len(STYLES)]}
            axes.plot(points, curve, marker=MARKERS[turn % len(MARKERS)], markersize=4, label=_name(row, rows), **style)
    axes.legend(fontsize=8, frameon=False)


def _points(
    axes: Any,
    rows: Sequence[JsonObject],
    across: Callable[[JsonObject], Any],
    upward: Callable[[JsonObject], Any],
    beside: Callable[[JsonObject], str] = lambda row: "",
) -> None:
    """Draw a point a method, the spread over the seeds as bars, and its name beside it."""
    for turn, row in enumerate(rows):
        x, y = across(row), upward(row)
        if x is None or y is None or x["value"] is None or y["value"] is None:
            continue
        colour, marker = COLOURS[turn % len(COLOURS)], MARKERS[turn % len(MARKERS)]
        label = f"{_name(row, rows)}{beside(row)}"
        axes.errorbar(
            x["value"],
            y["value"],
            xerr=x["spread"] or 0,
            yerr=y["spread"] or 0,
            fmt=marker,
            color=colour,
            capsize=2,
            label=label,
        )
    axes.margins(0.15)
    axes.legend(fontsize=8, frameon=False)


def _name(row: JsonObject, rows: Sequence[JsonObject]) -> str:
    """Return the name of a method, with the model where there are several; a $ is no formula."""
    several = len({each["model"] for each in rows}) > 1
    text = f"{row['method']}, {row['model']}" if several else row["method"]
    return escaped(text).replace("$", r"\$")


PANELS: dict[str, Callable[[Any, Sequence[JsonObject], Curves], None]] = {
    "size": _size,
    "deletion": _deletion,
    "cost": _cost,
}
"""By kind, what draws it."""
