"""What a report says in sentences: what it is about, what a reader in a hurry takes away, and what it does not show."""

from collections.abc import Mapping
from typing import Any

from topple.reports.papers.cells import number, percent
from topple.reports.papers.languages import ENGLISH, Language

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


def figure_value(figure: Mapping[str, Any], say: Language = ENGLISH) -> str:
    """Return a figure as people read it; a dash where it was divided by nothing."""
    shown: str = (number if figure["name"] in _SIZES else percent)(figure["value"])["text"]
    return say.numeral(shown)


def figure_of(figure: Mapping[str, Any], say: Language = ENGLISH) -> str:
    """Return what a figure was divided by."""
    what = say(figure["what"])
    if figure["count"] is None:
        return say("over {of} {what}", of=figure["of"], what=what)
    return say("{count} of {of} {what}", count=figure["count"], of=figure["of"], what=what)


def lead(numbers: Mapping[str, Any], say: Language = ENGLISH) -> str:
    """Say what was asked, of how many people."""
    asked = numbers["asked"]
    invalid = say(", and {count} more that could not be asked", count=asked["invalid"]) if asked["invalid"] else ""
    return say(
        "For {users}, {explained}{invalid}: which items of the person's history, had they not been there, would have kept the "
        "recommendation out of the list?",
        users=say.counted(asked["users"], "user"),
        explained=say.counted(asked["queries"], "recommendation was explained", "recommendations were explained"),
        invalid=invalid,
    )


def made(numbers: Mapping[str, Any], say: Language = ENGLISH) -> str:
    """Say of which file the report was made, and when."""
    source, by = numbers["source"], numbers["made"]
    when = say(", answered {first} to {last}", first=source["first"], last=source["last"]) if source["first"] else ""
    return say(
        "{rows} of {file}{when}. Report made {at} by topple {version}.",
        rows=say.counted(numbers["asked"]["rows"], "row"), file=source["file"], when=when, at=by["at"], version=by["version"],
    )  # fmt: skip


def short(numbers: Mapping[str, Any], say: Language = ENGLISH) -> list[str]:
    """Say in a few sentences what a reader in a hurry takes away."""
    found = {each["name"]: each for each in numbers["figures"]}
    if not numbers["asked"]["queries"]:
        return [say("No recommendation of this folder could be asked about. The reasons are below.")]
    validity, size, smallest, nobody = (found[name] for name in ("validity", "mean_size", "minimum", "on_no_history"))
    lines = [
        say(
            "Of {of} recommendations, {count} ({share}) have an explanation that is true when all items are ranked again.",
            of=validity["of"], count=validity["count"], share=figure_value(validity, say),
        )
    ]  # fmt: skip
    if size["value"] is not None:
        lines.append(
            say(
                "An explanation names {size} items on average, and {share} of the true ones are proven to be the smallest there are.",
                size=figure_value(size, say), share=figure_value(smallest, say),
            )
        )  # fmt: skip
    if nobody["count"]:
        lines.append(
            say(
                "{count} recommendations ({share}) hang on nothing that the person did: they stay, whatever is removed.",
                count=nobody["count"], share=figure_value(nobody, say),
            )
        )  # fmt: skip
    missing = numbers["without"]
    none = say("{users} of {of} users have no true explanation at all.", users=missing["users"], of=missing["of"])
    return [*lines, none]


def not_shown(numbers: Mapping[str, Any], say: Language = ENGLISH) -> list[str]:
    """Say what the report does not show."""
    found = {each["name"]: each for each in numbers["figures"]}
    points = [say(point) for point in NOT_SHOWN]
    if "another_list" in found:
        another = found["another_list"]
        points.append(
            say(
                "What people saw, in {count} of {of} {what}: it is not the model's.",
                count=another["count"], of=another["of"], what=say(another["what"]),
            )
        )  # fmt: skip
    else:
        points.append(
            say(
                "Whether the lists are those that people were shown: that was not asked (topple explain --shown, topple agree)."
            )
        )
    if numbers["asked"]["invalid"]:
        points.append(
            say(
                "{count} queries that could not be asked: they are in no denominator.",
                count=numbers["asked"]["invalid"],
            )
        )
    left_out = numbers["source"]["left_out"]
    events = left_out.get("events") if isinstance(left_out, Mapping) else None
    if isinstance(events, int) and events:
        points.append(say("{count} events of histories whose items the model does not know.", count=events))
    points.append(
        say(
            "That the file is as it was written: the report counts what it says, and asks no model. topple evaluate judges every "
            "set anew."
        )
    )
    return points
