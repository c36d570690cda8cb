"""Evaluate: explanations judged anew, and measured."""

from collections.abc import Sequence

from topple.errors import QueryError
from topple.explanation import CandidateRule, Explanation, Status, Verdict
from topple.metrics import Evaluation, measure
from topple.recommenders.base import Recommender
from topple.verification.verify import not_allowed, verify


def evaluate(recommender: Recommender, explanations: Sequence[Explanation]) -> Evaluation:
    """Judge explanations anew under both candidate rules and measure them.

    Raises:
        QueryError: the explanations are of another model or catalogue, or name items that their histories do not hold.
    """
    asked = [e for e in explanations if e.status is not Status.INVALID]
    catalogue, model = recommender.catalogue.fingerprint, recommender.fingerprint
    for explanation in asked:
        if explanation.catalogue not in ("", catalogue):
            raise QueryError(
                f"explanations of catalogue {explanation.catalogue} cannot be judged with a model of "
                f"{catalogue}. Use the model that they were made with."
            )
        if explanation.model not in ("", model):
            raise QueryError(
                f"explanations of model {explanation.model} cannot be judged with model {model}: what topples "
                "one need not topple the other. Use the model that they were made with, or verify(model, queries, sets)."
            )
    seconds = sum(e.seconds for e in asked) / len(asked) if asked else 0.0
    queries = [e.query for e in asked]
    sets = [() if _refused(e) else e.removed for e in asked]
    verdicts: dict[CandidateRule, list[Verdict]] = {
        rule: verify(recommender, queries, sets, rule=rule) for rule in CandidateRule
    }
    measured = {rule: measure(found) for rule, found in verdicts.items()}
    return Evaluation(len(asked), len(explanations) - len(asked), seconds, measured)


def _refused(explanation: Explanation) -> bool:
    """Return whether a set of the history was refused at the exit, because its query does not allow it."""
    query, removed = explanation.query, explanation.removed
    return explanation.proof is None and set(removed) <= set(query.history) and bool(not_allowed(query, removed))
