"""The explorer in a real notebook server and browser: what is shown is what the library says."""

import importlib.util
from urllib.parse import urlsplit

import pytest

import topple
from tests.browsers import accessibility_issues
from tests.notebook.served import run_first_cell, serving
from tests.web.page.browsing import browsing, missing, texts
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.testing.toy import FILMS, GIVES, ToyRecommender

MARKUP = "<img src=x onerror=document.title='broken'> \u05d7\u05d9\u05d9\u05d6\u05e8"
HISTORY, K = ["alien", "brazil", "casablanca"], 2
CELL = f"""import topple, torch
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.testing.toy import FILMS, GIVES, ToyRecommender
films = FILMS | {{"alien": {MARKUP!r}}}
model = ToyRecommender(Catalogue(Vocabulary(list(films)), tuple(films.values())), torch.tensor(GIVES, dtype=torch.float32))
topple.explore(model, {HISTORY}, k={K})
"""
PATIENCE = 90_000
"""Milliseconds that a kernel may need to start on a machine that is busy."""


@pytest.fixture(scope="module")
def model():
    import torch

    films = FILMS | {"alien": MARKUP}
    return ToyRecommender(Catalogue(Vocabulary(list(films)), tuple(films.values())), torch.tensor(GIVES).float())


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The notebook, and what the browser complained about that is ours."""
    for name in ("anywidget", "notebook"):
        if importlib.util.find_spec(name) is None:
            missing(f"{name} is not installed")
    with browsing() as browser, serving(tmp_path_factory.mktemp("served"), CELL) as address:
        ours, asked = [], []
        found = browser.new_page(viewport={"width": 1100, "height": 900}, reduced_motion="reduce")
        found.set_default_timeout(PATIENCE)
        found.on("console", lambda told: ours.append(told.text) if _ours(told) else None)
        found.on("pageerror", lambda error: ours.append(str(error)) if "blob:" in (error.stack or "") else None)
        found.on("request", lambda request: asked.append(request.url))
        found.goto(address)
        found.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        run_first_cell(found, ".topple-explorer")
        yield found
        assert not ours
        assert not [url for url in asked if urlsplit(url.removeprefix("blob:")).hostname not in ("127.0.0.1", None)]


def _ours(told):
    """Return whether a complaint comes from the script of the widget, or names it."""
    where = f"{told.location.get('url', '')} {told.text}"
    return told.type in ("error", "warning") and any(word in where for word in ("blob:", "topple", "anywidget"))


@pytest.fixture
def explorer(page):
    """The widget with everything switched on."""
    found = page.locator(".topple-explorer")
    restore = found.get_by_role("button", name="restore all")
    if restore.is_visible():
        restore.click()
    found.get_by_text("3 items", exact=True).wait_for()
    answered(found)
    return found


def answered(explorer):
    explorer.page.wait_for_selector(".topple-explorer[aria-busy=false]")
    return explorer


def listed(explorer, name):
    return texts(explorer.get_by_role("list", name=name, exact=True).locator(".title"))


def switched(explorer, count):
    """Wait until so many items are off, and all is answered."""
    explorer.get_by_text(f"3 items, {count} switched off", exact=True).wait_for()
    return answered(explorer)


def test_an_item_that_is_clicked_off_gives_the_list_of_what_if(model, explorer):
    assert listed(explorer, "the list today") == [one.title for one in topple.recommend(model, HISTORY, K)]
    assert not explorer.get_by_role("list", name="the changed list", exact=True).is_visible()
    explorer.get_by_role("checkbox", name="img").click()
    switched(explorer, 1)
    found = topple.what_if(model, HISTORY, K, without="alien")
    assert listed(explorer, "the changed list") == [one.title for one in found.after]
    assert explorer.get_by_role("status").inner_text() == f"Without {MARKUP}: the same items, 2 of them at other ranks."


def test_titles_are_text_and_keep_their_direction(explorer):
    assert listed_history(explorer)[0] == " ".join(MARKUP.split())
    assert explorer.locator("img").count() == 0
    assert explorer.page.title() != "broken"
    assert explorer.locator(".items bdi").count() == len(HISTORY)


def listed_history(explorer):
    return texts(explorer.locator(".items .title"))


def test_the_keyboard_switches_and_goes_from_row_to_row(model, explorer):
    explorer.get_by_role("checkbox", name="img").focus()
    explorer.page.keyboard.press("ArrowDown")
    explorer.page.keyboard.press("ArrowDown")
    explorer.page.keyboard.press("Space")
    switched(explorer, 1)
    focused = explorer.page.evaluate("document.activeElement.closest('li').innerText")
    assert "Casablanca (1942)" in focused
    found = topple.what_if(model, HISTORY, K, without="casablanca")
    assert listed(explorer, "the changed list") == [one.title for one in found.after]


def test_a_recommendation_that_is_clicked_says_why_and_lights_what_it_names(model, explorer):
    explorer.get_by_role("list", name="the list today").get_by_role("button", name="Evita").click()
    switched(explorer, 2)
    (found,) = topple.explain(model, HISTORY, targets=["evita"], k=K, effort="instant", progress=False)
    told = topple.sentence(found, model.catalogue, marks=False, ranks=False)
    assert explorer.locator(".sentence").inner_text() == " ".join(told.split())
    assert texts(explorer.locator(".items .named .title")) == [
        " ".join(model.catalogue.title(item).split()) for item in found.items
    ]
    assert texts(explorer.locator(".items .named .marks")) == ["named, off"] * 2
    pressed = explorer.locator("[aria-pressed=true]")
    assert "leaves, then 3" in pressed.inner_text()
    explorer.get_by_role("button", name="minimal").click()
    assert "None of them can be spared" in explorer.locator(".meaning").inner_text()
    assert not accessibility_issues(explorer.page, ("serious", "critical"), ".topple-explorer")


def test_it_is_dark_where_the_notebook_is(explorer):
    explorer.page.evaluate("for (let at = document.querySelector('.topple-explorer').parentElement; at; at = at.parentElement)"
        " at.style.setProperty('background', '#111', 'important');"
        " document.body.setAttribute('data-jp-theme-light', 'false')")  # fmt: skip
    explorer.page.wait_for_selector(".topple-explorer[data-theme=dark]")
    assert not accessibility_issues(explorer.page, ("serious", "critical"), ".topple-explorer")
