"""What a GPU changes: the same queries of the same models on the CPU and on a device, time of the clock.

    python -m benchmarks.devices --models FOLDER ...               needs a GPU that torch finds
    python -m benchmarks.devices --models FOLDER ... --moves       how often tensors move between the device and the CPU, too

A row is a model and a method over one batch of users, medians of the runs after a first one. *Differ* counts queries whose status, set or
proof is another on the device. *Untrue* counts the sets found there that the model on the CPU does not confirm, which must be 0.
*Moves* are copies from the device to the CPU and back in one call, and waits of the CPU for the device.
"""

import argparse
import json
import statistics
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

import topple
from benchmarks import results
from benchmarks.methods import METHODS
from benchmarks.speed import model_folders
from topple.scoring.devices import on_device

K = 5
ASKED = ("greedy", "auto, no proof", "auto", "request, no proof")


def model_rows(world: str, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row a method of one model on the CPU and on the device."""
    recommender, split = topple.load_model(folder), topple.load_model_split(folder)
    assert split is not None, f"{folder} holds no data"
    histories = split.histories(limit=options.users)
    there = on_device(recommender, options.device)
    rows = []
    for method in options.methods:
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()  # of this row, not of the models before it
        asked = histories if not METHODS[method].one else dict(list(histories.items())[: options.requests])
        here_run, there_run = (timed_runs(model, asked, method, options.runs) for model in (recommender, there))
        found = there_run["answers"]
        verdicts = topple.verify(recommender, [each.query for each in found], [each.items for each in found])
        row = {"world": world, "recommender": recommender.name, "method": method, "device": options.device}
        row |= {"users": len(asked), "queries": len(found), "items": len(recommender.catalogue)}
        row["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else None
        row["ms"] = [here_run["ms"], there_run["ms"]]
        row["differ"] = sum(told(a) != told(b) for a, b in zip(here_run["answers"], found, strict=True))
        row["untrue"] = sum(
            e.status is topple.Status.FOUND and not v.necessary for e, v in zip(found, verdicts, strict=True)
        )
        row["gib"] = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None
        if options.moves:
            row["moves"] = moves(there, asked, method)
        rows.append(row)
    return rows


def timed_runs(model: Any, histories: dict[Any, Any], method: str, runs: int) -> dict[str, Any]:
    """Return the answers of a method, and the milliseconds a query (or a request) of the clock."""
    answers, seconds = answered(model, histories, method), []
    for _ in range(runs):
        started = time.perf_counter()
        answers = answered(model, histories, method)
        seconds.append(time.perf_counter() - started)
    count = len(histories) if METHODS[method].one else len(answers)
    return {"answers": answers, "ms": 1000 * statistics.median(seconds) / max(1, count)}


def answered(model: Any, histories: dict[Any, Any], name: str) -> list[Any]:
    """Return the explanations of the lists of users, in one call or in a call each."""
    method = METHODS[name]
    calls = [{user: items} for user, items in histories.items()] if method.one else [histories]
    named: dict[str, Any] = {"explainer": method.explainer, "settings": method.settings, "goal": method.goal}
    return [each for call in calls for each in topple.explain(model, call, k=K, progress=False, **named)]


def told(explanation: Any) -> tuple[Any, ...]:
    """Return what must be the same everywhere."""
    return explanation.status, explanation.items, explanation.proof


def moves(model: Any, histories: dict[Any, Any], method: str) -> dict[str, int]:
    """Return how often one call copies between the device and the CPU, and waits for the device."""
    kinds = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=kinds) as profile:
        answered(model, histories, method)
    counted = {event.key: event.count for event in profile.key_averages()}
    back = sum(count for key, count in counted.items() if key.startswith("Memcpy DtoH"))
    out = sum(count for key, count in counted.items() if key.startswith("Memcpy HtoD"))
    waits = sum(
        count for key, count in counted.items() if key.startswith(("cudaStreamSynchronize", "cudaDeviceSynchronize"))
    )
    kernels = sum(count for key, count in counted.items() if key == "cudaLaunchKernel")
    return {"from_device": back, "to_device": out, "waits": waits, "kernels": kernels}


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows."""
    table = Table(title="milliseconds a query, or a request of five; time of the clock", highlight=False)
    for column in ("world", "recommender", "method", "CPU", "device", "ratio", "differ", "untrue", "GiB", "moves"):
        table.add_column(column)
    for row in rows:
        here, there = row["ms"]
        counted = json.dumps(row.get("moves", {})).replace('"', "")
        table.add_row(
            row["world"],
            row["recommender"],
            row["method"],
            f"{here:.3f}",
            f"{there:.3f}",
            f"{there / here:.2f}",
            f"{row['differ']} of {row['queries']}",
            str(row["untrue"]),
            "" if row["gib"] is None else f"{row['gib']:.2f}",
            counted,
        )
    Console(width=170).print(table)


def main() -> int:
    """Run from the command line; a model that fails does not stop the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, nargs="+", required=True, help="model folders with their data")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--methods", nargs="+", default=list(ASKED), choices=list(METHODS))
    parser.add_argument("--users", type=int, default=60)
    parser.add_argument("--requests", type=int, default=10, help="users that are asked about one by one")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--moves", action="store_true", help="count copies between the device and the CPU")
    options = parser.parse_args()
    rows, failed = [], 0
    for world, folder in model_folders(options.models):
        try:
            found = model_rows(world, folder, options)
        except Exception:  # noqa: BLE001 # the next model is measured all the same
            traceback.print_exc()
            failed += 1
            continue
        results.keep({"devices": found})
        rows += found
        print(f"{world} {folder.name} is measured", file=sys.stderr, flush=True)
    show(rows)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
