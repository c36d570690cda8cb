"""Kill the workers and parents of `topple batch` many times, fill its disk, poison its shards; the rows are those of an undisturbed run.

Half of the kills are aimed: a process kills itself just before or after a call that writes, renames, exchanges or removes what a
batch is made of, in the first pass, in a shard, or at the manifest. The others come at any time, to a worker or to the parent. Each time
the batch is gone on with (--resume) until it is done.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.chaotic.disk import full_disk
from benchmarks.chaotic.killing import Killer
from benchmarks.chaotic.poison import poisoned
from benchmarks.chaotic.world import World, installed


def killed(world: World, kills: int, seed: int, engine: str, wrong: list[str]) -> dict[str, object]:
    """Kill so many times, and return what came of it."""
    killer, ends, batches, turn = Killer(world, seed, engine), Counter[str](), 0, 0
    while sum(ends.values()) < kills:
        out = world.folder / f"killed-{engine}-{turn}"
        turn += 1
        ends.update(killer.until_done(out, kills - sum(ends.values())))
        wrong += [f"{out.name}: {found}" for found in world.wrong(out)]
        batches += 1
        print(f"{engine}: {dict(ends)} in {batches} batches; wrong: {wrong}", file=sys.stderr, flush=True)
    return {"engine": engine, "kills": dict(ends), "batches": batches}


def main() -> int:
    """Measure, and return 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", type=Path, help="a model folder with its users; else one is made")
    parser.add_argument(
        "--engines", type=int, default=10, help="kills on Ray and on Spark each, where these are installed"
    )
    asked = parser.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="topple-chaos-") as place:
        world = World(Path(place), asked.models)
        found: list[object] = [killed(world, asked.kills, asked.seed, "local", wrong)]
        for engine in ("ray", "spark"):
            if asked.engines and installed(engine):
                found.append(killed(world, asked.engines, asked.seed, engine, wrong))
        for case in (full_disk, poisoned):
            told, bad = case(world)
            found.append({case.__name__: told})
            wrong += bad
    print(json.dumps({"found": found, "wrong": wrong}, indent=2))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
