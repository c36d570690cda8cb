"""What is given is in the audit store first; where it cannot be, nothing is given."""

import json

import httpx
import pytest

import topple
from tests.web.served import serving
from topple import canonical_json
from topple.audit import AuditKeys, AuditStore
from topple.errors import AuditError, SettingsError
from topple.web.auditing import Auditing, auditing
from topple.web.guarding.keys import add_key
from topple.web.models import ServedModel
from topple.web.settings import ServeSettings


@pytest.fixture
def keys(tmp_path):
    return AuditKeys.create(tmp_path / "audit.keys")


@pytest.fixture
def kept(ease, split, tmp_path, keys):
    """A service with an audit store and API keys: the store, and a function that asks with a key."""
    file = tmp_path / "keys.json"
    names = {
        name: add_key(file, name, [name.split("-")[0], "audit"] + ["admin"] * (name == "explain-all"))
        for name in ("explain-a", "explain-b", "explain-all")
    }
    with AuditStore.open(tmp_path / "audit.sqlite", keys) as store:
        found = Auditing(store, required=True)
        with serving([ServedModel("films", ease, split)], ServeSettings(keys=file), found) as (_, address):

            def ask(name, method, path, kind="application/json", **told):
                headers = {"authorization": f"Bearer {names[name]}", "content-type": kind}
                return httpx.request(method, address + path, headers=headers, timeout=30, **told)

            yield found, ask


def test_the_same_answer_in_library_service_stream_and_store(kept, ease, split):
    found, ask = kept
    ((user, history),) = split.histories(limit=1).items()
    expected = topple.explain(ease, {user: history}, k=3, effort="instant", progress=False)
    answer = ask("explain-a", "POST", "/v1/models/films/explain", json={"user": user, "k": 3}).json()
    line = json.dumps({"user": user, "k": 3})
    streamed = ask(
        "explain-a", "POST", "/v1/models/films/explain-many", content=line, kind="application/x-ndjson"
    ).json()
    given = [topple.Explanation.from_dict(each) for each in answer["explanations"]]
    entries = [found.store.show(name) for name in answer["audit"]]
    texts = [canonical_json(each) for each in expected]
    assert [canonical_json(each) for each in given] == texts
    assert [entry.canonical_json(user) for entry in entries] == texts
    assert [entry.sentence for entry in entries] == [each["sentence"] for each in answer["explanations"]]
    assert {entry.agrees for entry in entries} == {True}
    assert [list(entry.shown) for entry in entries] == [[each.query.target for each in expected]] * 3
    assert [canonical_json(topple.Explanation.from_dict(each)) for each in streamed["explanations"]] == texts


def test_a_key_reads_what_was_given_to_it_and_no_other(kept, split):
    _, ask = kept
    user = next(iter(split.histories(limit=1)))
    mine = ask("explain-a", "POST", "/v1/models/films/explain", json={"user": user, "k": 1}).json()["audit"][0]
    ask("explain-b", "POST", "/v1/models/films/explain", json={"user": user, "k": 2})
    counts = {
        name: len(ask(name, "GET", "/v1/audit/entries").json()["entries"])
        for name in ("explain-a", "explain-b", "explain-all")
    }
    assert counts == {"explain-a": 1, "explain-b": 2, "explain-all": 3}
    of = {who: ask("explain-a", "GET", f"/v1/audit/entries?user={who}").json()["entries"] for who in (user, "nobody")}
    assert [len(found) for found in of.values()] == [1, 0]
    assert ask("explain-a", "GET", f"/v1/audit/entries/{mine}").json()["id"] == mine
    assert ask("explain-b", "GET", f"/v1/audit/entries/{mine}").status_code == 422
    assert ask("explain-all", "GET", f"/v1/audit/entries/{mine}").status_code == 200
    for strange in ("../" + mine, "' OR 1=1 --", "%00", "x" * 500):
        assert ask("explain-b", "GET", f"/v1/audit/entries/{strange}").status_code in (404, 422)


def test_without_the_store_nothing_is_given_unless_told_otherwise(kept, split, monkeypatch):
    found, ask = kept
    user = next(iter(split.histories(limit=1)))

    def down(*arguments, **named):
        raise AuditError("the database at postgresql://somewhere is down")

    monkeypatch.setattr(found.store, "append", down)
    answer = ask("explain-a", "POST", "/v1/models/films/explain", json={"user": user, "k": 1})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "somewhere" not in answer.text
    assert "explanations" not in answer.json()
    monkeypatch.setattr(found, "required", False)
    answer = ask("explain-a", "POST", "/v1/models/films/explain", json={"user": user, "k": 1})
    assert (answer.status_code, answer.json()["audit"]) == (200, [None])


def test_a_store_and_the_keys_of_it_go_together(tmp_path, keys):
    with pytest.raises(SettingsError, match="go together"), auditing(ServeSettings(audit="a.sqlite")):
        pass
    with auditing(ServeSettings()) as nothing:
        assert nothing is None
    settings = ServeSettings(audit=str(tmp_path / "a.sqlite"), audit_keys=tmp_path / "audit.keys")
    with auditing(settings) as found:
        assert found.store.verify().ok
