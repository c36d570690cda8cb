"""How the cost of an explanation grows with the history, with k and with the catalogue, one core, one run.

    python benchmarks/growth.py --model FOLDER                         history length and k on a model folder with its data
    python benchmarks/growth.py --model FOLDER --epinions FOLDER       catalogues of 17,660 and 139,738 items too
    python benchmarks/growth.py --epinions FOLDER --stream 4000        a stream of so many users' top-k, 0 for all

Every time is the median over users, in time of the processor; the queries of a user are asked in one call. --epinions
needs interactions.csv.gz with columns user_id and item_id; its models are fitted first and kept in build/growth. --hold
makes and holds the queries of all users before a stream begins. --picture FILE draws the three curves.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import large_catalogue
import torch
from rich.console import Console
from rich.table import Table

import topple
from topple.randomness import generator
from topple.types import ItemId, UserId

METHODS: dict[str, dict[str, Any]] = {"auto, no proof": {"budget": 0}, "auto": {}}
LENGTHS = (1, 10, 20, 40, 80, 160, 1 << 30)
"""Bins of the history length: from each to below the next."""
KS = (1, 5, 10, 20, 50)
CATALOGUES = (17_660, None)
"""Most met items of Epinions; None for all 139,738."""
ALIKE = (15, 30)
"""Catalogues are compared by users with histories from the one to below the other."""
USERS_AT_ONCE = 128
"""Users of a stream that are asked about in one call."""
Histories = Mapping[UserId, Sequence[ItemId]]


def rows(recommender: topple.Recommender, histories: Histories, *, k: int = 5, users: int = 8) -> list[dict[str, Any]]:
    """Return a row a method and a bin of history lengths, and one a method and k; each of up to so many users."""
    found = []
    for low, high in pairwise(LENGTHS):
        some = sample({u: h for u, h in histories.items() if low <= len(h) < high}, users)
        if some:
            middle = statistics.median(len(history) for history in some.values())
            found += [timed("history length", middle, recommender, some, k, method) for method in METHODS]
    some = sample(histories, users)
    found += [timed("k", its, recommender, some, its, method) for method in METHODS for its in KS]
    return found


def catalogue_rows(
    worlds: Sequence[tuple[topple.Recommender, Histories]], *, k: int = 5, users: int = 8
) -> list[dict[str, Any]]:
    """Return a row a method and catalogue, over users whose histories are about as long in each."""
    found = []
    for recommender, histories in worlds:
        some = sample({u: h for u, h in histories.items() if ALIKE[0] <= len(h) < ALIKE[1]}, users)
        items = len(recommender.catalogue)
        found += [timed("catalogue", items, recommender, some, k, method) for method in METHODS if some]
    return found


def timed(
    part: str, at: float, recommender: topple.Recommender, histories: Histories, k: int, method: str
) -> dict[str, Any]:
    """Explain the top-k of each user alone and return the median of the milliseconds a query."""
    times, sizes = [], []
    for place, user in enumerate([next(iter(histories)), *histories]):  # the first once more, to warm up
        queries = topple.top_k_queries(recommender, {user: histories[user]}, k=k)
        started = time.process_time()
        answers = topple.explain_queries(recommender, queries, settings=METHODS[method], progress=False)
        if place:
            times.append(1000 * (time.process_time() - started) / len(queries))
            sizes += [len(answer.items) for answer in answers if answer.valid]
    row = {
        "part": part,
        "at": at,
        "method": method,
        "items": len(recommender.catalogue),
        "hidden": getattr(recommender.settings, "hidden", None),
        "k": k,
        "users": len(histories),
        "median_ms_per_query": statistics.median(times),
        "most_ms_per_query": max(times),
        "mean_size": statistics.fmean(sizes) if sizes else None,
    }
    print(
        f"{part} {at:,.0f}, {method}: {row['median_ms_per_query']:.1f} ms a query, {peak():.2f} GiB",
        file=sys.stderr,
        flush=True,
    )
    return row


def stream(
    recommender: topple.Recommender,
    histories: Histories,
    *,
    k: int = 5,
    explainer: str = "auto",
) -> dict[str, Any]:
    """Explain the top-k of users block by block, and return what came of it, the rate and the process's peak memory.

    Args:
        recommender: what recommended.
        histories: of the users.
        k: length of the lists.
        explainer: the method; `auto` without proofs.
    """
    settings = {"budget": 0} if explainer == "auto" else {}
    users, ends, proofs, sizes, count = list(histories), Counter[str](), Counter[str](), 0, 0
    began, worked = time.perf_counter(), time.process_time()
    last = began
    for start in range(0, len(users), USERS_AT_ONCE):
        block = {user: histories[user] for user in users[start : start + USERS_AT_ONCE]}
        queries = topple.top_k_queries(recommender, block, k=k)
        answers = topple.explain_queries(recommender, queries, explainer=explainer, settings=settings, progress=False)
        ends.update(answer.status.value for answer in answers)
        proofs.update(answer.proof.value for answer in answers if answer.proof)
        sizes += sum(len(answer.items) for answer in answers if answer.valid)
        count += len(answers)
        if time.perf_counter() - last > 20 or start + len(block) == len(users):
            last = time.perf_counter()
            done = f"{start + len(block):,} of {len(users):,} users, {count / (last - began):.1f} queries/s, {peak():.2f} GiB"
            print(done, file=sys.stderr, flush=True)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    return {
        "part": "stream",
        "method": explainer,
        "items": len(recommender.catalogue),
        "users": len(users),
        "queries": count,
        "seconds": seconds,
        "processor_seconds": worked,
        "queries_per_processor_s": count / worked,
        "peak_gib": peak(),
        "mean_size": sizes / max(1, sum(proofs.values())),
        "statuses": dict(ends),
        "proofs": dict(proofs),
    }


def hold(recommender: topple.Recommender, histories: Histories, k: int) -> tuple[list[topple.Query], dict[str, Any]]:
    """Return k queries of every user to be held, and a row on the memory; what the targets are is all one for that."""
    began = time.process_time()
    held = topple.top_k_queries(recommender, histories, targets=recommender.catalogue.vocabulary.decode(range(k)), k=k)
    row = {
        "part": "stream",
        "method": "none, queries held",
        "items": len(recommender.catalogue),
        "users": len(histories),
    }
    return held, row | {"queries": len(held), "processor_seconds": time.process_time() - began, "peak_gib": peak()}


def peak() -> float:
    """Return the most memory this process has held, in GiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**30 if sys.platform == "darwin" else 2**20)


