"""Progress bars of long work, on standard error or in a notebook, gone when the work is done."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from topple.reports.notebook_bar import NotebookBar
from topple.scoring.recommender import Epoch, OnEpoch


def _bar(*columns: ProgressColumn | str) -> AbstractContextManager[Any]:
    """Return a bar; in a notebook one that needs no widgets, as rich would warn without them."""
    console = Console(stderr=True)
    if console.is_jupyter:
        return NotebookBar()
    usual = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    return Progress(*(columns or usual), console=console, transient=True)


@contextmanager
def epochs_bar(name: str, also: OnEpoch | None = None) -> Iterator[OnEpoch]:
    """Show the epochs of a training with the validation NDCG@100; `also` is called too."""
    with _bar() as progress:
        task = progress.add_task(f"fit {name}", total=None, note="")

        def on_epoch(epoch: Epoch) -> None:
            note = f"NDCG@100 {epoch.ndcg_100:.4f}, best {epoch.best_ndcg_100:.4f} (epoch {epoch.best_epoch})"
            progress.update(task, total=epoch.of, completed=epoch.number, note=note)
            if also:
                also(epoch)

        yield on_epoch


@contextmanager
def steps_bar(
    name: str, also: Callable[[int, int, str], None] | None = None
) -> Iterator[Callable[[int, int, str], None]]:
    """Show steps done, of how many, with a note; `also` is called too."""
    with _bar() as progress:
        task = progress.add_task(name, total=None, note="")

        def on_step(done: int, of: int, note: str) -> None:
            progress.update(task, total=of, completed=done, note=note)
            if also:
                also(done, of, note)

        yield on_step


@contextmanager
def queries_bar(
    name: str, total: int, also: Callable[[float], None] | None = None, *, done: int = 0
) -> Iterator[Callable[[float], None]]:
    """Show queries done, from those that were done before; `also` is called too."""
    with _bar() as progress:
        task = progress.add_task(name, total=total, completed=done, note="")

        def on_progress(more: float) -> None:
            progress.advance(task, more)
            if also:
                also(more)

        yield on_progress


@contextmanager
def bytes_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far the reading of a file is, once it is told: bytes read, and bytes of the file."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with _bar(*columns) as progress:

        def on_bytes(read: int, total: int) -> None:
            task = progress.task_ids[0] if progress.task_ids else progress.add_task(name)
            progress.update(task, completed=read, total=total)

        yield on_bytes


@contextmanager
def busy_bar(name: str) -> Iterator[None]:
    """Show that work goes on which cannot say how far it is."""
    with _bar() as progress:
        progress.add_task(name, total=None, note="")
        yield


@contextmanager
def shards_bar(rows: int) -> Iterator[tuple[Callable[[int], None], Callable[[dict[str, Any]], None]]]:
    """Show the first pass of a batch, rows of about so many, and then its shards with the rate.

    Yields what is called with more rows, and what is called with the summary of a shard, which tells `rows` and `seconds`.
    """
    with _bar() as progress:
        reading = progress.add_task("read events", total=rows, note="")
        shards: list[Any] = []
        began, made = time.perf_counter(), 0

        def on_rows(more: int) -> None:
            progress.advance(reading, more)

        def on_shard(summary: dict[str, Any]) -> None:
            nonlocal made
            if not shards:
                progress.update(reading, visible=False)
                shards.append(progress.add_task("explain shards", total=summary.get("of"), note=""))
            made += summary.get("rows", 0)
            rate = made / max(time.perf_counter() - began, 1e-9)
            progress.update(shards[0], advance=1, note=f"{made:,} explanations, {rate:,.0f} a second")

        yield on_rows, on_shard
