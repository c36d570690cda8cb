"""Tables and numbers of README and docs, in Markdown, of what was measured."""

from collections.abc import Callable

from benchmarks.front import contributions, contributions_short, readme
from benchmarks.markdown import (
    BEFORE,
    MODELS,
    STEPS,
    WORLDS,
    Results,
    beside_each,
    by_model,
    method,
    number,
    ratio_of,
    rule,
    share,
    size,
    table,
    time_of,
)
from benchmarks.published import published
from benchmarks.scale_tables import hundred_million, ratios, scale


def quality(found: Results, world: str) -> str:
    """Return the table of all methods on a data set."""
    rows = found.rows("quality", world=world)
    several = len({row["recommender"] for row in rows}) > 1
    paper = {row["rule"]: row["ms"] for row in rows if row["method"] == "lcer, paper-style loop"}
    head = [
        f"{WORLDS[world]}, {max(row['queries'] for row in rows):,} queries",
        "rule",
        "found",
        "PN",
        "minimal",
        "proven",
    ]
    lines = []
    for row in rows:
        few = f" ({row['queries']} queries)" if row["method"] == "lcer, paper-style loop" else ""
        name = f"{MODELS[row['recommender']]}, " * several + method(row) + few
        shares = [share(row[key]) for key in ("coverage", "pn", "minimal", "proven")]
        ratio = [f"{paper[row['rule']] / row['ms']:,.0f}"] if paper else []
        lines.append([name, rule(row), *shares, size(row["mean_size"]), number(row["ms"]), *ratio])
    return table([*head, "mean size", "ms a query", *["ratio"] * bool(paper)], lines) + found.source(rows) + "\n"


def speed(found: Results) -> str:
    """Return how long each model's answers take, beside the aim and the version before."""
    asked = ("auto, no proof", "greedy", "auto", "request, no proof", "recommend")
    head = ["data", "model", *(method({"method": name}) for name in asked)]
    lines, used = [], []
    for key, rows in by_model(found.rows("speed")).items():
        mine = {row["method"]: row for row in rows if row["rule"] in (None, BEFORE)}
        if asked[0] in mine:
            lines.append([*key, *(time_of(mine[name]) if name in mine else "-" for name in asked)])
            used += [mine[name] for name in asked if name in mine]
    return table(head, lines) + found.source(used) + "\n"


def answers(found: Results) -> str:
    """Return what became of the queries of each model, in brackets in the version before."""
    lines, used = [], []
    for key, rows in by_model(found.rows("speed", rule=BEFORE)).items():
        for row in rows:
            if row["method"] in ("auto, no proof", "auto") and "found" in row:
                cells = [
                    beside_each([form(value) for value in row[name]])
                    for name, form in (("found", share), ("size", size), ("minimal", share), ("proven", share))
                ]
                lines.append([*key, method(row), f"{row['queries']:,}", *cells])
                used.append(row)
    head = ["data", "model", "method", "queries", "found", "mean size", "minimal", "proven"]
    return table(head, lines)


def memory(found: Results) -> str:
    """Return the most memory of each model's process, and the first call."""
    lines = []
    for row in found.rows("memory"):
        gib = [beside_each([f"{value:.2f}" for value in values]) for values in (row["gib"], row["compiler_gib"])]
        ratio = [
            f"{row['gib'][0] / row['gib'][1]:.2f}",
            f"{(row['gib'][0] - row['compiler_gib'][0]) / row['gib'][1]:.2f}",
        ]
        several = len(row["gib"]) > 1
        first = beside_each([f"{value:.2f}" for value in row["first"]])
        first += (
            f"; compiling {row['compiling_s'][0]:.0f} s, {row['compiling_gib'][0]:.2f} GiB"
            if row.get("compiling_s")
            else ""
        )
        read = row["model"][1] if several else ""
        lines.append(
            [
                WORLDS.get(row["world"], row["world"]),
                MODELS[row["recommender"]],
                *gib,
                *(ratio if several else ["", ""]),
                first,
                read,
            ]
        )
    head = [
        "data",
        "model",
        "peak GiB",
        "of these numba",
        "ratio",
        "ratio without numba",
        "first call, s",
        "model in the version before",
    ]
    return table(head, lines)


