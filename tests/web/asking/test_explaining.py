"""What the service explains is what the library explains."""

import json

import pytest

import topple
from topple import canonical_json


def given(answer):
    assert answer.status_code == 200, answer.text
    return [topple.Explanation.from_dict(each) for each in answer.json()["explanations"]]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"k": 3, "rule": "unseen_after"},
        {"k": 4, "goal": "both", "sets": 2},
        {"k": 3, "effort": "proof", "largest": 2},
        {"k": 3, "method": "greedy"},
    ],
)
def test_library_and_service_give_equal_answers(client, ease, split, asked):
    for user, history in split.histories(limit=5).items():
        method = asked.get("method")
        effort = {} if method else {"effort": asked.get("effort", "instant")}
        named = {name: value for name, value in asked.items() if name not in ("method", "effort")}
        expected = topple.explain(
            ease, {user: history}, explainer=method or "auto", progress=False, **effort, **named
        )  # fmt: skip
        found = given(client.post("/v1/models/films/explain", json={"user": user, **asked}))
        assert list(map(canonical_json, found)) == list(map(canonical_json, expected))
        assert [each.model for each in found] == [each.model for each in expected]


def test_a_history_of_nobodys_with_weights_and_constraints(client, ease, split):
    ((_, history),) = split.histories(limit=1).items()
    free = list(history)
    weights = [1.0 + turn % 3 for turn in range(len(free))]
    asked = {
        "history": free,
        "weights": weights,
        "k": 2,
        "protected": free[:1],
        "item_costs": [[free[1], 2.5]],
        "groups": [free[2:4]],
    }
    expected = topple.explain(
        ease, free, weights=weights, k=2, protected=free[:1], item_costs={free[1]: 2.5}, groups=[free[2:4]],
        effort="instant", progress=False,
    )  # fmt: skip
    assert list(map(canonical_json, given(client.post("/v1/models/films/explain", json=asked)))) == list(
        map(canonical_json, expected)
    )


def test_the_list_that_was_shown_is_the_list_that_is_explained(client, ease, split):
    ((user, history),) = split.histories(limit=1).items()
    shown = [one.item for one in topple.recommend(ease, history, 3)]
    right = client.post("/v1/models/films/explain", json={"user": user, "shown": shown}).json()["explanations"]
    assert [each["shown_is_models"] for each in right] == [True] * 3
    wrong = client.post("/v1/models/films/explain", json={"user": user, "shown": shown[::-1]}).json()["explanations"]
    assert [each["shown_is_models"] for each in wrong] == [False] * 3


def test_a_sentence_is_in_the_words_that_are_asked_for(client, split):
    ((user, _),) = split.histories(limit=1).items()
    answer = client.post(
        "/v1/models/films/explain", json={"user": user, "k": 1, "because": "bought", "language": "de"}
    ).json()
    assert "gekauft" in answer["explanations"][0]["sentence"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "neither user nor history"),
        ({"user": "nobody"}, "unknown user id"),
        ({"history": []}, "empty"),
        ({"history": ["no such film"]}, "no such film"),
        ({"user": 1, "k": 10**9}, "lists of at most 100"),
        ({"user": 1, "k": 0}, "greater than or equal to 1"),
        ({"user": 1, "foo": 1}, "foo=1"),
        ({"user": 1, "weights": [1.0]}, "weights"),
        ({"user": 1, "method": "../../etc/passwd"}, "etc/passwd"),
        ({"user": 1, "method": "greedy", "effort": "proof"}, "effort"),
        ({"user": 1, "deadline": 1e6}, "at most 30 seconds"),
        ({"user": 1, "seed": 10**30}, "seed"),
        ({"user": [1]}, "user"),
        ({"history": [1.5]}, "history"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(client, split, asked, told):
    if asked.get("user") == 1:
        asked = asked | {"user": next(iter(split.histories(limit=1)))}
    answer = client.post("/v1/models/films/explain", json=asked)
    assert answer.status_code == 422
    assert told in answer.json()["error"]["message"]


def test_another_model_is_not_there(client):
    answer = client.post("/v1/models/../kept/explain", json={"user": 1})
    assert answer.status_code in (404, 405)
    answer = client.post("/v1/models/x/explain", json={"user": 1})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (404, "UnknownNameError")


def test_a_set_of_any_origin_is_judged(client, ease, split):
    ((user, history),) = split.histories(limit=1).items()
    target = topple.recommend(ease, history, 3)[0].item
    for items in ([history[0]], list(history)):
        (expected,) = topple.verify(ease, [topple.Query(history, target, k=3, user=user)], [items])
        found = client.post(
            "/v1/models/films/verify", json={"user": user, "target": target, "items": items, "k": 3}
        ).json()
        assert (found["valid"], found["rank_after"]) == (expected.valid, expected.rank_after)
        assert [each["item"] for each in found["replacements"]] == list(expected.replacements)


def test_halves_of_characters_and_numbers_that_json_does_not_know_break_nothing(client):
    body = b'{"history": ["\\ud800"], "unknown": "drop"}'
    answer = client.post("/v1/models/films/explain", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    body = b'{"history": [1], "context": NaN, "weights": [NaN]}'
    answer = client.post("/v1/models/films/explain", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert json.loads(answer.text)["error"]["kind"]


def test_a_target_that_is_not_listed_stops_no_other(client, ease, split):
    ((user, history),) = split.histories(limit=1).items()
    listed = topple.recommend(ease, history, 3)[0].item
    other = next(item for item in ease.catalogue.vocabulary.ids[::-1] if item not in history and item != listed)
    asked = {"user": user, "k": 3, "targets": [other, listed]}
    strange, good = client.post("/v1/models/films/explain", json=asked).json()["explanations"]
    assert (strange["status"], good["status"]) == ("invalid", "found")
    assert "not in" in strange["reason"]
    answer = client.post("/v1/models/films/explain", json=asked | {"targets": [other]})
    assert answer.status_code == 422
