"""The page of a report: words, pictures and tables made of its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from topple.errors import counted
from topple.reports.papers.cells import bars, classed, number, percent, table, text
from topple.reports.papers.pages import page
from topple.reports.papers.report_words import figure_of, figure_value, lead, made, not_shown, short
from topple.types import JsonObject


def report_page(numbers: Mapping[str, Any]) -> str:
    """Return the page of a report, given the numbers that `topple.report` counted."""
    sections = [
        _figures(numbers),
        _endings(numbers),
        _sizes(numbers),
        _activity(numbers),
        _named(numbers),
        _nobody(numbers),
        _without(numbers),
        _asked(numbers),
        _section("not-shown", "What this does not show", points=not_shown(numbers)),
    ]
    return page(
        "report.html",
        str(numbers["title"]),
        lead=lead(numbers),
        made=made(numbers),
        short=short(numbers),
        sections=sections,
    )


def _section(name: str, title: str, **parts: Any) -> JsonObject:
    nothing: JsonObject = {"lines": [], "figures": [], "pictures": [], "tables": [], "points": []}
    return {"id": name, "title": title, **nothing, **parts}


def _figures(numbers: Mapping[str, Any]) -> JsonObject:
    told = [
        {"title": each["title"], "value": figure_value(each), "of": figure_of(each), "rule": each["rule"]}
        for each in numbers["figures"]
    ]
    line = "Each figure says what it was divided by, and which rows count. The rules are those of topple evaluate."
    return _section("figures", "Figures", lines=[line], figures=told)


def _endings(numbers: Mapping[str, Any]) -> JsonObject:
    total = numbers["asked"]["queries"]
    picture = bars(
        f"How the {total:,} queries ended; each is in one line. Behind a bar: queries, and the share of all {total:,}.",
        [
            (each["title"], each["queries"], each["queries"], _counted(each["queries"], total))
            for each in numbers["ended"]
        ],
    )
    return _section("endings", "How sure the answers are", pictures=[picture] if total else [], lines=_no_rows(total))


def _counted(count: int, of: int) -> str:
    """Return what stands behind a bar: a count, and the share."""
    return f"{count:,} · {percent(count / of if of else None)['text']}"


def _no_rows(total: int) -> list[str]:
    return [] if total else ["There is no query that could be asked."]


def _sizes(numbers: Mapping[str, Any]) -> JsonObject:
    rows, total = numbers["sizes"], sum(each["sets"] for each in numbers["sizes"])
    if not total:
        return _section("sizes", "How many items an explanation names", lines=["There is no found set."])
    names = [f"{each['size']:,}{' or more' if each['and_more'] else ''}" for each in rows]
    picture = bars(
        f"Items in a set; a bar counts sets, of {total:,} found sets (whole histories are left out).",
        [
            (name, each["sets"], each["minimum"], _counted(each["sets"], total))
            for name, each in zip(names, rows, strict=True)
        ],
        ["proven: no smaller set does it", "not proven"],
    )
    columns = ["items in the set", "sets", "share of found sets", "proven smallest", "share of these sets"]
    cells = [
        [
            classed(name, each["size"]),
            number(each["sets"]),
            percent(each["sets"] / total),
            number(each["minimum"]),
            percent(each["minimum"] / each["sets"] if each["sets"] else None),
        ]
        for name, each in zip(names, rows, strict=True)
    ]
    return _section(
        "sizes",
        "How many items an explanation names",
        pictures=[picture],
        tables=[table("A row for each size.", columns, cells)],
    )


_PART = ["queries", "users", "coverage", "mean size", "true sets", "proven smallest", "whole history"]


def _part(row: Mapping[str, Any]) -> list[JsonObject]:
    """Return the cells of the figures of a part of the rows."""
    return [
        number(row["queries"]), number(row["users"]), percent(row["coverage"]), number(row["mean_size"]), number(row["true"]),
        percent(row["minimum"]), percent(row["whole_history"]),
    ]  # fmt: skip


_PART_RULE = (
    "Coverage and whole history are shares of the row's queries, the mean size is over the found sets, proven smallest is a share of "
    "the true sets. A dash: divided by nothing."
)


def _lengths(row: Mapping[str, Any]) -> str:
    """Return a class of history lengths as people read it."""
    if row["last"] is None:
        return f"{row['first']:,} or more"
    return f"{row['first']:,}" if row["first"] == row["last"] else f"{row['first']:,} to {row['last']:,}"


def _activity(numbers: Mapping[str, Any]) -> JsonObject:
    rows = numbers["activity"]
    if not rows:
        return _section("activity", "By activity", lines=_no_rows(0))

    shares = [(percent(row["coverage"])["text"], row["coverage"] or 0.0) for row in rows]
    means = [(number(row["mean_size"])["text"], row["mean_size"] or 0.0) for row in rows]
    pictures = [
        bars(
            "Coverage by the number of events in the history: the share of the queries that have a set.",
            [
                (_lengths(row), 1.0, share, f"{told} of {row['queries']:,}")
                for row, (told, share) in zip(rows, shares, strict=True)
            ],
            ["with a set", "without"],
        ),
        bars(
            "Mean size of a found set by the number of events in the history.",
            [
                (_lengths(row), mean, mean, f"{told} over {row['found']:,}")
                for row, (told, mean) in zip(rows, means, strict=True)
                if row["found"]
            ],
        ),
    ]
    by_length = table(
        "A row for each class of history lengths, in events.",
        ["events in the history", *_PART],
        [[classed(_lengths(row), row["first"]), *_part(row)] for row in rows],
        _PART_RULE,
    )
    by_rank = table(
        "A row for each rank that recommendations have in the list of the whole history.",
        ["rank", *_PART],
        [
            [classed(f"{row['rank']}{' or below' if row['and_below'] else ''}", row["rank"]), *_part(row)]
            for row in numbers["ranks"]
        ],
        _PART_RULE,
    )
    return _section("activity", "By activity, and by rank", pictures=pictures, tables=[by_length, by_rank])


def _named(numbers: Mapping[str, Any]) -> JsonObject:
    rows, of = numbers["named"]["items"], numbers["named"]["of"]
    lines = [
        f"True sets name {counted(of, 'different item')}. An item that many people have is named often; the last column says how "
        "often it is named where it could have been."
    ]
    picture = bars(
        "The items that true sets name most often: the number of sets.",
        [(row["title"], row["sets"], row["sets"], f"{row['sets']:,}") for row in rows[:15]],
    )
    cells = [
        [text(row["title"]), text(row["item"]), number(row["sets"]), number(row["histories"]), percent(row["share"])]
        for row in rows
    ]
    columns = ["title", "id", "sets that name it", "histories that hold it", "named in these"]
    told = table(
        "A row for each item that true sets name.",
        columns,
        cells,
        f"{_first(rows, of, 'items')}Counted over queries with a true set, but for those with the goal sufficient, whose sets are kept "
        "and not removed; a history counts once for each query about it.",
        "True sets name no item.",
    )
    return _section(
        "named", "What recommendations hang on", lines=lines, pictures=[picture] if rows else [], tables=[told]
    )


def _first(rows: Sequence[Any], of: int, what: str) -> str:
    """Say that a table holds the first rows only."""
    return f"The first {len(rows):,} of {of:,} {what}. " if len(rows) < of else ""


def _nobody(numbers: Mapping[str, Any]) -> JsonObject:
    every, nobody = numbers["recommended"]["items"], numbers["recommended"]["on_no_history"]
    columns = ["title", "id", "recommended", "with a true set", "hang on no history", "mean size"]

    def cells(row: Mapping[str, Any]) -> list[JsonObject]:
        return [
            text(row["title"]), text(row["item"]), number(row["queries"]), number(row["true"]), number(row["on_no_history"]),
            number(row["mean_size"]),
        ]  # fmt: skip

    lines = [
        "A recommendation hangs on nobody's history where it is proven to stay whatever of the person's items is removed, or where "
        "nothing in the history speaks for it."
    ]
    tables = [
        table(
            "Items that hang on nobody's history in every case of this folder; recommended: queries about the item, those without "
            "evidence among them.",
            columns,
            map(cells, nobody),
            empty="No item hangs on nobody's history in every case.",
        ),
        table(
            "Items by how often they were recommended.",
            columns,
            map(cells, every),
            _first(every, numbers["recommended"]["of"], "items"),
        ),
    ]
    return _section("nobody", "What was recommended, and what hangs on nobody's history", lines=lines, tables=tables)


def _without(numbers: Mapping[str, Any]) -> JsonObject:
    told = numbers["without"]
    lines = [f"{told['users']:,} of {told['of']:,} users have no query with a true set (a whole history is none)."]
    rows = [
        [
            *(text(told_so) for told_so in (row["status"].replace("_", " "), row["reason"])),
            *(number(row[name]) for name in ("users", "queries")),
            text(", ".join(row["such_as"])),
        ]
        for row in told["reasons"]
    ]
    more = f"{counted(told['more_reasons'], 'more reason')} are not shown. " if told["more_reasons"] else ""
    note = (
        f"{more}A user counts once for each reason of a query of theirs; values in a reason are written as “…”."
        if rows
        else ""
    )
    columns = ["ended", "reason", "users", "queries", "such as users"]
    tables = [
        table("A row for each reason, over the users without a true set.", columns, rows, note, "Every user has one.")
    ]
    if told["users"]:
        left = _first(told["first"], told["users"], "users")
        lines.append(f"{left or 'They are: '}{', '.join(told['first'][:50])}{' …' if len(told['first']) > 50 else ''}")
    return _section("without", "Users without an explanation, and why", lines=lines, tables=tables)


def _asked(numbers: Mapping[str, Any]) -> JsonObject:
    asked = numbers["asked"]
    names = ["method", "model", "catalogue", "data", "rule", "goal"]
    ways = [
        [number(at), *(text(row[name] or "–") for name in names), number(row["k"]), text(row["version"])]
        for at, row in enumerate(asked["ways"], start=1)
    ]
    rows = [[number(at), *_part(row), number(row["invalid"])] for at, row in enumerate(asked["ways"], start=1)]
    lines = []
    if asked["more_ways"]:
        lines.append(f"{asked['more_ways']:,} rarer ways of asking are not shown.")
    if len({row["model"] for row in asked["ways"]}) > 1:
        lines.append("The rows are about more than one model: the figures above count all of them together.")
    if asked["seconds_per_query"] is not None:
        lines.append(
            f"A query took {1000 * asked['seconds_per_query']:,.1f} ms on average, over {counted(asked['queries'], 'query', 'queries')}."
        )
    tables = [
        table(
            "A row for each way of asking: method, and the identities of model, catalogue and training data.",
            ["no.", *names, "k", "topple"],
            ways,
            "k: length of the list. Rule: which items may be listed after a removal. Goal: what a set was to do.",
        ),
        table(
            "The figures of each way of asking.",
            ["no.", *_PART, "not asked"],
            rows,
            f"Not asked: queries that could not be asked, which are in no denominator. {_PART_RULE}",
        ),
    ]
    return _section("asked", "What was asked", lines=lines, tables=tables)