def sample(histories: Histories, users: int) -> dict[UserId, Sequence[ItemId]]:
    """Return the histories of some users, drawn by a fixed seed, in their order; all for 0."""
    names = list(histories)
    if not users or users >= len(names):
        return dict(histories)
    chosen = sorted(generator(0, "growth").permutation(len(names))[:users].tolist())
    return {names[place]: histories[names[place]] for place in chosen}


def epinions_world(
    options: argparse.Namespace, items: int | None, recommender: str = "mult-vae"
) -> tuple[topple.Recommender, Histories]:
    """Return a model over so many items of Epinions, and the histories of all its users."""
    folder = large_catalogue.model_folder(options.epinions, items, options.max_minutes, options.build, recommender)
    found = large_catalogue.interactions(options.epinions, items)
    return topple.load_model(folder), large_catalogue.histories(found)


def draw(found: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw milliseconds a query against history length, k and catalogue size."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    axes_of = {
        "history length": "items in the history",
        "k": "k, length of the list",
        "catalogue": "items in the catalogue",
    }
    parts = [part for part in axes_of if any(row["part"] == part for row in found)]
    figure, panels = plt.subplots(1, len(parts), figsize=(3.6 * len(parts), 3.1), sharey=True, squeeze=False)
    for panel, part in zip(panels[0], parts, strict=True):
        for method, colour, mark in (("auto", "#c44e52", "s"), ("auto, no proof", "#4c72b0", "o")):
            mine = sorted(
                (r["at"], r["median_ms_per_query"]) for r in found if (r["part"], r["method"]) == (part, method)
            )
            panel.plot(*zip(*mine, strict=True), color=colour, marker=mark, markersize=4, label=method)
        its = {round(row["at"]): row["hidden"] for row in found if row["part"] == part}
        ticks, hidden = sorted(its), ", ".join(str(its[at]) for at in sorted(its))
        note = f"hidden units: {hidden}" if part == "catalogue" else f"catalogue of {found[0]['items']:,}"
        panel.set(xscale="log", yscale="log", xlabel=f"{axes_of[part]}\n({note})")
        panel.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        panel.minorticks_off()
        panel.yaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,g}"))
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0][0].set_ylabel("ms a query (median)")
    panels[0][0].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def show(found: Sequence[dict[str, Any]]) -> None:
    """Print the rows of the curves, and the streams."""
    columns = ("part", "at", "method", "items", "k", "users", "median_ms_per_query", "most_ms_per_query", "mean_size")
    table = Table(title="growth: milliseconds a query, verification included, one core")
    for column in columns:
        table.add_column(column, justify="left" if column in ("part", "method") else "right")
    for row in found:
        if row["part"] != "stream":
            table.add_row(*(cell(row[column]) for column in columns))
    if table.rows:
        Console(width=150).print(table)
    for row in found:
        if row["part"] == "stream":
            Console(width=150).print("stream: " + ", ".join(f"{name} {cell(value)}" for name, value in row.items()))


