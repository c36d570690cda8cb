import copy
import gc
import json
import pickle
from dataclasses import replace

import pytest

import topple
from topple import Explanation, Explanations, Query, Status
from topple.errors import DataError
from topple.records.telling.beside import beside
from topple.testing import film_recommender

HISTORY = ["alien", "brazil", "duel"]


@pytest.fixture
def model():
    return film_recommender()


@pytest.fixture
def found(model):
    return topple.explain(model, {"ana": HISTORY, 7: HISTORY[:2]}, k=2, progress=False)


def test_parts_and_sums_are_explanations_and_equal_lists(found):
    assert type(found) is type(found[1:]) is type(found + found[:1]) is type(found.copy()) is Explanations
    assert found == list(found)
    assert found[1:] == list(found)[1:]
    assert len(found + found) == 2 * len(found)
    found += found[:1]
    assert type(found) is Explanations


def test_a_short_text_says_how_many_of_whom_and_how_they_ended(found, model):
    assert repr(found) == "<Explanations: 4 of 2 users; 4 true, of these 4 minimum>"
    odd = [replace(found[0], proof=None), Explanation(found[0].query, Status.NOT_FOUND)]
    assert repr(Explanations(odd)) == "<Explanations: 2 of 1 user; 1 refuted; 1 not found>"
    assert repr(Explanations()) == "<Explanations: 0>"


def test_what_goes_to_json_comes_back(found):
    assert Explanation.from_json(found[0].to_json()) == found[0]
    assert Explanation.from_dict(found[0].to_dict()) == found[0]
    assert Explanations.from_json(found.to_json(indent=1)) == found
    assert Explanations.from_dict(found.to_dict()) == found
    assert Explanations.from_dict(found.to_dict()["explanations"]) == found
    assert json.loads(found[0].to_json()) == found[0].to_dict()


def test_lists_of_candidates_are_told_once_and_come_back_as_one_set(model):
    few = frozenset(model.catalogue.vocabulary.ids) - {"evita"}
    found = topple.explain(model, {"ana": HISTORY, "bo": HISTORY[:2]}, k=2, candidates=few, progress=False)
    told = found.to_dict()
    assert len(told["item_lists"]) == 1
    assert all("item_lists" not in row for row in told["explanations"])
    again = Explanations.from_dict(told)
    assert again == found
    assert len({id(each.query.candidates) for each in again}) == 1
    assert Explanation.from_json(found[0].to_json()) == found[0]


def test_titles_and_sentence_are_told_and_come_back(found):
    told = found[0].to_dict()
    assert told["target_title"] == found[0].title(found[0].query.target)
    assert told["sentence"].startswith("You are recommended *")
    again = Explanation.from_dict({**told, "target_title": "The Film"})
    assert again.title(again.query.target) == "The Film"
    assert topple.sentence(again).startswith("You are recommended *The Film*")
    assert again.title("never heard of") == "never heard of"


def test_a_copy_has_ids_for_titles_and_is_equal(found):
    for other in (pickle.loads(pickle.dumps(found[0])), copy.deepcopy(found[0]), replace(found[0])):  # noqa: S301
        assert other == found[0]
        assert beside(other).model is None
        assert other.title("alien") == "alien"


def test_the_model_is_not_kept_in_memory_by_an_explanation():
    model = film_recommender()
    found = topple.explain(model, HISTORY, k=2, progress=False)
    assert beside(found[0]).model() is model
    assert beside(found[0]).listed == tuple(each.item for each in topple.recommend(model, HISTORY, 2))
    del model
    gc.collect()
    assert beside(found[0]).model() is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"'\{' is no JSON text: .* Give what to_dict or to_json returned"),
        (None, "None is no JSON text"),
        ("[1]", "1 is no explanation: there is no schema in it"),
        ('{"explanations": 3}', "holds no list of explanations"),
        ("3", "3 holds no list of explanations"),
        ('{"explanations": [], "item_lists": {"a": 3}}', "item_lists=.* holds no lists of ids by name"),
        (
            '[{"schema": "topple.explanation/9"}]',
            "the explanation has schema 'topple.explanation/9'; this version of topple reads",
        ),
        ('[{"schema": "topple.explanation/3"}]', r"does not fit the schema topple.explanation/3: KeyError\('status'\)"),
    ],
)
def test_what_is_no_explanation_is_refused(text, message):
    with pytest.raises(DataError, match=message):
        Explanations.from_json(text)


def test_one_explanation_says_whose_what_and_what_is_proven(found):
    told = repr(found[0])
    assert told == (
        "<Explanation for user 'ana' of 'Casablanca (1942)' (rank 1): without 'Duel (1971)' it has rank 3; minimum; auto, 6 scored>"
    )
    odd = Query(range(1000), "x\x1b[31m", k=3)
    assert repr(Explanation(odd, Status.NOT_FOUND, reason="because " * 90)).startswith(
        "<Explanation for a history of 'x\\x1b[31m': not found: because because"
    )
    assert len(repr(Explanation(odd, Status.NOT_FOUND, reason="because " * 90))) < 300


def test_questions_that_could_not_be_asked_come_back_whatever_they_hold(model):
    odd = [
        Query(5, "x"),
        Query(["alien"], ["evita"]),
        Query([{"a": 1}], None),
        Query(["alien"], "evita", k="three", user=2.5, goal="odd"),
    ]
    found = topple.explain_queries(model, odd, progress=False)
    again = Explanations.from_json(found.to_json())
    assert [each.status for each in again] == [Status.INVALID] * 4
    for each in (*found, *again):
        assert each.reason[:8] in each._repr_html_()
        assert len(repr(each)) < 400


def test_a_set_of_a_file_that_names_nothing_is_told(found):
    one = Explanation.from_dict(found[0].to_dict() | {"items": [], "positions": []})
    assert "because you liked -." in topple.sentence(one)
    assert "because you liked -." in one._repr_html_()
