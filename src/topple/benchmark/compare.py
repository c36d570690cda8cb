"""Compare: methods x models x seeds, measured the same way, in one table."""

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from topple.benchmark.comparing.comparison import Comparison
from topple.benchmark.comparing.grid import Grid, Methods, MethodSettings, Models
from topple.benchmark.comparing.keeping import begun, finished
from topple.benchmark.comparing.running import measure, measure_in_processes
from topple.data.splitting import Split
from topple.errors import SettingsError, shown
from topple.records.question import CandidateRule
from topple.scoring.budget import Budget
from topple.types import FilePath, UserId


def compare(
    models: Models,
    methods: Methods,
    *,
    split: Split,
    users: int | Iterable[UserId] | None = 100,
    k: int = 5,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    seeds: int | Iterable[int] = (0,),
    settings: MethodSettings | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
    out: FilePath | None = None,
    resume: bool = False,
    overwrite: bool = False,
    workers: int = 1,
    progress: bool = True,
) -> Comparison:
    """Ask methods about the top-k of test users, on models, with seeds; judge and measure them all the same way.

    A method that does not fit a model, or fails, becomes a row with the reason, and the others go on. A method that draws nothing is
    run with the first seed alone.

    Args:
        models: a recommender, several, or a mapping of names to them; all of one split.
        methods: names of explainers, explainers, or a mapping of names in the table to either.
        split: the data that the models were fitted on.
        users: the first so many test users, None for all, or users by id.
        k: length of the lists.
        rule: which items compete after a removal.
        seeds: of the draws of methods; figures are means over them, with the spread.
        settings: by method, settings or a mapping of them.
        budget: what a query may cost, such as {"scored": 1000}; None for no limit but the method's.
        out: a folder that keeps what is ready, so that a run that was stopped, or killed, goes on; None keeps nothing.
        resume: go on with the run of the folder; methods, models and seeds may have joined.
        overwrite: begin anew.
        workers: how many processes measure at once, each with a share of the threads; times are then those of a shared machine. A
            script that asks for several needs `if __name__ == "__main__":`.
        progress: whether to show bars.

    Raises:
        ArgumentError, QueryError, SettingsError, UnknownNameError, RecommenderError: before any work.
        CapabilityError: several workers, and a model or method that cannot be handed to another process.
        OutputExistsError: the folder holds a run and `resume` is False, or a run of other data, models, settings or questions.
    """
    if type(workers) is not int or workers < 1:
        raise SettingsError(f"workers={shown(workers)} is no number of processes. Give a whole number, 1 or more.")
    grid = Grid.of(models, methods, settings, split, seeds, users, k=k, rule=rule, budget=budget)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()), "run") if out is None else out
        run = begun(grid, folder, resume=resume, overwrite=overwrite)
        there = set(run.finished)
        left = [cell for cell in grid.cells if cell.name not in there]
        if workers > 1 and len(left) > 1:
            failed = measure_in_processes(grid, left, run, workers, progress=progress)
        else:
            failed = measure(grid, left, run, progress=progress)
        return Comparison.of(grid, finished(grid, run), failed)
