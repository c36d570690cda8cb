"""Items that tie are shown as tied, by the ranking's tolerance: in sentences, in tables, and in the lists of verbs."""

import numpy as np
import pytest

import topple
from topple import canonical_json
from topple.records.io import to_row
from topple.reports.tables import explanations_table, rank_cell

ITEMS = list("abcdefghij")
"""The first two are histories; of the others five tie without the second, four of them with it, and the last two always."""
GIVES = np.zeros((10, 10))
GIVES[0, 2:7] = [3, 3, 3 + 1e-13, 3, 3]
GIVES[1, 7] = 2
GIVES[1, 2:7] = [0.5, 0.25, 0.25, 0.25, 0.25]


@pytest.fixture(scope="module")
def model():
    return topple.wrap(lambda histories: [GIVES[history].sum(0) for history in histories], "callable", range(10))


def named(items):
    return [ITEMS.index(item) for item in items]


def test_a_sentence_says_with_how_many_the_rank_is_shared(model):
    history = named("a")
    found = topple.explain(model, history, k=5, progress=False)
    assert [each.rank_before for each in found] == [1] * 5
    assert all("(1, tied with 4 others)" in topple.sentence(each, model.catalogue) for each in found)
    assert "(1, gleichauf mit 4 anderen)" in topple.sentence(found[0], model.catalogue, language="de")
    assert "tied" not in topple.sentence(found[0], model.catalogue, ranks=False)
    table = explanations_table(found, model.catalogue)
    assert list(table.columns[1].cells) == ["1="] * 5
    assert not [name for name in to_row(found[0]) if "tied" in name]
    assert "tied" not in canonical_json(found[0])


def test_one_other_and_none(model):
    found = topple.explain(model, named("ab"), k=3, progress=False)
    told = {each.query.target: topple.sentence(each, model.catalogue) for each in found}
    assert "*2* (1)" in told[2]
    assert "*3* (2, tied with 3 others)" in told[3]
    only = {7: 2.0, 8: 2.0}
    pair = topple.wrap(
        lambda histories: [[only.get(item, 0.0) * len(h) for item in range(10)] for h in histories],
        "callable",
        range(10),
    )
    assert "(1, tied with 1 other)" in topple.sentence(
        topple.explain(pair, [0], k=2, progress=False)[0], pair.catalogue
    )


def test_the_new_rank_of_a_target_that_ties_is_shown_so(model):
    first, second = topple.explain(model, named("ab"), k=2, progress=False)
    assert (first.rank_after, first.verdict.tied_after) == (
        8,
        0,
    )  # nothing speaks for it any more: all others are before it
    assert (second.items, second.rank_after, second.verdict.tied_after) == ((0,), 3, 3)
    table = explanations_table([first, second], model.catalogue)
    assert list(table.columns[5].cells) == ["8", "3="]
    assert (rank_cell(None), rank_cell(2), rank_cell(2, 1)) == ("", "2", "2=")


def test_recommended_items_have_the_rank_of_the_ranking(model):
    listed = topple.recommend(model, named("ab"), 4)
    assert [(one.rank, one.tied) for one in listed] == [(1, 0), (2, 3), (2, 3), (2, 3)]
    assert [(one.rank, one.tied) for one in topple.recommend(model, named("ab"), 6)] == [
        (1, 0), *[(2, 3)] * 4, (6, 0)
    ]  # fmt: skip
    # all but two of the catalogue, and the fillers of the end
    whole = topple.recommend(model, named("ab"), 7)
    assert (whole[-1].rank, whole[-1].tied) == (7, 1)
    explained = topple.explain(model, named("ab"), k=4, progress=False)
    assert [one.rank for one in listed] == [each.rank_before for each in explained]
    influence = topple.influence(model, named("ab"), 4)
    assert [row["rank_before"] for row in influence.as_rows()[:4]] == [1, 2, 2, 2]


def test_a_change_among_ties_is_no_move(model):
    found = topple.what_if(model, named("ab"), 3, without=named("b"))
    assert [(one.rank, one.tied) for one in found.before] == [(1, 0), (2, 3), (2, 3)]
    assert [(one.rank, one.tied) for one in found.after] == [(1, 4), (1, 4), (1, 4)]
    both = {one.item for one in found.before} & {one.item for one in found.after} - {2}
    assert {(one.item, one.before, one.after, one.tied_before, one.tied_after) for one in found.moved} == {
        (item, 2, 1, 3, 4) for item in both
    }
    left = topple.what_if(model, named("ab"), 3, without=named("a"))
    assert [(one.rank, one.tied) for one in left.after] == [(1, 0), (2, 0), (3, 3)]
    assert [(one.before, one.after, one.tied_before, one.tied_after) for one in left.left] == [(2, 3, 3, 3)]
    assert repr(left) == "WhatIf(2 to 1 items of history: 1 left, 1 entered, 2 moved of the top 3)"
