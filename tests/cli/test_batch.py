"""`topple batch` and `topple erase` as they are typed, in processes of this machine."""

import json

import pyarrow.parquet as pq
import pytest

import topple as library


@pytest.fixture(scope="module")
def done(model, topple, tmp_path_factory):
    out = tmp_path_factory.mktemp("batch") / "why"
    result = topple(
        "batch", "--model", model, "--out", out, "-k", 2, "--effort", "instant", "--shards", 3, "--workers", 2, "--json"
    )
    assert result.exit_code == 0, result.output
    return out, json.loads(result.stdout)


def test_every_user_of_the_model_folder_is_explained(done, model):
    out, found = done
    split = library.load_model_split(model)
    users = len(split.train_users) + len(split.test.users) + len(split.validation.users)
    assert found["users"] == users
    assert found["rows"] == 2 * users == len(library.scan_explanations(out))
    assert found["done"] == found["shards"] == 3
    workers = {json.loads(file.read_text())["worker"] for file in (out / "done").glob("*.json")}
    assert 1 <= len(workers) <= 2
    history = split.history(next(iter(split.test.users.ids)))
    user = next(iter(split.test.users.ids))
    expected = library.explain(library.load_model(model), {user: history}, k=2, effort="instant", progress=False)
    stored = library.scan_explanations(out).of(user)
    assert list(map(library.canonical_json, stored)) == list(map(library.canonical_json, expected))


def test_what_is_there_is_left_as_it_is_and_a_resumed_run_has_nothing_to_do(done, model, topple):
    out, found = done
    asked = ["batch", "--model", model, "--out", out, "-k", 2, "--effort", "instant", "--shards", 3]
    refused = topple(*asked)
    assert refused.exit_code == 2
    assert "Go on with it (--resume)" in refused.output
    again = topple(*asked, "--resume", "--json")
    assert json.loads(again.stdout)["rows"] == found["rows"]
    other = topple("batch", "--model", model, "--out", out, "-k", 3, "--effort", "instant", "--resume")
    assert other.exit_code == 2
    assert "asked.k was 2 and is now 3" in other.output


def test_a_dry_run_says_what_it_will_take_and_leaves_nothing(model, topple, tmp_path):
    result = topple("batch", "--model", model, "--out", tmp_path / "why", "--effort", "instant", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    split = library.load_model_split(model)
    assert found["users"] == pytest.approx(
        len(split.train_users) + len(split.test.users) + len(split.validation.users), rel=0.05
    )
    assert found["rows"] == pytest.approx(5 * found["users"], rel=0.01)
    assert found["core_hours"] > 0
    assert found["bytes"] > 10_000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seconds", 1], "--seconds 1 gives other answers on another machine"),
        (["--items", "gone.txt"], "--items says which users --update explains again"),
        (["--resume", "--overwrite"], "Give one of them"),
        (["--events", "missing.csv"], "missing.csv is not a file"),
        (["--executor", "abacus"], "'abacus' is not"),
        (["--explainer", "abacus"], "abacus"),
        (["--language", "tlh"], "tlh"),
        (["--scored", 5, "--effort", "instant"], "effort"),
        (["--contexts", "missing.json"], "missing.json"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(model, topple, tmp_path, arguments, message):
    result = topple("batch", "--model", model, "--out", tmp_path / "why", *arguments)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "why" / "manifest.json").exists()


def test_a_user_is_erased(done, topple, tmp_path):
    import shutil

    out = shutil.copytree(done[0], tmp_path / "why")
    user = next(iter(library.scan_explanations(out))).query.user
    result = topple("erase", out, "--user", user)
    assert result.exit_code == 0, result.output
    assert "Erased: 2 explanations of 1 user" in result.output
    assert all(user not in pq.read_table(file).column("user").to_pylist() for file in (out / "explanations").iterdir())
    assert topple("erase", out, "--user", user).exit_code == 2


def test_the_verb_of_the_library_does_the_same(model, done, tmp_path):
    stored = library.explain_all(model, tmp_path / "why", k=2, effort="instant", workers=1, progress=False)
    one, other = (
        [library.canonical_json(each) for each in these] for these in (stored, library.scan_explanations(done[0]))
    )
    assert sorted(one) == sorted(other)
