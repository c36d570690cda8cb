"""Who cannot see, has no pointer, a phone, a dark room, or data with odd titles; and what is shown where nothing, or an error, is there."""

import httpx
import numpy as np
import pytest

import topple
from tests.browsers import accessibility_issues
from tests.web.page.browsing import open_view, settled, texts, visiting
from tests.web.served import serving
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.testing import tiny_split
from topple.web.models import ServedModel

ODD = (
    "<b>bold</b><script>document.title='taken'</script>", "مدينة الأحلام (2001)", "\u202egnirts desrever", "", "x" * 300,
    "tab\tand bell\x07", "&amp; <img src=x onerror=document.title='taken'>", "*star* and **two**", "שלום עולם", "{{7*7}}${7*7}",
)  # fmt: skip
SERIOUS = ("serious", "critical")
SCREENS = [
    "",
    "user={user}",
    "user={user}&why={item}",
    "user={user}&why={item}&open=more~matrix~compare&methods=auto~leave-one-out",
]


@pytest.fixture
def item(api, users):
    return api("recommend", user=users[1])["list"][1]["item"]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("screen", SCREENS)
def test_a_checker_of_accessibility_finds_nothing_serious(browser, served, api, users, item, scheme, screen, width):
    with visiting(
        browser, served, color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    ) as page:
        page.base = served
        open_view(page, "model=films&" + screen.format(user=users[1], item=item))
        if "compare" in screen:
            page.wait_for_selector(".chart")
            page.wait_for_selector(".matrix tbody tr")
        assert not accessibility_issues(page, SERIOUS)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_everything_is_done_with_keys_alone(page, api, users):
    page.goto(page.base)
    settled(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Go to the list"
    while page.evaluate("document.activeElement.id") != "find":
        page.keyboard.press("Tab")
    page.keyboard.type(users[0])
    page.wait_for_selector("#find-list [role=option]")
    assert page.locator("#find").get_attribute("aria-activedescendant") == "find-o0"
    page.keyboard.press("Enter")
    settled(page)
    page.locator("#pair button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    settled(page)
    target = api("recommend", user=users[0])["list"][1]
    assert page.locator("#why-name").inner_text() == f"Why {target['title']}"
    assert page.evaluate("document.activeElement.closest('li').dataset.item") == target["item"], (
        "the focus stays where it was"
    )
    page.locator("#items input[type=checkbox]").first.focus()
    for key in ("ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
    settled(page)
    assert page.evaluate("document.activeElement.type") == "checkbox"
    page.locator(".badge").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#meaning").is_visible()
    page.locator("#panel-matrix summary").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".matrix tbody tr")
    page.locator(".matrix tbody button").first.focus()
    page.keyboard.press("Enter")
    settled(page)
    page.locator("#restore").focus()
    page.keyboard.press("Enter")
    settled(page)
    assert page.locator("#items .off").count() == 0


def test_parts_have_names_for_who_does_not_see(page, users, item):
    open_view(page, f"model=films&user={users[1]}&why={item}")
    for role, name in (
        ("combobox", "find a user, or type what somebody liked"), ("list", "the list today"), ("list", "the changed list"),
        ("region", "History"), ("region", "List"), ("button", "share"), ("combobox", "length"), ("searchbox", "search in the history"),
    ):  # fmt: skip
        assert page.get_by_role(role, name=name).count() >= 1, (role, name)
    chosen = page.locator("#pair button[aria-pressed=true]")
    assert chosen.count() == 1
    assert "chosen" in chosen.inner_text()
    assert page.locator("#headline").get_attribute("role") == "status"


def test_what_is_told_by_colour_is_told_in_words_too(page, users, item):
    open_view(page, f"model=films&user={users[1]}&why={item}")
    assert all("named" in text and "off" in text for text in texts(page.locator("#items .named .marks")))
    assert all(text == "new" for text in texts(page.locator("#pair .enters .note")))
    assert all("leaves" in text for text in texts(page.locator("#pair .list >> nth=0 >> .leaves .note")))


def test_dark_is_chosen_and_kept(page, users):
    open_view(page, f"model=films&user={users[0]}")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    settled(page)
    assert light != dark == page.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.fixture(scope="module")
def odd():
    split = tiny_split()
    ids = split.catalogue.vocabulary.ids
    titles = {one: ODD[at % len(ODD)] + (f" {at}" if at >= len(ODD) else "") for at, one in enumerate(ids)}
    split = type(split)(
        **{
            **{name: getattr(split, name) for name in split.__dataclass_fields__},
            "catalogue": split.catalogue.with_titles(titles),
        }
    )
    with serving([ServedModel("odd", topple.fit(split, "ease", progress=False), split)]) as (_, address):
        yield address, split


def test_titles_stay_text_and_keep_their_direction(browser, odd):
    address, split = odd
    with visiting(browser, address) as page:
        page.base = address
        for user in list(split.histories(limit=6)):
            open_view(page, f"user={user}&open=matrix~compare")
            history = texts(page.locator("#items .title"))
            page.locator("#pair button").first.click()
            settled(page)
            page.wait_for_selector(".matrix tbody tr")
            page.locator("#find").fill("b")
            page.wait_for_selector("#find-list [role=option]")
            page.keyboard.press("Escape")
            assert page.title() == "topple: why"
            assert page.locator("main img, main script, main b").count() == 0
            seen = page.locator("main").inner_text()
            assert "\u202e" not in seen
            assert "\x07" not in seen
            told = httpx.post(f"{address}/v1/models/odd/recommend", json={"user": user}).json()
            for shown, one in zip(history, told["history"][::-1], strict=True):
                if not one["title"]:
                    assert shown == f"item {one['item']}"
                elif one["title"].isprintable():
                    assert shown == " ".join(one["title"].split())
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_history_of_one_item(page, api):
    (one,) = api("items?q=orbit&limit=1")["items"]
    open_view(page, f"model=films&history={one['item']}")
    page.locator("#pair button").first.click()
    settled(page)
    assert "your only item" in page.locator(".sentence").inner_text()
    assert page.locator("#count").inner_text() == "1 item, 1 switched off"


def test_all_items_can_be_switched_off(page, api, users):
    open_view(
        page,
        f"model=films&user={users[0]}&off={'~'.join(str(one['item']) for one in api('recommend', user=users[0])['history'])}",
    )
    assert page.locator("#items input:checked").count() == 0
    told = api("what-if", user=users[0], only=[])
    if told["left"]:
        assert told["left"][0]["title"] in page.locator("#headline").inner_text()


def test_an_error_says_what_happened_and_keeps_what_was_typed(browser, served, users):
    with visiting(browser, served, quiet=False) as page:
        page.base = served
        open_view(page, "model=films&user=nobody")
        assert "unknown user id" in page.locator("#trouble").inner_text()
        assert page.url.endswith("user=nobody")
        page.locator("#find").fill("orb")
        page.wait_for_selector("#find-list [role=option]")
        page.keyboard.press("Escape")  # what is suggested covers the message
        page.route("**/v1/**", lambda route: route.abort())
        page.locator("#trouble button").click()
        settled(page)
        assert "does not answer" in page.locator("#trouble").inner_text()
        assert page.locator("#find").input_value() == "orb"
        page.unroute("**/v1/**")
        open_view(page, f"model=films&user={users[0]}&why=none")
        assert "not among the 5" in page.locator("#answer").inner_text()


def test_a_busy_service_is_asked_again(browser, served, users):
    busy = []

    def refuse(route):
        busy.append(route.request.url)
        route.fulfill(
            status=503, headers={"Retry-After": "1"}, json={"error": {"kind": "QueueFull", "message": "full"}}
        ) if len(busy) == 1 else route.continue_()

    with visiting(browser, served, quiet=False) as page:
        page.base = served
        page.route("**/recommend", refuse)
        open_view(page, f"model=films&user={users[0]}")
        assert len(busy) == 2
        assert page.locator("#pair button").count() == 5


def test_waiting_says_what_is_being_done(page, users):
    open_view(page, f"model=films&user={users[0]}")
    page.route("**/explain", lambda route: (page.wait_for_timeout(900), route.continue_()))
    page.locator("#pair button").first.click()
    page.wait_for_selector("#answer .working")
    assert "Looking for the smallest set" in page.locator("#answer").inner_text()
    settled(page)
    assert page.locator(".sentence").is_visible()


def test_a_history_of_ten_thousand(browser):
    count, listed = 10_000, 10_040
    catalogue = Catalogue(Vocabulary(list(range(listed))), tuple(f"Film {number}" for number in range(listed)))
    model = topple.wrap(
        lambda rows: np.arange(listed, 0, -1.0) + 0 * rows[:, :1], "callable", catalogue, histories="dense"
    )
    with serving([ServedModel("long", model)]) as (_, address), visiting(browser, address) as page:
        page.base = address
        open_view(page, "history=" + "~".join(map(str, range(count))))
        assert page.locator("#count").inner_text() == "10,000 items"
        assert page.locator("#items li").count() == 200
        page.locator("#history-search").fill("Film 77")
        assert page.locator("#items li").count() == 111
        page.locator("#items input[type=checkbox]").first.click()
        settled(page)
        assert page.locator("#count").inner_text() == "10,000 items, 1 switched off"
        page.locator("#history-search").fill("")
        page.locator("#history-more button").click()
        assert page.locator("#items li").count() >= 400
