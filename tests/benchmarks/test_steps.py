import argparse
import time

import pytest

import topple
from benchmarks import steps
from benchmarks.bounds import bound
from benchmarks.steps import NAMES, STEPS, Stopwatch, record_rows, watched
from topple.explainers.auto import Auto


def busy(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_what_a_function_calls_counts_for_what_is_called():
    watch = Stopwatch()
    inner = watch.around(lambda: busy(0.03), "inner")
    outer = watch.around(lambda: (busy(0.01), inner()), "outer")
    outer()
    assert watch.seconds["inner"] == pytest.approx(0.03, abs=0.008)
    assert watch.seconds["outer"] == pytest.approx(0.01, abs=0.008)


def test_compiled_functions_count_once_and_beside_the_steps():
    watch = Stopwatch()
    inner = watch.around(lambda: busy(0.02), "compiled", outermost=True)
    outer = watch.around(inner, "compiled", outermost=True)
    watch.around(outer, "search")()
    assert watch.seconds["compiled"] == pytest.approx(0.02, abs=0.008)
    assert watch.seconds["search"] == pytest.approx(0.02, abs=0.008)


def test_every_step_is_a_function_of_this_version_and_is_put_back(capsys):
    before = Auto.propose
    with watched(Auto):
        assert Auto.propose is not before
    assert Auto.propose is before
    assert not capsys.readouterr().err
    assert set(STEPS.values()) | {"search"} == set(NAMES)


def test_a_function_that_a_version_does_not_have_is_named(monkeypatch, capsys):
    monkeypatch.setattr(steps, "STEPS", {"topple.scoring.unchanged:UnchangedScores.gone": "lists"})
    with watched(Auto):
        pass
    assert "topple.scoring.unchanged:UnchangedScores.gone is not in this version" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_the_steps_of_a_model_add_up_and_the_bound_is_below_the_time(tmp_path):
    split = topple.load_split("generated")
    topple.save_model(topple.fit(split, "ease", progress=False), tmp_path / "ease", split)
    options = argparse.Namespace(steps_of=["auto, no proof"], users=4, seconds=0.01, calls=2, sample=False)
    batch, request = steps.model_rows("films", tmp_path / "ease", options)
    assert (batch["ask"], request["ask"]) == ("batch", "request")
    assert sum(batch[step] for step in NAMES) == pytest.approx(batch["us"])
    assert min(batch[step] for step in NAMES if step != "proof") > 0
    assert 0 <= batch["compiled"] <= 1 >= batch["torch"] >= 0
    assert batch["bound"] == "rows added once"
    assert 0 < batch["bound_us"] < batch["us"]


@pytest.mark.parametrize(("name", "kind"), [("mult-vae", "products"), ("als", "own scoring")])
def test_what_is_scored_more_is_bound_to_take_longer(name, kind):
    split = topple.load_split("generated")
    settings = {"epochs": 1} if name == "mult-vae" else {}
    model = topple.fit(split, name, settings=settings, progress=False)
    queries = topple.top_k_queries(model, split.histories(limit=3))
    (said, few), (_, many) = (bound(model, queries, scored) for scored in (1000, 1_000_000))
    assert said == kind
    assert 0 < 20 * few < many


@pytest.mark.filterwarnings("ignore")
def test_records_are_what_is_left_where_search_and_scores_cost_nothing():
    rows = {row["call"]: row for row in record_rows(1, sample=False)}
    assert set(rows) == {"queries that are given", "lists of 200 users", "one history"}
    assert rows["queries that are given"]["records"] > rows["queries that are given"]["search"]
