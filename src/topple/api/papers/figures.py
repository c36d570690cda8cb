"""The numbers of a report: each with what it was divided by, and the rule by which rows count."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from topple.api.papers.reading import Rows
from topple.metrics import claimed_by
from topple.records.answer import Proof, Status
from topple.records.question import Goal
from topple.types import BoolArray, JsonObject


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a report.

    Args:
        name: by which programs find it.
        title: by which people do.
        value: of the number; NaN where it was divided by nothing.
        count: what was divided; None for a mean or a median.
        of: what it was divided by.
        what: what `of` counts.
        rule: which rows count, in a sentence.
    """

    name: str
    title: str
    value: float
    count: int | None
    of: int
    what: str
    rule: str

    def as_json(self) -> JsonObject:
        """Return the number as JSON; null where it was divided by nothing."""
        return {
            "name": self.name,
            "title": self.title,
            "value": None if math.isnan(self.value) else self.value,
            "count": self.count,
            "of": self.of,
            "what": self.what,
            "rule": self.rule,
        }


class Standing:
    """Which rows ended how, bool [M] of M rows each; the metrics of `topple evaluate` count by the same rules.

    Args:
        rows: that were read.
    """

    def __init__(self, rows: Rows) -> None:
        columns = rows.columns
        found = rows.equals("status", Status.FOUND.value)
        self.rows = rows
        self.invalid = rows.equals("status", Status.INVALID.value)
        self.valid = ~self.invalid
        self.whole = found & columns["whole"].astype(bool)
        self.named = found & ~self.whole
        self.true = self.named & (columns["proof"] >= 0)
        self.refuted = self.named & ~self.true
        self.minimum = self.true & rows.equals("proof", Proof.MINIMUM.value)
        self.minimal = self.true & rows.equals("proof", Proof.MINIMAL.value)
        self.impossible = rows.equals("status", Status.IMPOSSIBLE.value)
        self.not_found = rows.equals("status", Status.NOT_FOUND.value)
        self.spent = rows.equals("status", Status.BUDGET_SPENT.value)
        self.priced = columns["item_costs"] > 0
        free = (columns["protected"] == 0) & (columns["groups"] == 0) & ~columns["largest"].astype(bool)
        self.on_no_history = self.impossible & free & rows.equals("goal", Goal.NECESSARY.value)
        self.unevidenced = self.invalid & _holds(rows, "listed without evidence")
        self.claimed = (self.minimum | self.impossible) & _claimed(rows)
        self.size = columns["items"]
        self.length = columns["history"]

    def ended(self) -> list[tuple[str, str, BoolArray]]:
        """Return how valid queries ended, as name, words, and rows; every valid query is in one of them."""
        return [
            ("minimum", "smallest set, proven", self.minimum),
            ("minimal", "true, and no item can be spared", self.minimal),
            ("valid", "true, perhaps larger than needed", self.true & ~self.minimum & ~self.minimal),
            ("whole_history", "nothing but the whole history", self.whole),
            ("refuted", "a set that is not true", self.refuted),
            ("not_found", "no set found, none proven", self.not_found),
            ("budget_spent", "budget spent before a set was found", self.spent),
            ("impossible", "proven: no allowed set does it", self.impossible),
        ]


RULES = {
    "coverage": "Queries with a set, true or not. Sets that are a whole history of two or more items do not count, nor do queries that "
    "could not be asked.",
    "validity": "Queries with a set that does what was asked when all items are ranked again; whole histories do not count.",
    "mean_size": "Items in a found set, true or not; whole histories are left out.",
    "median_size": "As the mean size: half of the sets have at most so many items.",
    "share_of_history": "Items of a set, divided by the events of the history.",
    "minimum": "True sets of which a method of topple proves that no smaller (with costs, cheaper) set does it.",
    "minimal": "True sets of which no single item (or group) can be given back, those that are proven smallest among them.",
    "bounded": "True sets of which it is proven that a certain number of items, more than 1, is needed, or that they are the smallest. "
    "Queries with item costs are left out, as the bound is then one of costs.",
    "mean_gap": "Size of the set less the proven least size (1 where only that is proven); 0 where the set is proven smallest.",
    "share_whole_history": "Queries whose set is a whole history of two items or more: nothing is left to speak for the recommendation. "
    "They count nowhere else.",
    "impossible": "Queries of which it is proven, or claimed by a method of another package, that no set that they allow does it.",
    "on_no_history": "Proven: the recommendation stays whatever is removed (goal necessary, nothing protected, grouped or limited); or "
    "nothing in the history speaks for it, so that it could not be asked about.",
    "users_explained": "Users with at least one query whose set is true and no whole history.",
    "claimed": "Smallest sets and impossibilities that methods of other packages claim; topple has not proven them.",
    "another_list": "Queries about a list that was really shown, which the model does not give.",
}
"""By figure, which rows count."""
FOUND, TRUE = "found sets", "true sets"


