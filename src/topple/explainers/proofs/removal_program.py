"""The smallest removal for one target of an additive model, as a mixed-integer program."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from topple.explainers.proofs.evidence import Evidence
from topple.explainers.proofs.gaps import Gaps
from topple.explainers.proofs.keeping import Keeping
from topple.types import BoolArray, FloatArray, IntArray

SCALE = 100.0
"""What a scaled gain of 1 becomes; the solver's own tolerance is an absolute 1e-6."""
LOOSE = 1e-4
"""By how much a scaled gap may miss 0: well above the solver's tolerance, so that no set that topples is cut off."""


class Ended(Enum):
    """How a search among the sets of some sizes ended."""

    FOUND = "found"
    NO_SUCH_SET = "no such set"
    STOPPED = "stopped"


@dataclass(frozen=True, eq=False)
class Wanted:
    """The sets that a program is to choose from.

    Args:
        positions: the positions to choose from.
        smallest: positions of the smallest set.
        largest: positions of the largest.
        forbidden: sets that are not wanted, bool [H] each.
        cost: what each position costs [H], if the cheapest set is wanted and not the smallest.
        limits: numbers of the positions [H], and what their sum over a set may not be above.
        keeping: who may not outrank the target where the set is all that is left; None where that does not matter.
        evidence: what speaks for the target, if sets that leave none are wanted too.
    """

    positions: IntArray
    smallest: int
    largest: int
    forbidden: Sequence[BoolArray] = ()
    cost: FloatArray | None = None
    limits: Sequence[tuple[FloatArray, float]] = ()
    keeping: Keeping | None = None
    evidence: Evidence | None = None


def fewest_removals(gaps: Gaps, wanted: Wanted, nodes: int, seconds: float = math.inf) -> tuple[Ended, BoolArray]:
    """Return a smallest set that brings enough gaps above 0, bool [H], and how the solver ended; no set unless found.

    Source: HiGHS (Huangfu and Hall, 2018), from scipy.

    Args:
        gaps: the gaps; none that is above 0 whatever is removed.
        wanted: the sets to choose from.
        nodes: branches to try at most.
        seconds: after which the solver is stopped.
    """
    positions, cost = wanted.positions, wanted.cost
    nothing = np.zeros(len(gaps.removable), dtype=np.bool_)
    if len(positions) < wanted.smallest:
        return Ended.NO_SUCH_SET, nothing
    if seconds <= 0:
        return Ended.STOPPED, nothing
    rows, floors = _constraints(gaps, wanted)
    columns = rows.shape[1]
    price = np.zeros(columns)
    price[: len(positions)] = 1 if cost is None else cost[positions]
    solved = milp(
        price,
        integrality=np.ones(columns, dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, floors, np.inf),
        options={
            "node_limit": nodes,
            "mip_rel_gap": 0.0,
            "time_limit": seconds,
            "presolve": cost is None,  # with costs, HiGHS 1.12 has presolved solutions and the best of them away
        },
    )
    if solved.status == 0:
        found = nothing.copy()
        found[positions[solved.x[: len(positions)] > 0.5]] = True
        return Ended.FOUND, found
    return (Ended.NO_SUCH_SET if solved.status == 2 else Ended.STOPPED), nothing


class _Rows:
    """The rows of a program as they come in, each with a floor; a block of columns for each kind of decision.

    The blocks: `removed`, a column for each position; `outranks`, one for each competitor that is counted; `let`, one for
    each competitor that may outrank the target of a set alone; `unspoken`, one for want of evidence.
    """

    def __init__(self, **columns: int) -> None:
        self._slices: dict[str, slice] = {}
        self._width = 0
        for name, count in columns.items():
            self._slices[name] = slice(self._width, self._width + count)
            self._width += count
        self._rows: list[FloatArray] = []
        self._floors: list[FloatArray] = []

    def add(self, floors: FloatArray | list[float], **blocks: FloatArray | float) -> None:
        """Add rows with these floors [M]; columns that are not named are 0."""
        rows = np.zeros((len(floors), self._width))
        for name, numbers in blocks.items():
            rows[:, self._slices[name]] = numbers
        self._rows.append(rows)
        self._floors.append(np.asarray(floors, dtype=np.float64))

    def all(self) -> tuple[FloatArray, FloatArray]:
        """Return the rows [M, columns] and their floors [M]."""
        return np.vstack(self._rows), np.concatenate(self._floors)


