"""What the audit store takes: `python -m benchmarks.audit [--entries 20000] [--postgres URL]`.

Explanations of histories of 100 items, five a call, are appended to a new store in a temporary folder (in the folder `--folder`, if one is
given), then read and checked. Printed: the time of a call of `append` by the clock, as the disk is part of it, and of the processor; the
time of a check and of a reading for each entry; the size of an entry on the disk; the most memory that the process held.
"""

import argparse
import dataclasses
import random
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.timing import Timed, peak, timed
from topple.audit import AuditKeys, AuditStore
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.records.answer import Explanation, Proof, Status, Verdict
from topple.records.question import Query

ITEMS, EVENTS, TOGETHER = 3_000, 100, 5


def explanations(user: int, draws: random.Random) -> list[Explanation]:
    """Return the explanations of one list, made up."""
    history = tuple(draws.sample(range(ITEMS), EVENTS))
    made = []
    for target in draws.sample(range(ITEMS, ITEMS + 100), TOGETHER):
        query = Query(history, target, k=TOGETHER, user=user)
        items = tuple(draws.sample(history, 3))
        verdict = Verdict(query, query.rule, found=True, size=3, rank_before=1, rank_after=7, necessary=True)
        answer = Explanation(
            query, Status.FOUND, items=items, positions=tuple(map(history.index, items)), verdict=verdict
        )
        made.append(dataclasses.replace(answer, proof=Proof.MINIMUM, method="exact", model="m" * 16, rank_before=1))
    return made


def measure(location: str, keys: AuditKeys, entries: int) -> dict[str, Any]:
    """Return what a store of so many entries takes."""
    draws = random.Random(0)  # noqa: S311 # of made-up histories
    names = Vocabulary(list(range(ITEMS + 100)))
    catalogue = Catalogue(names, tuple(f"The Film of the Number {item} (1999)" for item in names.ids))
    runs: list[Timed] = []
    with AuditStore.open(location, keys) as store:
        for user in range(entries // TOGETHER):
            answers = explanations(user, draws)
            sentences = [
                f"You are recommended *{each.query.target}* because you liked three films." for each in answers
            ]
            given = {"user": user, "shown": [each.query.target for each in answers], "agrees": True, "language": "en"}
            runs.append(timed(lambda: store.append(answers, catalogue, sentences=sentences, **given)))  # noqa: B023
        checked = timed(store.verify)
        read = timed(lambda: sum(1 for _ in store.entries()))
        erased = timed(lambda: store.erase(0))
    clocks = sorted(1e3 * run.clock for run in runs)
    return {
        "entries": entries,
        "append of five, ms by the clock, median": statistics.median(clocks),
        "the same, 99 of 100 within": clocks[int(0.99 * len(clocks))],
        "append of five, ms of the processor": 1e3 * statistics.median(run.seconds for run in runs),
        "check, microseconds an entry": 1e6 * checked.seconds / entries,
        "reading, microseconds an entry": 1e6 * read.seconds / entries,
        "erasing a user, ms by the clock": 1e3 * erased.clock,
        "nothing wrong": checked.result.ok,
        "peak, GiB": peak(),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--postgres", help="address of an empty database, measured too")
    parser.add_argument("--folder", type=Path, help="where the store of SQLite is made")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        keys, file = AuditKeys.create(Path(folder) / "keys"), Path(folder) / "audit.sqlite"
        for name, location in (("SQLite", str(file)), ("PostgreSQL", asked.postgres)):
            if location is None:
                continue
            found = measure(location, keys, asked.entries)
            if name == "SQLite":
                found["bytes an entry"] = file.stat().st_size / asked.entries
            print(f"{name}:")
            for what, value in found.items():
                print(f"  {what}: {value:.3g}" if isinstance(value, float) else f"  {what}: {value}")


if __name__ == "__main__":
    main()
