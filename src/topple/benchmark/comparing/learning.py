"""Methods that learn: fitted to each model with each seed, kept in the folder of the run, and timed apart."""

import time
from pathlib import Path
from urllib.parse import quote

from topple.api.learning.fitting import fit_explainer
from topple.api.learning.folders import is_explainer_folder, load_explainer, save_explainer
from topple.benchmark.comparing.grid import Cell, Grid
from topple.explainers.base import Explainer

EXPLAINERS, SECONDS = "explainers", "seconds_of_fit"


def ready(grid: Grid, cell: Cell, folder: Path, *, progress: bool) -> tuple[Explainer, float | None]:
    """Return the method of a cell as it can be asked, and the seconds of the fit; None for a method that was not fitted here.

    A fit that an earlier run finished is read from the folder of the run. The seed of the cell goes before one of the settings.
    """
    method, recommender = grid.methods[cell.method], grid.models[cell.model]
    if not grid.fits(cell.method):
        return method, None
    where = folder / EXPLAINERS / quote(cell.label, safe=" ")
    if is_explainer_folder(where):
        found = load_explainer(where, recommender)
        return found, float(found.training[SECONDS])
    seed = {"seed": cell.seed} if "seed" in type(method.settings).model_fields else {}
    settings = method.settings.model_copy(update=seed)
    started = time.perf_counter()
    fitted = fit_explainer(recommender, grid.split, method.name, settings=settings, progress=progress)
    fitted.training[SECONDS] = time.perf_counter() - started
    save_explainer(fitted, where, overwrite=True)
    return fitted, fitted.training[SECONDS]
