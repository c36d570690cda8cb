import pytest

import topple
from tests.api.papers.folders import ODD, odd_recommender
from tests.browsers import opened
from tests.reports.papers.test_report_page import Reader
from topple.reports.papers import court
from topple.reports.papers.dossier_words import NOT_SHOWN, SHOWN, _alone
from topple.testing import film_recommender

ANA = ["alien", "brazil", "casablanca", "duel"]


@pytest.fixture(scope="module")
def text():
    return Reader(topple.dossier(film_recommender(), ANA, user=7, k=2, because="watched").page()).text


def test_words_come_first_then_lists_then_identities(text):
    order = [
        "For user 7", "Given the 4 events of your history, the model lists 2 items: Evita (1996) and Fargo (1996) .",
        "What was recommended",
        "Which of your data it hangs on", "To what extent other data would have led to another list",
        "What this shows, and what it does not",
        "What European courts ask of such an answer", "The data that was used", "Identities and versions, and how to check this",
    ]  # fmt: skip
    at = [text.index(part) for part in order]
    assert at == sorted(at)


def test_each_recommendation_is_told_in_a_sentence_with_its_lists_and_what_is_proven(text):
    assert "Without this one" in text
    assert "because you watched Alien (1979)" in text
    assert "top 2 today" in text
    assert "proven: no smaller set would do" in text
    assert (
        "Each of the 2 items that were asked about would not have been listed without 1 to 2 items of your history"
        in text
    )


def test_what_it_does_not_show_is_said_and_that_nothing_was_trained_again(text):
    for point in (*SHOWN, *NOT_SHOWN):
        assert point in text
    assert "The model was not trained again without these items" in text


def test_the_court_is_quoted_with_case_and_paragraph(text):
    for quotation in (court.VARIATION, court.NO_FORMULA):
        assert f"“ {quotation.text} ”" in text.replace("“", "“ ").replace("”", " ”")
        assert f"{court.CASE}, paragraph {quotation.paragraph}" in text


def test_recommendations_that_hang_on_nothing_are_said_to(tmp_path):
    split = topple.load_split("generated")
    model = topple.fit(split, "popularity", progress=False)
    user, history = next(iter(split.histories(limit=1).items()))
    page = Reader(topple.dossier(model, history, user=user, k=2).page()).text
    assert "hang on nothing in your history: they are proven to stay in the list, whatever is taken out." in page
    assert "No single item of your history, taken out alone, changes which items are listed." in page


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("dossier") / "dossier.html"
    topple.dossier(odd_recommender(), ANA, user=ODD[0], k=2).write(path)
    return path


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (1100, "dark"), (390, "light")])
def test_the_page_opens_offline_without_an_error_or_a_foreign_request(file, width, scheme):
    with opened(file, width=width, scheme=scheme) as found:
        page = found.page
        assert page.locator("h1").inner_text() == "Why you were recommended this"
        assert ODD[0] in page.locator("main").inner_text()
        assert page.locator("img").count() == page.locator("main script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(full_page=True)
        assert not found.told
        assert not found.foreign


def test_titles_that_are_written_from_right_to_left_keep_their_direction(file):
    with opened(file) as found:
        assert found.page.locator(".short bdi", has_text="שלום").inner_text() == ODD[4]
        assert found.page.evaluate("getComputedStyle(document.querySelector('bdi')).unicodeBidi") == "isolate"


def test_tables_of_a_dossier_sort(file):
    with opened(file) as found:
        page = found.page
        page.locator("section[aria-labelledby=data] th button", has_text="no.").click()
        numbers = page.locator("section[aria-labelledby=data] tbody td.number").all_inner_texts()
        assert numbers == ["4", "3", "2", "1"]
        assert not found.told


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (0, "No single one of the 4 items"),
        (4, "Each of the 4 items"),
        (1, "Of the 4 items of your history, 1 would change"),
    ],
)
def test_what_single_items_do_is_said_without_a_zero(changes, said):
    (told,) = _alone({"alone": {"items": 4, "changes": changes}})
    assert told.startswith(said)
