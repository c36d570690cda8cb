"""Where the time of an answer goes, step by step: one core, time of the processor.

    python -m benchmarks.steps FOLDER ...              the models under these folders, a batch and requests of one user each
    python -m benchmarks.steps                         a model and a method that cost next to nothing: what is left are records
    python -m benchmarks.steps FOLDER --sample         which functions are at work, looked at every 4 milliseconds

The functions of `STEPS` are wrapped while they are timed, and each is counted without the others that it calls: *lists* are the scores of
the unchanged history and its list, *ranks* where targets stand in it, *search* the set, *proof* that none is smaller, *judge* the
re-ranking of the set, and *records* everything else: checks, encoding, queries, Explanations. *Compiled* is the share of all this in
compiled loops, *torch* the share in operations of torch, of a run of its own in which these are noted, so about.
*Bound*: see `benchmarks.bounds`.
"""

import argparse
import importlib
import json
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import torch

import topple
from benchmarks import results
from benchmarks.methods import METHODS
from benchmarks.speed import model_folders
from benchmarks.timing import one_core, repeated, timed
from benchmarks.toys import cheap_world
from topple.api.explaining import make_explainer
from topple.explainers.base import Explainer

STEPS = {
    "topple.scoring.unchanged:UnchangedScores.__init__": "lists",
    "topple.scoring.unchanged:UnchangedScores.best": "lists",
    "topple.scoring.unchanged:UnchangedScores.levels": "lists",
    "topple.scoring.unchanged:UnchangedScores.stand": "ranks",
    "topple.scoring.unchanged:UnchangedScores.tied": "ranks",
    "topple.explainers.exact:Exact.proven": "proof",
    "topple.explainers.auto:Auto._bounds": "proof",
    "topple.explainers.auto:Auto._enumerated": "proof",
    "topple.verification.judging:Judge.verdicts": "judge",
    "topple.verification.judging:recorded": "records",
}
"""Functions by their step. The search is `propose` of the method; what is in none of them counts as records."""
NAMES = ("lists", "ranks", "search", "proof", "judge", "records")
K, LEAST = 5, 2
"""Length of the lists, and users of a batch, however long they take."""
EVERY = 4e-3
"""Seconds of the processor between two samples; the clock of Linux is no finer."""
SOURCE = Path(topple.__file__).parent