def cell(value: Any) -> str:
    """Return a value as it stands in a table."""
    return (
        f"{value:,.2f}"
        if isinstance(value, float) and value % 1
        else f"{value:,.0f}"
        if isinstance(value, int | float)
        else str(value)
    )


def main() -> None:
    """Measure what the options name; print, write build/growth.json, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="model folder with its data")
    parser.add_argument("--epinions", type=Path, help="folder of interactions.csv.gz")
    parser.add_argument("--users", type=int, default=8, help="users of each point")
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--stream", type=int, default=None, help="only stream so many users of all Epinions, 0 for all")
    parser.add_argument(
        "--recommender", default="item-knn", choices=list(large_catalogue.SETTINGS), help="of the stream"
    )
    parser.add_argument("--explainer", default="auto", help="of the stream")
    parser.add_argument("--hold", action="store_true", help="hold the queries of all users meanwhile")
    parser.add_argument("--max-minutes", type=float, default=3.0, help="of fitting each large model")
    parser.add_argument("--build", type=Path, default=Path("build/growth"), help="where large models are kept")
    parser.add_argument("--picture", type=Path, help="draw the curves here")
    options = parser.parse_args()
    if options.epinions is None and (options.model is None or options.stream is not None):
        parser.error("give --model, --epinions, or both; --stream needs --epinions")
    torch.set_num_threads(1)
    found: list[dict[str, Any]] = []
    if options.stream is not None:
        recommender, histories = epinions_world(options, None, options.recommender)
        held, row = hold(recommender, histories, options.k) if options.hold else ([], {})
        some = sample(histories, options.stream)
        found.append(stream(recommender, some, k=options.k, explainer=options.explainer))
        found += [row] if held else []
    else:
        worlds: list[tuple[topple.Recommender, Histories]] = []
        if options.model:
            split = topple.load_model_split(options.model)
            assert split is not None, "the model folder holds no data"
            worlds.append((topple.load_model(options.model), split.histories()))
            found += rows(*worlds[0], k=options.k, users=options.users)
        worlds += [epinions_world(options, items) for items in CATALOGUES if options.epinions]
        found += catalogue_rows(worlds, k=options.k, users=options.users)
    show(found)
    target = Path("build/growth-stream.json" if options.stream is not None else "build/growth.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"threads": 1, "rows": found}, indent=2) + "\n")
    if options.picture and options.stream is None:
        draw(found, options.picture)


if __name__ == "__main__":
    main()
