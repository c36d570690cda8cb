"""What a report says in sentences: what it is about, what a reader in a hurry takes away, and what it does not show."""

from collections.abc import Mapping
from typing import Any

from topple.errors import counted
from topple.reports.papers.cells import number, percent

_SIZES = ("mean_size", "median_size", "mean_gap")
"""Figures that are sizes; the others are shares."""
NOT_SHOWN = (
    "What a model that is trained anew would do. Without an item means here: the history is edited, and the model scores it as "
    "it is. Training without the item may move every recommendation; topple evaluate --retrain tries that for a sample.",
    "That a person did something because of the items that are named, or would be better served without them: the report is "
    "about what the model does with a history, not about the world.",
    "Other sets. One set is named for each recommendation; others of the same size may do as well, and items that are not named "
    "may still raise the recommendation.",
    "People who are not in this folder. Shares are those of the rows that were asked about, and of nobody else.",
    "Whether the recommendations are good, fair or lawful.",
)
"""What no report can show."""


def figure_value(figure: Mapping[str, Any]) -> str:
    """Return a figure as people read it; a dash where it was divided by nothing."""
    shown: str = (number if figure["name"] in _SIZES else percent)(figure["value"])["text"]
    return shown


def figure_of(figure: Mapping[str, Any]) -> str:
    """Return what a figure was divided by."""
    count = "over" if figure["count"] is None else f"{figure['count']:,} of"
    return f"{count} {figure['of']:,} {figure['what']}"


def lead(numbers: Mapping[str, Any]) -> str:
    """Say what was asked, of how many people."""
    asked = numbers["asked"]
    invalid = f", and {asked['invalid']:,} more that could not be asked" if asked["invalid"] else ""
    explained = counted(asked["queries"], "recommendation was explained", "recommendations were explained")
    return (
        f"For {counted(asked['users'], 'user')}, {explained}{invalid}: which items of the person's history, had they not been "
        "there, would have kept the recommendation out of the list?"
    )


def made(numbers: Mapping[str, Any]) -> str:
    """Say of which file the report was made, and when."""
    source, by = numbers["source"], numbers["made"]
    when = f", answered {source['first']} to {source['last']}" if source["first"] else ""
    rows = counted(numbers["asked"]["rows"], "row")
    return f"{rows} of {source['file']}{when}. Report made {by['at']} by topple {by['version']}."


def short(numbers: Mapping[str, Any]) -> list[str]:
    """Say in a few sentences what a reader in a hurry takes away."""
    found = {each["name"]: each for each in numbers["figures"]}
    if not numbers["asked"]["queries"]:
        return ["No recommendation of this folder could be asked about. The reasons are below."]
    validity, size, smallest, nobody = (found[name] for name in ("validity", "mean_size", "minimum", "on_no_history"))
    lines = [
        f"Of {validity['of']:,} recommendations, {validity['count']:,} ({figure_value(validity)}) have an explanation that is true "
        "when all items are ranked again."
    ]
    if size["value"] is not None:
        lines.append(
            f"An explanation names {figure_value(size)} items on average, and {figure_value(smallest)} of the true ones are proven "
            "to be the smallest there are."
        )
    if nobody["count"]:
        lines.append(
            f"{nobody['count']:,} recommendations ({figure_value(nobody)}) hang on nothing that the person did: they stay, whatever "
            "is removed."
        )
    missing = numbers["without"]
    return [*lines, f"{missing['users']:,} of {missing['of']:,} users have no true explanation at all."]


def not_shown(numbers: Mapping[str, Any]) -> list[str]:
    """Say what the report does not show."""
    found = {each["name"]: each for each in numbers["figures"]}
    points = list(NOT_SHOWN)
    if "another_list" in found:
        another = found["another_list"]
        points.append(
            f"What people saw, in {another['count']:,} of {another['of']:,} {another['what']}: it is not the model's."
        )
    else:
        points.append(
            "Whether the lists are those that people were shown: that was not asked (topple explain --shown, topple agree)."
        )
    if numbers["asked"]["invalid"]:
        points.append(f"{numbers['asked']['invalid']:,} queries that could not be asked: they are in no denominator.")
    left_out = numbers["source"]["left_out"]
    events = left_out.get("events") if isinstance(left_out, Mapping) else None
    if isinstance(events, int) and events:
        points.append(f"{events:,} events of histories whose items the model does not know.")
    points.append(
        "That the file is as it was written: the report counts what it says, and asks no model. topple evaluate judges every set "
        "anew."
    )
    return points
