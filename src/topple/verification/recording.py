"""Verdicts made of what the judge found: columns of numbers become values of Python once, for all queries of a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from torch import Tensor

from topple.records.answer import Verdict
from topple.records.columns import from_columns
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


def recorded(
    recommender: Recommender, queries: EncodedQueries, rule: CandidateRule, judged: Judged, state: object
) -> list[Verdict]:
    """Return the Verdict of each query, stamped with the set and with what the model had learned (`state`)."""
    positions, without, alone = positions_of(judged.sets), judged.without, judged.alone
    decode, nothing = recommender.catalogue.vocabulary.decode, [None] * len(queries)
    found = list(map(bool, positions))
    valid, minimal = judged.valid.tolist(), nothing if judged.minimal is None else judged.minimal.tolist()
    without_evidence = (judged.valid & judged.wants_out & without.by_fillers).tolist()
    proven_below = (judged.proven_below / THOUSANDTHS).tolist()
    columns: dict[str, Sequence[Any]] = {
        "query": queries.queries,
        "found": found,
        "size": queries.sizes(judged.sets).tolist(),
        "rank_before": judged.rank_before.tolist(),
        "rank_after": _where(found, without.rank.tolist()),
        "rank_alone": _where(alone.tried.tolist(), alone.rank.tolist()),
        "tied_before": judged.tied_before.tolist(),
        "tied_after": without.tied.tolist(),
        "replacements": [decode(without.entered.get(number, ())) for number in range(len(queries))],
        "necessary": judged.necessary.tolist(),
        "sufficient": judged.sufficient.tolist(),
        "minimal": _where(valid, minimal),
        "margin": _where(found, _margins(judged)),
        "within_rounding": judged.within_rounding.tolist(),
        "without_evidence": without_evidence,
        "whole_history": [
            unspoken and named == tuple(range(len(query.history))) and len(set(query.history)) > 1
            for unspoken, named, query in zip(without_evidence, positions, queries.queries, strict=True)
        ],
        "at_least": _where([cost > 0 for cost in proven_below], proven_below),
        "proof_by": judged.proof_by,
    }
    verdicts = from_columns(Verdict, columns, rule=rule)
    for verdict, named, tolerance in zip(verdicts, positions, judged.tolerance.tolist(), strict=True):
        stamp(verdict, recommender, state, named, tolerance)
    return verdicts


def _where(known: list[bool], values: list[Any]) -> list[Any]:
    """Return values where they are known, None elsewhere."""
    return [value if is_known else None for is_known, value in zip(known, values, strict=True)]


def _margins(judged: Judged) -> list[float]:
    """Return by how much each set does what the goal asks, in units of score."""
    wants_out, wants_kept = judged.wants_out.tolist(), judged.wants_kept.tolist()
    leads = zip(wants_out, judged.without.lead.tolist(), wants_kept, judged.alone.lead.tolist(), strict=True)
    return [min(out if to_be_out else inf, -kept if to_be_kept else inf) for to_be_out, out, to_be_kept, kept in leads]
