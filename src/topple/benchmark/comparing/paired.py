"""Paired tests of two methods: the same queries, users resampled, and what chance alone would do."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from topple.randomness import generator
from topple.types import FloatArray

LEVEL = 0.95
RESAMPLED = 9_999
"""Draws of the bootstrap and of the test of signs."""
AT_ONCE = 2**22
"""Numbers that are drawn together at most."""


@dataclass(frozen=True)
class McNemar:
    """An exact test of a share, over the queries on which two methods differ; queries of one user count as if independent.

    Args:
        only_first: queries that count for the first method alone.
        only_second: queries that count for the second alone.
        p: that chance alone splits them so unevenly, two-sided.
        holm: the same, corrected for the tests that were made together; None where one was made.
    """

    only_first: int
    only_second: int
    p: float
    holm: float | None = None


@dataclass(frozen=True)
class PairedTest:
    """Two methods on the same queries of one model, in one metric.

    Args:
        model, metric, first, second: what is compared.
        queries: those that have a value for both methods, with every seed; others are left out.
        users: whose queries they are.
        mean_first: over these queries, each the mean over the seeds.
        mean_second: the same of the second method.
        difference: the first mean less the second.
        low: end of the interval of the difference: a bootstrap over users, as the queries of one user are not independent.
        high: the other end. None for both with fewer than two users.
        p: that chance alone makes a difference so large, two-sided: the signs of users' differences are drawn.
        level: of the interval.
        holm: the same as p, corrected by Holm for the tests that were made together; None where one was made.
        mcnemar: for a metric that is a share, over the queries of the first seed; else None.
    """

    model: str
    metric: str
    first: str
    second: str
    queries: int
    users: int
    mean_first: float
    mean_second: float
    difference: float
    low: float | None
    high: float | None
    p: float | None
    level: float = LEVEL
    holm: float | None = None
    mcnemar: McNemar | None = None


def interval(
    differences: FloatArray, users: Sequence[Hashable], *, seed: int, level: float = LEVEL
) -> tuple[float, float] | None:
    """Return a bootstrap interval (percentiles) of a mean over queries, with users resampled whole; None with fewer than two users.

    Args:
        differences: of each query [N].
        users: whose each query is, N.
        seed: of the draws.
        level: of the interval.
    """
    totals, counts = by_user(differences, users)
    if len(totals) < 2:
        return None
    found = stats.bootstrap(
        (totals, counts),
        lambda total, count, axis=-1: total.sum(axis=axis) / count.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLED,
        batch=max(1, AT_ONCE // len(totals)),
        confidence_level=level,
        method="percentile",
        random_state=generator(seed, "bootstrap"),
    ).confidence_interval
    return float(found.low), float(found.high)


def by_sign(differences: FloatArray, users: Sequence[Hashable], *, seed: int) -> float | None:
    """Return how often drawn signs of the users' differences make a total as large, two-sided; None with fewer than two users.

    If two methods are equally good, each user's difference could as well have the other sign. All signs are tried where there are
    few enough.

    Args:
        differences: of each query [N].
        users: whose each query is, N.
        seed: of the draws.
    """
    totals, _ = by_user(differences, users)
    if len(totals) < 2:
        return None
    return float(
        stats.permutation_test(
            (totals,),
            lambda total, axis=-1: total.sum(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=RESAMPLED,
            batch=max(1, AT_ONCE // len(totals)),
            random_state=generator(seed, "signs"),
        ).pvalue
    )


def by_user(values: FloatArray, users: Sequence[Hashable]) -> tuple[FloatArray, FloatArray]:
    """Return for each user the sum of the values of the queries, and how many these are.

    Example:
        >>> by_user(np.array([1.0, 2.0, 4.0]), ["ann", "bob", "ann"])
        (array([5., 2.]), array([2., 1.]))
    """
    number = {user: turn for turn, user in enumerate(dict.fromkeys(users))}
    rows = np.array([number[user] for user in users], dtype=np.int64)
    totals, counts = np.zeros(len(number)), np.zeros(len(number))
    np.add.at(totals, rows, values)
    np.add.at(counts, rows, 1)
    return totals, counts


def mcnemar(first: FloatArray, second: FloatArray) -> McNemar:
    """Return the exact test of two shares, of values 0 and 1 of the same queries [N].

    Example:
        >>> mcnemar(np.array([1.0, 1, 1, 1, 0, 0]), np.array([0.0, 0, 0, 1, 0, 0])).p
        0.25
    """
    only_first, only_second = int((first > second).sum()), int((first < second).sum())
    tried = only_first + only_second
    p = float(stats.binomtest(only_first, tried).pvalue) if tried else 1.0
    return McNemar(only_first, only_second, p)


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected by Holm for so many tests; None stays None and counts as no test.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 1979.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    known = sorted((p, turn) for turn, p in enumerate(chances) if p is not None)
    found: list[float | None] = [None] * len(chances)
    least = 0.0
    for rank, (p, turn) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        found[turn] = least
    return found


def corrected(tests: Sequence[PairedTest]) -> list[PairedTest]:
    """Return tests that were made together, with Holm's correction of both kinds of chances."""
    chances = holm([test.p for test in tests])
    exact = holm([None if test.mcnemar is None else test.mcnemar.p for test in tests])
    return [
        replace(test, holm=p, mcnemar=None if test.mcnemar is None else replace(test.mcnemar, holm=of_share))
        for test, p, of_share in zip(tests, chances, exact, strict=True)
    ]
