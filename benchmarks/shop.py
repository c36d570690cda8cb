"""A shop's setting: `python -m benchmarks.shop [--users 200000 --items 50000] [--requests 200 --batch 1000]`.

Drawn purchases with a long tail of popularity and with counts; implicit's ALS on BM25 weights; lists as implicit recommends them, with
factors solved for anew (`recalculate_user=True`) and with stored ones. Printed: how many of these lists are those that topple explains;
the time of a request (the top-5 of one user explained, warm) and of a query of a batch, by the clock and of the processor (about the
time of a quiet machine); the peak of the memory so far. The model is trained in a process that ends, so that the memory is a server's.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, load_npz, save_npz

import topple
from benchmarks import results
from benchmarks.timing import one_core, peak, timed
from topple.types import CsrMatrix, IntArray

CATEGORIES = 100
"""Kinds of goods; most users buy of few."""
LOYAL = 0.7
"""Share of the purchases that are of a user's three categories."""
LISTED, EXPLAINED, WARM = 10, 5, 10
"""Items of a shown list, how many of them are explained, and requests before the time is taken."""
AGREEMENT = 0.99
"""Share of the lists with factors solved for anew that must be those that topple explains."""


def purchases(users: int, items: int, seed: int = 0) -> CsrMatrix:
    """Return how often each user bought each item [users, items], about 25 purchases a user."""
    random = np.random.default_rng(seed)
    popularity = 1 / (np.arange(items) + 10.0)
    category = random.integers(CATEGORIES, size=items)
    count = np.clip(random.lognormal(2.9, 0.8, users).astype(np.int64), 3, min(300, items // 10))
    user = np.repeat(np.arange(users), count)
    of_user = random.integers(CATEGORIES, size=(users, 3))
    chosen = np.where(random.random(len(user)) < LOYAL, of_user[user, random.integers(3, size=len(user))], -1)
    item = _drawn(np.cumsum(popularity), random.random(len(user)))
    for kind in range(CATEGORIES):
        members, drawn = np.flatnonzero(category == kind), np.flatnonzero(chosen == kind)
        if len(members):
            item[drawn] = members[_drawn(np.cumsum(popularity[members]), random.random(len(drawn)))]
    times = random.geometric(0.6, len(user)).astype(np.float32)
    return csr_matrix((times, (user, item)), shape=(users, items))  # what comes again is added up


def _drawn(cumulated: Any, share: Any) -> IntArray:
    """Return which of the items is drawn by each share of the whole."""
    found: IntArray = np.searchsorted(cumulated, share * cumulated[-1], side="right").clip(max=len(cumulated) - 1)
    return found


def train(folder: str, given: argparse.Namespace) -> None:
    """Train, and write the model, the weights and the lists that implicit recommends to the sampled users."""
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import bm25_weight

    started = time.perf_counter()
    bought = purchases(given.users, given.items, given.seed)
    weights = bm25_weight(bought, K1=100, B=0.8).tocsr().astype(np.float32)
    als = AlternatingLeastSquares(
        factors=given.factors,
        alpha=2.0,
        regularization=0.05,
        iterations=given.iterations,
        random_state=0,
        num_threads=1,
    )
    als.fit(weights, show_progress=False)
    sample = np.sort(np.random.default_rng(1).choice(given.users, min(given.lists, given.users), replace=False))
    for name, anew in (("anew", True), ("stored", False)):
        lists, _ = als.recommend(
            sample, weights[sample], N=LISTED, filter_already_liked_items=True, recalculate_user=anew
        )
        np.save(Path(folder, f"{name}.npy"), lists)
    np.save(Path(folder, "sample.npy"), sample)
    als.save(str(Path(folder, "als.npz")))
    save_npz(Path(folder, "weights.npz"), weights)
    top = np.sort(np.asarray((bought > 0).sum(0)).ravel())[::-1]
    print(
        f"{given.users:,} users, {given.items:,} items, {bought.nnz:,} pairs, {bought.sum():,.0f} purchases; the most bought tenth of "
        f"the items has {top[: len(top) // 10].sum() / top.sum():.0%} of the pairs. ALS on BM25 weights, {given.factors} factors, "
        f"{given.iterations} iterations: {time.perf_counter() - started:.0f} s with the drawing.",
        flush=True,
    )


def histories_of(weights: CsrMatrix, users: Iterable[int]) -> dict[int, topple.History]:
    """Return the histories of users, with weights."""
    rows = {int(user): weights[[int(user)]] for user in users}
    return {user: topple.History(row.indices.tolist(), row.data.tolist()) for user, row in rows.items()}


@dataclass
class Spent:
    """What calls of `explain` took, in milliseconds by the clock and of the processor, and how the answers ended."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)

    def explain(self, model: Any, histories: Mapping[int, Any], effort: str) -> None:
        """Explain the top-5 of users in one call."""
        found, processor, clock = timed(
            lambda: topple.explain(model, histories, k=EXPLAINED, effort=effort, progress=False)
        )
        self.clock.append(1000 * clock)
        self.processor.append(1000 * processor)
        self.ended.update(each.proof.value if each.proof else each.status.value for each in found)

    def __str__(self) -> str:
        return ", ".join(f"{name} {count / self.ended.total():.3f}" for name, count in self.ended.most_common())


TOLD: list[dict[str, Any]] = []
"""The rows of the table so far."""


def row(what: str, of: str, result: str, before: float | None = None) -> None:
    """Print a row of the table, with the memory now, and hold it."""
    most = f"{peak():.2f}" if before is None else f"{before:.2f} -> {peak():.2f}"
    print(f"{what:<32} {of:<20} {most:<13} {result}", flush=True)
    TOLD.append({"asked": what, "of": of, "result": result, "peak GiB so far": most})


def measure(folder: str, given: argparse.Namespace) -> float:
    """Measure, print the table, and return the share of the lists with new factors that are those explained."""
    from implicit.cpu.als import AlternatingLeastSquares

    als, weights = AlternatingLeastSquares.load(str(Path(folder, "als.npz"))), load_npz(Path(folder, "weights.npz"))
    histories, before = histories_of(weights, np.load(Path(folder, "sample.npy"))), peak()
    print(f"\n{'what':<32} {'of':<20} {'peak GiB':<13} result")
    model, _, clock = timed(lambda: topple.wrap(als, "implicit", range(given.items)))
    row("wrap", "1 model", f"{clock:.1f} s", before)
    shares = {}
    for name, words in (("anew", "lists, factors solved for anew"), ("stored", "lists, stored factors")):
        shown = dict(zip(histories, np.load(Path(folder, f"{name}.npy")).tolist(), strict=True))
        found = topple.agreement(model, shown, LISTED, histories=histories)
        shares[name] = found.share
        told = f"{found.share:.3f} are those explained, mean overlap {found.overlap:.3f}"
        row(words, f"{len(shown):,} lists of {LISTED}", told)
    for effort in given.efforts:
        times(model, histories, effort, given)
    return shares["anew"]


def times(model: Any, histories: Mapping[int, Any], effort: str, given: argparse.Namespace) -> None:
    """Print how long one request takes, once the model is warm, and a query of a batch."""
    users, alone, together = list(histories), Spent(), Spent()
    for user in users[:WARM]:
        Spent().explain(model, {user: histories[user]}, effort)
    for number in range(given.requests):
        user = users[number % len(users)]
        alone.explain(model, {user: histories[user]}, effort)
    (middle, high), (own, most) = (np.quantile(each, [0.5, 0.95]) for each in (alone.clock, alone.processor))
    told = f"p50 {middle:.0f} ms, p95 {high:.0f} ms (processor {own:.0f} and {most:.0f}): {alone}"
    row(f"a request, {effort}", f"{given.requests:,} users, top-{EXPLAINED}", told)
    together.explain(model, {user: histories[user] for user in users[: given.batch]}, effort)
    count = together.ended.total()
    told = f"{together.clock[0] / count:.1f} ms a query (processor {together.processor[0] / count:.1f}): {together}"
    row(f"a batch, {effort}", f"{count:,} queries", told)


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 1 where too few lists are those that are explained."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("users", 200_000), ("items", 50_000), ("factors", 64), ("iterations", 15), ("lists", 1000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    for name, value in (("requests", 200), ("batch", 1000), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--efforts", nargs="+", default=["instant", "balanced"])
    parser.add_argument("--keep", action="store_true", help="keep the table in build/bench.json")
    given = parser.parse_args(arguments)
    if (
        min(given.users, given.items) < 100
        or min(given.factors, given.iterations, given.lists, given.requests, given.batch) < 1
    ):
        parser.error("--users and --items are at least 100, the other counts at least 1")
    one_core()
    with tempfile.TemporaryDirectory() as folder:
        training = multiprocessing.get_context("spawn").Process(target=train, args=(folder, given))
        training.start()
        training.join()
        if training.exitcode:
            return int(training.exitcode)
        share = measure(folder, given)
    if given.keep:
        results.keep({"shop": TOLD})
    return int(share < AGREEMENT)


if __name__ == "__main__":
    sys.exit(main())
