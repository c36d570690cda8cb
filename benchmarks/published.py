"""What `topple reproduce lcer --as-published --out FOLDER` wrote, taken over into the figures.

    python -m benchmarks.published WORLD "MODEL" FOLDER [FOLDER ...]

WORLD is a name of a data set, MODEL says which model was explained, and each FOLDER holds a run of another seed.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.markdown import WORLDS, Results, Row, share, size, table
from benchmarks.results import keep


def published(found: Results) -> str:
    """Return the table of LCER as published: a line a model, the seeds side by side, below the original's."""
    rows, told = found.rows("published"), ("test NDCG@100", "PN", "PS", "F_NS", "mean size")
    original = next(row for row in found.rows("reproduced") if row["LCER"].startswith("the original"))
    lines = [["MovieLens 100K, the original code, three runs", "495", *(original[name] for name in told)]]
    for world, model in dict.fromkeys((row["world"], row["model"]) for row in rows):
        mine = sorted(found.rows("published", world=world, model=model), key=lambda row: int(row["seed"]))
        name = f"{WORLDS.get(world, world)}, {model}, seed{'s' * (len(mine) > 1)} {of_each(mine, 'seed', str)}"
        queries = f"{mine[0]['queries']:,}"
        shares = [of_each(mine, column, share) for column in ("ndcg_100", "pn", "ps", "f_ns")]
        lines.append([name, queries, *shares, of_each(mine, "mean_size", size)])
    return table(["data, model", "queries", *told], lines) + found.source(rows) + "\n"


def of_each(rows: list[Row], name: str, written: Callable[[Any], str]) -> str:
    """Return what the runs of several seeds have, side by side; once where it is the same for all."""
    texts = [written(row[name]) for row in rows]
    return texts[0] if len(set(texts)) == 1 else ", ".join(texts)


def row_of(world: str, model: str, folder: Path) -> Row:
    """Return the row of a run: figures of the sets under `unseen_after`, in which removed items may be listed again."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    if not summary["order_dependent"]:
        raise SystemExit(f"{folder} is no run as published. Run `topple reproduce lcer --as-published --out {folder}`.")
    settings = summary["settings"]
    return {
        "world": world,
        "model": model,
        "seed": settings["seed"],
        **{name: settings["lcer"][name] for name in ("lam", "alpha", "steps")},
        "queries": summary["queries"],
        "test_users": summary["test_users"],
        "ndcg_100": summary["ndcg_100"],
        "coverage": summary["coverage"],
        **{name: summary[name]["unseen_after"] for name in ("pn", "ps", "f_ns")},
        "mean_size": summary["mean_size"],
    }


def main() -> None:
    """Take folders over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world")
    parser.add_argument("model", help="such as: trained here")
    parser.add_argument("folders", type=Path, nargs="+")
    given = parser.parse_args()
    keep({"published": [row_of(given.world, given.model, folder) for folder in given.folders]})


if __name__ == "__main__":
    main()