class Stopwatch:
    """Adds up what wrapped functions take, each without the others that it calls."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._inside: list[float] = []
        self._running = 0

    def around(self, function: Callable[..., Any], step: str, *, outermost: bool = False) -> Callable[..., Any]:
        """Return the function, timed as a step; with `outermost`, beside the steps, and not where another is at work."""

        def call(*args: Any, **kwargs: Any) -> Any:
            if outermost and self._running:
                return function(*args, **kwargs)
            began = time.process_time()
            self._running += outermost
            if not outermost:
                self._inside.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                self._running -= outermost
                took = time.process_time() - began
                inside = 0.0 if outermost else self._inside.pop()
                self.seconds[step] += took - inside
                if self._inside and not outermost:
                    self._inside[-1] += took

        return call


@contextmanager
def watched(method: type[Explainer]) -> Iterator[Stopwatch]:
    """Time the steps, and compiled functions that are loaded by now, until the end."""
    watch, before = Stopwatch(), []
    named = {**STEPS, f"{method.__module__}:{method.__name__}.propose": "search"}
    for name, step in named.items():
        owner, attribute = _owner(name)
        if owner is not None:
            before.append((owner, attribute, getattr(owner, attribute)))
            setattr(owner, attribute, watch.around(getattr(owner, attribute), step))
    for module, attribute, function in _compiled():
        before.append((module, attribute, function))
        setattr(module, attribute, watch.around(function, "compiled", outermost=True))
    try:
        yield watch
    finally:
        for owner, attribute, function in reversed(before):
            setattr(owner, attribute, function)


def _owner(name: str) -> tuple[Any, str]:
    """Return what holds a function and under which name; None, and say so, where this version has no such function."""
    module, _, path = name.partition(":")
    *classes, attribute = path.split(".")
    try:
        owner: Any = importlib.import_module(module)
        for each in classes:
            owner = getattr(owner, each)
        getattr(owner, attribute)
    except (ImportError, AttributeError):
        print(f"{name} is not in this version: its time counts for what calls it", file=sys.stderr)
        return None, attribute
    return owner, attribute


def _compiled() -> list[tuple[Any, str, Any]]:
    """Return the compiled functions of topple that are loaded, with the modules that hold them."""
    loaded = [module for name, module in sys.modules.items() if name.startswith("topple.")]
    return [(m, name, value) for m in loaded for name, value in list(vars(m).items()) if hasattr(value, "py_func")]


def measured(call: Callable[[], Sequence[topple.Explanation]], method: type[Explainer], calls: int) -> dict[str, Any]:
    """Return the microseconds a query of each step, and the shares of compiled loops and of torch."""
    call()
    runs = []
    with watched(method) as watch:
        for _ in range(calls):
            watch.seconds.clear()
            seconds = timed(call).seconds
            steps = {name: watch.seconds[name] for name in NAMES}
            steps["records"] += seconds - sum(steps.values())
            runs.append({**steps, "compiled": watch.seconds["compiled"]})
    plain = repeated(call, calls)  # the wrappers take time too, so that steps are shares of this
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    whole = sum(middle[name] for name in NAMES)
    queries = len(plain.result)
    us = 1e6 * plain.seconds / queries
    return {
        "queries": queries,
        "us": us,
        **{name: us * middle[name] / whole for name in NAMES},
        "compiled": middle["compiled"] / whole,
        "torch": torch_share(call),
        "scored": sum(answer.cost for answer in plain.result),
    }


def torch_share(call: Callable[[], object]) -> float:
    """Return the share of a call in operations of torch, noted by its profiler; of nested ones the outermost counts."""
    with torch.autograd.profiler.profile() as noted:
        seconds = timed(call).clock
    events = sorted((e.start_ns(), e.duration_ns()) for e in noted.kineto_results.events())
    covered, until = 0, 0
    for start, duration in events:
        covered += max(0, start + duration - max(start, until))
        until = max(until, start + duration)
    return min(1.0, 1e-9 * covered / seconds)


def sampled(call: Callable[[], object], calls: int) -> dict[str, float]:
    """Return the share of each function of topple that was at work when that was looked at, most first."""
    found: Counter[str] = Counter()

    def note(_: int, frame: FrameType | None) -> None:
        while frame is not None and not frame.f_code.co_filename.startswith(str(SOURCE)):
            frame = frame.f_back
        if frame is not None:
            found[f"{Path(frame.f_code.co_filename).relative_to(SOURCE)}:{frame.f_code.co_name}"] += 1

    before = signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    try:
        for _ in range(calls):
            call()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return {step: round(count / found.total(), 3) for step, count in found.most_common(40)}


def model_rows(world: str, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row a method, of a batch and of requests of one user each, of the model in a folder."""
    from benchmarks.bounds import bound  # numba; not needed without a model

    recommender, split = topple.load_model(folder), topple.load_model_split(folder)
    assert split is not None, f"{folder} holds no data"
    rows = []
    for name in options.steps_of:
        histories = _affordable(recommender, split.histories(limit=options.users), name, options.seconds)
        queries = topple.top_k_queries(recommender, histories, k=K)
        method = METHODS[name]
        asked: dict[str, Any] = {"explainer": method.explainer, "settings": method.settings, "progress": False}
        few = dict(list(histories.items())[:8])
        many = options.calls if len(histories) > LEAST else 1  # a model that slow is timed once
        calls = {
            "batch": partial(topple.explain_queries, recommender, queries, **asked),
            "request": partial(_one_by_one, recommender, few, asked),
        }
        kind = type(make_explainer(method.explainer))
        for ask, call in calls.items():
            row = {"world": world, "recommender": recommender.name, "method": name, "ask": ask}
            row |= measured(call, kind, many)
            if ask == "batch":
                row["bound"], seconds = bound(recommender, queries, row["scored"])
                row["bound_us"] = 1e6 * seconds / len(queries)
            rows.append(row)
            if options.sample:
                print(json.dumps({"sampled": row["recommender"], "ask": ask, **sampled(call, options.calls)}, indent=1))
    return rows


