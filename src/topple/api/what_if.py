"""What if: the list as it is, and the list of a changed history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress

import torch

from topple.api.answers.order import say_no_order
from topple.api.limits import LeftOut, one_request
from topple.api.recommending import Recommended
from topple.api.scoring import indices_of, scores_of
from topple.errors import QueryError, as_list, need
from topple.records.history import History
from topple.records.question import CandidateRule, Request, Unknown
from topple.scoring.checks import allowed_items, candidate_rule, check_asked, check_recommender
from topple.scoring.devices import computing
from topple.scoring.ranking import Ranking, top_k
from topple.scoring.recommender import Recommender
from topple.types import ItemId, plain


@dataclass(frozen=True, slots=True)
class Moved:
    """An item whose rank is another in the changed list; a rank is None where the item does not compete.

    `tied_before`, `tied_after`: how many other items tie with it.
    """

    item: ItemId
    title: str
    before: int | None
    after: int | None
    tied_before: int = 0
    tied_after: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class WhatIf:
    """Two lists of k items, and what became of what.

    Args:
        history: as it was given.
        changed: the history after the change.
        before: the list of the history, best first.
        after: the list of the changed history, best first.
        left: items of the list before that are not in the list after, best first; their ranks go on below the list, but where they tie.
        entered: items of the list after that were not in the list before.
        moved: items of both lists whose rank is another.
        rule: which items compete for the list after.
    """

    history: tuple[ItemId, ...]
    changed: tuple[ItemId, ...]
    before: tuple[Recommended, ...]
    after: tuple[Recommended, ...]
    left: tuple[Moved, ...]
    entered: tuple[Moved, ...]
    moved: tuple[Moved, ...]
    rule: CandidateRule = CandidateRule.UNSEEN_BEFORE

    def __repr__(self) -> str:
        change = f"{len(self.history)} to {len(self.changed)} items of history"
        return (
            f"WhatIf({change}: {len(self.left)} left, {len(self.entered)} entered, {len(self.moved)} moved "
            f"of the top {len(self.before)})"
        )


@computing()
def what_if(
    recommender: Recommender,
    history: Sequence[ItemId],
    k: int = 5,
    *,
    without: Sequence[ItemId] | ItemId | None = None,
    only: Sequence[ItemId] | ItemId | None = None,
    add: Sequence[ItemId] | ItemId | None = None,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    candidates: Iterable[ItemId] | None = None,
    exclude: Iterable[ItemId] = frozenset(),
    unknown: Unknown | str | LeftOut = Unknown.REFUSE,
    context: object = None,
) -> WhatIf:
    """Return the list of a history, and the list as it would be of a changed one.

    Args:
        recommender: what recommends.
        history: item ids, oldest first where the model knows of order; a `topple.History` has weights with it.
        k: length of the lists.
        without: items to take out of the history, or one item. Exactly one of the three changes is given.
        only: items to keep, all others are taken out.
        add: items to append to the history; an item that is added is seen and no longer listed.
        rule: whether an item that is taken out may be listed ("unseen_after") or not ("unseen_before"), or every item of the
            history may ("all").
        candidates: the only items that may be listed; None for all.
        exclude: items that may not be listed.
        unknown: "refuse" items that the catalogue does not hold, or "drop" them from the history, candidates and excluded items.
        context: what a wrapped model is told besides, before the change and after.

    Raises:
        QueryError: not exactly one change, an item to take out or keep that is not in the history, one to add that is there
            already, or a history or k that nothing can be recommended for.

    Example:
        >>> from topple.testing import film_recommender
        >>> model = film_recommender()
        >>> found = what_if(model, model.catalogue.vocabulary.ids[:3], k=3, without=model.catalogue.vocabulary.ids[0])
        >>> len(found.before) == len(found.after) == 3 and len(found.left) == len(found.entered)
        True
    """
    asked = candidate_rule(rule)
    request = one_request(
        check_recommender(recommender).catalogue, unknown,
        history=history, k=k, rule=asked, candidates=candidates, exclude=exclude, context=context,
    )  # fmt: skip
    check_asked(request, recommender)
    say_no_order(recommender, [history])
    given = request.history
    changed = _changed(History(given, request.weights), without=without, only=only, add=add)
    rows = [indices_of(recommender, given), indices_of(recommender, changed)]
    hidden = _hidden(recommender, request, rows)  # [2, I]
    left = int((~hidden).sum(1).min())
    if left < k:
        raise QueryError(
            f"k={k} with {left} items outside both histories that may be listed: the list cannot be filled. Choose a smaller k."
        )
    scores = scores_of(recommender, rows, weights=[request.weights, changed.weights], contexts=[context] * 2)  # [2, I]
    standing = _Standings(recommender, scores, hidden.to(scores.device), plain(k))
    before, after = standing.listed(0), standing.listed(1)
    listed = [{one.item for one in both} for both in (before, after)]
    moved = [standing.move(index) for index in standing.indices]
    return WhatIf(
        given,
        changed,
        before,
        after,
        left=tuple(one for one in moved if one.item not in listed[1]),
        entered=tuple(one for one in moved if one.item not in listed[0]),
        moved=tuple(one for one in moved if one.item in listed[0] & listed[1] and one.before != one.after),
        rule=asked,
    )


class _Standings:
    """Where the items of both lists stand in each.

    Args:
        recommender: what recommends.
        scores: of both histories [2, I].
        hidden: the items that do not compete for each list, bool [2, I].
        k: length of the lists.
    """

    def __init__(self, recommender: Recommender, scores: torch.Tensor, hidden: torch.Tensor, k: int) -> None:
        self._catalogue, ranking = recommender.catalogue, Ranking.of(recommender)
        competing = scores.masked_fill(hidden, -torch.inf)
        self._order = top_k(competing, k).tolist()
        self.indices = list(dict.fromkeys([*self._order[0], *self._order[1]]))  # best first
        items = torch.tensor(self.indices, device=scores.device)
        tolerance = ranking.tolerance(torch.nan_to_num(scores[0, items], neginf=0.0, posinf=0.0)).expand(2, -1)
        self._scores, self._competes = competing[:, items], (~hidden[:, items]).tolist()  # [2, C]
        above = torch.stack([(competing > score[:, None]).sum(1) for score in (self._scores + tolerance).unbind(1)], 1)
        tied = ranking.tied(competing, self._scores, tolerance)
        self._ranks, self._tied = (1 + above).tolist(), tied.tolist()

    def listed(self, row: int) -> tuple[Recommended, ...]:
        """Return the list of the history before (0) or after (1) the change."""
        return tuple(self._recommended(row, self.indices.index(index)) for index in self._order[row])

    def _recommended(self, row: int, column: int) -> Recommended:
        (item,) = self._catalogue.vocabulary.decode([self.indices[column]])
        score, tied = float(self._scores[row, column]), self._tied[row][column]
        return Recommended(self._ranks[row][column], item, self._catalogue.title(item), score, tied=tied)

    def move(self, index: int) -> Moved:
        """Return where an item comes from and goes to."""
        column = self.indices.index(index)
        (item,) = self._catalogue.vocabulary.decode([index])
        before, after = (self._ranks[row][column] if self._competes[row][column] else None for row in (0, 1))
        return Moved(item, self._catalogue.title(item), before, after, self._tied[0][column], self._tied[1][column])


def _hidden(recommender: Recommender, request: Request, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return which items do not compete for either list, bool [2, I], given the items of both histories, as indices."""
    hidden = torch.zeros(2, len(recommender.catalogue), dtype=torch.bool)
    allowed = allowed_items(recommender.catalogue.vocabulary, request.candidates, request.exclude)
    if allowed is not None:
        hidden |= ~torch.from_numpy(allowed)
    seen_by: dict[CandidateRule, Sequence[Sequence[int]]] = {
        CandidateRule.UNSEEN_BEFORE: [rows[0], [*rows[0], *rows[1]]],
        CandidateRule.UNSEEN_AFTER: rows,
        CandidateRule.ALL: [[], []],
    }
    for row, seen in enumerate(seen_by[request.rule]):
        hidden[row, torch.tensor(seen, dtype=torch.int64)] = True
    return hidden


