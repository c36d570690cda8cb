import re
from html.parser import HTMLParser

import pytest

import topple
from tests.api.papers.folders import every_ending, written
from topple import Status
from topple.reports.papers.report_words import NOT_SHOWN, figure_of, figure_value


class Reader(HTMLParser):
    """Collects the text, and refuses tags that are not closed in order."""

    EMPTY = ("meta", "link", "rect", "line")

    def __init__(self, html):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return topple.report(written(tmp_path_factory.mktemp("words") / "out"))


@pytest.fixture(scope="module")
def text(found):
    return Reader(found.page()).text


def test_every_figure_is_shown_with_denominator_and_rule(found, text):
    for each in found.numbers["figures"]:
        assert f"{each['title']} {figure_value(each)} {figure_of(each)} {each['rule']}" in text


def test_the_short_answer_stands_first(text):
    assert "Of 11 recommendations, 5 (45.5 %) have an explanation that is true when all items are ranked again." in text
    assert "2 recommendations (16.7 %) hang on nothing that the person did" in text
    assert "3 of 6 users have no true explanation at all." in text


def test_what_is_not_shown_is_said(text):
    for point in NOT_SHOWN:
        assert point in text
    assert "3 queries that could not be asked: they are in no denominator" in text


def test_what_people_saw_is_told_where_it_was_asked(tmp_path):
    model = topple.testing.film_recommender()
    seen = topple.explain(model, {1: ["alien", "brazil"]}, shown={1: ["duel", "evita"]}, progress=False)
    found = topple.report(written(tmp_path / "out", seen))
    assert "shown list is not the model&#39;s" in found.page()
    assert "it is not the model&#39;s" in found.page()


def test_several_models_are_said_to_be_counted_together(tmp_path):
    from dataclasses import replace

    one = every_ending()[0]
    page = topple.report(written(tmp_path / "out", [one, replace(one, model="other")])).page()
    assert "about more than one model" in page


def test_proofs_of_other_packages_stand_apart(tmp_path):
    from dataclasses import replace

    true = next(each for each in every_ending() if each.valid and each.query.user == 2)
    found = topple.report(written(tmp_path / "out", [replace(true, proof_by="theirs")]))
    assert {each.name: each.count for each in found.figures}["claimed"] == 1
    assert {each.name: each.count for each in found.figures}["minimum"] == 0
    assert "proofs claimed by methods of other packages" in found.page()


def test_what_a_run_left_out_is_told(tmp_path):
    explained = [each for each in every_ending() if each.status is Status.FOUND]
    topple.write_explanations(
        explained,
        topple.testing.film_recommender().catalogue,
        tmp_path / "out",
        left_out={"events": 7, "histories": 2, "constraints": {}},
    )
    assert "7 events of histories whose items the model does not know" in topple.report(tmp_path / "out").page()
    (tmp_path / "out" / "left_out.json").write_text("{damaged")
    topple.report(tmp_path / "out").page()
