"""Verdicts by retraining: the model is fitted anew without the interactions that a set names."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

from topple.data.splitting import Split
from topple.errors import CapabilityError, QueryError, RecommenderError, SettingsError
from topple.randomness import derive_seed
from topple.records.answer import Removal, Verdict
from topple.records.question import Goal, Query
from topple.scoring.devices import computing
from topple.scoring.recommender import Capability, Recommender
from topple.types import ItemId
from topple.verification.single_query import ByUser, rank_and_list


@dataclass(frozen=True)
class Retraining:
    """How sets are judged by fitting the model anew without the interactions that they name.

    Args:
        split: what the model was fitted on.
        fit: fits the model again on a split, and returns a recommender of the split's catalogue, or a function of a user id
            that returns a score for each item. None: the class of the recommender is fitted with the same settings.
        sample: how many sets are judged so; None for all. Each is a fit.
        seed: of the draw of the sample.

    Raises:
        SettingsError: a sample that is no count.
    """

    split: Split
    fit: Callable[[Split], Recommender | ByUser] | None = None
    sample: int | None = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sample is not None and (type(self.sample) is not int or self.sample < 1):
            raise SettingsError(
                f"sample={self.sample!r} is not a whole number of at least 1. Give how many sets to fit anew for, or None for all."
            )

    def sampled(self, queries: Sequence[Query], removed: Sequence[Sequence[ItemId]]) -> list[int]:
        """Return the numbers of the sets to judge by retraining; the draw does not depend on the order of the queries.

        Sets that are only to be sufficient are never among them, and neither are queries without a set.
        """
        possible = [
            number for number, query in enumerate(queries) if removed[number] and query.goal is not Goal.SUFFICIENT
        ]

        def draw(number: int) -> int:
            query, named = queries[number], sorted(map(repr, set(removed[number])))
            return derive_seed(self.seed, "retraining", query.user, query.target, query.k, query.rule.value, *named)

        return sorted(sorted(possible, key=draw)[: self.sample])

    def refit(self, model: Recommender | ByUser, split: Split) -> tuple[Recommender | ByUser, float]:
        """Return the model fitted on another split, and how many seconds that took.

        Raises:
            RecommenderError: `fit` returned something else, or a recommender of another catalogue.
        """
        started = time.perf_counter()
        if self.fit is None and isinstance(model, Recommender):
            with computing(gradients=True):
                fitted: Recommender | ByUser = type(model).fit(split, model.settings)
        elif self.fit is not None:
            fitted = self.fit(split)
        else:
            raise _unfit(model)
        seconds = time.perf_counter() - started
        if isinstance(fitted, Recommender) and fitted.catalogue.fingerprint != split.catalogue.fingerprint:
            raise RecommenderError(
                f"fit returned a {fitted.name} of another catalogue: {len(fitted.catalogue):,} items, the split has "
                f"{len(split.catalogue):,}. Fit on the split's own catalogue, also where an item has lost its last interaction."
            )
        if not isinstance(fitted, Recommender) and not callable(fitted):
            raise RecommenderError(
                f"fit returned {type(fitted).__name__}: neither a recommender nor a function of a user id. Return one of these."
            )
        return fitted, seconds


def refuse(
    model: Recommender | ByUser, queries: Sequence[Query], removed: Sequence[Sequence[ItemId]], retraining: Retraining
) -> None:
    """Refuse what retraining cannot judge, before any work starts.

    Raises:
        CapabilityError: nothing tells how to fit the model.
        QueryError: another catalogue, a user whose history is not what was trained on, or, of a model that scores by user id,
            a goal other than `necessary` or a set outside the sample.
    """
    split = retraining.split
    if retraining.fit is None and not (isinstance(model, Recommender) and Capability.TRAINABLE in model.capabilities):
        raise _unfit(model)
    if isinstance(model, Recommender) and model.catalogue.fingerprint != split.catalogue.fingerprint:
        raise QueryError(
            f"{model.name} has a catalogue of {len(model.catalogue):,} items ({model.catalogue.fingerprint}), the split one of "
            f"{len(split.catalogue):,} ({split.catalogue.fingerprint}). Give the split that the model was fitted on."
        )
    for query, named in zip(queries, removed, strict=True):
        asked = not isinstance(model, Recommender) or (named and query.goal is not Goal.SUFFICIENT)
        wrong = _not_trained(query, split) if asked else ""
        if wrong:
            raise QueryError(
                f"{wrong} Explain training users: split.training_histories() (topple explain --trained-users)."
            )
    if isinstance(model, Recommender):
        return
    other = next((query.goal for query in queries if query.goal is not Goal.NECESSARY), None)
    if other is not None:
        raise QueryError(
            f"goal={other.value!r}: a model that scores by user id cannot be asked about a history of the set alone. Only "
            "goal='necessary' can be judged."
        )
    rest = sum(map(bool, removed)) - len(retraining.sampled(queries, removed))
    if rest:
        raise QueryError(
            f"sample={retraining.sample} leaves {rest} sets, and a model that scores by user id can be judged by retraining only. "
            "Give fewer queries, or sample=None for all."
        )


def _unfit(model: Recommender | ByUser) -> CapabilityError:
    name = model.name if isinstance(model, Recommender) else "a model that scores by user id"
    return CapabilityError(
        f"{name} cannot be fitted here. Give Retraining(split, fit=...), a function from a split to the model trained on it."
    )


def _not_trained(query: Query, split: Split) -> str:
    """Return why removing from the training data would not be removing from this query's history, or nothing."""
    user = query.user
    if user is None:
        return "a query has no user: whose interactions retraining is to do without is not known."
    if user in split.test.users or user in split.validation.users:
        return (
            f"user {user!r} is held out: their interactions were never trained on, so that retraining without them changes "
            "nothing."
        )
    if user not in split.train_users:
        return f"user {user!r} is not among the {len(split.train_users):,} training users."
    history = split.history(user)
    trained, given = set(history), set(query.history)
    for what, stray in (("was not trained on", given - trained), ("is not in the history", trained - given)):
        if stray:
            return (
                f"the history of user {user!r} ({len(given)} items) is not what was trained on ({len(trained)}): item "
                f"{min(stray, key=repr)!r} {what}."
            )
    weights, asked = (_weight_of_each(*told) for told in ((history, history.weights), (query.history, query.weights)))
    other = next((item for item in history if not math.isclose(weights[item], asked[item])), None)
    if other is not None:
        return (
            f"the weights of the history of user {user!r} are not what was trained on: item {other!r} has {asked[other]:g}, and "
            f"{weights[other]:g} there."
        )
    return ""


