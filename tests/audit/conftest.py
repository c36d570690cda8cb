import dataclasses

import pytest

from tests.audit.postgres import Server, no_server
from topple.audit import AuditKeys, AuditStore
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.records.answer import Explanation, Proof, Status, Verdict
from topple.records.question import Query

TITLES = {"alien": "Alien (1979)", "brazil": "<b>Brazil</b>\x1b[31m", "casino": "Der Käfer \u202e", "duel": "duel"}
CATALOGUE = Catalogue(Vocabulary(list(TITLES)), tuple(TITLES.values()))


def explained(user=42, target="casino", items=("alien",), **changes):
    """Return an explanation as `explain` would, at no cost."""
    query = Query(("alien", "brazil"), target, k=2, user=user)
    verdict = Verdict(
        query, query.rule, found=True, size=len(items), rank_before=1, rank_after=3, necessary=True, minimal=True
    )
    answer = Explanation(
        query, Status.FOUND, items=items, positions=(0,), replacements=("duel",), rank_before=1, rank_after=3, proof=Proof.MINIMUM,
        at_least=1.0, method="exact", settings={"largest": 3}, model="m1", catalogue="c1", data="d1", margin=0.25,
        at="2026-11-26T12:00:00+00:00", version="0.1.0", verdict=verdict,
    )  # fmt: skip
    return dataclasses.replace(answer, **changes)


def append(store, user=42, count=1, **changes):
    """Store so many explanations of a user, and return the ids."""
    given = {"user": user, "shown": ("casino", "duel"), "agrees": True, "language": "en", **changes}
    answers = given.pop("answers", None) or [explained(user) for _ in range(count)]
    return store.append(
        answers, CATALOGUE, sentences=given.pop("sentences", None) or ["Because."] * len(answers), **given
    )


@pytest.fixture
def keys(tmp_path):
    return AuditKeys.create(tmp_path / "keys" / "audit.keys")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store" / "audit.sqlite"


@pytest.fixture
def store(path, keys):
    with AuditStore.open(path, keys) as opened:
        yield opened


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of these tests alone, on a socket in a folder of its own."""
    missing = no_server()
    if missing:
        pytest.skip(missing)
    with Server() as started:
        yield started


@pytest.fixture
def database(server):
    """The address of an empty database."""
    server.start()
    return server.new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request, tmp_path):
    """Where a store may be: a file, and a database of the server."""
    return str(tmp_path / "audit.sqlite") if request.param == "sqlite" else request.getfixturevalue("database")
