"""Methods that give a number for each event of a history, and the one search that makes a set of such numbers."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from topple.errors import ContractError
from topple.explainers.search.engine import Engine
from topple.explainers.search.explainer import SetSearch
from topple.explainers.search.growing import prune
from topple.records.claims import Claims
from topple.records.question import Goal
from topple.scoring.memory import in_chunks, rows_at_once
from topple.scoring.variations import equal_rows, turns, without
from topple.settings import Settings

PREFIXES = 8
"""Sets of one target that are tried together at most."""
LEVEL = 2.0**-32
"""Numbers nearer to each other than this share of the largest are level: only rounding, which differs between batches, tells them apart."""


class AttributionSettings(Settings):
    """Settings of every method that gives attributions."""

    prune: bool = False
    """Whether what the set does not need is given back, so that it is minimal; published methods do not."""


@dataclass(frozen=True, eq=False)
class Attributions:
    """What each unit of B histories counts for, for each of T targets; NaN where that is not known.

    Args:
        values: higher holds the target up [B, T, H]; read at the first position of a unit.
        errors: the standard error of each [B, T, H]; None where the method knows none.
        noise: numbers up to this size are 0, for each target [B, T]; None: none are. The tolerance of the ranking, for numbers in
            units of score.
    """

    values: Tensor
    errors: Tensor | None = None
    noise: Tensor | None = None

    def without_noise(self) -> Tensor:
        """Return the values, 0 where rounding alone makes them something else [B, T, H]."""
        return (
            self.values
            if self.noise is None
            else self.values.masked_fill(self.values.abs() <= self.noise[..., None], 0)
        )


class AttributionMethod(SetSearch):
    """A method that gives each event of a history a number, higher where it holds the target up more.

    A subclass writes `attribute`. The set is made here, in one way for all: units are taken by their numbers, the highest first,
    until the goal is met by the full catalogue; with `prune`, what is not needed is then given back. With costs, a number counts by
    what the unit costs. All events have a number, those that may not be named too.
    """

    attributes: ClassVar = True
    goals: ClassVar = frozenset(Goal)
    settings_type: ClassVar[type[Settings]] = AttributionSettings

    @abstractmethod
    def attribute(self, engine: Engine) -> Attributions:
        """Return what each unit counts for; NaN for targets whose budget ended before that was known."""

    def search(self, engine: Engine) -> Claims:
        """Attribute, and make sets of it."""
        found = self._checked(self.attribute(engine), engine)
        values = found.without_noise()
        sets = sets_by_score(engine, values)
        claims = engine.claims(prune(engine, sets) if getattr(self.settings, "prune", False) else sets)
        errors = None if found.errors is None else _by_position(engine, found.errors)
        return replace(claims, attributions=_by_position(engine, values), attribution_errors=errors)

    def _checked(self, found: Attributions, engine: Engine) -> Attributions:
        """Return what a method gave, in the precision of the scores.

        Raises:
            ContractError: no Attributions, or numbers of another shape than [B, T, H].
        """
        table = engine.table
        if not isinstance(found, Attributions):
            raise ContractError(
                f"{self.name}: attribute returned {type(found).__name__}. Return Attributions(values [B, T, H])."
            )
        for what, numbers in (("values", found.values), ("errors", found.errors)):
            if numbers is not None and numbers.shape != table.removable.shape:
                raise ContractError(
                    f"{self.name}: {what} have the shape {tuple(numbers.shape)}. Give one number for each history, target and position: "
                    f"{tuple(table.removable.shape)}."
                )
        kind = table.histories.weights.dtype
        errors = None if found.errors is None else found.errors.to(kind)
        return Attributions(found.values.to(kind), errors, found.noise)


def sets_by_score(engine: Engine, values: Tensor) -> Tensor:
    """Return for each target the fewest units that meet the goal when taken by their numbers, the highest first, bool [B, T, H].

    Args:
        engine: B histories with T targets each.
        values: what each unit counts for [B, T, H]; a target whose numbers are not known gets no set.
    """
    table, sets = engine.table, torch.zeros_like(engine.table.removable)
    free = table.removable & ~values.isnan()
    row, column = (engine.open & free.any(-1)).nonzero(as_tuple=True)  # [Q]
    free, price = free[row, column], table.price[row, column]  # [Q, H]
    rank = turns(_order(values[row, column] / torch.where(free, price, 1), free))  # [Q, H]
    count, taken, block = free.sum(1), torch.zeros_like(row), 1
    while len(row):
        size = taken[:, None] + torch.arange(1, block + 1, device=row.device)  # [Q, V]
        tried = (size <= count[:, None]) & engine.open[row, column, None]
        number, turn = tried.nonzero(as_tuple=True)  # [M]
        prefix = rank[number] < size[number, turn, None]  # bool [M, H]
        meets = torch.zeros_like(tried)
        meets[number, turn] = engine.settle(row[number], column[number], prefix) > 0
        done = meets.any(1)
        best = taken + 1 + meets.int().argmax(1)
        sets[row[done], column[done]] = (rank < best[:, None])[done]
        taken = taken + block
        going = ~done & (taken < count) & engine.open[row, column]
        row, column, rank, count, taken = (each[going] for each in (row, column, rank, count, taken))
        block = min(2 * block, PREFIXES)
    return sets


def _order(values: Tensor, free: Tensor) -> Tensor:
    """Return the units by their numbers [Q, H], the highest first, level ones in the order of the history, those not free last."""
    finite = values.masked_fill(~(free & values.isfinite()), 0)
    largest = finite.abs().amax(1, keepdim=True).clamp(min=torch.finfo(values.dtype).tiny)
    step = LEVEL * torch.exp2(torch.log2(largest).ceil())
    level = torch.where(values.isfinite(), torch.round(values / step), values)
    return level.masked_fill(~free, -torch.inf).sort(dim=1, descending=True, stable=True).indices


def _by_position(engine: Engine, values: Tensor) -> Tensor:
    """Return the numbers of units [B, T, H] at each of their positions; NaN where there is no event."""
    table = engine.table
    at_each = values.gather(-1, table.unit[:, None].expand_as(values)) if table.grouped else values
    return at_each.masked_fill(~table.histories.present[:, None], torch.nan)


def units_of(engine: Engine) -> tuple[Tensor, Tensor]:
    """Return every unit of the histories that have a target to ask about: the history [M], and the unit as a set, bool [M, H]."""
    table = engine.table
    first = table.unit == torch.arange(table.unit.shape[1], device=table.unit.device)
    row, unit = (first & table.histories.present & engine.open.any(1, keepdim=True)).nonzero(as_tuple=True)
    return row, torch.nn.functional.one_hot(unit, table.unit.shape[1]).bool()


def scores_without(engine: Engine, row: Tensor, units: Tensor) -> Tensor:
    """Return the scores of the targets, and of nothing else, without sets of units, which are counted [M, T]; open targets are charged.

    Args:
        engine: B histories with T targets each.
        row: the history of each set [M].
        units: the sets, bool [M, H].
    """
    table, histories = engine.table, engine.table.histories
    engine.count(len(row), table.query[row].flatten(), engine.open[row].flatten().long())
    scorer = engine.recommender.bind(histories, table.target)
    out = histories.weights.new_zeros(len(row), table.target.shape[1])  # [M, T]
    for rows, at in equal_rows(row):  # [R], [R, S]

        def ask(part: slice, rows: Tensor = rows, at: Tensor = at) -> None:
            sets = table.positions(rows[part], units[at[part]])[..., : histories.longest(rows[part])]
            out[at[part]] = scorer(without(histories, sets, rows[part]), rows[part])

        with torch.no_grad():
            in_chunks(len(rows), rows_at_once(at.shape[1] * (units.shape[1] + out.shape[1])), ask, at.shape[1])
    return out


def unchanged_scores(engine: Engine) -> Tensor:
    """Return the scores of the targets for the unchanged histories, which are known already [B, T]."""
    return engine.shortlist.unchanged.gather(1, engine.shortlist.target_columns)
