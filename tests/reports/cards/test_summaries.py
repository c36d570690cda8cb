import numpy as np
import pandas as pd
import pytest

import topple
from topple.errors import SettingsError
from topple.reports.cards.html import Html, rendered
from topple.testing import film_recommender


@pytest.fixture(scope="module")
def split():
    return topple.load_split("generated")


def test_a_split_says_who_is_trained_on_and_the_first_titles(split):
    assert repr(split) == (
        "<Split 'generated': 636 training users with 13,338 interactions of 240 items; 80 users to validate, 80 to test>"
    )
    assert repr(split.test) == "<HeldOut: 80 users, 1,432 interactions as histories and 315 to predict>"
    html = split._repr_html_()
    assert "636 users to train on" in html
    assert "<td>film-001</td><td>The Silent Orbit (Space)</td>" in html
    assert "and 237 more items" in html


def test_a_split_without_titles_or_weights_has_a_card():
    pairs = [(user, item) for user in range(30) for item in range(user % 7, user % 7 + 6)]
    read = topple.read_interactions(pd.DataFrame(pairs, columns=["user", "item"]))
    assert repr(read) == "<Interactions 'interactions': 180 of 30 users and 12 items>"
    html = topple.prepare(read)._repr_html_()
    assert "<th>item</th></tr>" in html


def test_a_model_says_what_it_learned_and_is_not_asked(split):
    model = topple.fit(split, "mult-vae", settings={"epochs": 1, "hidden": 16, "latent": 8}, progress=False)
    assert repr(model).startswith("<MultVAE 'mult-vae': 240 items, 8,")
    assert "epochs=1" in repr(model)
    html = model._repr_html_()
    assert "Trained: 1 epoch" in html
    assert "validation NDCG@100" in html


def test_a_wrapped_model_is_not_asked_for_a_card(split):
    asked = []

    def ask(rows):
        asked.append(rows)
        return np.asarray(rows.todense()) @ np.eye(240)

    model = topple.wrap(ask, "callable", split.catalogue, histories="csr")
    asked.clear()
    assert "<td>240</td>" in model._repr_html_()
    assert repr(model) == "<BlackBox 'callable:ask': 240 items>"
    assert not asked


def test_a_model_that_cannot_say_what_it_learned_is_told():
    class Broken(type(film_recommender())):
        def arrays(self):
            raise ZeroDivisionError

    model = film_recommender()
    model.__class__ = Broken
    assert repr(model) == "<Broken 'toy': 7 items>"
    assert "<h3>Broken (toy)</h3>" in model._repr_html_()


def test_an_evaluation_is_a_table_of_metrics_with_denominators():
    model = film_recommender()
    found = topple.explain(model, ["alien", "brazil", "duel"], k=2, progress=False)
    measured = topple.evaluate(model, found)
    assert repr(measured).startswith("<Evaluation of 2 queries; unseen_before: coverage 1.000, pn 1.000, mean_size ")
    html = measured._repr_html_()
    assert "<th>metric</th><th>unseen_before</th><th>unseen_after</th><th>of</th>" in html
    assert "<td>coverage ↑</td><td>1.000</td><td>1.000</td><td>2 queries</td>" in html
    assert "2 queries; " in html


def test_html_is_text_for_a_notebook_and_a_page_for_a_file(tmp_path):
    html = Html("<p>é</p>", title="<b>")
    assert html == html._repr_html_() == "<p>é</p>"
    assert repr(html) == "<Html '<b>': 8 characters>"
    assert "<title>&lt;b&gt;</title>" in html.page()
    html.write(tmp_path / "a.HTML")
    assert "<p>é</p>" in (tmp_path / "a.HTML").read_text(encoding="utf-8")
    with pytest.raises(SettingsError, match=r"the suffix must be one of .html, .htm. Name it so."):
        html.write(tmp_path / "a.txt")


def test_numbers_of_numpy_and_nested_texts_are_safe():
    card = rendered("facts.html", title="\x00", lines=["<i>"], columns=[], rows=[[np.float64(0.5), "<u>"]], more="")
    assert "\x00" not in card
    assert "<td>0.5</td><td>&lt;u&gt;</td>" in card
