"""`topple doctor`: is everything here that topple needs, and does it answer right?"""

import os
import platform
import time
from concurrent.futures import BrokenExecutor
from importlib.metadata import PackageNotFoundError, version

import typer
from rich.table import Table

from topple import registry
from topple.cli.shared.compiling import compile_loops
from topple.cli.shared.options import Json
from topple.cli.shared.showing import console, show_json
from topple.errors import SettingsError, ToppleError

NEEDED = (
    "numpy",
    "scipy",
    "torch",
    "numba",
    "pyarrow",
    "narwhals",
    "pydantic",
    "typer",
    "rich",
    "safetensors",
    "pooch",
)
OPTIONAL = ("matplotlib", "pandas", "polars", "fastapi", "uvicorn", "sqlalchemy")


def doctor(json: Json = False) -> None:
    """Check the installation: versions, the registry, the data folder, and one explanation from end to end.

    The inner loops are compiled for this machine, if they are not yet: that takes a few minutes, once, on all
    cores.
    """
    checks = [("python", True, f"{platform.python_version()} on {platform.machine()} {platform.system()}")]
    checks += [_package(name, needed=True) for name in NEEDED]
    checks += [_package(name, needed=False) for name in OPTIONAL]
    checks += [_torch(), _memory(), _registry(), _cache(), _inner_loops(), _end_to_end()]
    good = all(ok for _, ok, _ in checks)
    if json:
        show_json({"ok": good, "checks": [{"check": n, "ok": ok, "found": found} for n, ok, found in checks]})
    else:
        table = Table(title="topple doctor")
        for column in ("check", "", "found"):
            table.add_column(column, overflow="fold")
        for name, ok, found in checks:
            table.add_row(name, "[green]ok[/]" if ok else "[red]bad[/]", found)
        console().print(table)
    if not good:
        raise typer.Exit(1)


def _package(name: str, *, needed: bool) -> tuple[str, bool, str]:
    try:
        return name, True, version(name)
    except PackageNotFoundError:
        return name, not needed, f"missing: pip install {name}" if needed else "not installed (optional)"


def _torch() -> tuple[str, bool, str]:
    import torch

    where = f"GPU {torch.cuda.get_device_name(0)}" if torch.cuda.is_available() else "no GPU"
    return "compute", True, f"{torch.get_num_threads()} threads, {where}"


def _memory() -> tuple[str, bool, str]:
    from topple.scoring.memory import VARIABLE, memory_budget

    try:
        said = f"{VARIABLE} is set" if os.environ.get(VARIABLE) else f"set {VARIABLE} to change it"
        return "memory", True, f"{memory_budget() / 2**20:,.0f} MiB at a time ({said})"
    except SettingsError as error:
        return "memory", False, str(error)


def _registry() -> tuple[str, bool, str]:
    broken = []
    for kind in registry.BUILT_IN:
        for name in registry.names(kind):
            try:
                registry.load(kind, name)
            except (ImportError, AttributeError) as error:
                broken.append(f"{kind}/{name}: {error}")
    counts = ", ".join(f"{len(registry.names(kind))} {kind}" for kind in registry.BUILT_IN)
    return "registry", not broken, "; ".join(broken) or counts


def _cache() -> tuple[str, bool, str]:
    from topple.data.download import cache_folder
    from topple.inputs import problem

    folder = cache_folder()
    return (
        "data folder",
        True,
        f"{folder}{'' if problem(folder, folder=True) is None else ' (made at the first download)'}",
    )


def _end_to_end() -> tuple[str, bool, str]:
    from topple.api.explaining import explain
    from topple.api.fitting import fit
    from topple.data.sources import load_split

    name = "fit, explain, verify"
    try:
        split = load_split("generated")
        model = fit(split, settings={"epochs": 2, "hidden": 16, "latent": 8}, progress=False)
        explained = explain(model, split.histories(limit=1), k=2, progress=False)
    except ToppleError as error:
        return name, False, str(error)
    statuses = {explanation.status.value for explanation in explained}
    good = len(explained) == 2 and "invalid" not in statuses
    return name, good, f"{len(explained)} answers on generated films ({', '.join(sorted(statuses))})"


def _inner_loops() -> tuple[str, bool, str]:
    started = time.perf_counter()
    try:
        compile_loops()
    except (ToppleError, BrokenExecutor) as error:
        return "inner loops", False, str(error)
    return "inner loops", True, f"compiled for this machine ({time.perf_counter() - started:.0f} s)"
