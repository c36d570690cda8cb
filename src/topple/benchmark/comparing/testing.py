"""From pieces to paired tests: which queries two methods share, and what each counts for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from topple.benchmark.comparing.paired import LEVEL, PairedTest, by_sign, interval, mcnemar
from topple.benchmark.comparing.pieces import Piece
from topple.errors import QueryError, shown
from topple.types import FloatArray


def paired_test(
    pieces: Sequence[Piece], first: str, second: str, metric: str, model: str, *, seed: int = 0, level: float = LEVEL
) -> PairedTest:
    """Return the paired test of two methods on a model; see `PairedTest`.

    Args:
        pieces: what was measured.
        first: a method.
        second: another.
        metric: a metric that is a mean over queries.
        model: the model.
        seed: of the draws.
        level: of the interval.

    Raises:
        QueryError: what is not there, and what is.
    """
    lacking = missing(pieces, first, second, metric, model)
    if lacking:
        raise QueryError(lacking)
    if not 0 < level < 1:
        raise QueryError(
            f"level={shown(level)} is no level of an interval. Give a number between 0 and 1, such as 0.95."
        )
    of_each = [_values(pieces, method, metric, model) for method in (first, second)]
    there = _both(of_each)
    means = [values[:, there].mean(axis=0) for values in of_each]
    asked = next(piece.asked for piece in pieces if piece.cell.model == model)
    users = [user for (user, _), both in zip(asked, there, strict=True) if both]
    difference = means[0] - means[1]
    ends = interval(difference, users, seed=seed, level=level)
    shares = all(np.isin(values[:, there], (0, 1)).all() for values in of_each)
    return PairedTest(
        model=model,
        metric=metric,
        first=first,
        second=second,
        queries=len(users),
        users=len(set(users)),
        mean_first=float(means[0].mean()),
        mean_second=float(means[1].mean()),
        difference=float(difference.mean()),
        low=None if ends is None else ends[0],
        high=None if ends is None else ends[1],
        p=by_sign(difference, users, seed=seed),
        level=level,
        mcnemar=mcnemar(*(values[0, there] for values in of_each)) if shares else None,
    )


def missing(pieces: Sequence[Piece], first: str, second: str, metric: str, model: str) -> str:
    """Return why two methods cannot be tested in a metric; nothing where they can."""
    if first == second:
        return f"{first} would be tested against itself. Name another method."
    if lacking := unknown(pieces, (first, second), metric, model):
        return lacking
    of_each = [_values(pieces, method, metric, model) for method in (first, second)]
    if not _both(of_each).any():
        return f"no query has a value of {metric} for both {first} and {second}. Choose another metric."
    return ""


def unknown(pieces: Sequence[Piece], methods: Sequence[str], metric: str, model: str) -> str:
    """Return which method or metric has no figures on a model; nothing where all have."""
    here = [piece for piece in pieces if piece.cell.model == model]
    known = list(dict.fromkeys(piece.cell.method for piece in here))
    for method in methods:
        if method not in known:
            return f"{shown(method)} is not one of the methods with figures on {model}: {', '.join(known)}. Name one of them."
    metrics = list(dict.fromkeys(name for piece in here for name in piece.values))
    if metric not in metrics:
        return f"metric={shown(metric)} is not one that has a value for each query: {', '.join(metrics)}. Name one of them."
    return ""


def _values(pieces: Sequence[Piece], method: str, metric: str, model: str) -> FloatArray:
    """Return what each query counts for, a row a seed; NaN where the query is outside the denominator."""
    chosen = [piece for piece in pieces if (piece.cell.model, piece.cell.method) == (model, method)]
    rows = [piece.values.get(metric, (None,) * len(piece.asked)) for piece in chosen]
    return np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=np.float64)


def _both(of_each: Sequence[FloatArray]) -> NDArray[np.bool_]:
    """Return which queries have a value for each method with every seed."""
    return np.asarray(~np.isnan(np.concatenate(of_each)).any(axis=0), dtype=np.bool_)
