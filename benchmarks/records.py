"""What an answer costs besides scoring, searching and ranking: checks, encoding, records. One core, time of the processor.

    python benchmarks/records.py                   1,000 queries, 200 users x 5 targets, of a model and a method that cost next to nothing
    python benchmarks/records.py --model FOLDER    the same of a model folder with its data, by `auto` without proof

Times are medians of `--calls` calls. "records" is a call less what is in `ELSEWHERE`. With `--steps`, it is noted every 4
milliseconds which function of topple is at work: what libraries do counts for the function that called them, or for the next one.
"""

import argparse
import json
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import torch

import topple
from topple.api.explaining import chosen_explainer
from topple.explainers.base import Explainer
from topple.randomness import generator
from topple.records.claims import Claims
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.scoring.variations import HistoryBatch
from topple.verification import judging
from topple.verification.judging import Judge

ITEMS, USERS, EVENTS, K = 400, 200, 40, 5
EVERY = 4e-3
"""Seconds of the processor between two samples; the clock of Linux is no finer."""
SOURCE = Path(topple.__file__).parent
ELSEWHERE = ((UnchangedScores, "__init__"), (UnchangedScores, "ranks"), (UnchangedScores, "best"), (Judge, "verdicts"))
"""What scores and ranks. The search is `propose` of the method, and Verdicts are made by `recorded`, within the last of these."""


class NextItem(Recommender):
    """Recommends the successors of what was met; costs next to nothing."""

    name = "next-item"

    def score(
        self, histories: HistoryBatch, keep: torch.Tensor, candidates: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return 1 for each successor of an item that is kept, and a little more for an item of a larger number."""
        little = torch.arange(len(self.catalogue), dtype=keep.dtype) / 1e4
        scores = little.repeat(*keep.shape[:2], 1)  # [B, S, I]
        after = ((histories.items + 1) % len(self.catalogue))[:, None].expand(keep.shape)
        scores.scatter_add_(2, after, keep)
        return scores if candidates is None else scores.gather(2, candidates[:, None].expand(*keep.shape[:2], -1))


class Predecessor(Explainer):
    """Names the item before the target."""

    name = "predecessor"

    def propose(
        self, recommender: Recommender, queries: EncodedQueries, on_progress: Any = None, meter: Any = None
    ) -> Claims:
        """Claim the position of the item before each target."""
        before = (queries.target - 1) % len(recommender.catalogue)
        present = queries.histories.present[queries.row]
        return Claims.unproven(present & (queries.histories.items[queries.row] == before[:, None]), queries.row * 0 + 1)


def toy() -> tuple[Recommender, dict[Any, tuple[Any, ...]], dict[str, Any]]:
    """Return a model, histories and a method that cost next to nothing."""
    catalogue = topple.Catalogue(topple.Vocabulary([f"item-{number}" for number in range(ITEMS)]))
    draws = generator(0, "records")
    drawn = {user: draws.choice(ITEMS, EVENTS, replace=False) for user in range(USERS)}
    histories = {user: tuple(f"item-{number}" for number in numbers) for user, numbers in drawn.items()}
    return NextItem(catalogue), histories, {"explainer": Predecessor()}


def stored(folder: str) -> tuple[Recommender, dict[Any, tuple[Any, ...]], dict[str, Any]]:
    """Return a stored model, histories of test users, and the default method without proof."""
    recommender, split = topple.load_model(folder), topple.read_split(Path(folder) / "split")
    histories = split.histories(limit=USERS)
    return recommender, histories, {"explainer": "auto", "settings": {"budget": 0}}


def sampled(call: Callable[[], object], calls: int) -> Counter[str]:
    """Return how often a function of topple was at work when that was looked at, by file and name."""
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
    return found


class Elsewhere:
    """Counts the time of the processor that is spent elsewhere than on records."""

    def __init__(self, method: type[Explainer]) -> None:
        self.seconds, self._depth = 0.0, 0
        for owner, name in (*ELSEWHERE, (method, "propose")):
            setattr(owner, name, self._timed(getattr(owner, name), 1))
        judging.recorded = self._timed(judging.recorded, -1)

    def _timed(self, function: Callable[..., Any], sign: int) -> Callable[..., Any]:
        """Return the function, of whose calls the outermost are counted, or with a sign of -1 taken off."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            self._depth += sign
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= sign
                if self._depth == (sign < 0):
                    self.seconds += sign * (time.process_time() - began)

        return timed


def measured(call: Callable[[], object], calls: int, queries: int, elsewhere: Elsewhere) -> dict[str, float]:
    """Return the medians of the microseconds a query of a call, in all and of records."""
    call()
    times = []
    for _ in range(calls):
        began, elsewhere.seconds = time.process_time(), 0.0
        call()
        took = time.process_time() - began
        times.append((took, took - elsewhere.seconds))
    whole, records = (1e6 * statistics.median(several) / queries for several in zip(*times, strict=True))
    return {"in all": round(whole, 1), "records": round(records, 1)}


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", metavar="FOLDER", help="a model folder with its data")
    parser.add_argument("--calls", type=int, default=20, help="calls of 1,000 queries that are timed")
    parser.add_argument("--steps", action="store_true", help="print the share of each step too")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    recommender, histories, method = toy() if chosen.model is None else stored(chosen.model)
    queries, first = topple.top_k_queries(recommender, histories, k=K), next(iter(histories.values()))
    calls = {
        "explain_queries": partial(topple.explain_queries, recommender, queries, progress=False, **method),
        "explain, of users": partial(topple.explain, recommender, histories, k=K, progress=False, **method),
        "explain, of one history": partial(topple.explain, recommender, first, k=K, progress=False, **method),
    }
    asked = chosen_explainer(method["explainer"], method.get("settings"))
    elsewhere = Elsewhere(type(asked))
    for name, call in calls.items():
        few = name == "explain, of one history"
        number = chosen.calls * 50 if few else chosen.calls
        times = measured(call, number, K if few else len(queries), elsewhere)
        print(json.dumps({"call": name, "us a query": times}))
        if chosen.steps:
            found = sampled(call, number)
            print(
                json.dumps(
                    {step: round(count / sum(found.values()), 3) for step, count in found.most_common(40)}, indent=1
                )
            )


if __name__ == "__main__":
    main()
