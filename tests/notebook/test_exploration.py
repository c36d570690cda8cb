"""The explorer of a notebook without a notebook: what is asked, and what is shown, which is what the library says."""

import json

import numpy as np
import pytest

import topple
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.notebook.exploration import Exploration
from topple.testing import film_recommender
from topple.testing.toy import ToyRecommender

HISTORY = ["alien", "brazil", "casablanca"]
ROWS = {item: row for row, item in enumerate(HISTORY)}
K = 2


@pytest.fixture(scope="module")
def model():
    return film_recommender()


@pytest.fixture
def exploring(model):
    return Exploration(model, HISTORY, K)


def titles(rows):
    return [row["title"] for row in rows]


def text(parts):
    return "".join(parts)


def test_at_first_it_shows_the_history_and_the_list_of_the_library(model, exploring):
    view = exploring.view()
    assert exploring.items() == [{"title": model.catalogue.title(item), "times": 1} for item in HISTORY]
    assert titles(view["today"]) == [one.title for one in topple.recommend(model, HISTORY, K)]
    assert (view["then"], view["off"], view["why"], view["headline"], view["trouble"]) == ([], [], None, [], "")


@pytest.mark.parametrize("off", [["alien"], ["brazil"], ["alien", "brazil"], ["casablanca", "alien"], HISTORY])
def test_what_is_switched_off_gives_the_list_of_what_if(model, exploring, off):
    exploring.answer({"number": 1, "why": None, "off": [ROWS[item] for item in off]})
    view, found = exploring.view(), topple.what_if(model, HISTORY, K, without=off)
    assert titles(view["then"]) == [one.title for one in found.after]
    assert [row["rank"] for row in view["then"]] == [str(one.rank) for one in found.after]
    entered = [one.title for one in found.entered]
    assert [row["title"] for row in view["then"] if row["mark"] == "enters"] == entered
    assert [row["title"] for row in view["today"] if row["mark"] == "leaves"] == [one.title for one in found.left]
    assert set(exploring.off) == set(off)
    assert {HISTORY[row] for row in view["off"]} == set(off)
    assert exploring.changed == found
    headline = text(view["headline"])
    assert all(one.title in headline for one in (*found.left, *found.entered))


def test_a_recommendation_that_is_clicked_is_explained_as_the_library_does_and_the_named_are_off(model, exploring):
    (found,) = topple.explain(model, HISTORY, targets=["evita"], k=K, effort="instant", progress=False)
    exploring.answer({"number": 1, "why": 0, "off": None})
    view = exploring.view()
    assert topple.canonical_json(exploring.explanation) == topple.canonical_json(found)
    assert text(view["why"]["sentence"]) == topple.sentence(found, model.catalogue, marks=False, ranks=False)
    assert view["why"]["sentence"][1::2] == ["Evita (1996)", "Alien (1979)", "Brazil (1985)", "Gattaca (1997)"]
    assert [HISTORY[row] for row in view["named"]] == list(found.items) == list(exploring.off)
    assert [(row["title"], row["note"]) for row in view["today"]] == [
        ("Evita (1996)", "leaves, then 3"),
        ("Fargo (1996)", "then 1"),
    ]
    assert [(row["rank"], row["mark"], row["note"]) for row in view["then"]] == [
        ("1", "stays", "was 2"),
        ("2", "enters", "new"),
        ("3", "target", "left the list"),
    ]
    assert [one["name"] for one in view["why"]["proofs"]] == ["checked", "minimal"]
    assert "not trained again" in view["why"]["proofs"][0]["meaning"]
    assert view["why"]["again"] == 0


def test_an_answer_stays_while_others_are_switched_and_the_named_can_be_had_back(exploring):
    exploring.answer({"number": 1, "why": 0, "off": None})
    found = exploring.explanation
    exploring.answer({"number": 2, "why": 0, "off": [ROWS["casablanca"]]})
    assert exploring.explanation is found
    assert exploring.view()["why"]["again"] == 2
    exploring.answer({"number": 3, "why": 0, "off": None})
    assert (exploring.view()["why"]["again"], set(exploring.off)) == (0, set(found.items))
    exploring.answer({"number": 4, "why": 0, "off": []})
    assert (exploring.changed, exploring.off, exploring.view()["then"]) == (None, (), [])


class Failing(ToyRecommender):
    """Fails where asked to."""

    failing = False

    def score(self, histories, keep, candidates=None):
        if self.failing:
            raise ValueError("no \x1b[31mweights")
        return super().score(histories, keep, candidates)


def test_errors_are_told_in_words_and_what_was_asked_stays(caplog):
    exploring = Exploration(film_recommender(Failing), HISTORY, K)
    before = exploring.view()
    Failing.failing = True
    try:
        exploring.answer({"number": 1, "why": None, "off": [0]})
        exploring.answer({"number": 2, "why": 1, "off": None})
    finally:
        Failing.failing = False
    view = exploring.view()
    assert "no \\x1b[31mweights" in view["trouble"]
    assert "no \\x1b[31mweights" in view["why"]["trouble"]
    assert (view["off"], view["then"], view["headline"]) == ([0], [], [])
    assert titles(view["today"]) == titles(before["today"])
    exploring.answer({"number": 3, "why": 1, "off": None})
    assert exploring.view()["trouble"] == exploring.view()["why"]["trouble"] == ""
    assert exploring.view()["why"]["sentence"]


