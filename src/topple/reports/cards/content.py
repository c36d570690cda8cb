"""What a card or a picture says of one explanation, as plain texts and numbers, before it is drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from topple.metrics import claimed_by
from topple.records.answer import Explanation, Proof, Status
from topple.records.question import Goal, Repeats
from topple.records.telling.beside import Titles
from topple.reports.cards.words import CardWords
from topple.types import ItemId

Mark: TypeAlias = Literal["target", "leaves", "enters", "stays", "gap"]
MOST_EVENTS = 10
"""Events whose attributions are shown at most; those that count for most, and those that are named."""
Lists: TypeAlias = tuple[Sequence[ItemId], Sequence[ItemId]]
"""The recommended list before and after, best first."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list.

    Args:
        mark: what becomes of the item; "gap" for ranks that are not shown.
        rank: of the item; None for a gap, and where it is not known.
        title: of the item, or what is not shown.
        item: the item; None for a gap.
        note: what becomes of the item, in words.
    """

    mark: Mark
    rank: int | None
    title: str
    item: ItemId | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """What one event counts for.

    Args:
        title: of the item of the event.
        value: the attribution.
        share: the size of the value beside the largest, 0 to 1.
        named: whether the event is of the named set.
        error: of the value, where it is known.
    """

    title: str
    value: float
    share: float
    named: bool
    error: float | None = None


def rows_of_lists(
    explanation: Explanation, lists: Lists | None, titles: Titles, words: CardWords
) -> tuple[list[Row], list[Row]]:
    """Return the rows of the list before and of the list after; of a set that was not found no rows after.

    Args:
        explanation: what is told.
        lists: the lists; None: only the target and what replaces it are known. The list after may be empty.
        titles: who tells titles.
        words: of the card.
    """
    target, told = explanation.query.target, bool(explanation.items)
    before, after = lists or ((), ())
    first, then = list(before), list(after)
    rows = [
        _row(item, rank, then, target, titles, "leaves", words.leaves, words.to_rank)
        for rank, item in enumerate(first, start=1)
    ]
    _add_target(rows, explanation.rank_before, target, titles, words)
    if not told:
        return rows, []
    known = bool(then)
    rows_after = [
        _row(item, rank, first, target, titles, "enters", words.enters, words.from_rank)
        for rank, item in enumerate(then, start=1)
    ]
    if not known and explanation.query.goal is not Goal.SUFFICIENT:
        rows_after = [Row("enters", None, titles.title(one), one, words.enters) for one in explanation.replacements]
    _add_target(rows_after, rank_then(explanation), target, titles, words, known=known)
    return rows, rows_after


def rank_then(explanation: Explanation) -> int | None:
    """Return the rank of the target after the change that the goal asks about."""
    return explanation.rank_alone if explanation.query.goal is Goal.SUFFICIENT else explanation.rank_after


def proof_words(explanation: Explanation, words: CardWords) -> str:
    """Say what was checked of the set, or how the query ended."""
    claimant = claimed_by(explanation.proof_by)
    claimed = words.claimed.format(name=claimant) if claimant else ""
    if explanation.status is not Status.FOUND:
        told = words.ended[explanation.status]
        return told + (claimed if explanation.status is Status.IMPOSSIBLE else "")
    if explanation.proof is None:
        return words.refuted
    if explanation.proof is Proof.MINIMUM:
        return (words.cheapest if explanation.query.item_costs else words.proven[Proof.MINIMUM]) + claimed
    least = explanation.at_least
    bounded = least is not None and math.isfinite(least) and least > 1 and not explanation.query.item_costs
    least_words = words.at_least.format(count=math.ceil(least)) + claimed if bounded and least is not None else ""
    return words.proven[explanation.proof] + least_words


def work_words(explanation: Explanation, words: CardWords) -> str:
    """Say by which method, after how many scored histories, and in what time."""
    seconds = explanation.seconds
    time = f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
    return words.work.format(method=explanation.method or "-", scored=f"{explanation.cost:,}", seconds=time)


def named_titles(explanation: Explanation, titles: Titles) -> list[str]:
    """Return the titles of the named items, in order."""
    return [titles.title(item) for item in explanation.items]


def bars(explanation: Explanation, titles: Titles) -> list[Bar]:
    """Return what the events count for, the highest first; nothing where the method gives no attributions.

    Of many events those of the largest values are chosen, and those that are named.
    """
    values = explanation.attributions or ()
    if not values:
        return []
    history = explanation.query.history
    errors = explanation.attribution_errors or (math.nan,) * len(values)
    events = [
        (position, value)
        for position, value in enumerate(values[: len(history)])
        if value is not None and math.isfinite(value)
    ]
    if not events:
        return []
    largest = max(abs(value) for _, value in events) or 1.0
    named = set(explanation.positions) or _positions(explanation)
    chosen = sorted(events, key=lambda event: (-abs(event[1]), event[0]))[:MOST_EVENTS]
    chosen += [event for event in events if event[0] in named and event not in chosen][:MOST_EVENTS]
    found = []
    for position, value in sorted(chosen, key=lambda event: (-event[1], event[0])):
        error = errors[position] if position < len(errors) else None
        error = error if error is not None and math.isfinite(error) else None
        title = titles.title(history[position])
        found.append(Bar(title, value, abs(value) / largest, position in named, error))
    return found


def _positions(explanation: Explanation) -> set[int]:
    """Return the positions of all events of the named items."""
    if explanation.query.repeats is Repeats.EVENTS:
        return set()
    return {position for position, item in enumerate(explanation.query.history) if item in explanation.items}


def _row(
    item: ItemId,
    rank: int,
    others: list[ItemId],
    target: ItemId | None,
    titles: Titles,
    absent: Mark,
    note: str,
    moved: str,
) -> Row:
    """Return the row of an item of one of the two lists.

    Args:
        item: the item.
        rank: in this list.
        others: the other list; empty where it is not known.
        target: the recommendation.
        titles: who tells titles.
        absent: how an item is marked that is not in the other list.
        note: what is said of such an item.
        moved: what is said of an item that has another `rank` there.
    """
    missing = bool(others) and item not in others
    told = note if missing else ""
    if item in others and others.index(item) + 1 != rank:
        told = moved.format(rank=others.index(item) + 1)
    mark: Mark = "target" if item == target else absent if missing else "stays"
    return Row(mark, rank, titles.title(item), item, told)


def _add_target(
    rows: list[Row],
    rank: int | None,
    target: ItemId | None,
    titles: Titles,
    words: CardWords,
    *,
    known: bool = True,
) -> None:
    """Add the target with the rank that it has, below a list that does not hold it, and a mark for the ranks between."""
    if target is None or rank is None or any(row.item == target for row in rows):
        return
    first = len(rows) + 1
    if known and rank > first:
        between = words.one_left_out if rank == first + 1 else words.left_out
        rows.append(Row("gap", None, between.format(first=first, last=rank - 1)))
    elif not known:
        rows.append(Row("gap", None, "…"))
    rows.append(Row("target", rank, titles.title(target), target, words.target))
