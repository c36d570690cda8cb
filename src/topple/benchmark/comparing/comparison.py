"""What a comparison found: the rows, and what they are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from topple.benchmark.comparing.grid import Cell, Grid
from topple.benchmark.comparing.pieces import Piece
from topple.benchmark.comparing.rows import Row, row_of
from topple.reports.methods.content import failures, notes, parts_of
from topple.reports.methods.texts import comma_separated, latex, markdown, records_of, terminal
from topple.types import JsonObject

if TYPE_CHECKING:
    from rich.table import Table


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
            for method, explainer in grid.methods.items():
                found = [piece for piece in pieces if (piece.cell.model, piece.cell.method) == (model, method)]
                why = [text for cell, text in failed.items() if (cell.model, cell.method) == (model, method)]
                reason = grid.reason(model, method) or next(iter(why), "")
                rows.append(Row(model, method, reason=reason) if reason else row_of(found, draws=explainer.draws))
        people = len({user for piece in pieces for user, _ in piece.asked})
        told = {"name": grid.split.name, "seeds": list(grid.seeds), "people": people}
        return cls(tuple(rows), tuple(pieces), grid.manifest | told)

    @property
    def plain_rows(self) -> list[JsonObject]:
        """The rows as JSON objects."""
        return [asdict(row) for row in self.rows]

    def as_json(self) -> JsonObject:
        """Return what was compared, and the rows, as one JSON object."""
        return {"about": self.about, "rows": self.plain_rows}

    @property
    def failures(self) -> list[str]:
        """Why methods have no figures, a line each."""
        return failures(self.plain_rows)

    def notes(self, metrics: Sequence[str] | None = None) -> list[str]:
        """Return the lines that say what the numbers of the tables are of."""
        return notes(self.plain_rows, self.about, metrics)

    def to_tables(self, metrics: Sequence[str] | None = None) -> "list[Table]":
        """Return the tables for a terminal, with the notes below the last; `metrics` are names of the registry, None the usual."""
        return terminal(parts_of(self.plain_rows, metrics), self.notes(metrics))

    def to_markdown(self, metrics: Sequence[str] | None = None) -> str:
        """Return the tables as Markdown, with the notes and what failed below."""
        return markdown(parts_of(self.plain_rows, metrics), self.notes(metrics), self.failures)

    def to_latex(self, metrics: Sequence[str] | None = None) -> str:
        """Return the tables as LaTeX (booktabs), with the notes as comments."""
        return latex(parts_of(self.plain_rows, metrics), self.notes(metrics), self.failures)

    def to_csv(self) -> str:
        """Return one line a row, with every number, the spread over the seeds and how many queries count."""
        return comma_separated(records_of(self.plain_rows))
