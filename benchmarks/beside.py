"""Two versions of the library on the same queries, in alternating pairs: what they find, what they prove, how long they take.

    python benchmarks/beside.py --other CHECKOUT_OF_ANOTHER_VERSION --model FOLDER --methods auto greedy --pairs 5

Each version runs in a process of its own, on one core; times are medians over the pairs, and the ratio is that of the medians.
Queries whose sizes or proofs differ are listed. PN and minimal are what each version's own judge says of the found sets.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
WORKER = r"""
import json, sys, time
import torch, topple
torch.set_num_threads(1)
wanted = json.loads(sys.argv[1])
loaded = topple.load_model(wanted["model"])
model = getattr(loaded, "recommender", loaded)
if getattr(loaded, "split", None) is not None:
    split = loaded.split
else:
    from topple.data.layout import read_split
    from pathlib import Path
    split = read_split(Path(wanted["model"]) / "split")
histories = split.histories(limit=wanted["users"])
items = lambda e: e.items if hasattr(e, "items") else e.removed
out = {}
for method, settings, goal in wanted["methods"]:
    for rule in wanted["rules"]:
        queries = topple.top_k_queries(model, histories, k=5, rule=rule, goal=goal)
        topple.explain_queries(model, queries[:10], explainer=method, settings=settings, progress=False)
        started = time.perf_counter()
        found = topple.explain_queries(model, queries, explainer=method, settings=settings, progress=False)
        seconds = time.perf_counter() - started
        singles = []
        for user in list(dict.fromkeys(query.user for query in queries))[: wanted["single"]]:
            mine = histories[user]
            began = time.perf_counter()
            topple.explain(model, mine, k=5, rule=rule, goal=goal, explainer=method, settings=settings, progress=False)
            singles.append(time.perf_counter() - began)
        out[f"{method} {json.dumps(settings)} {goal} {rule}"] = {
            "seconds": seconds / len(queries),
            "request": sorted(singles)[len(singles) // 2] if singles else None,
            "answers": [
                [str(e.query.user), str(e.query.target), e.status.value, len(items(e)), e.proof and e.proof.value]
                for e in found
            ],
        }
print(json.dumps(out))
"""


def main() -> None:
    """Run the pairs and print a table."""
    options = arguments()
    methods = [_method(name, options.goal) for name in options.methods]
    wanted = {
        "users": options.users, "methods": methods, "rules": options.rules, "single": options.single,
    }  # fmt: skip
    runs: dict[str, list[dict[str, Any]]] = {"other": [], "this": []}
    for _ in range(options.pairs):
        for name, checkout in (("other", options.other), ("this", HERE)):
            folder = options.other_model if name == "other" and options.other_model else options.model
            runs[name].append(_run(checkout, {**wanted, "model": str(folder)}))
    for key in runs["this"][0]:
        print(f"\n{key}")
        for name in ("other", "this"):
            print(f"  {name:6}", _figures([run[key] for run in runs[name]]))
        for figure in ("seconds", "request"):
            times = {name: [run[key][figure] for run in runs[name]] for name in runs}
            if times["this"][0] is not None:
                ratio = statistics.median(times["this"]) / statistics.median(times["other"])
                print(f"  {figure}: this / other {ratio:.3f}")
        _differences(runs["other"][0][key]["answers"], runs["this"][0][key]["answers"])


def _method(name: str, goal: str) -> tuple[str, dict[str, Any], str]:
    explainer, _, rest = name.partition(":")
    return explainer, json.loads(rest) if rest else {}, goal


def _run(checkout: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", WORKER, json.dumps(wanted)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(done.stderr)
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


def _figures(runs: list[dict[str, Any]]) -> str:
    answers = runs[0]["answers"]
    sizes = [size for _, _, status, size, _ in answers if status == "found"]
    proven = sum(proof == "minimum" or status == "impossible" for _, _, status, _, proof in answers)
    minimal = sum(proof in ("minimal", "minimum") for *_, proof in answers)
    milliseconds = 1000 * statistics.median(run["seconds"] for run in runs)
    request = runs[0]["request"]
    single = "" if request is None else f", request {1000 * statistics.median(run['request'] for run in runs):.1f} ms"
    return (
        f"{len(answers)} queries, found {len(sizes) / len(answers):.3f}, minimal {minimal / max(1, len(sizes)):.3f}, proven "
        f"{proven / len(answers):.3f}, mean size {statistics.mean(sizes or [0]):.3f}, {milliseconds:.2f} ms a query{single}"
    )


def _differences(other: list[list[Any]], this: list[list[Any]]) -> None:
    differ = [(a, b) for a, b in zip(other, this, strict=True) if a[2:] != b[2:]]
    print(f"  {len(differ)} queries differ")
    for a, b in differ[:20]:
        print(f"    user {a[0]} target {a[1]}: {a[2:]} -> {b[2:]}")


def arguments() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", type=Path, required=True, help="a checkout of the other version")
    parser.add_argument("--model", type=Path, required=True, help="a model folder with its split")
    parser.add_argument("--other-model", type=Path, help="the same model, in a folder that the other version reads")
    parser.add_argument("--methods", nargs="+", default=["greedy", 'auto:{"budget": 0}', "auto"])
    parser.add_argument("--rules", nargs="+", default=["unseen_before", "unseen_after"])
    parser.add_argument("--goal", default="necessary")
    parser.add_argument("--users", type=int, default=None)
    parser.add_argument("--single", type=int, default=0, help="requests of one user that are timed alone")
    parser.add_argument("--pairs", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
