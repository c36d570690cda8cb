"""Every user of a large catalogue, block by block: how many queries a second, and how much memory.

    python -m benchmarks.stream --epinions FOLDER --users 4000       so many users, 0 for all 40,163; 139,738 items

--epinions needs interactions.csv.gz with columns user_id and item_id; the model is fitted first and kept in build/growth. With --hold
the queries of all users are made and held before the stream begins. Prints JSON, and keeps the row in build/bench.json.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import topple
from benchmarks import large_catalogue, results
from benchmarks.growth import Histories, sample
from benchmarks.timing import one_core, peak, timed

USERS_AT_ONCE = 128
"""Users that are asked about in one call."""


def stream(
    recommender: topple.Recommender, histories: Histories, *, k: int = 5, explainer: str = "auto"
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
    for start in range(0, len(users), USERS_AT_ONCE):
        block = {user: histories[user] for user in users[start : start + USERS_AT_ONCE]}
        queries = topple.top_k_queries(recommender, block, k=k)
        answers = topple.explain_queries(recommender, queries, explainer=explainer, settings=settings, progress=False)
        ends.update(answer.status.value for answer in answers)
        proofs.update(answer.proof.value for answer in answers if answer.proof)
        sizes += sum(len(answer.items) for answer in answers if answer.valid)
        count += len(answers)
        print(f"{start + len(block):,} of {len(users):,} users, {peak():.2f} GiB", file=sys.stderr, flush=True)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    return {
        "model": recommender.name,
        "method": explainer,
        "items": len(recommender.catalogue),
        "users": len(users),
        "queries": count,
        "seconds": seconds,
        "queries_per_processor_s": count / worked,
        "peak_gib": peak(),
        "mean_size": sizes / max(1, sum(proofs.values())),
        "statuses": dict(ends),
        "proofs": dict(proofs),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epinions", type=Path, required=True, help="folder of interactions.csv.gz")
    parser.add_argument("--users", type=int, default=4000, help="so many users, 0 for all")
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--recommender", default="item-knn", choices=list(large_catalogue.SETTINGS))
    parser.add_argument("--explainer", default="auto")
    parser.add_argument("--hold", action="store_true", help="hold the queries of all users meanwhile")
    parser.add_argument("--max-minutes", type=float, default=3.0, help="of fitting the model")
    parser.add_argument("--build", type=Path, default=Path("build/growth"), help="where the model is kept")
    options = parser.parse_args()
    one_core()
    folder = large_catalogue.model_folder(options.epinions, options.max_minutes, options.build, options.recommender)
    recommender, histories = (
        topple.load_model(folder),
        large_catalogue.histories(large_catalogue.interactions(options.epinions)),
    )
    held: list[topple.Query] = []
    if options.hold:  # what the targets are is all one for the memory
        targets = recommender.catalogue.vocabulary.decode(range(options.k))
        call = timed(lambda: topple.top_k_queries(recommender, histories, targets=targets, k=options.k))
        held = call.result
        print(json.dumps({"held": len(held), "processor_seconds": call.seconds, "peak_gib": peak()}))
    row = stream(recommender, sample(histories, options.users), k=options.k, explainer=options.explainer)
    print(json.dumps(row | {"held": len(held)}, indent=1))
    results.keep({"stream": [told(row)]})


def told(row: dict[str, Any]) -> dict[str, str]:
    """Return the row as the docs tell it."""
    minimal, found = row["proofs"].get("minimal", 0) + row["proofs"].get("minimum", 0), row["statuses"].get("found", 0)
    return {
        "model": f"{row['model']}, {row['items']:,} items",
        "queries": f"{row['queries']:,}",
        "queries a second": f"{row['queries_per_processor_s']:,.0f}",
        "peak GiB": f"{row['peak_gib']:.2f}",
        "found, all verified": f"{found:,}",
        "minimal": f"{minimal:,}",
        "proven minimum": f"{row['proofs'].get('minimum', 0):,}",
        "mean size": f"{row['mean_size']:.2f}",
    }


if __name__ == "__main__":
    main()
