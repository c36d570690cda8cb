"""The page of a report: words, pictures and tables made of its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from topple.reports.papers.cells import bars, classed, number, percent, table, text
from topple.reports.papers.languages import Language, language
from topple.reports.papers.pages import page
from topple.reports.papers.report_parts import PART, PART_RULE, activity, counted_share, no_rows, part_of, section
from topple.reports.papers.report_words import figure_of, figure_value, lead, made, not_shown, short
from topple.types import JsonObject


def report_page(numbers: Mapping[str, Any]) -> str:
    """Return the page of a report, given the numbers that `topple.report` counted."""
    say = language(str(numbers.get("language", "en")))
    parts = (_figures, _endings, _sizes, activity, _named, _nobody, _without, _asked)
    sections = [
        *(part(numbers, say) for part in parts),
        section("not-shown", say("What this does not show"), points=not_shown(numbers, say)),
    ]
    return page(
        "report.html", str(numbers["title"]), say,
        lead=lead(numbers, say), made=made(numbers, say), short=short(numbers, say), sections=sections,
    )  # fmt: skip


def _figures(numbers: Mapping[str, Any], say: Language) -> JsonObject:
    told = [
        {
            "title": say(each["title"]),
            "value": figure_value(each, say),
            "of": figure_of(each, say),
            "rule": say(each["rule"]),
        }
        for each in numbers["figures"]
    ]
    line = say("Each figure says what it was divided by, and which rows count. The rules are those of topple evaluate.")
    return section("figures", say("Figures"), lines=[line], figures=told)


def _endings(numbers: Mapping[str, Any], say: Language) -> JsonObject:
    total = numbers["asked"]["queries"]
    picture = bars(
        say(
            "How the {total} queries ended; each is in one line. Behind a bar: queries, and the share of all {total}.",
            total=total,
        ),
        [
            (say(each["title"]), each["queries"], each["queries"], counted_share(each["queries"], total, say))
            for each in numbers["ended"]
        ],
    )
    title = say("How sure the answers are")
    return section("endings", title, pictures=[picture] if total else [], lines=no_rows(total, say))


def _sizes(numbers: Mapping[str, Any], say: Language) -> JsonObject:
    rows, total = numbers["sizes"], sum(each["sets"] for each in numbers["sizes"])
    if not total:
        return section("sizes", say("How many items an explanation names"), lines=[say("There is no found set.")])
    names = [say("{size} or more" if each["and_more"] else "{size}", size=each["size"]) for each in rows]
    picture = bars(
        say("Items in a set; a bar counts sets, of {total} found sets (whole histories are left out).", total=total),
        [
            (name, each["sets"], each["minimum"], counted_share(each["sets"], total, say))
            for name, each in zip(names, rows, strict=True)
        ],
        [say("proven: no smaller set does it"), say("not proven")],
    )
    heads = ("items in the set", "sets", "share of found sets", "proven smallest", "share of these sets")
    columns = [say(head) for head in heads]
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
    return section(
        "sizes",
        say("How many items an explanation names"),
        pictures=[picture],
        tables=[table(say("A row for each size."), columns, cells)],
    )


def _named(numbers: Mapping[str, Any], say: Language) -> JsonObject:
    rows, of = numbers["named"]["items"], numbers["named"]["of"]
    lines = [
        say(
            "True sets name {items}. An item that many people have is named often; the last column says how often it is named where "
            "it could have been.",
            items=say.counted(of, "different item"),
        )
    ]
    picture = bars(
        say("The items that true sets name most often: the number of sets."),
        [(row["title"], row["sets"], row["sets"], say.numeral(f"{row['sets']:,}")) for row in rows[:15]],
    )
    cells = [
        [text(row["title"]), text(row["item"]), number(row["sets"]), number(row["histories"]), percent(row["share"])]
        for row in rows
    ]
    heads = ("title", "id", "sets that name it", "histories that hold it", "named in these")
    rule = say(
        "Counted over queries with a true set, but for those with the goal sufficient, whose sets are kept and not removed; a history "
        "counts once for each query about it."
    )
    told = table(
        say("A row for each item that true sets name."),
        [say(head) for head in heads],
        cells,
        f"{_first(rows, of, 'items', say)}{rule}",
        say("True sets name no item."),
    )
    return section(
        "named", say("What recommendations hang on"), lines=lines, pictures=[picture] if rows else [], tables=[told]
    )


def _first(rows: Sequence[Any], of: int, what: str, say: Language) -> str:
    """Say that a table holds the first rows only."""
    if len(rows) >= of:
        return ""
    return say("The first {count} of {of} {what}.", count=len(rows), of=of, what=say(what)) + " "


def _nobody(numbers: Mapping[str, Any], say: Language) -> JsonObject:
    every, nobody = numbers["recommended"]["items"], numbers["recommended"]["on_no_history"]
    heads = ("title", "id", "recommended", "with a true set", "hang on no history", "mean size")
    columns = [say(head) for head in heads]

    def cells(row: Mapping[str, Any]) -> list[JsonObject]:
        return [
            text(row["title"]), text(row["item"]), number(row["queries"]), number(row["true"]), number(row["on_no_history"]),
            number(row["mean_size"]),
        ]  # fmt: skip

    lines = [
        say(
            "A recommendation hangs on nobody's history where it is proven to stay whatever of the person's items is removed, or "
            "where nothing in the history speaks for it."
        )
    ]
    tables = [
        table(
            say(
                "Items that hang on nobody's history in every case of this folder; recommended: queries about the item, those "
                "without evidence among them."
            ),
            columns,
            map(cells, nobody),
            empty=say("No item hangs on nobody's history in every case."),
        ),
        table(
            say("Items by how often they were recommended."),
            columns,
            map(cells, every),
            _first(every, numbers["recommended"]["of"], "items", say),
        ),
    ]
    title = say("What was recommended, and what hangs on nobody's history")
    return section("nobody", title, lines=lines, tables=tables)


def _without(numbers: Mapping[str, Any], say: Language) -> JsonObject:
    told = numbers["without"]
    lines = [
        say(
            "{users} of {of} users have no query with a true set (a whole history is none).",
            users=told["users"],
            of=told["of"],
        )
    ]
    rows = [
        [
            *(text(told_so) for told_so in (say(row["status"].replace("_", " ")), row["reason"])),
            *(number(row[name]) for name in ("users", "queries")),
            text(", ".join(row["such_as"])),
        ]
        for row in told["reasons"]
    ]
    hidden = say.counted(told["more_reasons"], "more reason")
    more = say("{reasons} are not shown.", reasons=hidden) + " " if told["more_reasons"] else ""
    rule = say("A user counts once for each reason of a query of theirs; values in a reason are written as “…”.")
    columns = [say(head) for head in ("ended", "reason", "users", "queries", "such as users")]
    caption = say("A row for each reason, over the users without a true set.")
    tables = [table(caption, columns, rows, f"{more}{rule}" if rows else "", say("Every user has one."))]
    if told["users"]:
        left = _first(told["first"], told["users"], "users", say) or say("They are:") + " "
        lines.append(f"{left}{', '.join(told['first'][:50])}{' …' if len(told['first']) > 50 else ''}")
    return section("without", say("Users without an explanation, and why"), lines=lines, tables=tables)


def _asked(numbers: Mapping[str, Any], say: Language) -> JsonObject:
    asked = numbers["asked"]
    names = ["method", "model", "catalogue", "data", "rule", "goal"]
    ways = [
        [number(at), *(text(row[name] or "–") for name in names), number(row["k"]), text(row["version"])]
        for at, row in enumerate(asked["ways"], start=1)
    ]
    rows = [[number(at), *part_of(row), number(row["invalid"])] for at, row in enumerate(asked["ways"], start=1)]
    tables = [
        table(
            say("A row for each way of asking: method, and the identities of model, catalogue and training data."),
            [say(head) for head in ("no.", *names, "k", "topple")],
            ways,
            say("k: length of the list. Rule: which items may be listed after a removal. Goal: what a set was to do."),
        ),
        table(
            say("The figures of each way of asking."),
            [say(head) for head in ("no.", *PART, "not asked")],
            rows,
            say("Not asked: queries that could not be asked, which are in no denominator.") + " " + say(PART_RULE),
        ),
    ]
    return section("asked", say("What was asked"), lines=_of_ways(asked, say), tables=tables)


def _of_ways(asked: Mapping[str, Any], say: Language) -> list[str]:
    """Say what a reader must know of the ways of asking."""
    lines = []
    if asked["more_ways"]:
        lines.append(say("{count} rarer ways of asking are not shown.", count=asked["more_ways"]))
    if len({row["model"] for row in asked["ways"]}) > 1:
        lines.append(say("The rows are about more than one model: the figures above count all of them together."))
    if asked["seconds_per_query"] is not None:
        time = say.numeral(f"{1000 * asked['seconds_per_query']:,.1f}")
        queries = say.counted(asked["queries"], "query", "queries")
        lines.append(say("A query took {time} ms on average, over {queries}.", time=time, queries=queries))
    return lines
