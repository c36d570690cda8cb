"""The matrix, the comparison, and what is kept, beside what the service says."""

import json
import re

import httpx
import pytest

from tests.web.page.browsing import open_view, settled, texts


def test_the_matrix_says_who_holds_up_the_list(page, api, users):
    open_view(page, f"model=films&user={users[1]}")
    page.locator("#panel-matrix summary").click()
    page.wait_for_selector(".matrix tbody tr")
    told = api("influence", user=users[1])
    expected = {}
    for unit, ranks, topples in zip(told["units"], told["ranks"], told["topples"], strict=True):
        words = []
        for rank, out, one in zip(ranks, topples, told["list"], strict=True):
            by = rank - one["rank"]
            words.append(f"out, {rank}" if out else f"+{by}" if by > 0 else f"−{-by}" if by < 0 else "0")
        expected[unit[0]["title"]] = words
    rows = page.locator(".matrix tbody tr")
    shown = {row.locator("th").inner_text(): texts(row.locator("td")) for row in rows.all()}
    assert shown == expected
    alone = sum(any(row) for row in told["topples"])
    assert f"{alone} of {len(told['units'])} items" in page.locator("#panel-matrix p").first.inner_text() or alone == 0


def test_a_cell_switches_its_item_off(page, users):
    open_view(page, f"model=films&user={users[1]}&open=matrix")
    page.wait_for_selector(".matrix tbody tr")
    title = page.locator(".matrix tbody th").first.inner_text()
    page.locator(".matrix tbody td button").first.click()
    settled(page)
    assert texts(page.locator("#items .off .title")) == [title]
    assert page.locator(".matrix tbody tr.off").count() == 1


def test_methods_and_models_are_compared_on_the_same_question(page, api, users, served):
    item = api("recommend", user=users[1])["list"][0]["item"]
    methods = "auto~greedy~leave-one-out~lime-rs"
    open_view(page, f"model=films&user={users[1]}&why={item}&open=compare&methods={methods}&models=near")
    page.wait_for_selector(".answers tbody tr >> nth=4")
    page.wait_for_selector(".answers .working", state="detached")
    rows = [
        texts(row.locator("th, td")) for row in page.locator("#panel-compare .answers").first.locator("tbody tr").all()
    ]
    assert [row[0] for row in rows] == [*methods.split("~"), "auto on near"]
    for row, method in zip(rows, methods.split("~"), strict=False):
        effort = {"effort": "instant"} if method == "auto" else {}
        (told,) = api("explain", user=users[1], targets=[item], method=method, **effort)["explanations"]
        assert row[2] == (str(len(told["items"])) if told["items"] else "–")
        assert row[3].startswith("true" if told["proof"] else "refuted" if told["items"] else "no set")
        assert row[5] == f"{told['cost']:,}"
        for title in told["item_titles"][:4]:
            assert title in row[1]
    near = httpx.post(
        f"{served}/v1/models/near/explain", json={"user": users[1], "targets": [item], "effort": "instant"}
    )
    assert (
        (rows[4][2] == str(len(near.json()["explanations"][0]["items"])))
        if near.status_code == 200
        else "not in the top" in rows[4][1]
    )
    assert page.locator("figure.bars").count() == 2
    assert "rank by items removed" in page.locator(".chart").get_attribute("aria-label").casefold()


def test_bars_and_curve_are_those_of_the_service(page, api, users):
    item = api("recommend", user=users[2])["list"][0]["item"]
    open_view(page, f"model=films&user={users[2]}&why={item}&open=compare&methods=leave-one-out")
    page.wait_for_selector(".chart")
    told = api("curves", user=users[2], targets=[item], method="leave-one-out")
    (answer,), (curves,) = told["explanations"], told["curves"]
    values = [float(text) for text in texts(page.locator(".bars .number"))]
    largest = sorted(answer["attributions"], key=abs, reverse=True)[: len(values)]
    assert values == pytest.approx(sorted(largest, reverse=True), rel=6e-3)
    page.locator(".curve summary").click()
    numbers = [texts(row.locator("th, td")) for row in page.locator(".curve tbody tr").all()]
    assert numbers == [
        [str(x), str(y)] for x, y in zip(curves["deletion"]["lengths"], curves["deletion"]["ranks"], strict=True)
    ]


def test_a_refuted_claim_is_shown_as_refuted(page, users):
    open_view(page, f"model=films&user={users[1]}")
    page.locator("#pair button").first.click()
    settled(page)

    def refute(route):
        told = route.fetch().json()
        for each in told["explanations"]:
            each.update(proof=None, rank_after=3, at_least=None)
        route.fulfill(json=told)

    page.route(re.compile("/(explain|curves)$"), refute)
    page.reload()
    settled(page)
    assert texts(page.locator(".badge")) == ["refuted"]
    page.locator("#panel-compare summary").click()
    page.wait_for_selector(".answers .refuted")
    page.wait_for_selector(".answers .working", state="detached")
    assert "refuted: still listed, rank 3" in texts(page.locator(".answers .refuted"))


@pytest.mark.parametrize(("words", "name"), [("JSON", "why.json"), ("picture", "why.png"), ("page", "why.html")])
def test_an_answer_is_kept(page, api, users, tmp_path, words, name):
    item = api("recommend", user=users[1])["list"][1]["item"]
    open_view(page, f"model=films&user={users[1]}&why={item}")
    with page.expect_download() as waiting:
        page.locator("#saving button", has_text=words).click()
    found = waiting.value
    assert found.suggested_filename == name
    found.save_as(tmp_path / name)
    held = (tmp_path / name).read_bytes()
    (told,) = api("explain", user=users[1], targets=[item], effort="instant")["explanations"]
    if name == "why.json":
        (kept,) = json.loads(held)["explanations"]
        assert (kept["items"], kept["sentence"], kept["model"]) == (told["items"], told["sentence"], told["model"])
    elif name == "why.html":
        assert all(title in held.decode() for title in [told["target_title"], *told["item_titles"]])
        assert "<script" not in held.decode()
    else:
        assert held.startswith(b"\x89PNG")
        assert len(held) > 10_000
