"""Curves and cards of the service are those of the library."""

from dataclasses import asdict

import pytest

import topple
from topple.verification.curves import curves


def test_curves_are_those_of_the_library(client, ease, split):
    ((user, history),) = split.histories(limit=1).items()
    told = client.post("/v1/models/films/curves", json={"user": user, "k": 3, "method": "leave-one-out"}).json()
    expected = topple.explain(ease, {user: history}, k=3, explainer="leave-one-out", progress=False)
    found = curves(ease, expected)
    assert [each["items"] for each in told["explanations"]] == [list(each.items) for each in expected]
    for each, drawn in zip(told["curves"], found, strict=True):
        for kind, curve in asdict(drawn).items():
            assert each[kind]["ranks"] == list(curve["ranks"])
            assert each[kind]["lengths"] == list(curve["lengths"])
            assert each[kind]["scores"] == pytest.approx(curve["scores"])


def test_a_method_without_numbers_has_no_curves(client, split):
    ((user, _),) = split.histories(limit=1).items()
    told = client.post("/v1/models/films/curves", json={"user": user, "k": 2, "method": "greedy"}).json()
    assert told["curves"] == [None, None]


def test_a_card_is_a_page_of_its_own(client, split):
    ((user, _),) = split.histories(limit=1).items()
    (row,) = client.post("/v1/models/films/recommend", json={"user": user, "k": 1}).json()["list"]
    found = client.post("/v1/models/films/card", json={"user": user, "k": 1, "targets": [row["item"]]})
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert found.headers["content-disposition"] == f'attachment; filename="why-{user}.html"'
    assert found.text.startswith("<!doctype html>")
    assert row["title"] in found.text
    assert "<script" not in found.text


def test_several_answers_are_one_page(client, split):
    ((user, _),) = split.histories(limit=1).items()
    found = client.post("/v1/models/films/card", json={"user": user, "k": 3, "because": "bought"})
    assert found.text.count("<details>") == 3
    assert "bought" in found.text


def test_a_name_of_a_user_does_not_end_the_name_of_the_file(client, split):
    ((_, history),) = split.histories(limit=1).items()
    asked = {"user": 'x"; filename="../evil\r\nX: y', "history": list(history), "k": 1}
    found = client.post("/v1/models/films/card", json=asked)
    assert found.headers["content-disposition"] == 'attachment; filename="why-xfilenameevilXy.html"'


@pytest.mark.parametrize("verb", ["curves", "card"])
def test_what_cannot_be_asked_is_refused(client, verb):
    found = client.post(f"/v1/models/films/{verb}", json={"user": "nobody"})
    assert found.status_code == 422
    assert "unknown user id" in found.json()["error"]["message"]