@pytest.mark.parametrize(
    "asked",
    [
        {"why": 9, "off": None}, {"why": -1, "off": None}, {"why": "x", "off": None}, {"why": True, "off": None},
        {"why": None, "off": [3]}, {"why": None, "off": ["alien"]}, {"why": None, "off": [None]}, {"why": {}, "off": [[]]},
    ],
)  # fmt: skip
def test_what_is_not_of_this_history_is_refused_in_words_and_changes_nothing(exploring, asked):
    exploring.answer({"number": 1, "why": None, "off": [0]})
    before = exploring.view()
    exploring.answer({"number": 2, **asked})
    view = exploring.view()
    assert view.pop("trouble") == "What was asked is not of this history. Run the cell again."
    assert view == {name: shown for name, shown in before.items() if name != "trouble"}


def test_titles_are_shown_as_text_that_cannot_act_and_an_item_without_one_by_the_id(model):
    films = list(model.catalogue.vocabulary.ids)
    odd = ["<b>Alien</b>", " \t ", "\u202eCasablanca\x1f\nII", *films[3:]]
    catalogue = Catalogue(Vocabulary(films), tuple(odd))
    exploring = Exploration(ToyRecommender(catalogue, model.arrays()["gives"]), HISTORY, K)
    assert [row["title"] for row in exploring.items()] == ["<b>Alien</b>", "item brazil", "\\u202eCasablanca\\x1f II"]
    exploring.answer({"number": 1, "why": 0, "off": None})
    assert exploring.view()["why"]["sentence"][3] == "<b>Alien</b>"
    json.dumps(exploring.view(), ensure_ascii=False).encode()


def test_an_item_that_comes_again_is_one_switch(model):
    exploring = Exploration(model, ["alien", "brazil", "alien"], K)
    assert [row["times"] for row in exploring.items()] == [2, 1]
    exploring.answer({"number": 1, "why": None, "off": [0]})
    assert exploring.changed == topple.what_if(model, ["alien", "brazil", "alien"], K, without="alien")


def test_constraints_hold_for_lists_and_for_why(model):
    exploring = Exploration(model, HISTORY, 1, rule="unseen_after", exclude=["evita"])
    assert [one.item for one in exploring.today] == ["fargo"]
    exploring.answer({"number": 1, "why": 0, "off": None})
    query = exploring.explanation.query
    assert (str(query.rule), query.exclude, query.k) == ("unseen_after", frozenset({"evita"}), 1)
    assert exploring.changed == topple.what_if(
        model, HISTORY, 1, without=exploring.off, rule="unseen_after", exclude=["evita"]
    )


def test_ten_thousand_items_are_told_once_and_as_json():
    count = 10_000
    ids = [f"item-{number}" for number in range(count + 20)]
    scores = -np.arange(count + 20.0)
    catalogue = Catalogue(Vocabulary(ids))
    model = topple.wrap(lambda rows: np.tile(scores, (rows.shape[0], 1)), "callable", catalogue, histories="csr")
    exploring = Exploration(model, ids[:count], 5)
    exploring.answer({"number": 1, "why": None, "off": list(range(0, count, 2))})
    assert len(exploring.view()["off"]) == count // 2
    assert text(exploring.view()["headline"]) == "Without 5,000 items: the list is the same."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.switch(["evita"]), "off='evita' is not in the history \\(3 items\\)"),
        (lambda one: one.switch(None), "off=None is of type NoneType. Give item ids, or one"),
        (lambda one: one.switch([[]]), "off=\\[\\] is not in the history"),
        (lambda one: one.ask("alien"), "target='alien' is not among the 2 of the list. Choose one that is listed"),
    ],
)
def test_what_code_asks_wrongly_is_an_error_and_changes_nothing(exploring, change, message):
    exploring.switch("alien")
    before = exploring.view()
    with pytest.raises(topple.ToppleError, match=message):
        change(exploring)
    assert exploring.view() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"history": []}, "the history is empty"),
        ({"history": ["nobody"]}, "unknown item id 'nobody'"),
        ({"k": 99}, "k=99 with 4 candidates"),
        ({"effort": "all"}, "effort='all' is not one of instant, balanced, proof"),
        ({"because": "smelled"}, "because='smelled' is not one of liked"),
        ({"recommender": 3}, "int is no recommender"),
    ],
)
def test_a_history_without_a_list_is_refused(model, arguments, message):
    with pytest.raises(topple.ToppleError, match=message):
        Exploration(**{"recommender": model, "history": HISTORY, "k": K} | arguments)
