"""Whether a unit less, or a single unit, does what a set is to do: from the tensors of the judge to compiled functions and back.

For histories that are sums.
"""

from typing import TypeAlias

import torch
from torch import Tensor

from topple.scoring.encoding import EncodedQueries
from topple.scoring.lists.standings import fillers_of
from topple.scoring.pace import go_on
from topple.scoring.sums.rows import Sums
from topple.scoring.unchanged import UnchangedScores
from topple.types import BoolArray, FloatArray, IntArray

OfSums: TypeAlias = tuple[
    Sums, IntArray, BoolArray, IntArray, IntArray, IntArray, FloatArray, FloatArray, float, BoolArray
]
"""What the functions of `spare` are asked."""


def work_with_a_unit_less(
    unchanged: UnchangedScores,
    queries: EncodedQueries,
    tolerance: Tensor,
    number: Tensor,
    sets: Tensor,
    wants: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return which sets possibly do what is wanted with some unit given back, and where rounding decides that, bool [M].

    Args:
        unchanged: the scores of the unchanged histories.
        queries: N queries.
        tolerance: of each [N].
        number: the query of each set [M].
        sets: positions, bool [M, H].
        wants: whether the target of each query is to be out without the set, and whether in with nothing but the set, bool [N, 2].
    """
    from topple.verification.spare import spare_units  # compiled where it is first needed

    works, decided = torch.zeros_like(sets[:, 0]), torch.zeros_like(sets[:, 0])
    asked = _of_sums(unchanged, queries, tolerance, number, sets, wants)
    spare_units(*asked, works.numpy(), decided.numpy())
    return works, decided


def a_unit_works(
    unchanged: UnchangedScores,
    queries: EncodedQueries,
    tolerance: Tensor,
    number: Tensor,
    tried: Tensor,
    wants: Tensor,
) -> Tensor:
    """Return for which queries any of the units that are tried possibly does what is wanted, bool [Q].

    Args:
        unchanged: the scores of the unchanged histories.
        queries: N queries.
        tolerance: of each [N].
        number: the queries [Q].
        tried: units, bool [Q, H].
        wants: as of `work_with_a_unit_less`.
    """
    from topple.verification.spare import single_units  # compiled where it is first needed

    works = torch.zeros_like(tried[:, 0])
    single_units(*_of_sums(unchanged, queries, tolerance, number, tried, wants), works.numpy())
    return works


def _of_sums(
    unchanged: UnchangedScores,
    queries: EncodedQueries,
    tolerance: Tensor,
    number: Tensor,
    positions: Tensor,
    wants: Tensor,
) -> OfSums:
    """Return what compiled functions ask about positions of the histories of queries `number` [Q], bool [Q, H]."""
    assert unchanged.sums is not None  # noqa: S101 - asked for sums alone
    go_on()
    return (
        unchanged.sums,
        queries.unit.numpy(),
        positions.numpy(),
        queries.row[number].numpy(),
        queries.target[number].numpy(),
        queries.k[number].numpy(),
        tolerance[number].numpy(),
        fillers_of(unchanged.ranking),
        unchanged.ranking.rounding,
        wants[number].numpy(),
    )