def _weight_of_each(history: Sequence[ItemId], weights: Sequence[float]) -> dict[ItemId, float]:
    """Return the weight of each item of a history, those of several events added up."""
    found: dict[ItemId, float] = {}
    for item, weight in zip(history, weights or repeat(1.0), strict=False):
        found[item] = found.get(item, 0.0) + weight
    return found


def retrained(
    model: Recommender | ByUser,
    verdicts: Sequence[Verdict],
    removed: Sequence[Sequence[ItemId]],
    retraining: Retraining,
    on_progress: Callable[[float], None] | None = None,
) -> list[Verdict]:
    """Judge a sample of sets anew, by retraining; the other verdicts come back as they are.

    Args:
        model: the model as it is.
        verdicts: N verdicts by inference.
        removed: their sets.
        retraining: how to fit, and how large the sample is.
        on_progress: called with 1 after each fit.
    """
    sample = retraining.sampled([verdict.query for verdict in verdicts], removed)
    asked = [verdicts[number] for number in sample]
    # All of these before the first fit, for a function that fits may change the model itself.
    before = [rank_and_list(model, each.query, retraining.split.catalogue, (), each.rule) for each in asked]
    out = list(verdicts)
    for number, (rank, listed) in zip(sample, before, strict=True):
        out[number] = _retrained(model, verdicts[number], removed[number], retraining, rank, listed)
        if on_progress:
            on_progress(1)
    return out


def _retrained(
    model: Recommender | ByUser,
    verdict: Verdict,
    named: Sequence[ItemId],
    retraining: Retraining,
    before: int,
    listed: Sequence[ItemId],
) -> Verdict:
    """Return the verdict of the model fitted without the set; `before` and `listed` are the target's rank and list until then."""
    query, split = verdict.query, retraining.split
    fewer = split.without(query.user, set(named))  # type: ignore[arg-type] # `refuse` lets no query without a user through
    fitted, seconds = retraining.refit(model, fewer)
    after, listed_after = rank_and_list(fitted, query, split.catalogue, named, verdict.rule)
    return replace(
        verdict,
        rank_before=before,
        rank_after=after,
        replacements=tuple(item for item in listed_after if item not in listed),
        necessary=before <= query.k < after,
        minimal=None,
        removal=Removal.RETRAINED,
        seconds=seconds,
    )
