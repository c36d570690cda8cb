"""What a comparison found: the rows, and what they are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Any

from topple.benchmark.comparing.grid import Cell, Grid
from topple.benchmark.comparing.paired import LEVEL, PairedTest, corrected
from topple.benchmark.comparing.pieces import Piece
from topple.benchmark.comparing.rows import Row, row_of
from topple.benchmark.comparing.testing import missing, paired_test, unknown
from topple.errors import QueryError, SettingsError, shown
from topple.reports.frames import frame_of, plain_table
from topple.reports.methods.content import failures, notes, parts_of
from topple.reports.methods.differences import about_tests, differences
from topple.reports.methods.plots import draw_methods
from topple.reports.methods.texts import comma_separated, latex, markdown, records_of, terminal
from topple.types import JsonObject

if TYPE_CHECKING:
    from rich.table import Table

    from topple.reports.methods.content import Part


@dataclass(frozen=True, repr=False)
class Comparison:
    """Methods x models x seeds.

    Args:
        rows: one a method and model, in the order that was asked.
        pieces: what was measured with each seed, with what every query counts for.
        about: data, users, questions, rule, seeds, budget.
    """

    rows: tuple[Row, ...]
    pieces: tuple[Piece, ...] = field(default=())
    about: JsonObject = field(default_factory=dict)

    @classmethod
    def of(cls, grid: Grid, pieces: Sequence[Piece], failed: Mapping[Cell, str]) -> "Comparison":
        """Return the comparison of a grid.

        Args:
            grid: what was compared.
            pieces: what was measured.
            failed: why cells were not measured.
        """
        rows = []
        for model in grid.models:
            for method in grid.methods:
                found = [piece for piece in pieces if (piece.cell.model, piece.cell.method) == (model, method)]
                why = [text for cell, text in failed.items() if (cell.model, cell.method) == (model, method)]
                reason = grid.reason(model, method) or next(iter(why), "")
                rows.append(Row(model, method, reason=reason) if reason else row_of(found, draws=grid.draws(method)))
        people = len({user for piece in pieces for user, _ in piece.asked})
        told = {"name": grid.split.name, "seeds": list(grid.seeds), "people": people}
        return cls(tuple(rows), tuple(pieces), grid.manifest | told)

    @property
    def plain_rows(self) -> list[JsonObject]:
        """The rows as JSON objects."""
        return [asdict(row) for row in self.rows]

    def test(
        self, first: str, second: str, metric: str, *, model: str | None = None, seed: int = 0, level: float = LEVEL
    ) -> PairedTest:
        """Return a paired test of two methods: the difference with an interval, and what chance alone would do.

        Args:
            first: name of a method in the table.
            second: name of another.
            metric: a metric that is a mean over queries.
            model: name of the model, where there are several.
            seed: of the draws of the interval and of the test.
            level: of the interval.

        Raises:
            QueryError: a name that is not here, a metric without values of single queries, or no query with a value of both.
        """
        return paired_test(self.pieces, first, second, metric, self._model(model), seed=seed, level=level)

    def tests(
        self,
        metrics: Sequence[str],
        *,
        against: str | None = None,
        model: str | None = None,
        seed: int = 0,
        level: float = LEVEL,
    ) -> list[PairedTest]:
        """Return the tests of one method against each other, in metrics; chances are corrected for all of them by Holm.

        Pairs without a query that has a value of both, such as in metrics of attributions that a method does not give, are left out.

        Args:
            metrics: names.
            against: the method that others are tested against; None: the first of the table.
            model: name of the model, where there are several.
            seed: of the draws.
            level: of the intervals.

        Raises:
            QueryError: a name that is not here.
        """
        chosen = self._model(model)
        named = [row.method for row in self.rows if row.model == chosen and not row.reason]
        reference = against if against is not None else next(iter(named), "")
        for metric in metrics:
            if lacking := unknown(self.pieces, [reference], metric, chosen):
                raise QueryError(lacking)
        pairs = [(method, metric) for metric in metrics for method in named if method != reference]
        made = [
            paired_test(self.pieces, reference, method, metric, chosen, seed=seed, level=level)
            for method, metric in pairs
            if not missing(self.pieces, reference, method, metric, chosen)
        ]
        return corrected(made)

    def _model(self, model: str | None) -> str:
        """Return the name of the one model, or of the model that is named.

        Raises:
            QueryError: several and none is named, or a name that is not here.
        """
        names = list(dict.fromkeys(row.model for row in self.rows))
        if model is None and len(names) == 1:
            return names[0]
        if model not in names:
            raise QueryError(f"model={shown(model)} is not one of the models: {', '.join(names)}. Name one of them.")
        return model

    def as_json(self) -> JsonObject:
        """Return what was compared, and the rows, as one JSON object."""
        return {"about": self.about, "rows": self.plain_rows}

    @property
    def failures(self) -> list[str]:
        """Why methods have no figures, a line each."""
        return failures(self.plain_rows)

    def _told(self, metrics: Sequence[str] | None, tests: Sequence[PairedTest]) -> "tuple[list[Part], list[str]]":
        """Return the tables, that of the tests last, and the lines below."""
        parts, lines = parts_of(self.plain_rows, metrics), notes(self.plain_rows, self.about, metrics)
        plain = [asdict(test) for test in tests]
        more = [differences(plain)] if plain else []
        return [*parts, *more], [*lines, *about_tests(plain, self.about["seeds"])]

    def to_tables(self, metrics: Sequence[str] | None = None, tests: Sequence[PairedTest] = ()) -> "list[Table]":
        """Return the tables for a terminal, with the notes below the last.

        Args:
            metrics: names of the registry; None: those that are usually told, and those of other packages.
            tests: what `tests` returned, to be a table too.
        """
        return terminal(*self._told(metrics, tests))

    def to_markdown(self, metrics: Sequence[str] | None = None, tests: Sequence[PairedTest] = ()) -> str:
        """Return the tables as Markdown, with the notes and what failed below; the arguments are those of `to_tables`."""
        return markdown(*self._told(metrics, tests), self.failures)

    def to_latex(self, metrics: Sequence[str] | None = None, tests: Sequence[PairedTest] = ()) -> str:
        """Return the tables as LaTeX (booktabs), with the notes as comments; the arguments are those of `to_tables`."""
        return latex(*self._told(metrics, tests), self.failures)

    def to_csv(self) -> str:
        """Return one line a row, with every number, the spread over the seeds and how many queries count."""
        return comma_separated(records_of(self.plain_rows))

    def to_frame(self, library: str = "pandas", *, rows: str = "methods") -> Any:
        """Return a frame of plain columns.

        Args:
            library: "pandas" or "polars".
            rows: "methods", as in the CSV, or "queries": what each query counts for in each metric, with each seed.

        Raises:
            SettingsError: another library, or other rows.
            CapabilityError: the library is not installed.
        """
        if rows not in ("methods", "queries"):
            raise SettingsError(f"rows={shown(rows)} is not one of methods, queries. Choose one of them.")
        found = records_of(self.plain_rows) if rows == "methods" else self._of_queries()
        return frame_of(plain_table(found), library)

    def draw(self, kind: str = "all") -> Any:
        """Return a figure of matplotlib: "size" (against validity), "deletion" (curves), "cost" (against quality) or "all".

        Raises:
            SettingsError: another kind, or deletion curves where no method gives numbers for events.
            CapabilityError: matplotlib is not installed.
        """
        return draw_methods(self.plain_rows, self.curves(), kind)

    def curves(self, kind: str = "deletion") -> dict[tuple[str, str], tuple[float, ...]]:
        """Return by model and method the share of targets in the top-k at each of 11 points of a curve, mean over the seeds.

        Args:
            kind: "deletion" (what holds the target up most is removed first), "reverse_deletion", or "insertion".
        """
        found: dict[tuple[str, str], list[tuple[float, ...]]] = {}
        for piece in self.pieces:
            if kind in piece.curves:
                found.setdefault((piece.cell.model, piece.cell.method), []).append(piece.curves[kind])
        return {key: tuple(map(fmean, zip(*several, strict=True))) for key, several in found.items()}

    def _of_queries(self) -> list[JsonObject]:
        """Return a record a query, method and seed."""
        return [
            {
                "model": piece.cell.model,
                "method": piece.cell.method,
                "seed": piece.cell.seed,
                "user": user,
                "target": target,
                "scored": piece.scored[turn],
                "seconds": piece.seconds[turn],
                **{name: values[turn] for name, values in piece.values.items()},
            }
            for piece in self.pieces
            for turn, (user, target) in enumerate(piece.asked)
        ]

    def __repr__(self) -> str:
        models = len({row.model for row in self.rows})
        failed = f", {len(self.failures)} without figures" if self.failures else ""
        return f"<Comparison of {len(self.rows)} methods and models ({models} models){failed}: print(comparison.to_markdown())>"
