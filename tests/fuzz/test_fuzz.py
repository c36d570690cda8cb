"""A slice of `make fuzz`: a few hundred cases, none of which is a fault; and a fault that is planted is counted."""

import os
import tempfile

import pytest

from tests.fuzz.cases import case
from tests.fuzz.outcomes import BAD, LAST_LINE, TEXT, Tally, call, command
from tests.fuzz.workshop import Workshop

SEED = 2
CASES = {"file": range(80), "command": range(30), "value": range(200)}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    before = os.environ | {}
    os.environ |= {"HOME": str(folder), "TOPPLE_DATA": f"{folder}/data", "TERM": "dumb"}
    os.environ |= dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    tempfile.tempdir = str(folder)
    yield Workshop(folder)
    tempfile.tempdir = None
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", CASES)
def test_nothing_reaches_the_last_line_of_defence(workshop, monkeypatch, kind):
    monkeypatch.chdir(workshop.folder)
    monkeypatch.setattr("logging.raiseExceptions", False)
    tally = Tally()
    for number in CASES[kind]:
        tally.add(*case(workshop, kind, SEED, number))
    assert not tally.bad
    assert tally.counts["fine"]
    assert tally.counts["refused"]


def test_a_planted_bug_is_counted(workshop, monkeypatch):
    def broken(*args, **given):
        raise ZeroDivisionError

    monkeypatch.setattr("topple.api.recommending.recommended", broken)
    outcome, said = command(["recommend", "--model", str(workshop.folder / "model")])
    assert outcome == LAST_LINE
    assert "ZeroDivisionError" in said
    assert call(broken)[0] == LAST_LINE
    assert LAST_LINE in BAD


def test_what_a_terminal_would_obey_is_counted(monkeypatch):
    monkeypatch.setattr("topple.cli.shared.showing.escaped", lambda text: text)
    monkeypatch.setattr("topple.data.sources.generated.Generated.title", "\x1b[2J")
    assert command(["data", "list"])[0] == TEXT
