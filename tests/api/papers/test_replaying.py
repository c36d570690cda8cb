import copy
import json

import pytest

import topple
from tests.told import NORTH, SOUTH, told_model
from topple.errors import DataError, QueryError
from topple.records.history import History
from topple.testing import ToyRecommender, film_recommender

ANA = ["alien", "brazil", "casablanca", "duel"]


@pytest.fixture(scope="module")
def model():
    return film_recommender()


@pytest.fixture(scope="module")
def told(model):
    return json.loads(json.dumps(topple.dossier(model, ANA, user=7, k=2, effort="instant").as_json()))


def named(replay):
    return {each.name: each.same for each in replay.identities}


def test_a_dossier_is_replayed_to_equal_canonical_json(model, told):
    found = topple.replay(told, model, ANA)
    assert found.same
    assert named(found) == {
        "model": True,
        "catalogue": True,
        "data": None,
        "history": True,
        "version": True,
        "file": True,
    }
    explained = topple.explain(model, {7: ANA}, k=2, effort="instant", progress=False)
    assert [each.now for each in found.answers] == [topple.canonical_json(each) for each in explained]
    assert [each.recorded for each in found.answers] == [each.now for each in found.answers]
    assert repr(found) == "<Replay of 2 answers: 2 the same>"
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["same"] is True


def test_without_a_history_that_of_the_record_is_asked(model, told):
    assert topple.replay(told, model).same


@pytest.mark.parametrize("history", [["alien", "brazil", "casablanca"], History(ANA, [1, 1, 1, 9])])
def test_another_history_is_named_as_such(model, told, history):
    found = topple.replay(told, model, history)
    assert not found.same
    assert named(found)["history"] is False
    assert all({"history", "weights"} & {each.field for each in answer.differences} for answer in found.answers)


def test_another_model_is_named_as_such(model, told):
    other = ToyRecommender(model.catalogue, model.arrays()["gives"].T.contiguous())
    found = topple.replay(told, other, ANA)
    assert named(found)["model"] is False
    assert not found.same
    assert "another model" in repr(found)


def test_an_answer_that_was_changed_in_the_file_is_found(model, told):
    changed = copy.deepcopy(told)
    changed["answers"][0]["explanation"]["rank_after"] = 99
    found = topple.replay(changed, model, ANA)
    assert named(found)["file"] is False
    assert [each.field for each in found.answers[0].differences] == ["rank_after"]
    assert (found.answers[0].differences[0].recorded, found.answers[0].same, found.answers[1].same) == (99, False, True)
    assert not found.same


def test_a_hash_that_was_changed_alone_is_found_too(model, told):
    changed = copy.deepcopy(told)
    changed["answers"][0]["canonical_sha256"] = "0" * 64
    found = topple.replay(changed, model, ANA)
    assert all(each.same for each in found.answers)
    assert not found.same


def test_explanations_rows_and_canonical_json_are_replayed(model):
    explained = topple.explain(model, {7: ANA}, k=2, largest=2, protected=["alien"], progress=False)
    one = explained[0]
    for recorded in (
        one.to_dict(),
        explained.to_dict(),
        json.loads(topple.canonical_json(one)),
        {"entries": [one.to_dict()]},
    ):
        found = topple.replay(recorded, model, ANA)
        assert found.same, recorded
        assert found.answers[0].now == topple.canonical_json(one)
    assert set(named(topple.replay(json.loads(topple.canonical_json(one)), model)).values()) == {None}


def test_limits_to_candidates_are_replayed_from_the_lists_beside_the_answer(model):
    told = topple.dossier(model, ANA, user=7, k=1, candidates=["evita", "fargo"]).as_json()
    assert topple.replay(told, model, ANA).same


def test_an_entry_of_an_audit_store_is_replayed_with_the_user_that_the_caller_names(model):
    one = topple.explain(model, {7: ANA}, k=2, progress=False)[0]
    answer = json.loads(topple.canonical_json(one)) | {"user": None}
    entry = {
        "schema": "topple.audit-entry/1", "user": "a pseudonym", "model": one.model, "catalogue": one.catalogue, "data": "",
        "history": one.query.history_fingerprint, "version": one.version, "answer": answer,
    }  # fmt: skip
    found = topple.replay(entry, model, ANA, user=7)
    assert found.same
    assert found.answers[0].now == topple.canonical_json(one)
    assert named(found) == {"model": True, "catalogue": True, "data": None, "history": True, "version": True}
    assert topple.replay({"entries": [entry, entry]}, model, ANA, user=7).same
    assert named(topple.replay(entry | {"intact": True}, model, ANA, user=7))["file"] is True
    changed = topple.replay(entry | {"intact": False}, model, ANA, user=7)
    assert named(changed)["file"] is False
    assert not changed.same
    assert named(topple.replay(entry, model, ["alien"], user=7))["history"] is False


def test_a_shown_list_is_replayed(model):
    told = topple.dossier(model, ANA, user=7, shown=["gattaca", "evita"]).as_json()
    assert topple.replay(told, model, ANA).same


def test_what_could_be_spent_is_recorded_and_replayed(model):
    told = topple.dossier(model, ANA, user=7, k=2, explainer="greedy", budget={"scored": 1}).as_json()
    assert told["question"]["budget"] == {"scored": 1}
    assert topple.replay(told, model, ANA).same
    assert not topple.replay(told, model, ANA, budget={"scored": 1000}).same


def test_a_context_that_is_json_is_replayed_of_canonical_json_too():
    wrapped = told_model()
    told = topple.dossier(wrapped, ANA, user=7, k=2, context=NORTH)
    assert topple.replay(told.as_json(), wrapped, ANA).same
    canonical = json.loads(topple.canonical_json(told.explanations[0]))
    assert topple.replay(canonical, wrapped, ANA).same
    assert not topple.replay(canonical, wrapped, ANA, context=SOUTH).same


def test_a_method_that_learns_is_asked_for(model):
    one = topple.explain(model, {7: ANA}, k=2, progress=False)[0].to_dict() | {"method": "lxr"}
    with pytest.raises(QueryError, match="the method lxr learns, and the record does not hold what it has learned"):
        topple.replay(one, model)


@pytest.mark.parametrize(
    ("recorded", "match"),
    [
        ([], r"\[\] holds no answer"),
        ({}, "is no canonical JSON of an explanation: there is no user in it"),
        ({"schema": "other/1"}, "has schema 'other/1'"),
        ({"schema": "topple.dossier/1"}, "is damaged: KeyError"),
        ({"schema": "topple.dossier/1", "question": {"budget": {}}, "answers": 7}, "7 is no list of answers"),
        ({"schema": "topple.audit-entry/1"}, "is damaged: KeyError"),
        ({"explanations": []}, "there is no answer in it to ask again"),
        ({"explanations": [7]}, "7 holds no answer"),
        (
            {
                "schema": "topple.dossier/1",
                "question": {"budget": {}},
                "identities": 7,
                "made": {"version": ""},
                "answers": [{}],
            },
            "is damaged",
        ),
    ],
)
def test_what_holds_no_answer_is_refused(model, recorded, match):
    with pytest.raises(DataError, match=match):
        topple.replay(recorded, model)


def test_damaged_answers_are_refused(model, told):
    for name, value in (("k", "x"), ("history", 7), ("status", "lost"), ("settings", [])):
        changed = copy.deepcopy(told)
        changed["answers"][0]["explanation"][name] = value
        with pytest.raises(DataError, match="does not fit the schema"):
            topple.replay(changed, model)
