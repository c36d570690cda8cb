"""Rows that are no events, in every shard, and users whose answers fail: they are set aside, and stop nothing."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import topple
from benchmarks.chaotic.world import SHARDS, World
from topple.batch.input.sharding import shard_of

POISON = {
    "item missing": ("", "1"),
    "no number": ("{item}", "much"),
    "nan": ("{item}", "nan"),
    "below 0": ("{item}", "-1"),
    "no id": ("?", "1"),
}
"""The item and weight of a row that is added; no user: see `poisoned`."""
BROKEN = 7
"""The item that the model of `breaking` raises for."""


def poisoned(world: World) -> tuple[dict[str, Any], list[str]]:
    """Add rows that are no events to every shard; return the reasons that were given, and what is wrong."""
    if not world.events.exists():
        return {}, []
    table = pq.read_table(world.events)
    lines = [f"{row['user']},{row['item']},1" for row in table.to_pylist()]
    users = table.column("user").combine_chunks()
    hit = dict(zip(shard_of(users, SHARDS).tolist(), users.to_pylist(), strict=True))
    bad = [f"{user},{item.format(item=1)},{weight}" for user in hit.values() for item, weight in POISON.values()]
    bad += [",3,1"] * len(hit)
    out, events = world.folder / "poisoned", world.folder / "poisoned.csv"
    events.write_text("\n".join(["user,item,weight", *bad, *lines]) + "\n")
    done = world.command(out, events=events)
    if done.returncode:
        return {}, [f"poisoned rows: {done.stderr}"]
    aside = pq.read_table(out / "aside" / "input.parquet")
    reasons = dict(Counter(aside.column("reason").to_pylist()))
    wrong = [f"poisoned rows: {each}" for each in world.wrong(out)]
    if len(hit) < SHARDS or aside.num_rows != len(bad) or len(reasons) < 3:
        wrong.append(f"poisoned rows: {aside.num_rows} of {len(bad)} in {len(hit)} shards set aside: {reasons}")
    return {"shards": len(hit), "rows": len(bad), "reasons": reasons, **_broken(world, wrong)}, wrong


def breaking() -> topple.Recommender:
    """Return a model that raises for whole histories with one item: what `--factory` builds."""
    weights = np.random.default_rng(0).random((60, 60))

    def scores(rows: Any) -> Any:
        met = rows[:, [BROKEN]].toarray().ravel() != 0
        if (met & (rows.getnnz(1) == 8)).any():
            raise RuntimeError(f"planted: nothing is known of item {BROKEN}")
        return rows @ weights

    return topple.wrap(scores, "callable", [*range(60)], histories="csr")


def _broken(world: World, wrong: list[str]) -> dict[str, Any]:
    """Explain with a model that raises for an item: users who met it are set aside, and nobody else."""
    folder, out = world.folder / "breaking", world.folder / "broken"
    topple.save_model(breaking(), folder)
    table = pq.read_table(world.events).to_pylist()
    some = {row["user"] for row in table if row["user"] < 60}
    met = {row["user"] for row in table if row["item"] == BROKEN} & some
    events = world.folder / "some.parquet"
    pq.write_table(pa.Table.from_pylist([row for row in table if row["user"] in some]), events)
    whole, world.model = world.model, folder
    done = world.command(out, "--factory", "benchmarks.chaotic.poison:breaking", "-k", "2", events=events)
    world.model = whole
    if done.returncode:
        wrong.append(f"a model that raises: {done.stderr[-2000:]}")
        return {}
    aside = [row for path in (out / "aside").glob("0*.parquet") for row in pq.read_table(path).to_pylist()]
    explained = {explanation.query.user for explanation in topple.scan_explanations(out)}
    if {int(row["user"]) for row in aside} != met or explained != some - met or done.stderr.strip():
        wrong.append(
            f"a model that raises: {len(aside)} aside of {len(met)}, {len(explained)} explained; it said {done.stderr[:300]}"
        )
    return {"users of a model that raises": len(aside), "reason": aside[0]["reason"] if aside else None}
