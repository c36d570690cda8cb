"""The address holds the view."""

import pytest

from tests.web.page.browsing import open_view, settled, texts, visiting


def seen(page):
    return [
        texts(page.locator(part))
        for part in ("#items .title", "#pair .title", "#headline", ".sentence", "#items .off .title", "#count")
    ]


def test_reload_and_a_sent_link_show_the_same_screen(page, browser, users, served):
    open_view(page, f"model=films&user={users[2]}&k=10")
    page.locator("#pair button").nth(3).click()
    settled(page)
    page.locator("#items input[type=checkbox]").last.click()
    settled(page)
    before = seen(page)
    assert len(before[4]) >= 2
    page.reload()
    settled(page)
    assert seen(page) == before
    with visiting(browser, served) as other:
        other.goto(page.url)
        settled(other)
        assert seen(other) == before


def test_back_and_forward_go_through_what_was_shown(page, users):
    open_view(page, f"model=films&user={users[0]}")
    screens = [seen(page)]
    page.locator("#pair button").nth(1).click()
    settled(page)
    screens.append(seen(page))
    page.locator("#items input[type=checkbox]").nth(5).click()
    settled(page)
    screens.append(seen(page))
    for step, expected in ((page.go_back, screens[1]), (page.go_back, screens[0]), (page.go_forward, screens[1])):
        step()
        settled(page)
        assert seen(page) == expected


def test_what_people_did_is_sent_in_no_address(page, users):
    open_view(page, f"model=films&user={users[0]}")
    page.locator("#pair button").nth(1).click()
    settled(page)
    assert not [url for url in page.asked if users[0] in url.partition("#")[0]]


@pytest.mark.parametrize(
    "view",
    [
        "k=0",
        "k=x&rule=none&goal=&effort=never",
        "model=none",
        "prices=a:b~c",
        "groups=!!",
        "off=%25%25~'",
        "open=nothing",
        "=&=&%00",
    ],
)
def test_an_address_that_was_typed_or_cut_is_read_as_far_as_it_can_be(page, users, view):
    open_view(page, f"user={users[0]}&{view}")
    assert page.locator("#pair button").count() == 5


def test_ids_of_every_kind_come_back_from_the_address(page):
    open_view(page, "")
    ids = "[1, -7, 'a', '1', \"'x\", 'a~b', 'a%7Eb', 'é:!', '', ' ']"
    script = f"""async () => {{
      const at = document.querySelector("script[type=module]").src.replace("main.js", "");
      const {{ toAddress, fromAddress, BLANK }} = await import(at + "view.js");
      const ids = {ids};
      const groups = [ids.slice(0, 2), ids.slice(2, 9)], prices = [["a:b", 2.5]];
      const view = fromAddress(toAddress({{ ...BLANK, history: ids, lock: ids.slice(0, 3), groups, prices, why: "'x", k: 7 }}));
      return [view.history, view.lock, view.groups, view.prices, view.why, view.k, ids];
    }}"""
    history, lock, groups, prices, why, k, expected = page.evaluate(script)
    assert history == expected
    assert (lock, groups, prices, why, k) == (expected[:3], [expected[:2], expected[2:9]], [["a:b", 2.5]], "'x", 7)


def test_ids_beyond_what_script_can_count_are_sent_as_they_came(page):
    open_view(page, "")
    script = """async () => {
      const at = document.querySelector("script[type=module]").src.replace("main.js", "");
      const { read, write, idText } = await import(at + "api.js");
      const { idIn, idOut } = await import(at + "view.js");
      const text = '{"item":9007199254740993,"title":"no 9007199254740993","score":0.12345678901234567,"small":[1,-2]}';
      const found = read(text);
      return [write(found.item), idText(found.item), found.title, found.score, idOut(idIn(idOut(found.item))), found.small];
    }"""
    assert page.evaluate(script) == [
        "9007199254740993", "9007199254740993", "no 9007199254740993", 0.12345678901234567, "9007199254740993", [1, -2],
    ]  # fmt: skip
