"""The smallest removal for one target of an additive model, as a mixed-integer program."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from topple.explainers.proofs.gaps import Gaps
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
    """

    positions: IntArray
    smallest: int
    largest: int
    forbidden: Sequence[BoolArray] = ()
    cost: FloatArray | None = None
    limits: Sequence[tuple[FloatArray, float]] = ()


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


def _constraints(gaps: Gaps, wanted: Wanted) -> tuple[FloatArray, FloatArray]:
    """Return rows [M, positions + C] and the floors [M] that they must reach; columns: positions, then who is counted."""
    positions, competitors = wanted.positions, len(gaps.start)
    scaled = gaps.scaled()
    gains, start = SCALE * scaled.gains[:, positions], SCALE * scaled.start
    worst = start + np.sort(gains.clip(max=0), 1)[:, : wanted.largest].sum(1)
    lift = np.maximum(0.0, -worst)  # what the gap of a competitor that is not counted may lack
    comes_back = np.flatnonzero(gaps.position >= 0)
    one, nobody, all_positions = np.eye(competitors), np.zeros(competitors), np.ones(len(positions))
    forbidden = np.array([gone[positions] for gone in wanted.forbidden], dtype=np.bool_).reshape(-1, len(positions))
    limits = [
        (np.concatenate([-numbers[positions], nobody])[None], np.array([-most])) for numbers, most in wanted.limits
    ]
    blocks = [
        (np.hstack([gains, -one * lift]), -start - lift - LOOSE),
        (np.hstack([np.ones((competitors, len(positions))), -one * gaps.fewest]), nobody),
        (np.concatenate([0 * all_positions, np.ones(competitors)])[None], np.array([gaps.needed])),
        (np.concatenate([all_positions, nobody])[None], np.array([wanted.smallest])),
        (np.concatenate([-all_positions, nobody])[None], np.array([-wanted.largest])),
        (np.hstack([positions == gaps.position[comes_back, None], -one[comes_back]]), nobody[comes_back]),
        (np.hstack([np.where(forbidden, -1.0, 1.0), np.zeros((len(forbidden), competitors))]), 1 - forbidden.sum(1)),
        *limits,
    ]
    return np.vstack([rows for rows, _ in blocks]), np.concatenate([floors for _, floors in blocks])
