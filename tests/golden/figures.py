"""What each method reaches on the generated films: `python -m tests.golden.figures` shows it, `--write` keeps it as it is now.

A figure that gets better is kept with `--write`; one that gets worse needs a reason in the commit.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import topple
from tests.golden.world import MODELS, split
from topple import Proof

FILE = Path(__file__).with_name("figures.json")
DEAR = (1, 2, 5, 0.5)


@dataclass(frozen=True)
class Case:
    """One measurement.

    Args:
        model: one of `world.MODELS`.
        method: the explainer.
        settings: of the explainer.
        budget: of each query.
        first, users: the test users that are asked about, five targets each.
        dear: whether items have costs.
        pairs: whether items are named two at a time.
        fields: further fields of the queries.
    """

    model: str
    method: str
    settings: dict = field(default_factory=dict)
    budget: dict | None = None
    first: int = 0
    users: int = 40
    dear: bool = False
    pairs: bool = False
    fields: dict = field(default_factory=dict)


QUICK = {"budget": 0}
CASES = {
    "greedy": Case("network", "greedy"),
    "greedy, sums": Case("sums", "greedy", users=60),
    "greedy, narrow": Case("network", "greedy", {"width": 2}),
    "greedy, costs": Case("network", "greedy", dear=True),
    "greedy, pairs": Case("network", "greedy", pairs=True),
    "greedy, sufficient": Case("network", "greedy", fields={"goal": "sufficient"}),
    "greedy, both": Case("network", "greedy", fields={"goal": "both"}),
    "greedy, both, costs": Case("sums", "greedy", dear=True, fields={"goal": "both"}),
    "quick": Case("network", "auto", QUICK, users=60),
    "quick, sums": Case("sums", "auto", QUICK, users=60),
    "quick, few tries": Case("sums", "auto", QUICK | {"tries": 2, "width": 6}, users=60),
    "quick, costs": Case("network", "auto", QUICK, dear=True),
    "quick, costs, sums": Case("sums", "auto", QUICK, dear=True, users=60),
    "quick, pairs": Case("sums", "auto", QUICK, pairs=True),
    "quick, sufficient": Case("sums", "auto", QUICK, fields={"goal": "sufficient"}),
    "quick, both": Case("sums", "auto", QUICK, users=60, fields={"goal": "both"}),
    "quick, seen items return": Case("network", "auto", QUICK, fields={"rule": "unseen_after"}),
    "quick, little to spend": Case("sums", "auto", QUICK, {"scored": 40}),
    "auto": Case("network", "auto", users=30),
    "auto, costs": Case("network", "auto", users=20, dear=True),
    "auto, opaque": Case("opaque", "auto", users=20),
    "auto, opaque, costs": Case("opaque", "auto", {"budget": 2000}, users=20, dear=True),
    "auto, both": Case("network", "auto", {"budget": 3000}, users=15, fields={"goal": "both"}),
    "exact": Case("sums", "exact", users=60),
    "exact, costs": Case("sums", "exact", users=15, dear=True),
    "exhaustive": Case("network", "exhaustive", {"largest": 2}, users=20),
    "exhaustive, costs": Case("sums", "exhaustive", {"largest": 2, "whole": 8}, users=20, dear=True),
    "exhaustive, little to spend": Case("sums", "exhaustive", {"budget": 1000}, users=20),
    "exhaustive, few scored": Case("sums", "exhaustive", {}, {"scored": 300}, users=20),
    "auto, opaque, few scored": Case("opaque", "auto", {}, {"scored": 300}, users=20),
    "lcer-rank": Case("network", "lcer-rank", {"steps": 60}, users=8),
    "lcer": Case("network", "lcer", {"steps": 100}, users=4),
    "several sets": Case("sums", "auto", QUICK, users=25, fields={"sets": 4}),
    "several sets, costs": Case("network", "auto", QUICK, users=25, dear=True, fields={"sets": 4}),
    "several large sets": Case("network", "auto", QUICK, users=60, fields={"sets": 3, "k": 1}),
}


def queries(case):
    """Return the queries of a case, the top-5 of each history."""
    histories = dict(list(split().histories(limit=case.first + case.users).items())[case.first :])
    for user, history in histories.items():
        more = {"k": 5} | case.fields
        if case.dear:
            more["item_costs"] = {item: DEAR[place % len(DEAR)] for place, item in enumerate(sorted(history))}
        if case.pairs:
            more["groups"] = [history[start : start + 2] for start in range(0, len(history) - 1, 2)]
        yield from topple.top_k_queries(MODELS[case.model](), {user: history}, **more)


def measure(name):
    """Return the figures of a case."""
    case = CASES[name]
    explained = topple.explain_queries(
        MODELS[case.model](),
        list(queries(case)),
        explainer=case.method,
        settings=case.settings or None,
        budget=case.budget,
        progress=False,
    )
    found = [each for each in explained if each.valid]
    shared = sum(len(set(each.items) & set(other)) for each in found for other in each.alternatives)
    return {
        "found": len(found),
        "items": sum(len(each.items) for each in found),
        "price": round(sum(each.query.item_cost(each.items) for each in found), 6),
        "proven": sum(each.proof is Proof.MINIMUM for each in found),
        "impossible": sum(each.status is topple.Status.IMPOSSIBLE for each in explained),
        "alternatives": sum(len(each.alternatives) for each in found),
        "shared": shared,
        "scored": sum(each.cost for each in explained),
    }


def kept():
    """Return the figures that are kept, by case."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def main():
    """Show the figures, or keep them."""
    now = {name: measure(name) for name in CASES}
    if "--write" in sys.argv:
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(figures)}" for name, figures in now.items())
        FILE.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    for name, figures in now.items():
        found = max(1, figures["found"])
        print(f"{name:<28} mean size {figures['items'] / found:.3f}, proven {figures['proven'] / found:.3f}, {figures}")  # noqa: T201


if __name__ == "__main__":
    main()
