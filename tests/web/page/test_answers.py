"""What is shown is what the service answers, for 20 users."""

from tests.web.page.browsing import open_view, settled, texts


def shown_list(page, which):
    """Return rank and title of the rows of a list."""
    rows = page.locator(f"#pair .list >> nth={which} >> li:not(.gap)")
    found = rows.evaluate_all(
        "rows => rows.map(row => ['.rank', '.title'].map(part => row.querySelector(part).innerText))"
    )
    return [tuple(row) for row in found]


def titles_of(answer):
    return [one["title"] for one in answer]


def plain(sentence):
    return sentence.replace("*", "")


def test_history_and_list_are_those_of_the_service(page, api, users):
    for user in users:
        open_view(page, f"model=films&user={user}")
        told = api("recommend", user=user)
        assert texts(page.locator("#items .title")) == titles_of(told["history"])[::-1]
        assert shown_list(page, 0) == [(str(one["rank"]), one["title"]) for one in told["list"]]
        assert page.locator("#count").inner_text() == f"{len(told['history'])} items"
        assert user in page.locator("#who").inner_text()


def test_why_is_what_the_service_says(page, api, users):
    badges = {
        "valid": ["checked"],
        "minimal": ["checked", "minimal"],
        "minimum": ["checked", "minimal", "proven smallest"],
    }
    for turn, user in enumerate(users):
        open_view(page, f"model=films&user={user}")
        target = api("recommend", user=user)["list"][turn % 5]
        page.locator("#pair button").nth(turn % 5).click()
        settled(page)
        (told,) = api("explain", user=user, targets=[target["item"]], effort="instant")["explanations"]
        assert page.locator("#answer .sentence").inner_text() == plain(told["sentence"])
        assert sorted(texts(page.locator("#items .named .title"))) == sorted(told["item_titles"])
        if told["status"] != "found":
            continue
        assert [name for name in texts(page.locator(".badge")) if not name.startswith("no set")] == badges[
            told["proof"]
        ]
        assert f"tried {told['cost']}" in page.locator(".work").inner_text()
        changed = api("what-if", user=user, without=told["items"])
        after = [(str(one["rank"]), one["title"]) for one in changed["after"]]
        assert shown_list(page, 1) == [*after, (str(told["rank_after"]), told["target_title"])]
        assert set(texts(page.locator("#pair .enters .title"))) == {one["title"] for one in changed["entered"]}
        assert set(told["replacement_titles"]) <= {one["title"] for one in changed["entered"]}
        assert page.locator("#items input[type=checkbox]:not(:checked)").count() == len(told["items"])


def test_lines_join_what_is_in_both_lists(page, api, users):
    user = users[0]
    open_view(page, f"model=films&user={user}")
    page.locator("#pair button").nth(0).click()
    settled(page)
    changed = api(
        "what-if",
        user=user,
        without=api("explain", user=user, targets=[api("recommend", user=user)["list"][0]["item"]])["explanations"][0][
            "items"
        ],
    )
    lines = {
        mark: page.locator(f"#pair > .lines .line.{mark}").count() for mark in ("target", "stays", "leaves", "enters")
    }
    both = len(changed["before"]) - len(changed["left"])
    assert lines == {"target": 1, "stays": both, "leaves": len(changed["left"]) - 1, "enters": len(changed["entered"])}


def test_switching_an_item_off_ranks_again_and_says_what_left_and_entered(page, api, users):
    for user in users[:8]:
        open_view(page, f"model=films&user={user}")
        told = api("recommend", user=user)
        off = []
        for number in (0, 1):
            off.append(told["history"][::-1][number]["item"])
            page.locator("#items input[type=checkbox]").nth(number).click()
            settled(page)
            changed = api("what-if", user=user, without=off)
            assert shown_list(page, 1) == [(str(one["rank"]), one["title"]) for one in changed["after"]]
            headline = page.locator("#headline").inner_text()
            for one in [*changed["left"], *changed["entered"]][:2]:
                assert one["title"] in headline or "more" in headline
            if not changed["left"]:
                assert "same" in headline
        assert page.locator("#count").inner_text().endswith("2 switched off")
        page.locator("#restore").click()
        settled(page)
        assert page.locator("#pair .then li").count() == 0
        assert page.locator("#items input[type=checkbox]:not(:checked)").count() == 0


def test_a_word_of_the_proof_tells_what_it_means_and_what_it_does_not(page, users):
    open_view(page, f"model=films&user={users[0]}")
    page.locator("#pair button").nth(0).click()
    page.locator(".badge", has_text="checked").click()
    meaning = page.locator("#meaning")
    assert "ranked again" in meaning.inner_text()
    assert "not trained again" in meaning.inner_text()
    page.locator(".badge", has_text="checked").click()
    assert not meaning.is_visible()
