"""Agreement: whether the lists that were shown are the model's, and why they are not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from topple.api.agreeing.asking import Told, ask
from topple.api.agreeing.causes import Difference, Hypothesis, Trying, causes_of
from topple.api.agreeing.records import by_user, ids_of, numbers_of, records_of
from topple.api.agreeing.training import CLOSE, FEWEST, WORDS, near_chance, other_training
from topple.api.asking import contexts_of
from topple.api.limits import LIMITS, Asked, LeftOut, Limit
from topple.data.splitting import Split
from topple.errors import QueryError, UnknownIdError
from topple.records.agreement import Agreement, Cause, ComparedList, Match, Shown
from topple.records.question import CandidateRule, Constraints, Request, Unknown
from topple.scoring.checks import candidate_rule, check_asked, check_recommender
from topple.scoring.recommender import Recommender
from topple.types import IntArray, ItemId, UserHistories, UserId, plain

DEPTH = 500
"""The model's best items that are looked at below a shown list: a filter leaves out what is between its items."""


def agreement(
    recommender: Recommender,
    shown: Mapping[UserId, Sequence[ItemId]] | Iterable[Shown],
    k: int | None = None,
    *,
    histories: UserHistories | Split | None = None,
    weights: Mapping[UserId, Sequence[float]] | None = None,
    other_weights: Mapping[UserId, Sequence[float]] | None = None,
    later: Mapping[UserId, Sequence[ItemId]] | None = None,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    candidates: Limit | None = None,
    exclude: Limit = frozenset(),
    contexts: Mapping[UserId, Any] | None = None,
    unknown: Unknown | str | LeftOut = Unknown.REFUSE,
) -> Agreement:
    """Compare lists that were really shown with the model's, and find why they differ.

    A cause is named only where it was tried and holds: asked under it, the model gives the shown list. Else it is "unknown". That the
    lists are of another training is said where nearly all differ, nothing else explains them, and the model ranks their items high.

    Args:
        recommender: the model.
        shown: user id to the list as it was shown, best first; or `topple.Shown` records, which hold the histories too.
        k: length of the model's lists; None for the length that most shown lists have.
        histories: user id to history, or the split that the users are of.
        weights: the weight of each event that the model is asked with, by user; 1 each unless given.
        other_weights: weights that the lists may have been made with: one hypothesis more.
        later: items that a user is known to have met besides the history, such as held-out ones: tried as events that came since.
        rule: "all" where items of the history are listed too.
        candidates: the only items that may be listed, for all users or user id to items; None for all items.
        exclude: items that may not be listed, for all users or user id to items; a user may be missing.
        contexts: what a wrapped model is told besides, by user.
        unknown: "refuse" items of histories, candidates and excluded items that the catalogue does not hold, or "drop" them: they
            are left out and counted through logging. A list whose history holds no other items differs as of another catalogue.

    Raises:
        QueryError: no list, an empty list or one that holds an item twice, a user without a history, a history that has no list,
            or candidates for only a part of the users.

    Example:
        >>> from topple.testing import film_recommender
        >>> found = agreement(film_recommender(), {"ana": ["evita"]}, histories={"ana": ["alien", "brazil", "casablanca", "duel"]})
        >>> found.share
        1.0
    """
    check_recommender(recommender)
    if isinstance(shown, Mapping):
        contexts = contexts_of(recommender, contexts)
    records = records_of(shown, histories, by_user(weights, "weights"), contexts)
    told = by_user(other_weights, "other_weights"), by_user(later, "later")
    length = Counter(len(each.items) for each in records).most_common(1)[0][0] if k is None else plain(k)
    requests = _requests(recommender, records, length, unknown, candidates=candidates, exclude=exclude, rule=rule)
    nothing = {number: each.left_out for number, each in enumerate(requests) if not each.history}
    asked = [number for number in range(len(records)) if number not in nothing]
    chosen = [records[number] for number in asked]
    comparing = Comparing(recommender, chosen, [requests[number] for number in asked], length)
    found = comparing.compared(*told)
    lists = dict(zip(asked, found.lists, strict=True)) | {
        number: _unknown_history(records[number], left_out) for number, left_out in nothing.items()
    }
    return Agreement(length, tuple(lists[number] for number in range(len(records))))


def _unknown_history(each: Shown, left_out: Sequence[ItemId]) -> ComparedList:
    """Return a list beside none, as the model knows no item of the history that it was made for."""
    reason = f"the model knows none of the {len(left_out):,} items of the history, such as {left_out[0]!r}: it has another catalogue"
    return ComparedList(each.user, each.items, (), Match.DIFFERENT, 0.0, Cause.CATALOGUE, reason)


