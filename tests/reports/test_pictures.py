import sys

import pytest

import topple
from topple.api.recommending import lists_around
from topple.errors import CapabilityError, OutputExistsError
from topple.records.answer import Explanation, Proof, Status
from topple.records.question import CandidateRule, Query
from topple.reports.pictures import draw_explanation


@pytest.fixture(scope="module")
def model():
    settings = {"hidden": 16, "latent": 8, "epochs": 2, "batch_size": 100}
    return topple.fit(topple.load_split("generated"), settings=settings, progress=False)


def explanation(model, rule=CandidateRule.UNSEEN_BEFORE):
    history = ("film-001", "film-002", "film-003")
    target = topple.recommend(model, history)[0].item
    return Explanation(Query(history, target, rule=rule), Status.FOUND, ("film-001",), rank_after=9, proof=Proof.VALID)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_draws_a_file(model, tmp_path, suffix):
    drawn = explanation(model)
    path = tmp_path / f"why.{suffix}"
    draw_explanation(drawn, *lists_around(model, drawn), model.catalogue, path)
    assert path.stat().st_size > 1000
    with pytest.raises(OutputExistsError):
        draw_explanation(drawn, *lists_around(model, drawn), model.catalogue, path)


def test_the_lists_follow_the_candidate_rule(model):
    before, after = lists_around(model, explanation(model))
    assert len(before) == len(after) == 5
    assert "film-001" not in after
    everything = Query(("film-001", "film-002"), before[0], k=237, rule=CandidateRule.UNSEEN_AFTER)
    _, after = lists_around(model, Explanation(everything, Status.FOUND, ("film-001",)))
    assert "film-002" not in after
    assert len(set(after)) == 237


def test_without_matplotlib_it_says_what_to_install(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(CapabilityError, match=r"pip install 'topple-recsys\[pictures\]', or"):
        draw_explanation(explanation(model), ["a"], ["b"], model.catalogue, tmp_path / "x.png")


def test_a_sufficient_set_is_drawn_with_what_it_alone_recommends(model, tmp_path):
    catalogue = model.catalogue
    histories = {"you": catalogue.vocabulary.ids[:6]}
    found = [e for e in topple.explain(model, histories, k=3, goal="sufficient", progress=False) if e.valid]
    assert found
    for number, each in enumerate(found):
        before, after = lists_around(model, each)
        assert each.query.target in after
        assert after.index(each.query.target) + 1 == each.rank_alone
        assert not set(after) & set(each.query.history)
        draw_explanation(each, before, after, catalogue, tmp_path / f"{number}.svg")
        assert (tmp_path / f"{number}.svg").stat().st_size > 1000


@pytest.mark.parametrize(
    "title", ["Ca$h and $tuff", "$5 a Day for $9.99 %", "$x_{1 and $", "\x1b[31m a\nb", "$\\frac{"]
)
def test_a_title_is_text_and_no_mathematics(model, tmp_path, title):
    drawn = explanation(model)
    before, after = lists_around(model, drawn)
    catalogue = model.catalogue.with_titles(dict.fromkeys(model.catalogue.vocabulary.ids, title))
    draw_explanation(drawn, before, after, catalogue, tmp_path / "why.svg")
    assert (tmp_path / "why.svg").stat().st_size > 1000
