"""What an answer costs besides scoring, searching and ranking: checks, encoding, records. One core, time of the processor.

    python benchmarks/records.py                   1,000 queries, 200 users x 5 targets, of a model and a method that cost next to nothing
    python benchmarks/records.py --model FOLDER    the same of a model folder with its data, by `auto` without proof

Times are medians of `--calls` calls. Those by step are sampled: every 4 milliseconds it is noted which function of topple is at
work, and what libraries do counts for the function that called them. "records" sums the steps in the files of `RECORDS`.
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
from topple.explainers.base import Explainer
from topple.randomness import generator
from topple.records.claims import Claims
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch

ITEMS, USERS, EVENTS, K = 400, 200, 40, 5
EVERY = 4e-3
"""Seconds of the processor between two samples; the clock of Linux is no finer."""
SOURCE = Path(topple.__file__).parent
RECORDS = ("api/", "records/", "data/", "scoring/checks.py", "scoring/encoding.py", "randomness.py", "errors.py", "settings.py", "types.py",
           "verification/recording.py", "verification/stamps.py", "verification/verify.py", "reports/")  # fmt: skip
"""Folders and files that neither score, nor search, nor rank."""


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


def seconds(call: Callable[[], object], calls: int) -> float:
    """Return the median time of the processor that a call takes."""
    call()
    times = []
    for _ in range(calls):
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return statistics.median(times)


def measured(call: Callable[[], object], calls: int, queries: int) -> dict[str, Any]:
    """Return the microseconds a query of a call, in all, of records, and by step."""
    took, steps = seconds(call, calls), sampled(call, calls)
    one = 1e6 * took / queries / sum(steps.values())
    records = sum(count for step, count in steps.items() if step.startswith(RECORDS))
    by_step = {step: round(count * one, 1) for step, count in steps.most_common()}
    return {
        "in all": round(1e6 * took / queries, 1),
        "records": round(records * one, 1),
        "steps": {step: share for step, share in by_step.items() if share >= 0.1},
    }


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", metavar="FOLDER", help="a model folder with its data")
    parser.add_argument("--calls", type=int, default=20, help="calls of 1,000 queries that are timed")
    parser.add_argument("--steps", action="store_true", help="print the time of each step")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    recommender, histories, method = toy() if chosen.model is None else stored(chosen.model)
    queries, first = topple.top_k_queries(recommender, histories, k=K), next(iter(histories.values()))
    calls = {
        "explain_queries": partial(topple.explain_queries, recommender, queries, progress=False, **method),
        "explain, of users": partial(topple.explain, recommender, histories, k=K, progress=False, **method),
        "explain, of one history": partial(topple.explain, recommender, first, k=K, progress=False, **method),
    }
    for name, call in calls.items():
        few = name == "explain, of one history"
        found = measured(call, chosen.calls * 50 if few else chosen.calls, K if few else len(queries))
        if not chosen.steps:
            del found["steps"]
        print(json.dumps({"call": name, "us a query": found}, indent=1 if chosen.steps else None))


if __name__ == "__main__":
    main()