def _affordable(recommender: Any, histories: Mapping[Any, Any], name: str, seconds: float) -> dict[Any, Any]:
    """Return as many histories as a batch of so many seconds holds, two at least."""
    method = METHODS[name]
    few = topple.top_k_queries(recommender, dict(list(histories.items())[:LEAST]), k=K)
    asked: dict[str, Any] = {"explainer": method.explainer, "settings": method.settings, "progress": False}
    topple.explain_queries(recommender, few, **asked)
    each = timed(lambda: topple.explain_queries(recommender, few, **asked)).seconds / LEAST
    return dict(list(histories.items())[: max(LEAST, int(seconds / each))])


def _one_by_one(recommender: Any, histories: Mapping[Any, Any], asked: dict[str, Any]) -> list[topple.Explanation]:
    return [each for history in histories.values() for each in topple.explain(recommender, history, k=K, **asked)]


def record_rows(calls: int, sample: bool) -> list[dict[str, Any]]:
    """Return what is left where model and method cost next to nothing: checks, encoding, records."""
    recommender, histories, method = cheap_world()
    queries, first = topple.top_k_queries(recommender, histories, k=K), next(iter(histories.values()))
    asked: dict[str, Any] = {"explainer": method, "progress": False}
    found = []
    for name, call in {
        "queries that are given": partial(topple.explain_queries, recommender, queries, **asked),
        "lists of 200 users": partial(topple.explain, recommender, histories, k=K, **asked),
        "one history": partial(_one_by_one, recommender, {0: first}, asked),
    }.items():
        number = calls * 10 if name == "one history" else calls
        found.append({"call": name, **measured(call, type(method), number)})
        if sample:
            print(json.dumps({"sampled": name, **sampled(call, number)}, indent=1))
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `measure` reads; `benchmarks.bench` has them too."""
    parser.add_argument(
        "--steps-of", nargs="+", default=["auto, no proof", "auto"], choices=list(METHODS), metavar="METHOD"
    )
    parser.add_argument("--calls", type=int, default=2, help="calls of which the median counts")
    parser.add_argument("--sample", action="store_true", help="print which functions are at work too")


def measure(folders: Sequence[Path], options: argparse.Namespace) -> None:
    """Measure the models under folders, and the records; keep the rows as they come, and print them."""
    for world, folder in model_folders(folders) if folders else []:
        rows = model_rows(world, folder, options)
        results.keep({"steps": rows})
        tell(rows)
    records = record_rows(options.calls, options.sample)
    results.keep({"records": records})
    tell(records)


def tell(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows."""
    for row in rows:
        lead = " ".join(str(row[key]) for key in ("world", "recommender", "method", "ask", "call") if key in row)
        split = ", ".join(f"{name} {row[name]:,.1f}" for name in NAMES)
        shares = f"compiled {row['compiled']:.2f}, torch {row['torch']:.2f}"
        bound = f", bound {row['bound_us']:,.1f} ({row['bound']})" if "bound" in row else ""
        print(f"{lead}: {row['us']:,.1f} us a query: {split}; {shares}{bound}", flush=True)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*", help="model folders with their data, or folders of them")
    parser.add_argument("--users", type=int, default=200, help="the first so many test users")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="most seconds of a batch; fewer users where it would take more"
    )
    add_arguments(parser)
    options = parser.parse_args()
    one_core()
    measure(options.models, options)


if __name__ == "__main__":
    main()
