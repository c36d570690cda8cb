"""What a constant, a bonus, a pin or a sigmoid does to explanations: `python -m benchmarks.offsets [--histories 60]`.

One table of numbers, its scores shifted in ways that change no ranking or that shops use, in float32 and float64. Printed for
each: whether the library warns that the scores are coarse, what was found and proven, and false claims by brute force.
"""

import argparse
import sys

import numpy as np

import topple
from tests.oracle.asking import Tally, draw_queries, precision_of
from tests.oracle.judge import judge, question
from tests.oracle.shifted import SHIFTS, Shift, shifted_world


def ask(shift: Shift, histories: int, seed: int) -> tuple[Tally, bool, float]:
    """Return the tally of a shift, whether a warning was given, and the mean size of the sets."""
    world, warned = shifted_world(shift, seed)
    drawn = list(draw_queries(world, np.random.default_rng(seed), histories, shift.first))
    explained = topple.explain_queries(world.model, [query for query, _ in drawn], progress=False)
    precision, ids, tally = precision_of(world), list(world.model.catalogue.vocabulary.ids), Tally()
    for (query, history), explanation in zip(drawn, explained, strict=True):
        found = judge(explanation, question(query, history, precision, ids))
        tally.counts.update(found.counts)
        tally.false.extend((kind, what, shift.name, query, explanation) for kind, what in found.false)
    sizes = [len(each.items) for each in explained if each.valid]
    return tally, warned, float(np.mean(sizes)) if sizes else float("nan")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    total = Tally()
    print(f"{'scores':<28} warned  found  minimum  impossible  not found  mean size  undecided  false")
    for shift in SHIFTS:
        tally, warned, size = ask(shift, chosen.histories, chosen.seed)
        total.add(tally)
        count = tally.counts
        print(
            f"{shift.name:<28} {'yes' if warned else '-':>6} {count['found']:>6} {count['minimum']:>8} {count['impossible']:>11} "
            f"{count['not_found']:>10} {size:>10.3f} {count['undecided']:>10} {len(tally.false):>6}"
        )
    for kind, what, where, query, explanation in total.false[:10]:
        print(f"\n{where}: {kind}: {what}\n  {query}\n  {explanation}")
    return 1 if total.false else 0


if __name__ == "__main__":
    sys.exit(main())
