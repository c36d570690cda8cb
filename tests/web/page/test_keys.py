"""A service that asks for a key: the page asks the person once, and keeps it for the tab."""

import pytest

import topple
from tests.web.page.browsing import settled, visiting
from tests.web.served import serving
from topple.web.guarding.keys import add_key
from topple.web.models import ServedModel
from topple.web.settings import ServeSettings


@pytest.fixture(scope="module")
def locked(films, tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "keys.toml"
    key = add_key(file, "somebody", ["explain", "what-if"])
    model = ServedModel("films", topple.fit(films, "ease", progress=False), films)
    with serving([model], ServeSettings(keys=file)) as (_, address):
        yield address, key


def test_a_key_is_asked_for_once_and_kept_for_the_tab(browser, locked, users):
    address, key = locked
    with visiting(browser, address, quiet=False) as page:
        page.goto(f"{address}/#user={users[0]}")
        page.wait_for_selector("#key[open]")
        page.locator("#key-value").fill("wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("#key[open] #key-note:has-text('refused')")
        page.locator("#key-value").fill(key)
        page.keyboard.press("Enter")
        settled(page)
        assert page.locator("#pair button").count() == 5
        page.reload()
        settled(page)
        assert page.locator("#pair button").count() == 5
        assert not page.locator("#key").is_visible()
        assert page.context.cookies() == []
        assert page.evaluate("[sessionStorage.length, localStorage.length]") == [1, 0]
        assert not [url for url in page.asked if key in url]


def test_nothing_of_models_or_users_is_told_without_a_key(browser, locked, films):
    address, _ = locked
    with visiting(browser, address, quiet=False) as page:
        page.goto(address)
        page.wait_for_selector("#key[open]")
        assert "films" not in page.content()
        assert not any(title in page.content() for title in films.catalogue.titles[:20])
