"""Finding a user, and typing a history by title."""

from urllib.parse import unquote

from tests.web.page.browsing import open_view, settled, texts


def suggestions(page, text):
    page.locator("#find").fill(text)
    page.wait_for_selector("#find-list [role=option], #find-list .group")
    return texts(page.locator("#find-list [role=option]"))


def test_without_anything_the_page_says_what_to_do_and_names_users(page, api, users):
    open_view(page, "")
    assert page.locator("#empty h1").is_visible()
    assert not page.locator("#columns").is_visible()
    assert texts(page.locator("#examples button")) == api("users?limit=5")["users"]
    page.locator("#examples button").first.click()
    settled(page)
    assert page.locator("#who").inner_text() == f"of user {api('users')['users'][0]}"


def test_a_user_is_found_by_what_is_typed(page, api):
    open_view(page, "")
    assert suggestions(page, "user-02") == api("users?q=user-02&limit=8")["users"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    settled(page)
    assert page.locator("#who").inner_text() == f"of user {api('users?q=user-02')['users'][1]}"
    assert page.locator("#find").input_value() == ""


def test_a_history_is_typed_by_title(page, api):
    open_view(page, "")
    chosen = []
    for text in ("orbit", "sheriff", "verdict"):
        found = api(f"items?q={text}&limit=8")["items"]
        assert suggestions(page, text) == [one["title"] for one in found]
        page.keyboard.press("Enter")
        settled(page)
        chosen.append(found[0])
    assert texts(page.locator("#items .title")) == [one["title"] for one in chosen[::-1]]
    told = api("recommend", history=[one["item"] for one in chosen])
    assert texts(page.locator("#pair .list >> nth=0 >> .title")) == [one["title"] for one in told["list"]]
    assert all(one["item"] in unquote(page.url) for one in chosen)


def test_what_is_in_the_history_cannot_be_added_twice_and_can_be_taken_out(page, api):
    first, second = api("items?q=orbit&limit=2")["items"]
    open_view(page, f"model=films&history={first['item']}~{second['item']}")
    suggestions(page, first["title"])
    assert page.locator("#find-list [aria-disabled=true]").first.inner_text().startswith(first["title"])
    page.keyboard.press("Escape")
    assert not page.locator("#find-list").is_visible()
    page.locator("#items input[type=checkbox]").first.click()
    page.locator("#items .remove:visible").click()
    settled(page)
    assert texts(page.locator("#items .title")) == [first["title"]]


def test_nothing_found_says_what_to_do(page):
    open_view(page, "")
    assert suggestions(page, "no such title") == []
    assert "Try a part of a title" in page.locator("#find-list").inner_text()
    assert page.locator("#find").input_value() == "no such title"
