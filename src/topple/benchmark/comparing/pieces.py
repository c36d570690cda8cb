"""One cell of the grid: the answers are kept as they are ready, judged and measured, and kept as one piece."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from topple.api.answers.asked import queries_about
from topple.api.asking import contexts_of, requests_of
from topple.api.evaluating import evaluate
from topple.api.explaining import explain_queries
from topple.api.faces.resuming import KeptAnswers
from topple.api.faces.runs import MARKER as RUN
from topple.api.faces.runs import Run
from topple.benchmark.comparing.grid import Cell, Grid
from topple.benchmark.comparing.learning import ready
from topple.errors import QueryError
from topple.explainers.base import Explainer
from topple.inputs import is_file
from topple.metrics import Evaluation
from topple.records.answer import Explanation, Status
from topple.records.curves import PARTS, Curves, tenths
from topple.records.io import read_explanations
from topple.records.question import Query
from topple.reports.records import MARKER
from topple.scoring.recommender import Recommender
from topple.types import JsonObject

EXPLANATIONS = "explanations"
"""The folder of the answers, a result folder for each cell."""
WARMING = {"scored": 20}
"""What is spent before time is taken: loops are loaded, memory is asked for."""


@dataclass(frozen=True)
class Measured:
    """A metric over the queries of one cell, under the rule that was asked; `value` is None where the denominator is 0."""

    value: float | None
    denominator: int
    of: str


@dataclass(frozen=True)
class Piece:
    """What was measured of one method on one model with one seed.

    Args:
        cell: which.
        queries: valid queries.
        invalid: queries that could not be asked; they are in no denominator.
        measured: by metric.
        values: by metric that is a mean over queries, what each query counts for, in the order of the queries; None for one outside
            the denominator.
        asked: user and target of each query.
        scored: scored histories of each query.
        seconds: of each query, with verification; the queries that are answered together share the time.
        statuses: how many queries ended how.
        proven: how many answers are proven minimum or impossible by a method of this library.
        claimed: how many are so as methods of other packages claim.
        curves: by kind of curve, the share of queries whose target is in the top-k at each of the 11 points; empty without
            attributions.
        of_curves: of how many queries that is.
        fit_seconds: what the fit of a method that learns took; None for one that does not.
    """

    cell: Cell
    queries: int
    invalid: int
    measured: dict[str, Measured]
    values: dict[str, tuple[float | None, ...]]
    asked: tuple[tuple[Any, Any], ...]
    scored: tuple[int, ...]
    seconds: tuple[float, ...]
    statuses: dict[str, int] = field(default_factory=dict)
    proven: int = 0
    claimed: int = 0
    curves: dict[str, tuple[float, ...]] = field(default_factory=dict)
    of_curves: int = 0
    fit_seconds: float | None = None

    def as_json(self) -> JsonObject:
        """Return the piece as one object."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: JsonObject) -> "Piece":
        """Return the piece of what `as_json` returned.

        Raises:
            KeyError, TypeError: it is no piece.
        """
        return cls(
            **{
                **values,
                "cell": Cell(**values["cell"]),
                "measured": {name: Measured(**each) for name, each in values["measured"].items()},
                "values": {name: tuple(each) for name, each in values["values"].items()},
                "asked": tuple((user, target) for user, target in values["asked"]),
                "scored": tuple(values["scored"]),
                "seconds": tuple(values["seconds"]),
                "curves": {name: tuple(each) for name, each in values["curves"].items()},
            }
        )


def measure_cell(grid: Grid, cell: Cell, run: Run, *, progress: bool) -> Piece:
    """Explain, judge and measure one cell; answers that an interrupted run kept are taken up, and the piece is kept.

    Args:
        grid: what is compared.
        cell: which part of it.
        run: the folder of the run.
        progress: whether to show bars.
    """
    recommender = grid.models[cell.model]
    method, fit_seconds = ready(grid, cell, run.folder, progress=progress)
    queries = queries_of(grid, recommender, cell.seed)
    explanations = _explanations(grid, cell, method, queries, run.folder, progress=progress)
    evaluation = evaluate(recommender, explanations, progress=progress)
    piece = replace(_piece(grid, cell, explanations, evaluation), fit_seconds=fit_seconds)
    run.keep(cell.name, piece.as_json())
    return piece


def queries_of(grid: Grid, recommender: Recommender, seed: int) -> list[Query]:
    """Return the queries about the lists of the users of a grid; they differ between models, and with the seed in nothing else."""
    by_id = isinstance(grid.users, tuple)
    histories = grid.split.histories(grid.users) if by_id else grid.split.histories(limit=grid.users)  # type: ignore[arg-type]
    requests = requests_of(
        recommender.catalogue, histories, None, contexts_of(recommender, None), k=grid.k, rule=grid.rule, seed=seed
    )
    if not requests:
        raise QueryError(f"{grid.split.name} has no test user with a history to explain. Prepare data that has.")
    return queries_about(recommender, requests, None)


def _explanations(
    grid: Grid, cell: Cell, method: Explainer, queries: Sequence[Query], folder: Path, *, progress: bool
) -> Sequence[Explanation]:
    """Return the answers of a cell: those of the result folder, or made now, from those that are kept on."""
    recommender, out = grid.models[cell.model], folder / EXPLANATIONS / quote(cell.label, safe=" ")
    if is_file(out / MARKER) and not is_file(out.with_name(f"{out.name}.partial") / RUN):
        return read_explanations(out)
    keeper = KeptAnswers(out, resume=True)
    explain_queries(recommender, queries[:1], explainer=method, budget=WARMING, progress=False)
    found = keeper.explain(recommender, queries, method, grid.budget, progress=progress)
    keeper.write(recommender.catalogue)
    return found


def _piece(grid: Grid, cell: Cell, explanations: Sequence[Explanation], evaluation: Evaluation) -> Piece:
    measured = evaluation.measurements[grid.rule]
    curves = [each for each in evaluation.curves if each is not None]
    asked = [each.status.value for each in explanations if each.status is not Status.INVALID]
    return Piece(
        cell=cell,
        queries=evaluation.queries,
        invalid=evaluation.invalid,
        measured={
            name: Measured(None if each.value != each.value else each.value, each.denominator, each.of)
            for name, each in measured.items()
        },
        values=dict(evaluation.values[grid.rule]),
        asked=tuple((each.query.user, each.query.target) for each in explanations),
        scored=tuple(each.cost for each in explanations),
        seconds=tuple(each.seconds for each in explanations),
        statuses=dict(Counter(asked)),
        proven=evaluation.proofs.minimum + evaluation.proofs.impossible,
        claimed=sum(evaluation.proofs.claimed.values()),
        curves=shares(curves, grid.k) if curves else {},
        of_curves=len(curves),
    )


def shares(curves: Sequence[Curves], k: int) -> dict[str, tuple[float, ...]]:
    """Return for each kind of curve the share of queries whose target is in the top-k at each of the 11 points."""
    return {
        kind: tuple(
            sum(getattr(each, kind).rank(tenths(each.events)[point]) <= k for each in curves) / len(curves)
            for point in range(PARTS + 1)
        )
        for kind in ("deletion", "reverse_deletion", "insertion")
    }
