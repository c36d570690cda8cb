import numpy as np
import pandas as pd
import pytest

import topple
from tests.api.planted import K, planted, tied, world
from topple import Shown, agreement
from topple.errors import ArgumentError, QueryError
from topple.records.agreement import Cause, Match
from topple.testing import film_recommender
from topple.testing.toy import ANA, BO

TOY = film_recommender()
CASES = list(planted())


@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_planted_cause_is_named_and_only_that(number):
    case = CASES[number]()
    found = agreement(case.model, case.shown, case.k, **case.told)
    differing = [each for each in found.lists if each.cause is not None]
    named = {each.cause for each in differing} - {Cause.UNKNOWN}
    assert named == ({case.cause} - {Cause.UNKNOWN, None}), case.name
    if case.cause is None:
        assert found.share == found.overlap == 1
    elif case.cause is not Cause.UNKNOWN:
        assert len(differing) >= 15
        assert found.causes[case.cause] >= case.fewest * len(differing), case.name
    assert all(each.reason for each in differing)


def test_figures_are_those_of_lists_worked_out_by_hand():
    shown = {"ana": ["evita", "fargo"], "bo": ["alien", "fargo"], "eve": ["fargo", "duel"]}
    found = agreement(TOY, shown, 2, histories={"ana": ANA, "bo": BO, "eve": BO})
    assert [each.match for each in found.lists] == [Match.IDENTICAL, Match.REORDERED, Match.DIFFERENT]
    assert [each.overlap for each in found.lists] == [1, 1, 0.5]
    assert found.share == pytest.approx(1 / 3)
    assert found.overlap == pytest.approx(5 / 6)
    assert found.lists[1].listed == ("fargo", "alien")
    assert [each.user for each in found.differing] == ["bo", "eve"]


def test_the_reasons_say_what_was_tried():
    split, model = world()
    histories = split.histories(limit=12)
    older = {user: history[:-1] for user, history in histories.items()}
    shown = {user: [one.item for one in topple.recommend(model, history, K)] for user, history in older.items()}
    found = agreement(model, shown, histories=split)
    assert found.k == K
    reasons = {each.reason for each in found.differing}
    assert reasons == {"the history is newer than the list: without the latest event the model gives it"}


def test_ties_are_counted_apart_from_identical_lists():
    case = tied()
    found = agreement(case.model, case.shown, case.k, **case.told)
    assert found.count(Match.IDENTICAL) + found.count(Match.TIED) == len(found.lists)
    assert found.share == 1
    assert not found.differing


def test_records_of_shlists_of_library_hold_the_history_and_the_weights():
    shown = [Shown(ANA, ("evita", "fargo"), "ana"), Shown(BO, ("fargo", "alien"), weights=(1.0, 2.0))]
    found = agreement(TOY, shown)
    assert [each.user for each in found.lists] == ["ana", None]
    listed = [one.item for one in topple.recommend(TOY, BO, 2, weights=(1, 2))]
    assert found.lists[1].listed == tuple(listed)


def test_a_list_of_items_that_are_all_unknown_does_not_stop_the_others():
    found = agreement(TOY, {"ana": ["evita", "fargo"], "bo": ["jaws", "heat"]}, histories={"ana": ANA, "bo": BO})
    assert [each.match for each in found.lists] == [Match.IDENTICAL, Match.DIFFERENT]
    assert found.lists[1].cause is Cause.CATALOGUE


def test_items_of_another_catalogue_are_the_reason():
    found = agreement(TOY, {"ana": ["evita", "jaws"], "bo": ["fargo", "alien"]}, 2, histories={"ana": ANA, "bo": BO})
    assert found.causes == {Cause.CATALOGUE: 1}
    assert "does not know 1 of the shown items, such as 'jaws'" in found.lists[0].reason


