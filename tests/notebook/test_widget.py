"""The widget: questions of a page in, what is shown out; and what is said without anywidget."""

import subprocess
import sys
from importlib import resources

import pytest

import topple
from topple.notebook import exploring
from topple.testing import film_recommender

HISTORY = ["alien", "brazil", "casablanca"]
pytest.importorskip("anywidget")


@pytest.fixture(scope="module")
def model():
    return film_recommender()


@pytest.fixture
def explorer(model):
    return topple.explore(model, HISTORY, k=2)


def test_a_question_of_the_page_is_answered_in_what_is_shown(model, explorer):
    explorer.set_state({"asked": {"number": 7, "why": 0, "off": None}})
    assert explorer.shown["answered"] == 7
    assert explorer.target == "evita"
    (found,) = topple.explain(model, HISTORY, targets=["evita"], k=2, effort="instant", progress=False)
    assert topple.canonical_json(explorer.explanation) == topple.canonical_json(found)
    assert explorer.changed == topple.what_if(model, HISTORY, 2, without=found.items)
    explorer.set_state({"asked": {"number": 8, "why": None, "off": [0]}})
    assert (explorer.off, explorer.target, explorer.shown["answered"]) == (("alien",), None, 8)
    assert explorer.changed == topple.what_if(model, HISTORY, 2, without="alien")


def test_code_switches_and_asks_as_the_page_does(explorer):
    explorer.off = "brazil"
    assert (explorer.off, explorer.shown["off"]) == (("brazil",), [1])
    explorer.target = "evita"
    assert set(explorer.off) == {"alien", "brazil"} == set(explorer.explanation.items)
    assert explorer.shown["why"]["title"] == "Evita (1996)"
    explorer.target = None
    assert (explorer.off, explorer.explanation, explorer.shown["why"], explorer.changed) == ((), None, None, None)
    with pytest.raises(topple.ToppleError, match="off='evita' is not in the history"):
        explorer.off = ["evita"]


def test_script_and_style_are_small_files_of_the_package_that_ask_for_nothing_and_read_no_markup(explorer):
    static = resources.files("topple.notebook").joinpath("static")
    script, style = (static.joinpath(f"explorer.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
    assert (explorer._esm, explorer._css) == (script, style)
    assert len(script) + len(style) < 40_000
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "import ", "fetch("):
        assert word not in script, word
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in script.replace("http://www.w3.org/2000/svg", "")


def test_without_anywidget_an_error_names_the_extra(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "topple.notebook.widget", None)
    with pytest.raises(
        topple.errors.CapabilityError, match=r"needs anywidget. Install it: pip install 'topple-recsys\[notebook\]'"
    ):
        exploring.explore(model, HISTORY)


def test_the_widget_is_loaded_when_it_is_asked_for_alone():
    code = (
        "import topple, sys; topple.explore; print('anywidget' in sys.modules, 'topple.notebook.widget' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout.split(), done.returncode) == (["False", "False"], 0), done.stderr
