"""LIME-RS: a weighted ridge regression on neighbours of the history, with removals and additions."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.attribution import AttributionMethod, Attributions, AttributionSettings
from topple.explainers.search.engine import Engine
from topple.randomness import uniform
from topple.scoring.memory import in_chunks, rows_at_once
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch

ADDED = -1
"""The step of the draws that choose which items may be added; the steps of neighbours begin at 0."""


class LimeRsSettings(AttributionSettings):
    """Settings of LIME-RS."""

    neighbours: int = Field(default=150, ge=2, le=1_000_000)
    """Changed histories that the regression is fitted to; the whole history is one more."""
    additions: int = Field(default=10, ge=0, le=10_000)
    """Items of the catalogue that neighbours may have in addition, drawn for each query."""
    share: float = Field(default=0.3, gt=0, lt=1)
    """Chance that a neighbour lacks an item of the history, and that it has one of the additions."""
    ridge: float = Field(default=1.0, gt=0)
    """Weight of the squared coefficients."""


class LimeRs(AttributionMethod):
    """Give each item its coefficient in a linear model of the target's score, fitted to random neighbours of the history.

    A neighbour lacks some items of the history and has some others of the catalogue; one that differs in d items weighs
    1 - d / (sum of all d). The error of a number is the standard error of the coefficient.
    Source: Nobrega, Marinho, "Towards explaining recommendations through local surrogate models", SAC 2019; Ribeiro, Singh, Guestrin,
    KDD 2016. Differs from it in: additions are drawn from a few items of each query, so that their coefficients can be told apart.
    Needs: nothing.  Cost: `neighbours` scored histories, then one for each set that is tried.  Random: seed of the query.
    """

    name = "lime-rs"
    settings_type: ClassVar = LimeRsSettings
    settings: LimeRsSettings

    def may_learn(self, recommender: Recommender) -> bool:
        """Return that the method asks for scores alone."""
        return False

    def attribute(self, engine: Engine) -> Attributions:
        """Fit a linear model for each target, and return the coefficients of the units with their standard errors."""
        table = engine.table
        values = torch.full_like(table.removable, torch.nan, dtype=table.histories.weights.dtype)  # [B, T, H]
        errors, (row, column) = values.clone(), engine.open.nonzero(as_tuple=True)  # [Q]
        length = table.unit.shape[1] + self.settings.additions

        def fit(part: slice) -> None:
            found = _Neighbours.of(engine, row[part], column[part], self.settings)
            scores = found.scores(engine)
            known = engine.open[row[part], column[part]]
            chosen = row[part][known], column[part][known]
            fitted = _ridge(found.kept[known], found.weight[known], scores[known], self.settings.ridge)
            values[chosen], errors[chosen] = (each[:, : values.shape[-1]] for each in fitted)

        in_chunks(len(row), rows_at_once(length * (4 * length + 2 * self.settings.neighbours)), fit)
        return Attributions(values, errors, noise=engine.tolerance)


@dataclass(frozen=True, eq=False)
class _Neighbours:
    """S neighbours of the histories of Q queries; P positions: those of the history, then the additions.

    Args:
        row: the history of each query [Q].
        column: where its target stands [Q].
        histories: the Q histories with what may be added to them.
        keep: what of them each neighbour has [Q, S, P].
        kept: the same by unit, 1 or 0; 0 where there is no unit [Q, S, P].
        weight: what each neighbour counts [Q, S].
    """

    row: Tensor
    column: Tensor
    histories: HistoryBatch
    keep: Tensor
    kept: Tensor
    weight: Tensor

    @classmethod
    def of(cls, engine: Engine, row: Tensor, column: Tensor, settings: LimeRsSettings) -> "_Neighbours":
        """Draw the neighbours of queries, by their histories [Q] and targets [Q]; the whole history is the last of them."""
        table, key = engine.table, engine.table.key[row, column, None]  # [Q, 1]
        histories = _with_additions(
            table.histories.rows(row, table.unit.shape[1]), key, settings.additions, len(engine.recommender.catalogue)
        )
        positions = torch.arange(table.unit.shape[1], device=row.device)
        added = torch.arange(settings.additions, device=row.device)
        name = torch.cat([positions, -1 - added])  # of a draw: the same however far a history is padded
        is_unit = torch.cat(
            [
                (table.unit[row] == positions) & histories.present[:, : len(positions)],
                histories.filled[:, len(positions) :],
            ],
            1,
        )  # [Q, P]
        of_history = torch.arange(len(name), device=row.device) < len(positions)
        steps = torch.arange(settings.neighbours, device=row.device)
        drawn = uniform(key[:, None], steps[:, None], name) < settings.share  # [Q, S, P]
        kept = torch.cat([drawn ^ of_history, of_history.expand(len(row), 1, -1)], 1) & is_unit[:, None]
        unit = torch.cat([table.unit[row], (len(positions) + added).expand(len(row), -1)], 1)[:, None].expand_as(kept)
        differs = (kept ^ (of_history & is_unit)[:, None]).sum(-1).to(histories.weights.dtype)  # [Q, S]
        weight = 1 - differs / differs.sum(-1, keepdim=True).clamp(min=1)
        keep = (kept.gather(-1, unit) & histories.filled[:, None]).to(histories.weights.dtype)
        return cls(row, column, histories, keep, kept.to(keep.dtype), weight)

    def scores(self, engine: Engine) -> Tensor:
        """Return the scores of the targets for the neighbours [Q, S]; what a budget ends stays 0."""
        scores = self.keep.new_zeros(self.keep.shape[:2])
        target = engine.table.target[self.row, self.column, None]  # [Q, 1]
        scorer = engine.recommender.bind(self.histories, target)
        shortest = max(1, int(self.histories.present.sum(1).min()))
        at_once = shortest if engine.account.meter.limited else scores.shape[1]
        for start in range(0, scores.shape[1], at_once):
            number = engine.open[self.row, self.column].nonzero()[:, 0]
            if not len(number):
                break
            keep = self.keep[number, start : start + at_once]
            engine.count(
                keep.shape[0] * keep.shape[1], engine.table.query[self.row[number], self.column[number]], keep.shape[1]
            )
            with torch.no_grad():
                scores[number, start : start + at_once] = scorer(keep, number)[..., 0]
        return scores


def _with_additions(histories: HistoryBatch, key: Tensor, additions: int, items: int) -> HistoryBatch:
    """Return histories of H positions with so many items behind them that may be added, drawn by key [Q, 1]: other items, each once."""
    turn = torch.arange(additions, device=key.device)
    drawn = (uniform(key, torch.tensor(ADDED, device=key.device), turn) * items).long()  # [Q, A]
    again = (drawn[:, :, None] == drawn[:, None]).tril(-1).any(-1)
    there = (drawn[:, :, None] == histories.items[:, None]).logical_and(histories.filled[:, None]).any(-1)
    filled = ~again & ~there
    return replace(
        histories,
        items=torch.cat([histories.items, drawn], 1),
        weights=torch.cat([histories.weights, filled.to(histories.weights.dtype)], 1),
        filled=torch.cat([histories.filled, filled], 1),
        times=None
        if histories.times is None
        else torch.cat([histories.times, histories.times.amax(1, keepdim=True).expand_as(drawn)], 1),
        added=torch.cat([torch.zeros_like(histories.filled), filled], 1),
    )


def _ridge(kept: Tensor, weight: Tensor, scores: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Return the coefficients of a weighted ridge regression with a constant, and their standard errors, both [Q, P].

    Args:
        kept: the features of S neighbours [Q, S, P].
        weight: what each counts [Q, S].
        scores: what is regressed [Q, S].
        ridge: weight of the squared coefficients.
    """
    total = weight.sum(1, keepdim=True)
    centred = kept - ((weight[..., None] * kept).sum(1) / total)[:, None]
    lift = scores - (weight * scores).sum(1, keepdim=True) / total
    weighted = centred * weight[..., None]  # [Q, S, P]
    inner = weighted.mT @ centred  # [Q, P, P]
    inverse = torch.linalg.inv(inner + ridge * torch.eye(inner.shape[-1], dtype=inner.dtype, device=inner.device))
    coefficient = (inverse @ (weighted.mT @ lift[..., None]))[..., 0]
    left = (weight * (lift - (centred @ coefficient[..., None])[..., 0]).square()).sum(1)  # [Q]
    used = (inverse * inner.mT).sum((1, 2))  # the degrees of freedom that the coefficients take [Q]
    spread = left / (total[:, 0] - 1 - used).clamp(min=1)
    variance = (inverse @ inner @ inverse).diagonal(dim1=1, dim2=2) * spread[:, None]
    return coefficient, variance.clamp(min=0).sqrt()