@pytest.mark.parametrize(
    ("shown", "options", "match"),
    [
        ({}, {}, "no list was shown: there is nothing to compare"),
        ({"ana": []}, {}, "the list shown to user 'ana' is empty"),
        ({"ana": ["evita", "evita"]}, {}, "the list shown to user 'ana' holds 'evita' more than once"),
        ({"ana": "evita"}, {}, "the list shown to user 'ana' is 'evita', no list of item ids"),
        ({"ana": ["evita"]}, {"histories": None}, "the lists come without histories. Give histories="),
        ({"eve": ["evita"]}, {}, "a list was shown to user 'eve', who is not among the 1 users with a history"),
        ({"ana": [1, 2]}, {}, "the model knows none of the shown items: unknown item id 1, 2"),
        ({"ana": ["evita"]}, {"k": 9}, "user 'ana': k=9 with 3 candidates"),
        ({"ana": ["evita"]}, {"rule": "none"}, "rule='none' is not one of"),
        ({"ana": ["evita"]}, {"weights": {"ana": [1]}}, "user 'ana': 1 weights for a history of 4 events"),
        (["evita"], {}, "'evita' is not a shown list. Give a mapping of users to lists"),
        ({"ana": ["evita", None]}, {}, "the list shown to user 'ana': None is no item id. Give texts or whole numbers"),
        ({"ana": ["evita", []]}, {}, r"the list shown to user 'ana': \[\] is no item id"),
        ({"ana": {"evita": 1}}, {}, r"is \{'evita': 1\}, no list of item ids"),
        (
            {"ana": ["evita"]},
            {"histories": ANA},
            "is one history, and lists of users were given. Give a mapping of users",
        ),
        ([Shown(3, ("evita",))], {}, "history=3 is not a sequence of item ids"),
        ([Shown(ANA, np.array(1))], {}, r"is array\(1\), no list of item ids"),
        ([Shown(pd.NA, ("evita",))], {}, r"history=<NA> is not a sequence of item ids"),
        ([Shown(ANA, ("evita",), np.array([1, 2]))], {}, r"user=array\(\[1, 2\]\) is no user id\. Give a text"),
    ],
)
def test_bad_input_is_refused(shown, options, match):
    with pytest.raises(QueryError, match=match):
        agreement(TOY, shown, **({"histories": {"ana": ANA}} | options))


@pytest.mark.parametrize(
    ("shown", "options", "match"),
    [
        (
            1.5,
            {},
            r"shown=1\.5 is of type float\. Give a mapping of users to lists with histories=, or topple\.Shown records",
        ),
        ({"ana": ["evita"]}, {"weights": [1, 2]}, r"weights=\[1, 2\] is of type list\. Give a mapping by user id"),
        (
            {"ana": ["evita"]},
            {"weights": {"ana": ["x"]}},
            r"weights: \['x'\] are no numbers\. Give a number for each event",
        ),
        ({"ana": ["evita"]}, {"other_weights": 3}, r"other_weights=3 is of type int\. Give a mapping by user id"),
        ({"ana": ["evita"]}, {"later": {"evita"}}, r"later=\{'evita'\} is of type set\. Give a mapping by user id"),
        ({"ana": ["gattaca"]}, {"later": {"ana": 3}}, r"later=3 is of type int\. Give a list of item ids"),
        (
            {"ana": ["evita", "gattaca"]},
            {"other_weights": {"ana": 3}},
            r"other_weights=3 is of type int\. Give a number for each",
        ),
    ],
)
def test_an_argument_of_another_type_is_refused(shown, options, match):
    with pytest.raises(ArgumentError, match=match):
        agreement(TOY, shown, **({"histories": {"ana": ANA}} | options))


def test_lists_and_histories_may_be_of_any_sequence():
    ids = np.array([1, 2, 3, 4])
    model = topple.wrap(lambda rows: rows @ np.eye(9)[::-1], "callable", list(range(9)), histories="csr")
    listed = [one.item for one in topple.recommend(model, ids, 2)]
    told = {
        "shown": {np.int64(7): np.array(listed)},
        "histories": pd.Series({7: [1, 2, 3, 4]}),
        "exclude": np.array([], dtype=int),
    }
    assert agreement(model, k=np.int64(2), **told).share == 1
    assert agreement(model, [Shown(list(ids), listed)]).share == 1


def test_a_user_who_is_not_of_the_split_is_refused():
    split, model = world()
    with pytest.raises(QueryError, match="a list was shown to user 'nobody', who has no history"):
        agreement(model, {"nobody": list(model.catalogue.vocabulary.ids[:3])}, histories=split)