def fits(found: Results) -> str:
    """Return how long trainings take."""
    rows = found.rows("speed", method="fit")
    lines = [[MODELS[row["recommender"]], number(row["ms"][0] / 1000), *ratio_of(row)] for row in rows]
    return table(["model", "fit, s", "ratio", "least", "most"], lines) + found.source(rows) + "\n"


def growth(found: Results) -> str:
    """Return milliseconds by history, k and catalogue, and how much the most is of the least, and of the least before it."""
    named = {"history": "items in the history", "k": "k", "catalogue": "items in the catalogue"}
    rows, lines = found.rows("growth"), []
    for world, recommender in dict.fromkeys((row["world"], row["recommender"]) for row in rows):
        for part in named:
            for name in ("auto, no proof", "auto"):
                mine = [
                    r
                    for r in rows
                    if (r["world"], r["recommender"], r["part"], r["method"]) == (world, recommender, part, name)
                ]
                mine.sort(key=lambda row: row["at"])
                if mine:
                    points = ", ".join(f"{row['at']:,.0f}: {number(row['ms'])}" for row in mine)
                    factor = f"{max(row['ms'] for row in mine) / min(row['ms'] for row in mine):.1f}"
                    grown = max(
                        after["ms"] / before["ms"] for at, after in enumerate(mine) for before in mine[: at + 1]
                    )
                    told = [points, factor, f"{grown:.1f}"]
                    lines.append([MODELS[recommender], named[part], method({"method": name}), *told])
    return table(["model", "by", "method", "ms a query", "most / least", "growth"], lines) + found.source(rows) + "\n"


def steps(found: Results, ask: str) -> str:
    """Return where the time of each model goes."""
    lines, rows = [], found.rows("steps", ask=ask)
    for row in rows:
        shares = [f"{row[name]:,.0f}" for name in STEPS]
        lead = [WORLDS.get(row["world"], row["world"]), MODELS[row["recommender"]], method(row)]
        lines.append([*lead, f"{row['us']:,.0f}", *shares, f"{row['compiled']:.2f}", f"{row['torch']:.2f}"])
    head = ["data", "model", "method", "µs a query", *STEPS, "compiled", "torch"]
    return table(head, lines) + found.source(rows) + "\n"


def bounds(found: Results) -> str:
    """Return the bound of each model, and how many times that an answer takes."""
    lines = []
    for row in found.rows("steps", ask="batch"):
        lead = [WORLDS.get(row["world"], row["world"]), MODELS[row["recommender"]], method(row)]
        scored = f"{row['scored'] / row['queries']:,.0f}"
        lines.append(
            [
                *lead,
                row["bound"],
                scored,
                number(row["bound_us"]),
                f"{row['us']:,.0f}",
                f"{row['us'] / row['bound_us']:,.1f}",
            ]
        )
    return table(
        ["data", "model", "method", "bound", "scored histories a query", "bound, µs", "µs a query", "times the bound"],
        lines,
    )


def records(found: Results) -> str:
    """Return a sentence on what an answer costs besides the search."""
    us = {row["call"]: row["us"] for row in found.rows("records")}
    return (
        f"{us['queries that are given']:.0f} µs a query of 1,000 queries that are given, {us['lists of 200 users']:.0f} of the lists of "
        f"200 users, and {5 * us['one history'] / 1000:.1f} ms for the five answers about one history"
    )


def written(found: Results, section: str) -> str:
    """Return the table of a section whose rows are texts by column."""
    rows = found.rows(section)
    head = [name for name in rows[0] if name != "run"]
    return table(head, [[str(row[name]) for name in head] for row in rows]) + found.source(rows) + "\n"


def recommenders(found: Results) -> str:
    """Return the table of `topple bench recommenders`."""
    rows, lines = found.rows("recommenders"), []
    for row in rows:
        shares = [share(row[key]) for key in ("ndcg_100", "coverage", "pn", "proven")]
        shares[1] = f"{row['coverage']:.3f}"
        lines.append([f"`{row['recommender']}`", *shares, size(row["mean_size"]), f"{row['ms_a_query']:.1f}"])
    head = ["recommender", "NDCG@100", "found", "PN", "proven", "mean size", "ms a query"]
    return table(head, lines) + found.source(rows) + "\n"