def _changed(
    history: History,
    **changes: Sequence[ItemId] | ItemId | None,
) -> History:
    """Return the history after the one change that is given; an item that is added has a weight of 1."""
    named = {name: _ids(items) for name, items in changes.items() if items is not None}
    if len(named) != 1:
        told = ", ".join(named) or "none of them"
        raise QueryError(f"what_if takes one of without, only and add, and was given {told}. Give one of the three.")
    ((name, items),) = named.items()
    strange = [item for item in items if (item in history) == (name == "add")]
    if strange:
        where = "is in the history already" if name == "add" else "is not in the history"
        raise QueryError(f"{name}={strange[0]!r} {where} ({len(history)} items). Leave it out.")
    if name == "add":
        return History((*history, *items), (*history.weights, *[1.0] * len(items)) if history.weights else ())
    stays = [(item in items) == (name == "only") for item in history]
    return History(compress(history, stays), compress(history.weights, stays))


def _ids(items: Sequence[ItemId] | ItemId) -> tuple[ItemId, ...]:
    """Return ids as a tuple without repeats, of one id too."""
    one = plain(items)
    several = [one] if isinstance(one, str | int) else as_list(one, "without, only or add", "item ids, or one")
    for item in several:
        need(plain(item), (str, int), "without, only or add", "item ids, or one")
    return tuple(dict.fromkeys(plain(item) for item in several))
