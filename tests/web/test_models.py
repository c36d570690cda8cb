"""Models by key, exchanged without a dropped request."""

import threading
import time

import pytest

import topple
from topple.errors import QueryError, SettingsError, UnknownNameError
from topple.records.question import Goal
from topple.web.models import ServedModel, ServedModels, keyed, load_served
from topple.web.service import warm


def test_a_folder_is_named_by_the_last_part_or_by_a_key(tmp_path):
    assert keyed(str(tmp_path / "films")) == ("films", tmp_path / "films")
    assert keyed(f"shop={tmp_path}") == ("shop", tmp_path)
    assert keyed("a b=c")[0] == "a b=c"


@pytest.mark.parametrize("key", ["", "a/b", "../x", "x" * 65, ".x", "a b"])
def test_a_key_that_no_address_can_hold_is_refused(ease, key):
    with pytest.raises(SettingsError, match="no key of a model"):
        ServedModels([ServedModel(key, ease)])


def test_two_models_of_one_key_and_none_at_all_are_refused(ease):
    with pytest.raises(SettingsError, match="two models have the key films"):
        ServedModels([ServedModel("films", ease), ServedModel("films", ease)])
    with pytest.raises(SettingsError, match="no model is given"):
        ServedModels([])


def test_users_are_known_by_their_id_and_by_its_text(ease, split):
    model = ServedModel("films", ease, split)
    user = next(iter(split.histories(limit=1)))
    assert model.user(user) == split.history(user)
    assert model.user(str(user)) == split.history(user)
    with pytest.raises(QueryError, match=r"unknown user id.*Give another"):
        model.user("nobody")
    with pytest.raises(QueryError, match="knows no users"):
        ServedModel("films", ease).user(user)


def test_a_model_is_loaded_anew_and_one_that_cannot_be_stays(ease, split, tmp_path):
    folder = tmp_path / "model"
    topple.save_model(ease, folder, split)
    models = ServedModels([load_served("films", folder), ServedModel("here", ease)])
    before = models["films"]
    other = topple.fit(split, "item-knn", progress=False)
    topple.save_model(other, folder, split, overwrite=True)
    assert models.reload("films").recommender.name == "item-knn"
    assert models["films"] is not before
    (folder / "model.json").write_text("{")
    with pytest.raises(topple.ToppleError, match="damaged"):
        models.reload("films")
    assert models["films"].recommender.name == "item-knn"
    with pytest.raises(QueryError, match="no folder"):
        models.reload("here")
    with pytest.raises(UnknownNameError, match="There is films, here"):
        models["x"]


def test_a_model_is_exchanged_without_a_dropped_request(client, service, split):
    user, statuses = next(iter(split.histories(limit=1))), []
    end = threading.Event()

    def ask():
        while not end.is_set():
            statuses.append(client.post("/v1/models/kept/explain", json={"user": user, "k": 2}).status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    loaded, until = [], time.monotonic() + 20
    while (len(loaded) < 5 or len(statuses) < 10) and time.monotonic() < until:
        loaded.append(client.post("/v1/models/kept/reload", headers={"content-length": "0"}).json()["loaded"])
    end.set()
    asking.join()
    assert sorted(loaded) == loaded
    assert len(set(loaded)) == len(loaded) >= 5
    assert len(statuses) >= 10
    assert set(statuses) == {200}


@pytest.mark.parametrize("goal", [*Goal])
def test_a_model_is_warmed_up_for_a_goal(ease, split, monkeypatch, goal):
    asked = []
    monkeypatch.setattr("topple.web.service.explain", lambda *given, goal, **how: asked.append(goal))
    warm(ServedModel("films", ease, split), goal)
    assert asked == [goal]
