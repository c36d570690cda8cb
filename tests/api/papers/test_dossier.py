import json
from dataclasses import replace

import numpy as np
import pytest

import topple
from tests.api.papers.folders import odd_recommender
from topple import Status
from topple.api.papers import changing
from topple.errors import DataError, OutputExistsError, QueryError, SettingsError, ToppleError, UnknownIdError
from topple.records.history import History
from topple.testing import film_recommender, tiny_split
from topple.verification.retraining import Retraining

ANA = ["alien", "brazil", "casablanca", "duel"]


@pytest.fixture(scope="module")
def model():
    return film_recommender()


@pytest.fixture(scope="module")
def found(model):
    return topple.dossier(model, ANA, user=7, k=2)


def test_a_dossier_holds_the_answers_that_explain_gives(model, found):
    explained = topple.explain(model, {7: ANA}, k=2, progress=False)
    assert list(map(topple.canonical_json, found.explanations)) == list(map(topple.canonical_json, explained))
    told = [topple.Explanation.from_dict(each["explanation"]) for each in found.told["answers"]]
    assert list(map(topple.canonical_json, told)) == list(map(topple.canonical_json, explained))


def test_lists_before_and_after_are_those_of_what_if(model, found):
    for answer, explanation in zip(found.told["answers"], found.explanations, strict=True):
        changed = topple.what_if(model, ANA, 2, without=explanation.items)
        assert [each["item"] for each in answer["before"]] == [one.item for one in changed.before]
        assert [each["item"] for each in answer["after"]] == [one.item for one in changed.after]
    assert [each["item"] for each in found.told["listed"]] == [one.item for one in topple.recommend(model, ANA, 2)]


def test_single_items_change_the_list_as_influence_says(model, found):
    told = found.told["alone"]
    measured = topple.influence(model, ANA, 2)
    assert told["items"] == 4
    assert told["changes"] == int(measured.topples.any(1).sum())
    leaving = [[each["item"] for each in row["leave"]] for row in told["rows"]]
    assert leaving == [
        [one.item for one, left in zip(measured.listed, row, strict=True) if left] for row in measured.topples
    ]


def test_single_items_of_long_histories_are_not_tried_and_that_is_said(model, monkeypatch):
    monkeypatch.setattr(changing, "MOST_ALONE", 3)
    told = topple.dossier(model, ANA, user=7, k=2)
    assert told.told["alone"]["reason"] == "the history has 4 items, and single ones are tried for up to 3"
    assert told.told["alone"]["changes"] is None
    assert "Single items were not tried: the history has 4 items" in told.page()


def test_a_dossier_is_json_and_holds_no_nan(found):
    assert json.loads(json.dumps(found.as_json(), allow_nan=False)) == found.as_json()
    assert found.told["schema"] == "topple.dossier/1"


def test_chosen_targets_and_one_target_are_asked_about(model, found):
    target = found.explanations[1].query.target
    for chosen in (target, [target]):
        one = topple.dossier(model, ANA, user=7, k=2, targets=chosen)
        assert [each.query.target for each in one.explanations] == [target]
    assert len(one.told["listed"]) == 2


def test_a_target_that_is_not_listed_is_told_with_its_rank(model):
    told = topple.dossier(model, ANA, user=7, k=1, targets=["gattaca"])
    assert told.explanations[0].status is Status.INVALID
    assert "<bdi>Gattaca (1997)</bdi> is not in the list of 1: for the model it is at rank" in told.page()


def test_the_list_that_was_shown_is_asked_about(model):
    listed = [one.item for one in topple.recommend(model, ANA, 2)]
    told = topple.dossier(model, ANA, user=7, shown=listed)
    assert "That is the list that you were shown." in told.page()
    other = topple.dossier(model, ANA, user=7, shown=listed[::-1])
    assert "You were shown another list" in other.page()
    assert [each.query.target for each in other.explanations] == listed[::-1]
    assert {each.shown_is_models for each in other.explanations} == {False}


def test_a_history_of_nobodys_and_weights(model):
    told = topple.dossier(model, History(ANA, [1, 2, 1, 3]), k=2)
    assert told.told["user"] is None
    assert [each["weight"] for each in told.told["history"]] == [1, 2, 1, 3]
    assert "a history was given" in told.page()


def test_whether_the_person_was_trained_on_is_said():
    split = tiny_split()
    model = topple.fit(split, "ease", progress=False)
    trained, held_out = split.train_users.decode([0])[0], split.test.users.decode([0])[0]
    asked = {
        user: topple.dossier(model, split.history(user), user=user, k=1, split=split) for user in (trained, held_out)
    }
    assert asked[trained].told["trained_on"] is True
    assert "Your history was among the data that the model was trained on." in asked[trained].page()
    assert asked[held_out].told["trained_on"] is False
    assert "The model was not trained on your history" in asked[held_out].page()
    unknown = topple.dossier(model, split.history(trained), user=trained, k=1)
    assert "Whether the model was trained on your history is not known here." in unknown.page()