def _constraints(gaps: Gaps, wanted: Wanted) -> tuple[FloatArray, FloatArray]:
    """Return the rows [M, columns] of a program and the floors that they must reach [M]."""
    positions, keeping, evidence = wanted.positions, wanted.keeping, wanted.evidence
    rows = _Rows(
        removed=len(positions),
        outranks=len(gaps.start),
        let=0 if keeping is None else len(keeping.told),
        unspoken=0 if evidence is None else 1,
    )
    _outranked(rows, gaps, wanted)
    rows.add([wanted.smallest], removed=1)
    rows.add([-wanted.largest], removed=-1)
    forbidden = np.array([gone[positions] for gone in wanted.forbidden], dtype=np.bool_).reshape(-1, len(positions))
    rows.add(1 - forbidden.sum(1), removed=np.where(forbidden, -1.0, 1.0))
    for numbers, most in wanted.limits:
        rows.add([-most], removed=-numbers[positions])
    if keeping is not None and len(keeping.told):
        _kept(rows, keeping, positions)
    if evidence is not None:
        _unspoken(rows, evidence, positions)
    return rows.all()


def _outranked(rows: _Rows, gaps: Gaps, wanted: Wanted) -> None:
    """Enough competitors are counted, and the gap of each that is counted is above 0."""
    positions, scaled = wanted.positions, gaps.scaled()
    gains, start = SCALE * scaled.gains[:, positions], SCALE * scaled.start
    worst = start + np.sort(gains.clip(max=0), 1)[:, : wanted.largest].sum(1)
    lift = np.maximum(0.0, -worst)  # what the gap of a competitor that is not counted may lack
    comes_back = np.flatnonzero(gaps.position >= 0)
    one, nothing = np.eye(len(gaps.start)), np.zeros(len(gaps.start))
    rows.add(-start - lift - LOOSE, removed=gains, outranks=-one * lift)
    rows.add(nothing, removed=1, outranks=-one * gaps.fewest)
    rows.add(nothing[comes_back], removed=positions == gaps.position[comes_back, None], outranks=-one[comes_back])
    rows.add([gaps.needed], outranks=1, **({} if wanted.evidence is None else {"unspoken": max(0, gaps.needed)}))


def _kept(rows: _Rows, keeping: Keeping, positions: IntArray) -> None:
    """In a history of the set alone no competitor is above 0 but those that are let, and they are few."""
    start, gains = keeping.scaled(positions)
    start, gains = SCALE * start, SCALE * gains
    lift = np.maximum(0.0, start + gains.clip(min=0).sum(1))  # what the gap of a competitor that is let may have
    away = 0.0 if keeping.holds is None else keeping.holds[np.ix_(positions, keeping.told)].T * lift[:, None]
    rows.add(start - LOOSE, removed=away - gains, let=np.eye(len(start)) * lift)
    rows.add([-keeping.allowed], let=-1)


def _unspoken(rows: _Rows, evidence: Evidence, positions: IntArray) -> None:
    """Where the target leaves for want of evidence, what is kept adds nothing to the score."""
    parts = SCALE * evidence.parts[positions]
    total, near = SCALE * evidence.total, SCALE * evidence.near + LOOSE
    above = max(0.0, total - parts.clip(max=0).sum() - near)
    below = max(0.0, parts.clip(min=0).sum() - total - near)
    rows.add([total - near - above], removed=parts, unspoken=-above)
    rows.add([-total - near - below], removed=-parts, unspoken=-below)
