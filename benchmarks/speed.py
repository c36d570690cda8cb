"""How long answers take, model by model, and how long in another version of topple on the same queries.

    python -m benchmarks.speed --models FOLDER ...                       every model folder under these
    python -m benchmarks.speed --models FOLDER ... --beside aafc62b      a revision, or a checkout of another version, in turn

Each version runs in a process of its own, which stands ready: the same model folders, the same histories, in turn, one core, time of
the processor, verification included. A row is a model and a method: "request" is one call for the five targets of one user, "recommend" a
list, the other methods batches. Times are medians over the pairs, the ratio is the median of the ratios of pairs. The first call, in which
compiled loops are read from the disk, or compiled where that is new (`topple doctor` does it ahead), is apart. With --fits, trainings of
all recommenders are timed too, of two epochs where they have epochs. With --differences, queries that end otherwise are listed.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import topple
from benchmarks import results
from benchmarks.methods import METHODS, outcome
from benchmarks.timing import HERE, ratios
from benchmarks.versions import Version, VersionError, checkout_of, in_turn, running
from topple import registry

ASKED = ("auto, no proof", "greedy", "auto", "request, no proof", "recommend")
AIMS = {
    ("ml-100k", "ease", "auto, no proof"): 0.1,
    ("ml-100k", "item-knn", "auto, no proof"): 0.1,
    ("ml-100k", "bpr", "auto, no proof"): 0.15,
    ("ml-100k", "lightgcn", "auto, no proof"): 0.15,
    ("ml-100k", "als", "auto, no proof"): 0.4,
    ("ml-100k", "mult-vae", "auto, no proof"): 2.0,
    ("lcer", "mult-vae", "auto, no proof"): 2.0,
    ("ml-100k", "mult-dae", "auto, no proof"): 2.0,
    ("ml-100k", "neumf", "auto, no proof"): 20.0,
    ("ml-100k", "sasrec", "auto, no proof"): 40.0,
    ("ml-1m", "ease", "auto, no proof"): 0.12,
    ("ml-1m", "ease", "auto"): 1.0,
    ("ml-1m", "ease", "request, no proof"): 1.0,
    ("ml-1m", "mult-vae", "auto, no proof"): 6.0,
    ("lcer", "mult-vae", "auto"): 45.0,
    ("lcer", "mult-vae", "request, no proof"): 15.0,
    ("epinions", "item-knn", "auto, no proof"): 0.12,
}
"""Milliseconds a query, or a request, that were aimed at."""
PROBED, LEAST, FEWEST = 2, 4, 3
"""Users by whom it is seen how long a batch takes; least users of one, and fewest pairs, however long they take."""


def model_folders(given: Sequence[Path]) -> list[tuple[str, Path]]:
    """Return the model folders among and under folders, each with the name of its world: the folder above it.

    Raises:
        VersionError: there are none.
    """
    found = []
    for folder in given:
        inside = [folder] if (folder / "model.json").is_file() else [each.parent for each in _described(folder)]
        found += [(each.absolute().parent.name, each) for each in inside]
    if not found:
        raise VersionError(
            f"no model.json in {', '.join(map(str, given))}, nor under it. Give what `topple fit --out` wrote."
        )
    return found


def _described(folder: Path, depth: int = 3) -> list[Path]:
    """Return the descriptions of models under a folder; links are followed."""
    return sorted(path for level in range(depth) for path in folder.glob("*/" * (level + 1) + "model.json"))


def model_rows(
    world: str, folder: Path, checkouts: dict[str, Path], options: argparse.Namespace
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return a row a method and rule of one model, and a row on memory, loading and the first call.

    Where loops were compiled meanwhile, all is measured again with what is on the disk now: a compiler takes memory, and stands apart.
    """
    on_disk, compiling = _compiled(checkouts), {}
    while True:
        with running(checkouts) as versions:
            rows, memory = rows_of(list(versions.values()), world, folder, options)
        if compiling or _compiled(checkouts) == on_disk:
            return rows, {"compiling_s": None, "compiling_gib": None, **memory, **compiling}
        compiling = {"compiling_s": memory["first"], "compiling_gib": memory["gib"]}


def _compiled(checkouts: dict[str, Path]) -> int:
    """Return how many compiled functions are kept on the disk beside the source."""
    return sum(len(list(checkout.glob("src/topple/**/*.nbc"))) for checkout in checkouts.values())


