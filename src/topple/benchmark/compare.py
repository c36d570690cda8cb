"""Compare: methods x models x seeds, measured the same way, in one table."""

import logging
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from topple.api.faces.runs import Run
from topple.benchmark.comparing.comparison import Comparison
from topple.benchmark.comparing.grid import Cell, Grid, Methods, MethodSettings, Models
from topple.benchmark.comparing.keeping import begun, finished
from topple.benchmark.comparing.pieces import measure_cell
from topple.data.splitting import Split
from topple.errors import ToppleError
from topple.records.question import CandidateRule
from topple.scoring.budget import Budget
from topple.types import FilePath, UserId

logger = logging.getLogger(__name__)


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
        progress: whether to show bars.

    Raises:
        ArgumentError, QueryError, SettingsError, UnknownNameError, RecommenderError: before any work.
        OutputExistsError: the folder holds a run and `resume` is False, or a run of other data, models, settings or questions.
    """
    grid = Grid.of(models, methods, settings, split, seeds, users, k=k, rule=rule, budget=budget)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()), "run") if out is None else out
        run = begun(grid, folder, resume=resume, overwrite=overwrite)
        failed = _measure(grid, run, progress=progress)
        return Comparison.of(grid, finished(grid, run), failed)


def _measure(grid: Grid, run: Run, *, progress: bool) -> dict[Cell, str]:
    """Measure the cells that are not measured, and return why some could not be."""
    failed: dict[Cell, str] = {}
    there = set(run.finished)
    left = [cell for cell in grid.cells if cell.name not in there]
    for turn, cell in enumerate(left):
        logger.info("compare %d of %d: %s on %s, seed %d", turn + 1, len(left), cell.method, cell.model, cell.seed)
        try:
            measure_cell(grid, cell, run, progress=progress)
        except Exception as error:  # noqa: BLE001 # whatever a method of another package raises: the others go on
            failed[cell] = reason_of(error)
            logger.warning("%s on %s, seed %d, failed: %s", cell.method, cell.model, cell.seed, failed[cell])
    return failed


def reason_of(error: Exception) -> str:
    """Return what an error says, in one line, with the type where it is none of topple's."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ToppleError) and text else f"{type(error).__name__}: {text}"
