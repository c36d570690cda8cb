"""Verdicts made of what the judge found: columns of numbers become values of Python once, for all queries of a call."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from topple.records.answer import Verdict
from topple.records.question import CandidateRule
from topple.scoring.encoding import THOUSANDTHS, EncodedQueries, positions_of
from topple.scoring.recommender import Recommender
from topple.verification.outcomes import Outcomes
from topple.verification.stamps import stamp


@dataclass(frozen=True, eq=False)
class Judged:
    """What the judge found about one set for each of N queries.

    Args:
        sets: positions of the histories, bool [N, H]; empty where there is no set.
        present: the positions that hold an event, bool [N, H].
        wants_out: the goal asks that the target is out without the set, bool [N].
        wants_kept: the goal asks that the target is in with nothing but the set, bool [N].
        rank_before: of the target for the whole history [N].
        tied_before: how many other items tie with the target there [N].
        tolerance: by how much an item must be above the target to outrank it [N].
        without: the outcomes without the set.
        alone: the outcomes with nothing but the set.
        necessary: without the set the target is out, bool [N].
        sufficient: with nothing but the set the target is in, bool [N].
        valid: the set does what the goal asks, bool [N].
        minimal: no single unit of the set can be given back, bool [N]; None where the time was over before that was tried.
        within_rounding: rounding decides about the set, or about a unit of it that might be given back, bool [N].
        proven_below: as claimed, 0 where the judge refuted it [N].
        proof_by: whose proof that is, a name a query; nothing for no proof or for what the judge saw.
    """

    sets: Tensor
    present: Tensor
    wants_out: Tensor
    wants_kept: Tensor
    rank_before: Tensor
    tied_before: Tensor
    tolerance: Tensor
    without: Outcomes
    alone: Outcomes
    necessary: Tensor
    sufficient: Tensor
    valid: Tensor
    minimal: Tensor | None
    within_rounding: Tensor
    proven_below: Tensor
    proof_by: list[str]

    @property
    def margin(self) -> Tensor:
        """By how much each set does what the goal asks, in units of score [N]."""
        out = self.without.lead.masked_fill(~self.wants_out, torch.inf)
        kept = (-self.alone.lead).masked_fill(~self.wants_kept, torch.inf)
        return torch.where(kept < out, kept, out)

    @property
    def without_evidence(self) -> Tensor:
        """Which sets are valid only since nothing that is left speaks for the target, bool [N]."""
        return self.valid & self.wants_out & self.without.by_fillers


def recorded(
    recommender: Recommender, queries: EncodedQueries, rule: CandidateRule, judged: Judged, state: object
) -> list[Verdict]:
    """Return the Verdict of each query, stamped with the set and with what the model had learned (`state`)."""
    found, decode = judged.sets.any(1), recommender.catalogue.vocabulary.decode
    without, alone, nothing = judged.without, judged.alone, [None] * len(queries)
    everything = judged.without_evidence & (judged.sets == judged.present).all(1)
    columns: dict[str, list[Any]] = {  # in the order of the fields
        "found": found.tolist(),
        "size": queries.sizes(judged.sets).tolist(),
        "rank_before": judged.rank_before.tolist(),
        "rank_after": _known(without.rank, found),
        "rank_alone": _known(alone.rank, alone.tried),
        "tied_before": judged.tied_before.tolist(),
        "tied_after": without.tied.tolist(),
        "replacements": [decode(without.entered.get(number, ())) for number in range(len(queries))],
        "necessary": judged.necessary.tolist(),
        "sufficient": judged.sufficient.tolist(),
        "minimal": nothing if judged.minimal is None else _known(judged.minimal, judged.valid),
        "margin": _known(judged.margin, found),
        "within_rounding": judged.within_rounding.tolist(),
        "without_evidence": judged.without_evidence.tolist(),
        "whole_history": [
            everything and len(set(query.history)) > 1
            for query, everything in zip(queries.queries, everything.tolist(), strict=True)
        ],
        "at_least": _known(judged.proven_below / THOUSANDTHS, judged.proven_below > 0),
        "proof_by": judged.proof_by,
    }
    values = zip(queries.queries, *columns.values(), strict=True)
    verdicts = [Verdict(query, rule, *of_query) for query, *of_query in values]
    for verdict, positions, tolerance in zip(
        verdicts, positions_of(judged.sets), judged.tolerance.tolist(), strict=True
    ):
        stamp(verdict, recommender, state, positions, tolerance)
    return verdicts


def _known(values: Tensor, known: Tensor) -> list[Any]:
    """Return values [N] as values of Python, None where they are not known, bool [N]."""
    return [value if is_known else None for value, is_known in zip(values.tolist(), known.tolist(), strict=True)]
