import json
import shutil

import pytest

KEYS = {"queries", "coverage", "pn", "ps", "f_ns", "mean_size", "seconds_per_query"}
RULES = {"unseen_before", "unseen_after"}


@pytest.fixture(scope="module")
def explained(topple, model, tmp_path_factory):
    out = tmp_path_factory.mktemp("explained") / "out"
    assert (
        topple("explain", "-m", model, "--users", 3, "--explainer", "lcer", "--set", "steps=80", "--out", out).exit_code
        == 0
    )
    return out


def test_evaluate_measures_under_both_rules(topple, model, explained):
    result = json.loads(topple("evaluate", explained, "-m", model, "--json").stdout)
    assert set(result) >= KEYS
    assert set(result["pn"]) == set(result["ps"]) == RULES
    assert result["queries"] == 15
    table = topple("evaluate", explained, "-m", model)
    assert "15 queries" in table.stdout


def test_evaluate_refuses_a_model_of_another_catalogue(topple, explained, tmp_path):
    lines = "\n".join(f"u{u},i{(u + s) % 9}" for u in range(30) for s in range(6))
    (tmp_path / "t.csv").write_text(f"user,item\n{lines}\n")
    other = tmp_path / "other"
    assert (
        topple(
            "fit", "--interactions", tmp_path / "t.csv", "--out", other, "--epochs", 1, "--set", "hidden=4"
        ).exit_code
        == 0
    )
    result = topple("evaluate", explained, "-m", other)
    assert result.exit_code == 2
    assert "cannot be judged with a model of" in result.stderr


def test_evaluate_refuses_another_model_of_the_same_catalogue(topple, explained, tmp_path):
    other = tmp_path / "other"
    assert topple("fit", "--dataset", "generated", "--recommender", "ease", "--out", other).exit_code == 0
    result = topple("evaluate", explained, "-m", other)
    assert result.exit_code == 2
    assert "what topples one need not topple the other" in result.stderr.replace("\n", " ")


def test_evaluate_refuses_what_is_no_result(topple, model, tmp_path):
    assert "is not a file" in topple("evaluate", tmp_path, "-m", model).stderr
    (tmp_path / "x.jsonl").write_text('{"schema": "other/1"}\n')
    assert "has schema 'other/1'" in topple("evaluate", tmp_path / "x.jsonl", "-m", model).stderr
    (tmp_path / "y.jsonl").write_text("{not json\n")
    assert "is damaged" in topple("evaluate", tmp_path / "y.jsonl", "-m", model).stderr


@pytest.fixture(scope="module")
def ease(topple, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ease") / "model"
    assert topple("fit", "--dataset", "generated", "--recommender", "ease", "--out", folder).exit_code == 0
    return folder


def test_evaluate_judges_a_sample_by_retraining_too(topple, ease, tmp_path):
    out = tmp_path / "out"
    assert topple("explain", "-m", ease, "--trained-users", "--users", 2, "--out", out).exit_code == 0
    result = topple("evaluate", out, "-m", ease, "--retrain", 3, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["retrained"]
    assert (found["true"], found["sampled"], found["steady"]) == (10, 3, 3)
    assert 0 <= found["still_topple"] <= 3
    assert found["seconds_for_all"] == pytest.approx(10 * found["seconds_a_fit"])
    text = topple("evaluate", out, "-m", ease, "--retrain", 3).stdout
    assert "3 of 10 true sets, judged by retraining too" in text
    assert f"{found['still_topple']} of 3" in text
    assert "all 10 sets, estimated" in text
    assert "retrained" not in json.loads(topple("evaluate", out, "-m", ease, "--json").stdout)


def test_retraining_is_refused_for_users_who_were_not_trained_on(topple, ease, tmp_path):
    assert topple("explain", "-m", ease, "--users", 1, "--out", tmp_path / "out").exit_code == 0
    result = topple("evaluate", tmp_path / "out", "-m", ease, "--retrain", 3)
    assert result.exit_code == 2
    assert "never trained on" in result.stderr
    assert "topple explain --trained-users" in result.stderr


def test_retraining_needs_the_data(topple, ease, tmp_path):
    assert topple("explain", "-m", ease, "--trained-users", "--users", 1, "--out", tmp_path / "out").exit_code == 0
    bare = tmp_path / "bare"
    shutil.copytree(ease, bare)
    shutil.rmtree(bare / "split")
    result = topple("evaluate", tmp_path / "out", "-m", bare, "--retrain", 3)
    assert result.exit_code == 2
    assert "holds no data to train on" in result.stderr


def test_reproduce_lcer_prints_one_object(topple, tmp_path):
    result = topple(
        "reproduce", "lcer", "--dataset", "generated", "--lam", 0.01, "--alpha", 0.1, "--epochs", 2, "--steps", 40,
        "--set", "hidden=16", "--set", "latent=8", "--users", 3, "--json", "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) >= KEYS | {"ndcg_100"}
    assert set(found["pn"]) == RULES
    assert found["queries"] == 15
    assert found["settings"]["lcer"]["lam"] == 0.01
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == found


def test_reproduce_lcer_is_the_same_with_the_same_seed_and_explains_a_saved_model(topple, model):
    runs = [
        json.loads(
            topple("reproduce", "lcer", "-m", model, "--steps", 40, "--users", 2, "--seed", seed, "--json").stdout
        )
        for seed in (3, 3, 4)
    ]
    for run in runs:
        run.pop("seconds_per_query")
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_reproduce_lcer_as_published_is_stamped_order_dependent(topple, model, tmp_path):
    out = tmp_path / "out"
    asked = ["reproduce", "lcer", "-m", model, "--as-published", "--steps", 40, "--users", 2]
    result = topple(*asked, "--out", out)
    assert result.exit_code == 0, result.output
    assert "as published (order-dependent)" in result.stdout.replace("\n", " ")
    assert json.loads((out / "summary.json").read_text())["order_dependent"] is True
    lines = [json.loads(line) for line in (out / "explanations.jsonl").read_text().splitlines()]
    assert len(lines) == 10
    assert all(line["settings"]["order_dependent"] and "order-dependent" in line["reason"] for line in lines)
    assert topple("evaluate", out, "-m", model).exit_code == 0


def test_reproduce_lcer_as_published_refuses_a_model_of_another_kind(topple, ease):
    result = topple("reproduce", "lcer", "-m", ease, "--as-published", "--users", 1)
    assert result.exit_code == 2
    assert "the model is ease. Give such a model, or leave --as-published out" in result.stderr.replace("\n", " ")


def test_no_other_command_offers_lcer_as_published(topple, model):
    for command in (["explain"], ["bench", "recommenders"]):
        assert "as-published" not in topple(*command, "--help").stdout
    assert topple("explain", "-m", model, "--users", 1, "--explainer", "lcer-as-published").exit_code == 2