def figures(standing: Standing) -> list[Figure]:
    """Return the figures of all rows."""
    at, columns = standing, standing.rows.columns
    bounded = at.true & ~np.isnan(columns["at_least"]) & ~at.priced
    telling = bounded & ((columns["at_least"] > 1) | at.minimum)
    users, explained = _different(columns["user"]), _different(columns["user"][at.true])
    of_history = at.size / np.maximum(at.length, 1)
    with_those = "queries, with those without evidence"
    found = [
        share("coverage", "coverage", at.named, at.valid, "queries"),
        share("validity", "validity", at.true, at.valid, "queries"),
        _average("mean_size", "mean size", at.size[at.named], FOUND),
        _average("median_size", "median size", at.size[at.named], FOUND, median=True),
        _average("share_of_history", "mean share of the history that is named", of_history[at.named], FOUND),
        share("minimum", "proven smallest", at.minimum & ~at.claimed, at.true, TRUE),
        share("minimal", "no item can be spared", at.minimum | at.minimal, at.true, TRUE),
        share("bounded", "with a proven least size", telling, at.true & ~at.priced, TRUE),
        _average(
            "mean_gap", "mean size above the bound", (at.size - columns["at_least"])[bounded], f"{TRUE} with a bound"
        ),
        share("share_whole_history", "whole history", at.whole, at.valid, "queries"),
        share("impossible", "proven that no allowed set does it", at.impossible, at.valid, "queries"),
        share(
            "on_no_history",
            "hang on nobody's history",
            at.on_no_history | at.unevidenced,
            at.valid | at.unevidenced,
            with_those,
        ),
        _figure("users_explained", "users with a true set", _ratio(explained, users), explained, users, "users"),
    ]
    return found + _where_asked(standing)


def _where_asked(standing: Standing) -> list[Figure]:
    """Return the figures that only files have in which methods of other packages claim proofs, or shown lists are compared."""
    at, columns, found = standing, standing.rows.columns, list[Figure]()
    if at.claimed.any():
        found.append(share("claimed", "proofs claimed by methods of other packages", at.claimed, at.valid, "queries"))
    compared = columns["was_shown"].astype(bool) & at.valid
    if compared.any():
        another = columns["another_list"].astype(bool) & compared
        found.append(
            share(
                "another_list",
                "shown list is not the model's",
                another,
                compared,
                "queries about a list that was shown",
            )
        )
    return found


def share(name: str, title: str, counted: BoolArray, among: BoolArray, what: str) -> Figure:
    """Return how many of the rows of a denominator count, bool [M] of M rows both."""
    count, total = int(counted.sum()), int(among.sum())
    return _figure(name, title, _ratio(count, total), count, total, what)


def group_figures(standing: Standing, chosen: BoolArray) -> JsonObject:
    """Return the figures that tables have of a part of the rows, bool [M] of M rows."""
    valid, named, true = (int((part & chosen).sum()) for part in (standing.valid, standing.named, standing.true))
    minimum, whole = (int((part & chosen).sum()) for part in (standing.minimum & ~standing.claimed, standing.whole))
    sizes = standing.size[standing.named & chosen]
    return {
        "queries": valid,
        "invalid": int((standing.invalid & chosen).sum()),
        "users": _different(standing.rows.columns["user"][standing.valid & chosen]),
        "found": named,
        "coverage": _ratio(named, valid) if valid else None,
        "mean_size": float(sizes.mean()) if len(sizes) else None,
        "true": true,
        "minimum": _ratio(minimum, true) if true else None,
        "whole_history": _ratio(whole, valid) if valid else None,
    }


def _figure(name: str, title: str, value: float, count: int | None, of: int, what: str) -> Figure:
    return Figure(name, title, value, count, of, what, RULES[name])


def _average(name: str, title: str, values: np.ndarray[Any, Any], what: str, *, median: bool = False) -> Figure:
    """Return the mean, or the median, of numbers."""
    value = float(np.median(values) if median else values.mean()) if len(values) else math.nan
    return _figure(name, title, value, None, len(values), what)


def _different(codes: np.ndarray[Any, Any]) -> int:
    """Return how many different values there are, missing ones apart."""
    return len(np.unique(codes[codes >= 0]))


def _ratio(count: int, of: int) -> float:
    return count / of if of else math.nan


def _holds(rows: Rows, words: str) -> BoolArray:
    """Return which rows have a reason that holds some words."""
    codes = [code for code, reason in enumerate(rows.coders["reason"].names) if words in reason]
    return np.isin(rows.columns["reason"], codes)


def _claimed(rows: Rows) -> BoolArray:
    """Return which rows have a proof by a method of another package."""
    codes = [code for code, name in enumerate(rows.coders["proof_by"].names) if claimed_by(name)]
    return np.isin(rows.columns["proof_by"], codes)
