"""What if: the list as it is, and the list of a changed history."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import torch

from topple.api.answers.order import say_no_order
from topple.api.recommending import Recommended
from topple.api.scoring import indices_of, scores_of
from topple.errors import QueryError, as_list, need
from topple.records.history import History
from topple.records.question import CandidateRule, Request
from topple.scoring.checks import candidate_rule, check_asked, check_recommender
from topple.scoring.devices import computing
from topple.scoring.ranking import top_k
from topple.scoring.recommender import Recommender
from topple.types import ItemId, plain


@dataclass(frozen=True, slots=True)
class Moved:
    """An item whose rank is another in the changed list; a rank is None where the item does not compete."""

    item: ItemId
    title: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, repr=False)
class WhatIf:
    """Two lists of k items, and what became of what.

    Args:
        history: as it was given.
        changed: the history after the change.
        before: the list of the history, best first.
        after: the list of the changed history, best first.
        left: items of the list before that are not in the list after, best first; their ranks go on below the list.
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
    request = Request.of(history=history, k=k, rule=asked, context=context)
    check_asked(request, check_recommender(recommender))
    say_no_order(recommender, [history])
    given = request.history
    changed = _changed(History(given, request.weights), without=without, only=only, add=add)
    left = len(recommender.catalogue) - len({*given, *changed})
    if left < k and asked is not CandidateRule.ALL:
        raise QueryError(
            f"k={k} with {left} items outside both histories: the list cannot be filled. Choose a smaller k."
        )
    rows = [indices_of(recommender, given), indices_of(recommender, changed)]
    scores = scores_of(recommender, rows, weights=[request.weights, changed.weights], contexts=[context] * 2)
    seen_by: dict[CandidateRule, list[list[int]]] = {
        CandidateRule.UNSEEN_BEFORE: [rows[0], [*rows[0], *rows[1]]],
        CandidateRule.UNSEEN_AFTER: rows,
        CandidateRule.ALL: [[], []],
    }
    hidden = seen_by[asked]
    for row, seen in enumerate(hidden):
        scores[row, torch.tensor(seen, dtype=torch.int64, device=scores.device)] = -torch.inf
    order = top_k(scores, scores.shape[1]).cpu()
    ranks = [_ranks(order[row], set(seen)) for row, seen in enumerate(hidden)]
    before, after = (_list(recommender, scores[row].cpu(), order[row], k) for row in (0, 1))
    moved = [
        _move(recommender, index, ranks) for index in dict.fromkeys([*order[0, :k].tolist(), *order[1, :k].tolist()])
    ]
    return WhatIf(
        given,
        changed,
        before,
        after,
        left=tuple(one for one in moved if one.after is None or one.after > k),
        entered=tuple(one for one in moved if one.before is None or one.before > k),
        moved=tuple(
            one for one in moved if max(one.before or k + 1, one.after or k + 1) <= k and one.before != one.after
        ),
        rule=asked,
    )


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


def _ranks(order: torch.Tensor, seen: set[int]) -> dict[int, int]:
    """Return the rank of each item that competes, by index; `order` [I] holds the items, best first."""
    competing = (index for index in order.tolist() if index not in seen)
    return {index: rank for rank, index in enumerate(competing, start=1)}


def _list(recommender: Recommender, scores: torch.Tensor, order: torch.Tensor, k: int) -> tuple[Recommended, ...]:
    """Return the k best items of scores [I] in an order [I]."""
    items = recommender.catalogue.vocabulary.decode(order[:k].numpy())
    values = scores[order[:k]].tolist()
    return tuple(
        Recommended(rank, item, recommender.catalogue.title(item), value)
        for rank, (item, value) in enumerate(zip(items, values, strict=True), start=1)
    )


def _move(recommender: Recommender, index: int, ranks: Sequence[dict[int, int]]) -> Moved:
    (item,) = recommender.catalogue.vocabulary.decode([index])
    return Moved(item, recommender.catalogue.title(item), ranks[0].get(index), ranks[1].get(index))
