"""A recommendation that is pointed at, or has the focus, shows which items of the history it hangs on, where that is known already."""

import pytest

from tests.web.page.browsing import open_view, settled, texts

LIT = "#items .lit .title"


@pytest.fixture
def two(page, api, users):
    """The page of a user whose first two recommendations name other items, the first asked about, then the second: both answers."""
    for user in users:
        listed = [one["item"] for one in api("recommend", user=user)["list"][:2]]
        answers = [api("explain", user=user, targets=[item], effort="instant")["explanations"][0] for item in listed]
        if all(each["items"] for each in answers) and len({frozenset(each["items"]) for each in answers}) == 2:
            break
    open_view(page, f"model=films&user={user}")
    for number in (0, 1):
        page.locator("#pair button").nth(number).click()
        settled(page)
    page.mouse.move(0, 0)
    return answers


def asked_since(page, work):
    """Return which addresses are asked for while something is done, and a moment later."""
    page.wait_for_timeout(300)
    count = len(page.asked)
    work()
    page.wait_for_timeout(400)
    return page.asked[count:]


def test_what_a_recommendation_hangs_on_is_lit_while_it_is_pointed_at_and_nobody_is_asked(page, two):
    first, second = two
    page.locator("#why-name").click()  # away from the lists
    assert asked_since(page, lambda: page.locator("#pair button").nth(0).hover()) == []
    assert sorted(texts(page.locator(LIT))) == sorted(first["item_titles"])
    words = texts(page.locator("#items .lit .marks"))
    assert all("named" in each for each in words), "told in words, not by the outline alone"
    others = [each for each in words if each.startswith("named for it")]
    assert len(others) == len(set(first["items"]) - set(second["items"]))
    assert sorted(texts(page.locator("#items .named .title"))) == sorted(second["item_titles"]), "what is chosen stays"
    page.locator("#pair button").nth(1).hover()
    assert sorted(texts(page.locator(LIT))) == sorted(second["item_titles"])
    page.locator("#why-name").hover()
    assert page.locator(LIT).count() == 0


def test_the_focus_of_the_keyboard_lights_the_same(page, two):
    first, second = two
    page.locator("#find").focus()
    page.locator("#pair button").nth(1).focus()
    assert sorted(texts(page.locator(LIT))) == sorted(second["item_titles"])
    assert asked_since(page, lambda: page.keyboard.press("ArrowUp")) == []
    assert sorted(texts(page.locator(LIT))) == sorted(first["item_titles"])
    page.locator("#find").focus()
    assert page.locator(LIT).count() == 0


def test_what_is_not_known_is_not_asked_for(page, two):
    assert asked_since(page, lambda: page.locator("#pair button").nth(3).hover()) == []
    assert page.locator(LIT).count() == 0


def test_what_was_answered_to_another_question_lights_nothing(page, two):
    page.locator("#k").select_option("10")
    settled(page)
    page.locator("#pair button").nth(0).hover()
    assert page.locator(LIT).count() == 0
