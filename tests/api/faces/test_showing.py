import gc
import logging
import pickle

import pytest

import topple
from topple.api.faces.showing import lists_of
from topple.errors import ArgumentError, OutputExistsError, QueryError, SettingsError
from topple.reports.cards.html import Html
from topple.testing import film_recommender

HISTORY = ["alien", "brazil", "duel"]


@pytest.fixture(scope="module")
def model():
    return film_recommender()


@pytest.fixture
def found(model):
    return topple.explain(model, HISTORY, k=2, progress=False)


def test_a_card_has_the_lists_of_the_model_that_answered(found, model):
    before, after = lists_of(found[0], None)
    assert before == [each.item for each in topple.recommend(model, HISTORY, 2)]
    assert after == [each.item for each in topple.what_if(model, HISTORY, 2, without=found[0].items).after]
    for item in after:
        assert model.catalogue.title(item) in topple.card(found[0])


def test_one_from_a_file_takes_lists_from_the_model_and_titles_from_a_catalogue(found, model):
    one = pickle.loads(pickle.dumps(found[0]))  # noqa: S301
    assert lists_of(one, None) is None
    assert "Casablanca" not in topple.card(one)
    assert "Casablanca (1942)" in topple.card(one, model.catalogue)
    assert lists_of(one, model) == lists_of(found[0], None)


def test_once_the_model_is_gone_the_list_before_is_still_known():
    model = film_recommender()
    found = topple.explain(model, HISTORY, k=2, progress=False)
    before, _ = lists_of(found[0], None)
    del model
    gc.collect()
    assert lists_of(found[0], None) == (tuple(before), ())
    assert "the recommendation" in found[0]._repr_html_()


def test_a_model_that_was_not_explained_is_refused(found):
    split = topple.load_split("generated")
    other = topple.fit(split, "popularity", progress=False)
    with pytest.raises(
        QueryError, match=r"the explanation is of model .* lists other items. Give the model that was explained"
    ):
        topple.card(found[0], other)


def test_a_card_is_shown_whatever_the_model_does(found, model, monkeypatch, caplog):
    def fails(*arguments):
        raise ZeroDivisionError("of the model")

    monkeypatch.setattr("topple.api.faces.showing.lists_around", fails)
    with caplog.at_level(logging.WARNING):
        assert "Casablanca (1942)" in found[0]._repr_html_()
    assert "no lists for a card: ZeroDivisionError: of the model" in caplog.text


def test_what_cannot_be_shown_is_refused(found):
    with pytest.raises(QueryError, match="3 is no explanation"):
        topple.card([3])
    with pytest.raises(ArgumentError, match=r"model=3 is of type int. Give the recommender that was explained"):
        topple.card(found, 3)
    with pytest.raises(SettingsError, match="because='sold' is not one of"):
        topple.card(found, because="sold")
    with pytest.raises(SettingsError, match="language='fr' is not one of en, de"):
        topple.card(found, language="fr")


def test_of_many_the_first_are_shown(found):
    assert topple.card(found * 3, most=4).count("<article") == 4
    assert "and 2 more" in topple.card(found * 3, most=4)


def test_a_card_is_written_as_a_page(found, tmp_path):
    card = topple.card(found, language="de")
    assert isinstance(card, Html)
    card.write(tmp_path / "why.html")
    page = (tmp_path / "why.html").read_text(encoding="utf-8")
    assert page.startswith('<!doctype html>\n<html lang="de">')
    assert card._repr_html_() in page
    with pytest.raises(OutputExistsError, match=r"why.html exists"):
        card.write(tmp_path / "why.html")
    with pytest.raises(SettingsError, match=r"the suffix must be one of .html, .htm"):
        card.write(tmp_path / "why.png")


def test_a_picture_is_a_figure_of_the_lists_that_the_model_gives(found, model):
    figure = topple.draw(found[0], because="watched")
    drawn = [text.get_text() for text in figure.axes[0].texts]
    assert "because you watched" in " ".join(drawn)
    for item in topple.what_if(model, HISTORY, 2, without=found[0].items).after:
        assert item.title in drawn


def test_what_cannot_be_drawn_is_refused(found, model):
    one = pickle.loads(pickle.dumps(found[0]))  # noqa: S301
    with pytest.raises(QueryError, match=r"the model is not there. Give it: topple.draw\(explanation, model\)"):
        topple.draw(one)
    assert topple.draw(one, model).axes
    with pytest.raises(ArgumentError, match="explanation=3 is of type int"):
        topple.draw(3)
    with pytest.raises(ArgumentError, match=r"model=<Catalogue of 7 items.* Give the recommender that was explained"):
        topple.draw(one, model.catalogue)
    odd = topple.explain(model, {"bo": ["alien", "never heard of"]}, progress=False)
    with pytest.raises(
        QueryError, match=r"there is nothing to draw: the history holds .* Leave them out[.] Draw another answer"
    ):
        topple.draw(odd[0])


def test_the_lists_follow_the_candidate_rule_and_the_goal(model):
    before, after = lists_of(topple.explain(model, HISTORY, k=2, goal="sufficient", progress=False)[0], None)
    assert not {*before, *after} & {*HISTORY}
    returned = topple.explain(model, HISTORY, k=3, rule="unseen_after", progress=False)
    assert any(set(lists_of(each, None)[1]) & set(each.items) for each in returned)
