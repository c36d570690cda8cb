"""A disk that is full: nothing is given that is not stored, the service says so, and goes on when there is space."""

import json

import httpx
import pytest
import sqlalchemy as sa

from tests.web.served import serving
from topple.audit import AuditKeys, AuditStore
from topple.web.auditing import Auditing
from topple.web.models import ServedModel

ENOUGH = 1_000_000


class Disk:
    """The pages of 4 kB that the database may have: SQLite then says what it says of a full disk."""

    def __init__(self, store):
        self.most = ENOUGH
        sa.event.listen(store._database.engine, "begin", self._limit)

    def _limit(self, connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count = {self.most}")  # never fewer than there are


@pytest.fixture
def kept(ease, split, tmp_path):
    with AuditStore.open(tmp_path / "audit.sqlite", AuditKeys.create(tmp_path / "audit.keys")) as store:
        audit = Auditing(store, required=True)
        with (
            serving([ServedModel("films", ease, split)], audit=audit) as (_, address),
            httpx.Client(base_url=address, timeout=60) as client,
        ):
            yield store, Disk(store), client


def test_a_full_disk_is_a_503_that_health_tells_of_until_there_is_space(kept, split):
    store, disk, client = kept
    user = next(iter(split.histories(limit=1)))

    def ask():
        return client.post("/v1/models/films/explain", json={"user": user, "k": 5})

    def stream():
        line = json.dumps({"user": user, "k": 5}) + "\n"
        headers = {"content-type": "application/x-ndjson"}
        found = client.post("/v1/models/films/explain-many", content=line * 3, headers=headers)
        assert found.status_code == 200
        return [json.loads(each) for each in found.text.splitlines()]

    told = ask().json()["audit"]
    assert client.get("/health").json()["audit"] == "ok"
    disk.most = 1
    answers = [ask() for _ in range(60)]
    told += [name for each in answers if each.status_code == 200 for name in each.json()["audit"]]
    refused = [each for each in answers if each.status_code != 200]
    assert refused, "the disk was never full, and the test shows nothing"
    assert {each.status_code for each in refused} == {503}
    assert answers[-1].status_code == 503, "it stays full"
    for each in refused:
        assert each.headers["retry-after"] == "5"
        assert each.json()["error"]["kind"] == "AuditError"
    for text in [each.text for each in refused] + [json.dumps(each) for each in stream()]:
        assert 'explanations":' not in text
        assert "sqlite" not in text, "where the store is, is nobody's business"
        assert "AuditError" in text
    health = client.get("/health")
    assert (health.status_code, health.json()["status"], health.json()["audit"]) == (200, "ok", "failing")
    assert health.json()["audit_failing_since"] >= "2026"
    assert "sqlite" not in health.text
    listed = client.post("/v1/models/films/recommend", json={"user": user})
    assert listed.status_code == 200, "what is not stored is answered on"
    assert client.get("/v1/audit/entries").status_code == 200, "what is stored is read on"
    disk.most = ENOUGH
    again = ask()
    assert again.status_code == 200
    told += again.json()["audit"] + [name for each in stream() for name in each["audit"]]
    assert client.get("/health").json()["audit"] == "ok"
    assert client.get("/health").json()["audit_failing_since"] is None
    report = store.verify(store.head())
    assert report.ok, report.problems
    assert sorted(entry.id for entry in store.entries()) == sorted(told), (
        "all that was told is there, and nothing besides"
    )


def test_a_service_without_a_store_says_that_there_is_none(client):
    assert client.get("/health").json()["audit"] == "none"
