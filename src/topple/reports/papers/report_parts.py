"""Parts of the page of a report that several sections have, and the section by activity."""

from collections.abc import Mapping, Sequence
from typing import Any

from topple.reports.papers.cells import bars, classed, number, percent, table
from topple.reports.papers.languages import Language
from topple.types import JsonObject

PART = ["queries", "users", "coverage", "mean size", "true sets", "proven smallest", "whole history"]
PART_RULE = (
    "Coverage and whole history are shares of the row's queries, the mean size is over the found sets, proven smallest is a share of "
    "the true sets. A dash: divided by nothing."
)


def section(name: str, title: str, **parts: Any) -> JsonObject:
    """Return a section of a page; parts that are not given are empty."""
    nothing: JsonObject = {"lines": [], "figures": [], "pictures": [], "tables": [], "points": []}
    return {"id": name, "title": title, **nothing, **parts}


def counted_share(count: int, of: int, say: Language) -> str:
    """Return what stands behind a bar: a count, and the share."""
    return say.numeral(f"{count:,} · {percent(count / of if of else None)['text']}")


def no_rows(total: int, say: Language) -> list[str]:
    """Say that there is nothing, where there is nothing."""
    return [] if total else [say("There is no query that could be asked.")]


def part_of(row: Mapping[str, Any]) -> list[JsonObject]:
    """Return the cells of the figures of a part of the rows."""
    return [
        number(row["queries"]), number(row["users"]), percent(row["coverage"]), number(row["mean_size"]), number(row["true"]),
        percent(row["minimum"]), percent(row["whole_history"]),
    ]  # fmt: skip


def _lengths(row: Mapping[str, Any], say: Language) -> str:
    """Return a class of history lengths as people read it."""
    if row["last"] is None:
        return say("{size} or more", size=row["first"])
    words = "{size}" if row["first"] == row["last"] else "{size} to {last}"
    return say(words, size=row["first"], last=row["last"])


def activity(numbers: Mapping[str, Any], say: Language) -> JsonObject:
    """Return the section of the figures by the length of the history, and by rank."""
    rows = numbers["activity"]
    if not rows:
        return section("activity", say("By activity"), lines=no_rows(0, say))
    columns = [say(head) for head in PART]
    by_length = table(
        say("A row for each class of history lengths, in events."),
        [say("events in the history"), *columns],
        [[classed(_lengths(row, say), row["first"]), *part_of(row)] for row in rows],
        say(PART_RULE),
    )
    by_rank = table(
        say("A row for each rank that recommendations have in the list of the whole history."),
        [say("rank"), *columns],
        [
            [
                classed(say("{rank} or below" if row["and_below"] else "{rank}", rank=row["rank"]), row["rank"]),
                *part_of(row),
            ]
            for row in numbers["ranks"]
        ],
        say(PART_RULE),
    )
    title = say("By activity, and by rank")
    return section("activity", title, pictures=_by_length(rows, say), tables=[by_length, by_rank])


def _by_length(rows: Sequence[Mapping[str, Any]], say: Language) -> list[JsonObject]:
    """Return bars of coverage and mean size by the length of the history."""
    shares = [(say.numeral(percent(row["coverage"])["text"]), row["coverage"] or 0.0) for row in rows]
    means = [(say.numeral(number(row["mean_size"])["text"]), row["mean_size"] or 0.0) for row in rows]
    return [
        bars(
            say("Coverage by the number of events in the history: the share of the queries that have a set."),
            [
                (_lengths(row, say), 1.0, share, say("{value} of {count}", value=told, count=row["queries"]))
                for row, (told, share) in zip(rows, shares, strict=True)
            ],
            [say("with a set"), say("without")],
        ),
        bars(
            say("Mean size of a found set by the number of events in the history."),
            [
                (_lengths(row, say), mean, mean, say("{value} over {count}", value=told, count=row["found"]))
                for row, (told, mean) in zip(rows, means, strict=True)
                if row["found"]
            ],
        ),
    ]
