"""The folder of a comparison: what it is of, and what is ready."""

from topple.api.faces.runs import MARKER, Run, difference
from topple.benchmark.comparing.grid import Grid
from topple.benchmark.comparing.pieces import Piece
from topple.errors import DataError, OutputExistsError, QueryError
from topple.inputs import is_file, path_of
from topple.types import FilePath


def begun(grid: Grid, folder: FilePath, *, resume: bool = False, overwrite: bool = False) -> Run:
    """Return the run of a folder: a new one, or one of the same data, questions, models and settings.

    Raises:
        OutputExistsError: a run is there and neither is asked for, or a run of something else.
        QueryError: both are asked for.
    """
    if resume and overwrite:
        raise QueryError("--resume goes on with what is there and --overwrite begins anew. Give one of the two.")
    where = path_of(folder)
    if is_file(where / MARKER) and not (resume or overwrite):
        raise OutputExistsError(
            f"{where} holds a comparison. Go on with it (--resume), begin anew (--overwrite), or choose another folder."
        )
    run = Run(where, grid.manifest, overwrite=overwrite)
    there = set(run.finished)
    for name, entry in grid.entries.items():
        if name not in there:
            run.keep(name, entry)
        elif changed := difference(run.kept(name), entry):
            raise OutputExistsError(
                f"{where} holds another run ({name}: {changed}) and is left as it is. Choose another folder, or another name for what "
                "has changed, or pass overwrite (--overwrite)."
            )
    return run


def finished(grid: Grid, run: Run) -> list[Piece]:
    """Return the pieces of a grid that are ready.

    Raises:
        DataError: a piece is damaged.
    """
    there = set(run.finished)
    return [_piece(run, cell.name) for cell in grid.cells if cell.name in there]


def _piece(run: Run, name: str) -> Piece:
    try:
        return Piece.of_json(run.kept(name))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{run.path(name)} holds no figures ({error!r}). Delete it; the run makes it anew.") from error