def rows_of(
    stand: Sequence[Version], world: str, folder: Path, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the rows of one model, measured in versions that stand ready."""
    recommender = json.loads((folder / "model.json").read_text(encoding="utf-8"))["recommender"]
    histories = _histories(folder, options.users)
    with tempfile.TemporaryDirectory() as aside:
        file = Path(aside) / "histories.json"
        file.write_text(json.dumps(list(histories.items())), encoding="utf-8")
        loaded = [each.ask("load", folder=str(folder.absolute()), histories=str(file)) for each in stand]
    about = {"world": world, "recommender": recommender, "beside": stand[1].name if len(stand) > 1 else None}
    asked = [(m, rule) for m in options.methods for rule in (options.rules if m != "recommend" else [None])]
    first = [each.ask(users=2, **_asked("auto, no proof", "unseen_before")) for each in stand]
    rows = [
        {**about, "items": loaded[0]["items"], **row, "aim": AIMS.get((world, recommender, method))}
        for method, rule in asked
        if (row := method_row(stand, method, rule, len(histories), options)) is not None
    ]
    memory = {
        **about,
        "model": [each["how"] for each in loaded],
        "first": [each["clock"] for each in first],
        "compiler_gib": [each.started["compiler_gib"] for each in stand],
        "gib": [each.ask("memory")["gib"] for each in stand],
    }
    return rows, memory


def method_row(
    stand: Sequence[Version], method: str, rule: str | None, users: int, options: argparse.Namespace
) -> dict[str, Any] | None:
    """Return what a method takes in each version, as many users as fit into a batch, and what became of the queries."""
    what: dict[str, Any] = {"do": "recommend"} if method == "recommend" else _asked(method, str(rule))
    probe = [each.ask(users=min(users, PROBED), **what) for each in stand]
    most = max(each["seconds"] for each in probe) / max(1, min(users, PROBED))
    chosen = max(min(users, LEAST), min(users, int(options.seconds / max(most, 1e-9))))
    pairs = max(FEWEST, min(options.pairs, int(options.enough / max(1e-9, most * chosen * len(stand)))))
    answers = {} if method == "recommend" else {"answers": True}
    told = in_turn(stand, min(pairs, options.pairs), users=chosen, **what, **answers)
    if not told[0][0]["queries"]:
        return None
    row: dict[str, Any] = {"method": method, "rule": rule, "users": chosen, "queries": told[0][0]["queries"]}
    one = "each" in told[0][0]
    seconds = [
        [statistics.median(run["each"]) if one else run["seconds"] / run["queries"] for run in runs] for runs in told
    ]
    row["ms"] = [1000 * statistics.median(each) for each in seconds]
    if one:
        row["ms_p95"] = [1000 * float(np.quantile([s for run in runs for s in run["each"]], 0.95)) for runs in told]
    if len(stand) > 1:
        row |= ratios(seconds[0], seconds[1])
    if answers:
        ends = [runs[-1]["answers"] for runs in told]
        row |= {key: [outcome([each[2:] for each in end])[key] for end in ends] for key in outcome([])}
        if len(stand) > 1:
            row["differ"] = sum(a != b for a, b in zip(*ends, strict=True)) if len(ends[0]) == len(ends[1]) else None
            if options.differences:
                _tell_differences(f"{method}, {rule}", *ends)
    return row


def fit_row(name: str, checkouts: dict[str, Path], options: argparse.Namespace) -> dict[str, Any]:
    """Return how long a training of a recommender takes, of two epochs where it has epochs; the first warms up."""
    known: Any = registry.load("recommenders", name).settings_type.model_fields
    what = {"recommender": name, "dataset": options.dataset, "data_dir": str(options.fits.absolute())}
    with running(checkouts) as versions:
        stand = list(versions.values())
        told = in_turn(stand, options.pairs + 1, "fit", settings={"epochs": 2} if "epochs" in known else {}, **what)
        seconds = [[run["seconds"] for run in runs[1:]] for runs in told]
        about = {"world": options.dataset, "recommender": name, "method": "fit", "rule": None}
        row = about | {"beside": stand[1].name if len(stand) > 1 else None}
        row["ms"] = [1000 * statistics.median(each) for each in seconds]
        return row | (ratios(*seconds) if len(stand) > 1 else {})


def _histories(folder: Path, users: int | None) -> dict[Any, tuple[Any, ...]]:
    split = topple.load_model_split(folder)
    if split is None:
        raise VersionError(
            f"{folder} holds no data. Save the model with its split: topple.save_model(model, folder, split)."
        )
    return {user: tuple(history) for user, history in split.histories(limit=users).items()}


def _asked(method: str, rule: str) -> dict[str, Any]:
    chosen = METHODS[method]
    named = {key: value for key, value in asdict(chosen).items() if key in ("explainer", "settings", "goal")}
    return {"do": "requests" if chosen.one else "batch", "rule": rule, "budget": chosen.budget(), **named}


def _tell_differences(title: str, this: Sequence[list[Any]], other: Sequence[list[Any]]) -> None:
    differ = [(a, b) for a, b in zip(this, other, strict=False) if a != b]
    print(f"{title}: {len(differ)} queries end otherwise")
    for a, b in differ[:20]:
        print(f"  user {a[0]} target {a[1]}: {a[2:]}, and beside it {b[1:]}")


def show(rows: Sequence[dict[str, Any]], memory: Sequence[dict[str, Any]]) -> None:
    """Print the rows."""
    console = Console(width=170)
    table = Table(title="milliseconds a query, or a request of five; time of the processor, one core", highlight=False)
    for column in (
        "world",
        "recommender",
        "method",
        "rule",
        "ms",
        "aim",
        "ms beside",
        "ratio (least, most)",
        "found",
        "size",
        "minimal",
        "proven",
    ):
        table.add_column(column, overflow="fold")
    for row in rows:
        beside = (
            [f"{row['ms'][1]:.3f}", f"{row['ratio']:.2f} ({row['least']:.2f}, {row['most']:.2f})"]
            if "ratio" in row
            else ["", ""]
        )
        shares = [
            " | ".join(_cell(value) for value in row.get(key, [])) for key in ("found", "size", "minimal", "proven")
        ]
        lead = [row["world"], row["recommender"], row["method"], row["rule"] or "", f"{row['ms'][0]:.3f}"]
        table.add_row(*lead, _cell(row.get("aim")), *beside, *shares)
    console.print(table)
    for row in memory:
        first, gib = (" | ".join(f"{value:.2f}" for value in row[key]) for key in ("first", "gib"))
        how = " | ".join(row["model"])
        console.print(
            f"{row['world']} {row['recommender']}: model {how}; first call {first} s; at most {gib} GiB",
            highlight=False,
        )


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def measure(options: argparse.Namespace) -> None:
    """Measure what the options ask for, keep the rows of each model as they come, and print them."""
    checkouts = {"this": HERE} | ({"beside": checkout_of(options.beside)} if options.beside else {})
    rows, memory = [], []
    for world, folder in model_folders(options.models) if options.models else []:
        found, about = model_rows(world, folder, checkouts, options)
        results.keep({"speed": found, "memory": [about]})
        rows += found
        memory.append(about)
        print(f"{world} {about['recommender']} is measured", file=sys.stderr, flush=True)
    for name in registry.names("recommenders") if options.fits else []:
        row = fit_row(name, checkouts, options)
        results.keep({"speed": [row]})
        rows.append(row)
    show(rows, memory)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `measure` reads; `benchmarks.bench` has them too."""
    parser.add_argument(
        "--models", type=Path, nargs="+", default=[], help="model folders with their data, or folders of them"
    )
    parser.add_argument("--beside", metavar="VERSION", help="a revision, or a checkout of another version, run in turn")
    parser.add_argument(
        "--fits", type=Path, metavar="FOLDER", help="time trainings too, on the published files in this folder"
    )
    parser.add_argument("--dataset", default="ml-100k", help="of --fits")
    parser.add_argument(
        "--rules", nargs="+", default=["unseen_before"], choices=[rule.value for rule in topple.CandidateRule]
    )
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="most seconds of a batch; fewer users where it would take more"
    )
    parser.add_argument("--enough", type=float, default=20.0, help="seconds of a row after which three pairs do")
    parser.add_argument("--differences", action="store_true", help="list queries that end otherwise beside")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--methods", nargs="+", default=list(ASKED), choices=[*METHODS, "recommend"])
    parser.add_argument("--users", type=int, help="the first so many test users; all without")
    options = parser.parse_args()
    if not options.models and options.fits is None:
        parser.error("give --models, --fits, or both")
    try:
        measure(options)
    except VersionError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
