"""The tables of a report: of parts of the rows, of items, and of users without an explanation."""

import numpy as np

from topple.api.papers.figures import Standing, group_figures
from topple.types import BoolArray, FloatArray, IntArray, JsonObject

LENGTHS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
"""Where classes of history lengths begin."""
MOST_SIZES = 10
"""Sets of so many items and more are one class."""
MOST_RANKS = 20
"""Ranks that have a row each; what is below them is one row."""
LARGEST = 2**53
"""Whole numbers up to here are exact in float64."""
_WHOLE = -2
"""In place of a reason: the set is the whole history."""
ASKED = ("method", "model", "catalogue", "data", "version", "rule", "goal")


def asked(standing: Standing, most: int) -> tuple[list[JsonObject], int]:
    """Return a row for the most frequent ways of asking, with the figures of these, and how many ways there are."""
    columns = standing.rows.columns
    keys = np.stack([*(columns[name] for name in ASKED), _whole(columns["k"], -1)], 1)
    different, group_of, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    found = []
    for number in np.argsort(-counts, kind="stable")[:most].tolist():
        key = different[number].tolist()
        told: JsonObject = {name: standing.rows.name(name, code) for name, code in zip(ASKED, key[:-1], strict=True)}
        told["k"] = key[-1] if key[-1] >= 0 else None
        found.append(told | group_figures(standing, group_of.reshape(-1) == number))
    return found, len(different)


def activity(standing: Standing) -> list[JsonObject]:
    """Return a row for each class of history lengths that holds a query."""
    class_of = np.searchsorted(LENGTHS, standing.length, side="right") - 1
    found = []
    for number, first in enumerate(LENGTHS):
        chosen = class_of == number
        if (chosen & standing.valid).any():
            last = LENGTHS[number + 1] - 1 if number + 1 < len(LENGTHS) else None
            found.append({"first": first, "last": last, **group_figures(standing, chosen)})
    return found


def ranks(standing: Standing) -> list[JsonObject]:
    """Return a row for each rank of a recommendation."""
    rank = np.minimum(_whole(standing.rows.columns["rank_before"], 0), MOST_RANKS + 1)
    different = np.unique(rank[standing.valid & (rank > 0)]).tolist()
    return [
        {"rank": each, "and_below": each > MOST_RANKS, **group_figures(standing, rank == each)} for each in different
    ]


def sizes(standing: Standing) -> list[JsonObject]:
    """Return how many found sets have how many items, and how many of these are proven smallest."""
    size = np.minimum(standing.size, MOST_SIZES)
    last = int(size[standing.named].max(initial=0))
    smallest = standing.minimum & ~standing.claimed
    return [
        {
            "size": each,
            "and_more": each == MOST_SIZES,
            "sets": int((standing.named & (size == each)).sum()),
            "minimum": int((smallest & (size == each)).sum()),
        }
        for each in range(1, last + 1)
    ]


def named_items(standing: Standing, most: int) -> tuple[list[JsonObject], int]:
    """Return the items that true sets name most often, and how many items they name in all."""
    rows = standing.rows
    size = len(rows.coders["item"])
    named, met = rows.named.of(size), rows.met.of(size)
    order = _most_first(standing, named)
    found = [
        {
            "item": rows.name("item", item),
            "title": rows.title(item),
            "sets": int(named[item]),
            "histories": int(met[item]),
            "share": int(named[item]) / int(met[item]),
        }
        for item in order[:most]
    ]
    return found, len(order)


def recommended(standing: Standing, most: int) -> tuple[list[JsonObject], list[JsonObject], int]:
    """Return what was recommended most often; what hangs on nobody's history, in no case; and how many items were recommended."""
    rows, target = standing.rows, standing.rows.columns["target"]
    size = len(rows.coders["item"])

    def counts(chosen: BoolArray) -> IntArray:
        return np.bincount(target[chosen & (target >= 0)], minlength=size)

    asked_about = counts(standing.valid | standing.unevidenced)
    true, never = counts(standing.true), counts(standing.on_no_history | standing.unevidenced)
    total = np.bincount(target[standing.true], weights=standing.size[standing.true], minlength=size)
    order = _most_first(standing, asked_about)

    def row(item: int) -> JsonObject:
        return {
            "item": rows.name("item", item),
            "title": rows.title(item),
            "queries": int(asked_about[item]),
            "true": int(true[item]),
            "on_no_history": int(never[item]),
            "mean_size": float(total[item] / true[item]) if true[item] else None,
        }

    nobody = [row(item) for item in order if never[item] == asked_about[item]]
    return [row(item) for item in order[:most]], nobody[:most], len(order)


def _whole(numbers: FloatArray, missing: int) -> IntArray:
    """Return whole numbers; those that no float64 tells apart are cut."""
    return np.clip(np.nan_to_num(numbers, nan=missing), -LARGEST, LARGEST).astype(np.int64)


def _most_first(standing: Standing, counts: IntArray) -> list[int]:
    """Return the items that are counted at all, by number, the most frequent first, then by id."""
    found: list[int] = np.flatnonzero(counts).tolist()
    names = standing.rows.coders["item"].names
    return sorted(found, key=lambda item: (-counts[item], names[item]))


def without(standing: Standing, most: int) -> JsonObject:
    """Return the users without a true set: how many, why, and the first of them."""
    rows, user = standing.rows, standing.rows.columns["user"]
    everyone = np.unique(user[user >= 0])
    missing = np.setdiff1d(everyone, user[standing.true])
    of_missing = np.isin(user, missing)
    groups: list[JsonObject] = []
    status, reason = rows.columns["status"], rows.columns["reason"]
    pairs = np.stack([status, np.where(standing.whole, _WHOLE, reason)], 1)[of_missing]
    different, group_of, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    for number in np.argsort(-counts, kind="stable")[:most].tolist():
        ended, why = different[number].tolist()
        chosen = user[of_missing][group_of.reshape(-1) == number]
        users = np.unique(chosen)
        told = "the set is the whole history" if why == _WHOLE else rows.name("reason", why) or "no reason is given"
        groups.append(
            {
                "status": rows.name("status", ended),
                "reason": told,
                "users": len(users),
                "queries": len(chosen),
                "such_as": [rows.name("user", code) for code in users[:3].tolist()],
            }
        )
    groups.sort(key=lambda each: (-each["users"], -each["queries"], each["reason"]))
    return {
        "users": len(missing),
        "of": len(everyone),
        "reasons": groups,
        "more_reasons": len(different) - len(groups),
        "first": [rows.name("user", code) for code in missing[:most].tolist()],
    }