def test_where_the_model_is_fitted_anew_it_is_said_what_came_of_it():
    split = topple.load_split("generated")
    model = topple.fit(split, "ease", progress=False)
    user = split.train_users.decode([0])[0]
    retraining = Retraining(split, sample=None)
    told = topple.dossier(model, split.history(user), user=user, k=2, split=split, retraining=retraining)
    true = [each for each in told.explanations if each.valid]
    judged = topple.verify(model, [e.query for e in true], [e.items for e in true], retraining=retraining)
    fitted = [answer["retrained"] for answer in told.told["answers"] if answer["retrained"]]
    assert [each["leaves"] for each in fitted] == [verdict.necessary for verdict in judged]
    assert [each["rank_after"] for each in fitted] == [verdict.rank_after for verdict in judged]
    assert all(each["rank_with_nothing_removed"] == each["rank_before"] for each in fitted)  # EASE draws nothing
    assert told.told["retraining"] == {"tried": len(true), "reason": ""}
    assert (
        f"{sum(each['leaves'] for each in fitted)} of {len(true)} recommendations left the list then too" in told.page()
    )
    held_out = split.test.users.decode([0])[0]
    other = topple.dossier(model, split.history(held_out), user=held_out, k=2, split=split, retraining=retraining)
    assert other.told["retraining"] == {"tried": 0, "reason": changing.HELD_OUT}


@pytest.mark.parametrize(
    ("asked", "error", "match"),
    [
        ({"shown": ["evita"]}, QueryError, "shown= is the list that a user was shown"),
        ({"shown": ["evita"], "user": 7, "targets": ["evita"]}, QueryError, "leave targets= out"),
        ({"targets": ["none"]}, UnknownIdError, "unknown item id 'none'"),
        ({"because": "smelled"}, SettingsError, "because='smelled' is not one of"),
        ({"context": object()}, QueryError, "has no key and is no JSON, so that no file can hold it"),
        ({"k": 4}, QueryError, "k=4 with 3 candidates"),
        ({"shown": ["evita", "evita"], "user": 7}, QueryError, "holds an item twice"),
        ({"explainer": "none"}, topple.ToppleError, "none"),
        ({"given": [{"id": 7}]}, DataError, "is no entry of an audit store: KeyError"),
    ],
)
def test_what_cannot_be_answered_is_refused(model, asked, error, match):
    with pytest.raises(error, match=match):
        topple.dossier(model, ANA, **asked)
    with pytest.raises(QueryError, match="history"):
        topple.dossier(model, [])
    with pytest.raises(QueryError, match="is a text"):
        topple.dossier(model, "alien")


def test_files_are_written_and_never_over_others(found, tmp_path):
    found.write(tmp_path / "a.html")
    found.write(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == found.as_json()
    assert (tmp_path / "a.html").read_text() == found.page()
    for name in ("a.html", "a.json"):
        with pytest.raises(OutputExistsError, match="exists and is left as it is"):
            found.write(tmp_path / name)
    with pytest.raises(SettingsError, match="the suffix must be one of"):
        found.write(tmp_path / "a.txt")


def test_a_dossier_is_told_in_a_line(model, found):
    assert repr(found) == "<Dossier of user 7: 2 recommendations asked about, 2 with a true set>"
    assert repr(topple.dossier(model, ANA, k=1)).startswith("<Dossier of a history: 1 ")


def test_the_page_follows_from_the_json_alone(found):
    from topple.reports.papers.dossier_page import dossier_page

    assert dossier_page(json.loads(json.dumps(found.as_json()))) == found.page()


def test_titles_stay_text():
    page = topple.dossier(odd_recommender(), ANA, user="<b>me</b>\x1b", k=2).page()
    for bad in ("<script>alert", "<img src=x", "<b>", "\x1b", "\u202e", "\x1f"):
        assert bad not in page
    assert "שלום עולם" in page


def test_a_set_that_is_refuted_is_told_as_such(model, found, monkeypatch):
    from topple.api.papers import dossier as module

    one = replace(
        found.explanations[0], proof=None, reason="refuted by re-ranking: without the set the target is at rank 1"
    )
    monkeypatch.setattr(module, "explain_queries", lambda *rest, **named: [one])
    page = topple.dossier(model, ANA, user=7, k=2, targets=[one.query.target]).page()
    assert "Not true: when all items are ranked again, these are not the reason." in page
    assert "was not found, nor is it proven to be nothing" in page


@pytest.mark.parametrize("user", [2**63, -(2**64), 10**400, "half \ud800", True, 1.5])
def test_a_user_that_no_file_can_hold_is_refused_before_any_work(model, user):
    with pytest.raises(QueryError, match=r"^user=.* is no id that a file can hold. Give a text"):
        topple.dossier(model, ANA, user=user, k=2)


@pytest.mark.parametrize("user", [2**63 - 1, -(2**63), 0, "", "\x00 <b>", "\u202e", np.int64(7)])
def test_any_other_user_has_a_page_and_a_file_that_is_asked_again(model, user, tmp_path):
    found = topple.dossier(model, ANA, user=user, k=2)
    for name in ("a.html", "a.json"):
        found.write(tmp_path / name)
    told = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert topple.replay(told, model, ANA).same


@pytest.mark.parametrize("changes", [{"shown": 5}, {"language": ["de"]}, {"language": None}, {"because": ["liked"]}])
def test_arguments_of_another_type_are_refused_in_words(model, changes):
    with pytest.raises(ToppleError, match=r"Give|Choose"):
        topple.dossier(model, ANA, user=1, **changes)
