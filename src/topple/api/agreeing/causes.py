"""Why shown lists differ: each hypothesis is tried by asking the model again under it, and holds for a list that it gives."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log1p, sqrt

import numpy as np

from topple.api.agreeing.asking import Told, ask
from topple.errors import counted
from topple.records.agreement import Cause
from topple.records.question import CandidateRule, Request
from topple.scoring.recommender import Recommender
from topple.types import BoolArray, IntArray, ItemId

LATEST = 5
"""So many of the latest events are taken out of a history, one after the other."""
ADDED = 100
"""Items that a history may lack are looked for among so many of the best ones."""
MOST_ADDED = 4_000
"""Histories with an item more that are scored at most."""
OLDER = 0.1
"""Share of the lists that an item more must explain before any good item is tried."""
AT_LEAST = 2
"""Lists that a filter must explain before it is believed."""
WEIGHTINGS: Mapping[str, Callable[[float], float]] = {
    "weights of 1": lambda weight: 1.0,
    "the logarithm of 1 + weight": log1p,
    "the square root of the weights": sqrt,
}
"""What weights may have been turned into."""


@dataclass(frozen=True, eq=False)
class Difference:
    """A list that was shown and that the model does not give.

    Args:
        number: of the list.
        request: what the model was asked.
        shown: the shown items, as indices [C].
        told: what the model said.
        later: items that the user is known to have met besides the history.
        other_weights: the weights that the list may have been made with; empty: none are known.
    """

    number: int
    request: Request
    shown: IntArray
    told: Told
    later: tuple[ItemId, ...] = ()
    other_weights: tuple[float, ...] = ()

    @property
    def reordered(self) -> bool:
        """Whether the shown items are the model's, in another order."""
        return set(self.shown.tolist()) == set(self.told.best[: len(self.shown)].tolist())


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A reason, and the lists that the model gives under it, by number, with the reason in words."""

    cause: Cause
    explains: dict[int, str] = field(default_factory=dict)


def causes_of(
    recommender: Recommender, differences: Sequence[Difference], ever_shown: BoolArray
) -> dict[int, Hypothesis]:
    """Return the hypothesis that explains each list, by number; lists that none explains are not in it.

    The hypothesis that explains the most lists is taken first, then the one that explains the most of what is left.

    Args:
        recommender: what recommends.
        differences: the lists that the model does not give.
        ever_shown: the items that are in any of the shown lists, bool [I].
    """
    trying = Trying(recommender, differences)
    tried = [*trying.weightings(), trying.seen(), trying.missing(ever_shown), trying.older()]
    found = _most_first(tried)
    left = [each for each in differences if each.number not in found]
    added = Trying(recommender, left).newer()
    return found | dict.fromkeys(added.explains, added)


def _most_first(tried: Iterable[Hypothesis]) -> dict[int, Hypothesis]:
    """Return the hypothesis of each list, by number: again and again the one that explains the most that is left."""
    found: dict[int, Hypothesis] = {}
    left = list(tried)
    while left:
        best = max(left, key=lambda each: len(each.explains.keys() - found.keys()))
        found |= dict.fromkeys(best.explains.keys() - found.keys(), best)
        left.remove(best)
    return found


class Trying:
    """Asks the model again under hypotheses.

    Args:
        recommender: what recommends.
        differences: the lists that are to be explained.
    """

    def __init__(self, recommender: Recommender, differences: Sequence[Difference]) -> None:
        self.recommender, self.differences = recommender, differences

    def _given_by(self, requests: Mapping[int, Request]) -> list[int]:
        """Return which differences, by position, the model gives when it is asked the requests in their stead."""
        at = list(requests)
        shown = [self.differences[position].shown for position in at]
        told = ask(self.recommender, list(requests.values()), shown, max([1, *map(len, shown)]))
        return [position for position, one in zip(at, told, strict=True) if one is not None and one.gives()]

    def _hypothesis(self, cause: Cause, requests: Mapping[int, Request], words: str) -> Hypothesis:
        given = self._given_by(requests)
        return Hypothesis(cause, dict.fromkeys((self.differences[position].number for position in given), words))

    def weightings(self) -> list[Hypothesis]:
        """Try other weights: those that are known besides, and what weights are often turned into."""
        tried = []
        for words, turn in WEIGHTINGS.items():
            requests = {
                position: replace(each.request, weights=tuple(map(turn, each.request.weights)))
                for position, each in enumerate(self.differences)
                if len({*each.request.weights}) > 1 or any(weight != 1 for weight in each.request.weights)
            }
            text = f"the list is the model's with {words} in the place of the weights that it was asked with"
            tried.append(self._hypothesis(Cause.WEIGHTS, requests, text))
        requests = {
            position: replace(each.request, weights=each.other_weights)
            for position, each in enumerate(self.differences)
            if each.other_weights
        }
        text = "the list is the model's with the weights of the history, which the model was not asked with"
        tried.append(self._hypothesis(Cause.WEIGHTS, requests, text))
        requests = {position: _once_each(each.request) for position, each in enumerate(self.differences)
                    if len({*each.request.history}) < len(each.request.history)}  # fmt: skip
        text = "the list is the model's with each item of the history once, however often it is there"
        return [*tried, self._hypothesis(Cause.WEIGHTS, requests, text)]

    def nearer(self) -> str:
        """Say how much nearer the lists are with other weights; nothing where none bring them clearly nearer."""
        known = [each for each in self.differences if each.other_weights or each.request.weights]
        if len(known) < 2 * AT_LEAST:
            return ""
        requests = [replace(each.request, weights=() if each.request.weights else each.other_weights) for each in known]
        shown = [each.shown for each in known]
        told = ask(self.recommender, requests, shown, max(map(len, shown)))
        pairs = [(_overlap(each.told, each.shown), _overlap(one, each.shown))
                 for each, one in zip(known, told, strict=True) if one is not None]  # fmt: skip
        before, after = (float(np.mean(column)) for column in zip(*pairs, strict=True))
        better, worse = (sum(sign * (new - old) > 0 for old, new in pairs) for sign in (1, -1))
        if after - before < 0.1 or better < 3 * max(worse, 1):
            return ""
        asked = "weights of 1" if known[0].request.weights else "the weights of the history"
        return (
            f"asked with {asked}, the model's lists are nearer to the shown ones ({after:.2f} in place of {before:.2f})"
        )

    def seen(self) -> Hypothesis:
        """Try to list items of the history too, or to leave them out where they were listed."""
        requests = {}
        for position, each in enumerate(self.differences):
            listed = each.request.rule is CandidateRule.ALL
            rule = CandidateRule.UNSEEN_BEFORE if listed else CandidateRule.ALL
            requests[position] = replace(each.request, rule=rule)
        listed = bool(self.differences) and self.differences[0].request.rule is CandidateRule.ALL
        words = (
            "leaves out items of the history"
            if listed
            else "holds items of the history, which the model was not to list"
        )
        return self._hypothesis(Cause.FILTER, requests, f"the shown list {words}; asked so, the model gives it")

    def missing(self, ever_shown: BoolArray) -> Hypothesis:
        """Try to exclude the items that the model lists and that nobody was shown; two lists at least must lack them."""
        lacking: dict[int, set[int]] = {}
        for position, each in enumerate(self.differences):
            told, last = each.told, each.told.shown[-1]
            if told.falls() and (len(told.scores) and told.scores[-1] <= last):
                above = told.best[told.scores > last + told.rounding[-1]]
                gone = set(above.tolist()) - set(each.shown.tolist())
                if gone and not ever_shown[list(gone)].any():
                    lacking[position] = gone
        times = Counter(item for gone in lacking.values() for item in gone)
        sure = [position for position, gone in lacking.items() if all(times[item] >= AT_LEAST for item in gone)]
        if len(sure) < AT_LEAST:
            return Hypothesis(Cause.FILTER)
        ids = self.recommender.catalogue.vocabulary.decode(np.array(sorted(times), dtype=np.int64))
        requests = {position: replace(self.differences[position].request, exclude=self.differences[position].request.exclude | {*ids})
                    for position in lacking}  # fmt: skip
        frequent = self.recommender.catalogue.vocabulary.decode(
            np.array([item for item, _ in times.most_common(3)], dtype=np.int64)
        )
        words = (
            f"{counted(len(times), 'item')} that the model lists for these users are shown to nobody, such "
            f"as {', '.join(map(repr, frequent))} (out of stock?); without them the model gives the list"
        )
        return self._hypothesis(Cause.FILTER, requests, words)

    def older(self) -> Hypothesis:
        """Try to take the latest events out of the histories, one to five; the list was then made before them."""
        found: dict[int, str] = {}
        for count in range(1, LATEST + 1):
            requests = {
                position: replace(
                    each.request,
                    history=each.request.history[:-count],
                    weights=each.request.weights[:-count],
                    times=each.request.times[:-count],
                )
                for position, each in enumerate(self.differences)
                if each.number not in found and len(each.request.history) > count
            }
            events = "event" if count == 1 else f"{count} events"
            words = f"the history is newer than the list: without the latest {events} the model gives it"
            found |= self._hypothesis(Cause.HISTORY, requests, words).explains
        return Hypothesis(Cause.HISTORY, found)

    def newer(self) -> Hypothesis:
        """Try to add an item that the history may lack; the list was then made after it.

        Tried are items that the user is known to have met, items that the model lists and the shown list lacks, and, where two
        items of the list are others, the best of the catalogue.
        """
        found, left = Hypothesis(Cause.HISTORY), MOST_ADDED
        for freely in (False, True):
            # a guess among many items often gives a list by chance: it counts once surer ones have shown that histories are older
            if freely and len(found.explains) < max(AT_LEAST, OLDER * len(self.differences)):
                break
            for each in self.differences:
                if each.number in found.explains:
                    continue
                added = self._may_be_added(each, freely=freely)[:left]
                left -= len(added)
                words = self._with_one_of(each, added)
                if words:
                    found.explains[each.number] = f"the history is older than the list: {words}"
        return found

    def _with_one_of(self, each: Difference, added: Sequence[ItemId]) -> str:
        """Say with which item more the model gives a list; nothing where it does with none."""
        requests = [_with_one_more(each.request, item) for item in added]
        told = ask(self.recommender, requests, [each.shown] * len(added), len(each.shown))
        fits = [item for item, one in zip(added, told, strict=True) if one is not None and one.gives()]
        if not fits:
            return ""
        others = f" (or another of {len(fits)} items)" if len(fits) > 1 else ""
        return f"with {fits[0]!r}{others} more the model gives it"

    def _may_be_added(self, each: Difference, *, freely: bool) -> list[ItemId]:
        """Return the items that a history may lack; all that are good ones, where that is done freely."""
        decode = self.recommender.catalogue.vocabulary.decode
        length, shown = len(each.shown), set(each.shown.tolist())
        listed = [item for item in each.told.best[: length + 1].tolist() if item not in shown]
        others = [item for item in each.told.best.tolist() if item not in shown]
        best = others[:ADDED] if freely or len(shown - set(each.told.best[:length].tolist())) > 1 else []
        guessed = [] if each.reordered and not freely else [*listed, *best]
        items = dict.fromkeys([*each.later, *decode(np.array(guessed, dtype=np.int64))])
        return [item for item in items if item not in each.request.history and item not in each.request.exclude]


def _with_one_more(request: Request, item: ItemId) -> Request:
    weights, times = request.weights, request.times
    return replace(
        request,
        history=(*request.history, item),
        weights=(*weights, 1.0) if weights else weights,
        times=(*times, max(times)) if times else times,
    )


def _once_each(request: Request) -> Request:
    """Return the request with each item once, at the first event of it."""
    first = [event for event, item in enumerate(request.history) if item not in request.history[:event]]
    weights, times = request.weights, request.times
    return replace(
        request,
        history=tuple(request.history[event] for event in first),
        weights=tuple(weights[event] for event in first) if weights else weights,
        times=tuple(times[event] for event in first) if times else times,
    )


def _overlap(told: Told, shown: IntArray) -> float:
    """Return the share of the shown items that the model lists."""
    return len(np.intersect1d(told.best[: len(shown)], shown)) / len(shown)
