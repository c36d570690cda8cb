import re
import runpy
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from topple import registry

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "guides"
LIBRARIES = registry.names("adapters")


def guide(library):
    return FOLDER / f"explain-your-{library}-model.py"


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.filterwarnings("ignore")
def test_guide(library, capsys, tmp_path, monkeypatch):
    if library != "callable":
        pytest.importorskip(library, reason=f"{library} is not installed here", exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["guide"])
    runpy.run_path(str(guide(library)), run_name="__main__")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("You are recommended")]
    assert len(lines) >= 2
    assert any("because you liked" in line for line in lines)


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Return what runs a guide, at most 85 lines long, in a folder of the test, and gives what it prints."""

    def lines_of(name):
        assert len((FOLDER / name).read_text().splitlines()) <= 85
        monkeypatch.chdir(tmp_path)
        runpy.run_path(str(FOLDER / name), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return lines_of


def test_a_two_tower_model_says_other_things_to_a_child_and_an_adult(run):
    first, *lines = run("explain-a-two-tower-model.py")
    assert first.startswith("The same history: ")
    told = {
        who: [line.partition(": ")[2] for line in lines if line.startswith(f"As {who}")]
        for who in ("a child", "an adult")
    }
    assert [len(sentences) for sentences in told.values()] == [2, 2]
    assert not {*told["a child"]} & {*told["an adult"]}
    assert all("because you liked" in sentence for sentences in told.values() for sentence in sentences)


def test_of_a_model_with_stored_factors_re_solving_is_nearer_to_the_shown_lists_than_folding_in(run):
    lines = run("explain-a-model-with-stored-user-factors.py")
    shares = {
        line.partition(":")[0]: int(line.partition(": ")[2].partition("%")[0])
        for line in lines
        if "lists are the shown ones" in line
    }
    assert shares["re-solve"] >= 60
    assert shares["re-solve"] > shares["retraining with another start"] > shares["fold-in"]
    assert sum("sets topple after a retraining too" in line for line in lines) == 2
    assert sum(line.startswith("You are recommended") for line in lines) == 2


def test_the_lists_of_a_re_ranker_are_the_shops(run):
    lines = run("explain-a-re-ranker.py")
    assert lines[0] == "100% of the 100 lists that are explained are the shop's."
    pairs = [(said, then) for said, then in pairwise(lines) if said.startswith("You are recommended")]
    assert len(pairs) >= 3
    for said, then in pairs:
        target, *_, replacement = re.findall(r"\*(.+?)\*", said)
        listed = then.removeprefix("  The shop's list then: ").rstrip(".").split(", ")
        assert target not in listed
        assert replacement in listed
        assert max(Counter(item.split()[0] for item in listed).values()) <= 2


def test_every_adapter_has_a_guide_of_at_most_twenty_lines():
    assert {path.name for path in FOLDER.glob("explain-your-*.py")} == {guide(library).name for library in LIBRARIES}
    for library in LIBRARIES:
        text = guide(library).read_text()
        assert len(text.splitlines()) <= 20
        assert f'"{library}"' in text
