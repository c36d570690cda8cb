"""Evaluate: explanations judged, anew where verification has not just done so itself, and measured."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from topple.errors import QueryError, as_list, need, shown
from topple.metrics import Evaluation, Judged, Retrained, all_metrics, count_proofs, measure, values
from topple.records.answer import Explanation, Status, Verdict
from topple.records.curves import Curves
from topple.records.question import UNSEEN, CandidateRule, Goal, Query
from topple.reports.progress import queries_bar
from topple.scoring.checks import check_recommender
from topple.scoring.findings.identity import same_model
from topple.scoring.recommender import Recommender
from topple.types import ItemId
from topple.verification.curves import curves, have_numbers
from topple.verification.retraining import Retraining, refuse, retrained
from topple.verification.single_query import rank_and_list
from topple.verification.taking_over import set_of, taken_over, with_alone
from topple.verification.verify import against_constraints, check_sets, judged

_Found = TypeVar("_Found")


def evaluate(
    recommender: Recommender,
    explanations: Sequence[Explanation],
    *,
    retraining: Retraining | None = None,
    progress: bool = True,
) -> Evaluation:
    """Judge explanations under both candidate rules and measure them; answers to the rule `all` under that rule alone.

    All are judged anew, except that of what `explain` has just returned, with the same recommender object, the Verdict under
    the rule of the query is taken over.

    Args:
        recommender: the recommender that they explain.
        explanations: what `explain` returned, or `read_explanations`.
        retraining: how to judge a sample of the true sets by fitting the model anew too; None for inference only.
        progress: whether to show bars while curves of attributions are worked out and models are fitted.

    Raises:
        QueryError: the explanations are of another model or catalogue, name items that their histories do not hold, or with
            `retraining` are of users who were not trained on.
        CapabilityError: with `retraining`, a recommender that cannot be fitted.
    """
    check_recommender(recommender)
    need(retraining, Retraining | None, "retraining", "Retraining(split), or None")
    explanations = check_explanations(explanations)
    asked = [each for each in explanations if each.status is not Status.INVALID]
    catalogue, model = recommender.catalogue.fingerprint, recommender.fingerprint
    for explanation in asked:
        if explanation.catalogue not in ("", catalogue):
            raise QueryError(
                f"explanations of catalogue {explanation.catalogue} cannot be judged with a model of "
                f"{catalogue}. Use the model that they were made with."
            )
        if explanation.model and not same_model(explanation.model, model):
            raise QueryError(
                f"explanations of model {explanation.model} cannot be judged with model {model}: what topples "
                "one need not topple the other. Use the model that they were made with, or verify(model, queries, sets)."
            )
    seconds = sum(each.seconds for each in asked) / len(asked) if asked else 0.0
    queries = [each.query for each in asked]
    sets = [() if _is_refused(each) else each.items for each in asked]
    if retraining is not None:
        refuse(recommender, queries, sets, retraining)
    check_sets(queries, sets, recommender.catalogue, recommender)
    verdicts = {rule: _judged(recommender, asked, rule) for rule in _rules(queries)}
    drawn = _curves(recommender, asked, progress)
    seen = {rule: _as_seen(asked, found, drawn) for rule, found in verdicts.items()}
    measured = {rule: measure(list(found.values())) for rule, found in seen.items()}
    by_retraining = None if retraining is None else _retrained(recommender, verdicts, sets, retraining, progress)
    by_query = {rule: _values(explanations, found) for rule, found in seen.items()}
    return Evaluation(
        queries=len(asked),
        invalid=len(explanations) - len(asked),
        seconds_per_query=seconds,
        measurements=measured,
        retrained=by_retraining,
        values=by_query,
        proofs=count_proofs(explanations),
        curves=_of_each(explanations, drawn),
    )


def check_explanations(explanations: Any) -> list[Explanation]:
    """Return explanations as a list.

    Raises:
        QueryError: it holds something else.
    """
    found = as_list(explanations, "explanations", "a list of what explain or read_explanations returned")
    others = [each for each in found if not isinstance(each, Explanation)]
    if others:
        raise QueryError(
            f"{shown(others[0])} is no explanation. Give a list of what explain or read_explanations returned."
        )
    return found


def _rules(queries: Sequence[Query]) -> list[CandidateRule]:
    """Return the rules that queries are judged under: both of items that are not seen, or the rule of all items, as they ask."""
    asked = {query.rule is CandidateRule.ALL for query in queries}
    return [rule for rule in CandidateRule if (rule is CandidateRule.ALL) in asked] or list(UNSEEN)


def _judged(recommender: Recommender, asked: Sequence[Explanation], rule: CandidateRule) -> dict[int, Verdict]:
    """Judge the explanations whose queries are judged under a rule, by number; an item of the history is a target of `all` only.

    A Verdict that was made in this process and would be no other is taken over.
    """
    whole = rule is CandidateRule.ALL
    chosen = [number for number, each in enumerate(asked) if (each.query.rule is CandidateRule.ALL) == whole]
    known = {number: taken_over(asked[number], recommender, rule) for number in chosen}
    kept = {number: verdict for number, verdict in known.items() if verdict is not None}
    anew = [number for number in chosen if number not in kept]
    sets = [() if _is_refused(asked[number]) else set_of(asked[number]) for number in anew]
    verdicts = judged(recommender, [asked[number].query for number in anew], sets, rule)
    found = dict(zip(anew, verdicts, strict=True))
    found |= zip(kept, with_alone(recommender, list(kept.values()), rule), strict=True)
    return {number: _with_bound(asked[number], found[number]) for number in chosen}


def _with_bound(explanation: Explanation, verdict: Verdict) -> Verdict:
    """Return a verdict under the rule that its query asks for with the bound that was claimed; no bound is for another rule."""
    if verdict.rule is not explanation.query.rule:
        return verdict
    return replace(verdict, at_least=explanation.at_least, proof_by=explanation.proof_by)


def _curves(recommender: Recommender, asked: Sequence[Explanation], progress: bool) -> dict[int, Curves]:
    """Return the curves of the explanations that have attributions, by number, where a metric reads them."""
    numbers = [number for number, each in enumerate(asked) if have_numbers(each)]
    if not numbers or not any(metric.reads_curves for metric in all_metrics().values()):
        return {}
    bar = queries_bar(f"curves ({recommender.name})", len(numbers)) if progress else nullcontext(None)
    with bar as on_progress:
        return dict(zip(numbers, curves(recommender, [asked[n] for n in numbers], on_progress), strict=True))


def _as_seen(
    asked: Sequence[Explanation], verdicts: Mapping[int, Verdict], drawn: Mapping[int, Curves]
) -> dict[int, Judged]:
    """Return what metrics see of the answers that have a verdict; curves under the rule that the query asks for."""
    return {
        number: Judged(asked[number], verdict, drawn.get(number) if verdict.rule is verdict.query.rule else None)
        for number, verdict in verdicts.items()
    }


def _values(
    explanations: Sequence[Explanation], judged: Mapping[int, Judged]
) -> Mapping[str, tuple[float | None, ...]]:
    """Return what each explanation counts for in each metric; None without a verdict: invalid, or not judged under the rule.

    Args:
        explanations: all that were given.
        judged: by number among those that are valid.
    """
    of_each = values(list(judged.values()))
    return {name: _of_each(explanations, dict(zip(judged, numbers, strict=True))) for name, numbers in of_each.items()}


def _of_each(explanations: Sequence[Explanation], found: Mapping[int, _Found | None]) -> tuple[_Found | None, ...]:
    """Return what was found of each explanation, given by number among those that are valid; None of an invalid one."""
    numbers = count()
    return tuple(None if each.status is Status.INVALID else found.get(next(numbers)) for each in explanations)


def _retrained(
    recommender: Recommender,
    verdicts: Mapping[CandidateRule, Mapping[int, Verdict]],
    sets: Sequence[Sequence[ItemId]],
    retraining: Retraining,
    progress: bool,
) -> Retrained | None:
    """Judge a sample of the true sets by retraining, each under the rule of the query; None where no set is true."""
    asked = {
        number: verdict
        for found in verdicts.values()
        for number, verdict in found.items()
        if verdict.rule is verdict.query.rule
    }
    true = [n for n, v in sorted(asked.items()) if v.necessary and v.query.goal is not Goal.SUFFICIENT]
    inferred, named = [asked[number] for number in true], [sets[number] for number in true]
    sample = retraining.sampled([verdict.query for verdict in inferred], named)
    if not sample:
        return None
    bar = queries_bar(f"retrain ({recommender.name})", len(sample)) if progress else nullcontext(None)
    with bar as on_progress:
        judged_anew = retrained(recommender, inferred, named, retraining, on_progress)
        refitted, _ = retraining.refit(recommender, retraining.split)
    pairs = [(inferred[number], judged_anew[number]) for number in sample]
    catalogue = recommender.catalogue
    return Retrained(
        true=len(true),
        sampled=len(sample),
        still_topple=sum(late.necessary for _, late in pairs),
        same_rank=sum(early.rank_after == late.rank_after for early, late in pairs),
        steady=sum(
            rank_and_list(refitted, early.query, catalogue, (), early.rule)[0] == early.rank_before
            for early, _ in pairs
        ),
        seconds_a_fit=sum(late.seconds for _, late in pairs) / len(pairs),
    )


def _is_refused(explanation: Explanation) -> bool:
    """Return whether the set was refused when the query was answered, because the query does not allow it."""
    query, items = explanation.query, explanation.items
    return explanation.proof is None and set(items) <= set(query.history) and bool(against_constraints(query, items))
