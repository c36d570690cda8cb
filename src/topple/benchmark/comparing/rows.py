"""The rows of the table: mean and spread over the seeds of what the pieces measured."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from topple.benchmark.comparing.pieces import Piece


@dataclass(frozen=True)
class Mean:
    """A number over seeds.

    Args:
        value: the mean over the seeds that have a value; None where none has.
        spread: the standard deviation over the seeds (of a sample: n - 1); None with fewer than two.
        denominator: how many queries count, mean over the seeds.
        of: what the denominator counts.
    """

    value: float | None
    spread: float | None = None
    denominator: float = 0
    of: str = "queries"


@dataclass(frozen=True)
class Row:
    """What was measured of one method on one model.

    Args:
        model: the name in the table.
        method: the name in the table.
        seeds: those that were run; one where the method draws nothing.
        draws: whether answers may depend on the seed.
        queries: valid queries of a seed; the denominator of coverage and validity.
        invalid: queries that could not be asked; they are in no denominator.
        measured: by metric; a metric of attributions is missing where the method gives none.
        proven: share of the queries whose answer a method of this library proves minimum or impossible.
        claimed: the same, as methods of other packages claim.
        scored: scored histories a query.
        milliseconds: of a query, verification included.
        fit_seconds: of a fit; None where the method learns nothing.
        reason: why nothing was measured.
    """

    model: str
    method: str
    seeds: tuple[int, ...] = ()
    draws: bool = True
    queries: int = 0
    invalid: int = 0
    measured: dict[str, Mean] = field(default_factory=dict)
    proven: Mean = field(default_factory=lambda: Mean(None))
    claimed: Mean = field(default_factory=lambda: Mean(None))
    scored: Mean = field(default_factory=lambda: Mean(None))
    milliseconds: Mean = field(default_factory=lambda: Mean(None))
    fit_seconds: Mean = field(default_factory=lambda: Mean(None))
    reason: str = ""


def row_of(pieces: Sequence[Piece], *, draws: bool) -> Row:
    """Return the row of the pieces of one method on one model, one piece a seed."""
    first = pieces[0]
    names = [name for name in first.measured if all(name in piece.measured for piece in pieces)]

    def share(counts: Sequence[float]) -> Mean:
        """Return a mean over queries: of each piece, what its queries add up to."""
        found = [total / piece.queries if piece.queries else None for total, piece in zip(counts, pieces, strict=True)]
        return mean(found, [piece.queries for piece in pieces])

    return Row(
        model=first.cell.model,
        method=first.cell.method,
        seeds=tuple(piece.cell.seed for piece in pieces),
        draws=draws,
        queries=first.queries,
        invalid=first.invalid,
        measured={
            name: mean(
                [piece.measured[name].value for piece in pieces],
                [piece.measured[name].denominator for piece in pieces],
                first.measured[name].of,
            )
            for name in names
        },
        proven=share([piece.proven for piece in pieces]),
        claimed=share([piece.claimed for piece in pieces]),
        scored=share([sum(piece.scored) for piece in pieces]),
        milliseconds=share([1000 * sum(piece.seconds) for piece in pieces]),
        fit_seconds=mean([piece.fit_seconds for piece in pieces], [1] * len(pieces), "fits"),
    )


def mean(values: Sequence[float | None], denominators: Sequence[int], of: str = "queries") -> Mean:
    """Return the mean and the spread of one value a seed.

    Example:
        >>> mean([0.5, 0.7, None], [10, 10, 0])
        Mean(value=0.6, spread=0.14142135623730948, denominator=6.666666666666667, of='queries')
    """
    known = [value for value in values if value is not None]
    spread = statistics.stdev(known) if len(known) > 1 else None
    value = statistics.fmean(known) if known else None
    return Mean(value, spread, statistics.fmean(denominators), of)
