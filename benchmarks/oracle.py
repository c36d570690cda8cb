"""Holds what the library claims against brute force: `python -m benchmarks.oracle [--queries 50000] [--seed 0] [--processes 2]`.

An independent judge in NumPy (`tests/oracle`) scores every variation of short histories by the models' arrays, tries every set
that a query allows, and looks for claims that do not hold. It prints how many queries were asked, false claims by kind, cases
that rounding leaves undecided, and the share proven in worlds full of ties; each false claim with what reproduces it.
"""

import argparse
import os
import sys
import time
from functools import partial
from multiprocessing import get_context

from tests.oracle.asking import Tally, ask

SHOWN = 20
"""False claims that are shown."""


def _answer(seed: int, number: int) -> Tally:
    import torch

    torch.set_num_threads(1)
    try:
        return ask(seed, number)
    except Exception as error:  # noqa: BLE001 # a world that raises is a result: the others go on
        where = f"tests.oracle.asking.ask({seed}, {number})"
        return Tally(false=[("raised", f"{type(error).__name__}: {error}", where, None, None)])


def run(queries: int, seed: int, processes: int) -> tuple[Tally, int, float]:
    """Ask about world after world until there are so many queries."""
    total, number, started = Tally(), 0, time.perf_counter()
    with get_context("spawn").Pool(processes) as pool:
        while total.counts["queries"] < queries:
            for tally in pool.imap_unordered(partial(_answer, seed), range(number, number + 40)):
                total.add(tally)
            number += 40
            seconds = time.perf_counter() - started
            print(
                f"\r{total.counts['queries']:,} queries, {len(total.false)} false claims, {seconds:.0f} s",
                end="",
                file=sys.stderr,
            )
    print(file=sys.stderr)
    return total, number, time.perf_counter() - started


def report(total: Tally, worlds: int, seconds: float) -> None:
    """Print what came of it."""
    counts = total.counts
    print(f"queries           {counts['queries']:,} in {worlds:,} worlds, {seconds:.0f} s")
    print(f"false claims      {len(total.false)} {total.by_kind or ''}")
    for name in ("found", "minimum", "impossible", "not_found", "invalid", "without evidence", "whole history"):
        print(f"{name:<17} {counts[name]:,}")
    print(f"undecided         {counts['undecided']:,} (rounding decides)")
    print(f"not found, and is {counts['missed']:,}")
    print(f"larger than need  {counts['larger than needed']:,} (not claimed to be a minimum)")
    proven = counts["ties: proven"] / max(1, counts["ties: found"])
    print(f"proven with ties  {proven:.4f} of {counts['ties: found']:,} sets found by auto, exact and exhaustive")
    print(f"skipped           {counts['skipped']:,}")
    for kind, what, where, query, explanation in total.false[:SHOWN]:
        print(f"\n{kind}: {what}\n  {where}\n  {query}\n  {explanation}")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    chosen = parser.parse_args()
    total, worlds, seconds = run(chosen.queries, chosen.seed, chosen.processes)
    report(total, worlds, seconds)
    return 1 if total.false else 0


if __name__ == "__main__":
    sys.exit(main())
