"""The client asks what the API takes, and gives what the library gives."""

import httpx
import pytest

import topple
from topple import canonical_json
from topple.errors import QueryError, ServiceError, UnknownNameError
from topple.web.client import BODIES, Client


@pytest.fixture(scope="module")
def asking(service):
    with Client(service[1], model="films") as found:
        yield found


def test_the_client_gives_what_the_library_gives(asking, ease, split):
    ((user, history),) = split.histories(limit=1).items()
    expected = topple.explain(ease, {user: history}, k=3, effort="instant", progress=False)
    assert list(map(canonical_json, asking.explain(user=user, k=3))) == list(map(canonical_json, expected))
    assert [one["item"] for one in asking.recommend(user=user, k=3)] == [
        one.item for one in topple.recommend(ease, history, 3)
    ]
    changed = asking.what_if(user=user, k=3, without=[history[0]])
    expected = topple.what_if(ease, history, 3, without=history[0])
    assert [one["item"] for one in changed["after"]] == [one.item for one in expected.after]
    assert asking.verify(user=user, k=3, target=expected.before[0].item, items=[history[0]])["size"] == 1
    influence = topple.influence(ease, history, 3)
    assert asking.ask("influence", user=user, k=3)["ranks"] == influence.ranks.tolist()
    scores = asking.ask("score", user=user, items=list(history[:2]))["scores"]
    assert [each["score"] for each in scores] == pytest.approx(topple.score(ease, history, history[:2]).tolist())


def test_many_questions_are_a_stream(asking, split):
    users = list(split.histories())
    found = list(asking.explain_many({"user": user, "k": 1} for user in [*users, "nobody"]))
    assert [each["line"] for each in found] == list(range(1, len(users) + 2))
    assert "unknown user" in found[-1]["error"]["message"]


def test_explanations_are_measured_and_shown_lists_compared(asking, ease, split):
    users = split.histories(limit=3)
    explained = topple.explain(ease, users, k=3, progress=False)
    measured = asking.ask("evaluate", explanations=explained.to_dict()["explanations"])
    assert measured["queries"] == 9
    shown = {str(user): [one.item for one in topple.recommend(ease, history, 3)] for user, history in users.items()}
    assert asking.ask("agree", shown=shown)["identical"] == 3


def test_items_and_users_are_found_by_what_people_type(asking, ease, split):
    title = ease.catalogue.title(ease.catalogue.vocabulary.ids[0])
    assert asking.items(title[:6].upper())[0]["title"].casefold().startswith(title[:6].casefold())
    assert asking.items("no such title") == asking.items("") == []
    user = next(iter(split.histories(limit=1)))
    assert asking.users(str(user))[0] == user
    assert len(asking.users(limit=3)) == 3


def test_errors_are_those_of_the_library(asking, service):
    with pytest.raises(QueryError, match="unknown user id"):
        asking.explain(user="nobody")
    with pytest.raises(QueryError, match="foo=1"):
        asking.explain(user=1, foo=1)
    with Client(service[1], model="x") as other, pytest.raises(UnknownNameError, match="There is films, kept"):
        other.explain(user=1)
    with Client(service[1]) as unnamed, pytest.raises(QueryError, match="serves films, kept"):
        unnamed.explain(user=1)
    with Client("http://127.0.0.1:9", model="x") as nowhere, pytest.raises(ServiceError, match="does not answer"):
        nowhere.models()


def test_a_busy_service_is_asked_again(monkeypatch):
    answers = [httpx.Response(503, headers={"retry-after": "0"}), httpx.Response(200, json={"models": []})]
    busy = Client("http://127.0.0.1:9")
    monkeypatch.setattr(
        busy, "_http", httpx.Client(base_url="http://x", transport=httpx.MockTransport(lambda request: answers.pop(0)))
    )
    assert busy.models() == []
    assert answers == []


def test_the_client_asks_what_the_api_says_that_it_takes(client):
    described = client.get("/v1/openapi.json").json()
    paths = described["paths"]
    asked = {path.rsplit("/", 1)[1] for path in paths if path.startswith("/v1/models/{key}/") and "post" in paths[path]}
    assert asked == {*BODIES, "explain-many", "reload", "card"}
    for verb, body in BODIES.items():
        operation = paths[f"/v1/models/{{key}}/{verb}"]["post"]
        name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        assert set(described["components"]["schemas"][name]["properties"]) == set(body.model_fields)