def filtered(found: Results) -> str:
    """Return what a filter costs: the ratio of the time, and how much larger the sets are."""
    rows, lines = found.rows("filtered"), []
    for (world, model), mine in by_model(rows).items():
        for name in dict.fromkeys(row["method"] for row in mine):
            cells = []
            for kind in ("unlisted", "drawn"):
                row = next((row for row in mine if (row["method"], row["kind"]) == (name, kind)), None)
                before, after = row["size"] if row else (0, 0)
                cells += [f"{row['ratio']:.2f}" if row else "", f"{after / before:.2f}" if before else "-"]
            lines.append([world, model, method({"method": name}), *cells])
    head = ["data", "model", "method", "same lists: time", "items of sets", "drawn: time", "items of sets"]
    return table(head, lines) + found.source(rows) + "\n"


def devices(found: Results) -> str:
    """Return what a GPU changes."""
    rows, lines = found.rows("devices"), []
    for row in rows:
        here, there = row["ms"]
        lead = [WORLDS.get(row["world"], row["world"]), MODELS[row["recommender"]], method(row)]
        lines.append(
            [*lead, number(here), number(there), f"{there / here:.2f}", f"{row['differ']} of {row['queries']}"]
        )
    head = ["data", "model", "method", "one core, ms", "GPU, ms", "ratio", "other answers"]
    return table(head, lines) + f"GPU: {rows[0]['gpu']}. " + found.source(rows) + "\n"


def pruning(found: Results) -> str:
    """Return the table of EASE with few weights an item."""
    rows, lines = found.rows("pruning"), []
    for row in rows:
        most = "all" if row["neighbours"] is None else f"{row['neighbours']:,}"
        times = [number(row[name]) for name in ("auto, no proof", "auto")]
        shares = [share(row[name]) for name in ("ndcg_10", "ndcg_100")]
        data = f"{WORLDS.get(row['world'], row['world'])}, {row['items']:,} items"
        lines.append([data, most, *shares, number(row["mb"]), *times, size(row["mean_size"])])
    asked = [method({"method": f"{name}"}) + ", ms a query" for name in ("auto, no proof", "auto")]
    head = ["data", "`neighbours`", "NDCG@10", "NDCG@100", "MB on the disk", *asked, "mean size"]
    return table(head, lines) + found.source(rows) + "\n"


def machine(found: Results) -> str:
    """Return what the last run was measured on."""
    run = list(found.runs.values())[-1]
    return (
        f"{run['machine']}, {run['cores']} cores of which one computes; Python {run['python']}, torch {run['torch']}, "
        f"numpy {run['numpy']}, numba {run['numba']}; version {run['commit']}, {run['date']}"
    )


def beside(found: Results) -> str:
    """Return the version that stands beside."""
    return next(row["beside"] for row in reversed(found.rows("speed")) if row["beside"])


MADE: dict[str, Callable[[Results], str]] = {
    "readme": readme,
    "machine": machine,
    "beside": beside,
    "quality-lcer": lambda found: quality(found, "lcer"),
    "quality-ml-100k": lambda found: quality(found, "ml-100k"),
    "quality-ml-1m": lambda found: quality(found, "ml-1m"),
    "speed": speed,
    "answers": answers,
    "memory": memory,
    "fits": fits,
    "growth": growth,
    "steps-batch": lambda found: steps(found, "batch"),
    "steps-request": lambda found: steps(found, "request"),
    "bounds": bounds,
    "records": records,
    "reproduced": lambda found: written(found, "reproduced"),
    "stream": lambda found: written(found, "stream"),
    "shop": lambda found: written(found, "shop"),
    "recommenders": recommenders,
    "devices": devices,
    "filtered": filtered,
    "pruning": pruning,
    "scale": scale,
    "scale-ratios": ratios,
    "hundred-million": hundred_million,
    "published": published,
    "contributions": contributions,
    "contributions-short": contributions_short,
}
"""What can stand between marks, by name."""