def _requests(
    recommender: Recommender, records: Sequence[Shown], k: int, unknown: Unknown | str | LeftOut, **asked: Any
) -> list[Request]:
    """Return what the model is asked beside each shown list; refuse what it cannot be asked.

    The history of a request may be empty where unknown items are left out; that of one request at least is not.
    """
    asked["rule"] = candidate_rule(asked["rule"])
    users = [each.user for each in records if each.user is not None]
    prepared = Asked.of(recommender.catalogue, unknown, asked, users, known_users=len(users) == len(records))
    limits = [name for name in LIMITS if name in prepared.of_all]
    shared = {name: getattr(Constraints.of(**{name: prepared.of_all[name]}), name) for name in limits}
    requests, refused = [], None
    for each in records:
        about = {"history": each.history, "user": each.user, "weights": each.weights, "context": each.context}
        request = prepared.request(each.user, k=k, **shared, **about)
        try:
            check_asked(request, recommender)
        except QueryError as error:
            if not request.left_out or request.history:
                raise
            refused = error
        requests.append(replace(request, k=1))  # lists of any length are looked at below
    if refused is not None and not any(request.history for request in requests):
        raise refused
    prepared.tell()
    return requests


@dataclass(frozen=True, eq=False)
class Comparing:
    """Compares shown lists with the model's.

    Args:
        recommender: the model.
        records: the shown lists.
        requests: what the model is asked beside each.
        k: length of the model's lists.
    """

    recommender: Recommender
    records: Sequence[Shown]
    requests: Sequence[Request]
    k: int

    def compared(self, other_weights: Mapping[UserId | None, Any], later: Mapping[UserId | None, Any]) -> Agreement:
        """Ask, compare, and find the cause of each difference."""
        shown, strange = self._indices()
        depth = max(DEPTH, 20 * max(self.k, *map(len, shown)))
        told = [one for one in ask(self.recommender, self.requests, shown, depth) if one is not None]
        lists = [self._beside(number, shown[number], told[number], strange[number]) for number in range(len(shown))]
        differences = [
            Difference(
                number,
                self.requests[number],
                shown[number],
                told[number],
                ids_of(later.get(self.records[number].user, ()), "later"),
                numbers_of(other_weights.get(self.records[number].user, ()), "other_weights"),
            )
            for number, each in enumerate(lists)
            if each.match in (Match.DIFFERENT, Match.REORDERED) and each.cause is None
        ]
        ever_shown = np.zeros(len(self.recommender.catalogue), dtype=np.bool_)
        for items in shown:
            ever_shown[items] = True
        found = causes_of(self.recommender, differences, ever_shown)
        unexplained = [each for each in differences if each.number not in found]
        found |= self._for_the_rest(unexplained)
        for number, hypothesis in found.items():
            lists[number] = replace(lists[number], cause=hypothesis.cause, reason=hypothesis.explains[number])
        return Agreement(self.k, tuple(lists))

    def _indices(self) -> tuple[list[IntArray], list[list[ItemId]]]:
        """Return the indices of the shown items that the model knows, and the items that it does not, of each list."""
        vocabulary = self.recommender.catalogue.vocabulary
        strange = [[item for item in each.items if item not in vocabulary] for each in self.records]
        known = [vocabulary.encode([item for item in each.items if item in vocabulary]) for each in self.records]
        if not any(map(len, known)):
            try:
                vocabulary.encode(list(self.records[0].items))
            except UnknownIdError as error:
                raise QueryError(f"the model knows none of the shown items: {error}") from error
        return known, strange

    def _beside(self, number: int, shown: IntArray, told: Told, strange: Sequence[ItemId]) -> ComparedList:
        """Return a shown list beside the model's, with the cause where it is plain: ties, another length, unknown items."""
        listed = self.recommender.catalogue.vocabulary.decode(told.best[: self.k])
        items, k = self.records[number].items, self.k
        overlap = len({*items[:k]} & {*listed}) / k
        result = ComparedList(self.records[number].user, items, listed, Match.DIFFERENT, overlap)
        if strange:
            reason = f"the model does not know {len(strange):,} of the shown items, such as {strange[0]!r}: it has another catalogue"
            return replace(result, cause=Cause.CATALOGUE, reason=reason)
        if len(items) == k and items == listed:
            return replace(result, match=Match.IDENTICAL)
        if told.gives() and len(items) != k:
            more = "shorter" if len(items) < k else "longer"
            reason = f"the shown list is the model's and {more}: {len(items)} items where k is {k}"
            return replace(result, cause=Cause.LENGTH, reason=reason)
        if told.gives():
            reason = "the lists differ among items whose scores are equal, or equal within rounding, and nowhere else"
            return replace(result, match=Match.TIED, cause=Cause.TIES, reason=reason)
        same_items = len(items) == k and {*items} == {*listed}
        return replace(result, match=Match.REORDERED) if same_items else result

    def _for_the_rest(self, unexplained: Sequence[Difference]) -> dict[int, Hypothesis]:
        """Return what is said of lists that no hypothesis gives: nearer with other weights, another training, or unknown."""
        lists, items = len(self.records), len(self.recommender.catalogue)
        cause, words = Cause.UNKNOWN, "nothing that was tried gives the shown list"
        if unexplained and other_training(unexplained, lists, items):
            nearer = Trying(self.recommender, unexplained).nearer()
            cause = Cause.WEIGHTS if nearer else Cause.FACTORS
            words = f"{nearer}: it was trained with other weights" if nearer else WORDS
        elif len(unexplained) >= FEWEST and near_chance(unexplained, items) > CLOSE:
            words += "; the model ranks the shown items little better than chance: do the ids stand for the same items?"
        hypothesis = Hypothesis(cause, {each.number: words for each in unexplained})
        return dict.fromkeys(hypothesis.explains, hypothesis)
