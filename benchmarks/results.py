"""The one file that measurements are written to, and that README and docs take their numbers from.

`build/bench.json` begins as a copy of `docs/figures.json`, and each measurement replaces the rows that it measured anew: every row
names its run, and `runs` says when, where, by what command and of what version that was. `python -m benchmarks.figures --write`
takes the file over into the docs.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.timing import HERE, about

BUILD, CHECKED_IN = HERE / "build" / "bench.json", HERE / "docs" / "figures.json"
KEYS: dict[str, tuple[str, ...]] = {
    "quality": ("world", "recommender", "method", "rule"),
    "speed": ("world", "recommender", "method", "rule"),
    "memory": ("world", "recommender"),
    "growth": ("world", "part", "at", "method"),
    "steps": ("world", "recommender", "method", "ask"),
    "records": ("call",),
    "stream": ("model",),
    "shop": ("asked",),
    "recommenders": ("recommender",),
    "filtered": ("world", "recommender", "method", "kind"),
    "devices": ("world", "recommender", "method"),
    "pruning": ("world", "neighbours"),
    "scale": ("what", "part"),
    "published": ("world", "model", "seed"),
    "contributions": ("world", "model", "seed"),
}
"""Sections, and what tells their rows apart."""
Rows = Sequence[dict[str, Any]]


def keep(sections: dict[str, Rows], target: Path | None = None, start: Path = CHECKED_IN) -> None:
    """Write rows into their sections of build/bench.json, or another file, in place of the rows of the same keys."""
    target = target or BUILD
    whole = read(target if target.is_file() else start)
    name, run = this_run()
    for section, rows in sections.items():
        key = KEYS[section]
        kept = {tuple(row[part] for part in key): row for row in whole["sections"].get(section, [])}
        for row in rows:
            kept[tuple(row[part] for part in key)] = {"run": name, **readable(row)}
        whole["sections"][section] = list(kept.values())
    whole["runs"][name] = run
    used = {row["run"] for rows in whole["sections"].values() for row in rows}
    whole["runs"] = {name: run for name, run in whole["runs"].items() if name in used}
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_suffix(".part")
    aside.write_text(written(whole), encoding="utf-8")
    aside.replace(target)


@cache
def this_run() -> tuple[str, dict[str, Any]]:
    """Return the name of the run that this process is, and what is known of it."""
    run = about(command())
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {run['commit']}", run


def read(path: Path) -> dict[str, Any]:
    """Return what a file holds; nothing yet where there is none."""
    if not path.is_file():
        return {"runs": {}, "sections": {}}
    whole: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return whole


def written(whole: dict[str, Any]) -> str:
    """Return the text of a file: a row a line, so that two files can be compared."""
    lines = ["{", '"runs": {']
    lines.append(",\n".join(f"{json.dumps(name)}: {json.dumps(run)}" for name, run in whole["runs"].items()))
    lines += ["},", '"sections": {']
    sections = []
    for name, rows in whole["sections"].items():
        listed = ",\n".join(json.dumps(row) for row in rows)
        sections.append(f"{json.dumps(name)}: [\n{listed}\n]")
    return "\n".join([*lines, ",\n".join(sections), "}", "}"]) + "\n"


def readable(value: Any) -> Any:
    """Return a value with numbers of five digits at most, and None for a number that is none."""
    if isinstance(value, dict):
        return {key: readable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [readable(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value


def main() -> None:
    """Take a table over that another command wrote."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "recommenders", type=Path, help="table.json, written by `topple bench recommenders --out FOLDER`"
    )
    table = json.loads(parser.parse_args().recommenders.read_text(encoding="utf-8"))
    named = ("recommender", "ndcg_100", "coverage", "pn", "proven", "mean_size", "ms_a_query")
    keep({"recommenders": [{name: row[name] for name in named} for row in table["rows"] if not row["reason"]]})


def command() -> str:
    """Return the command line that runs, without the folders of this machine."""
    module = f"benchmarks.{Path(sys.argv[0]).stem}"
    words = [Path(word).name if word.startswith("/") else word for word in sys.argv[1:]]
    return " ".join(["python -m", module, *(f'"{word}"' if " " in word else word for word in words)])


if __name__ == "__main__":
    main()
