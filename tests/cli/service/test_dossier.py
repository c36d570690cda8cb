import json
import shutil

import pytest

import topple as library
from tests.browsers import chromium


@pytest.fixture(scope="module")
def user(topple, model):
    return json.loads(topple("recommend", "-m", model, "--users", 1, "--json").stdout)[0]["user"]


@pytest.fixture(scope="module")
def written(topple, model, user, tmp_path_factory):
    out = tmp_path_factory.mktemp("dossier") / "dossier.html"
    result = topple("dossier", "-m", model, "--user", user, "--effort", "instant", "--out", out)
    assert result.exit_code == 0, result.output
    return out, result


def test_dossier_writes_a_page_and_json_beside_it_and_prints_the_short_answer(written, user):
    out, result = written
    told = json.loads(out.with_suffix(".json").read_text())
    assert told["schema"] == "topple.dossier/1"
    assert told["user"] == user
    assert told["trained_on"] is False
    assert "events of your history, the model lists 5 items" in result.stdout
    assert "Why you were recommended this" in out.read_text()


def test_replay_gives_equal_answers_and_exit_code_0(topple, model, written, user):
    file = written[0].with_suffix(".json")
    result = topple("dossier", "-m", model, "--replay", file, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["same"] is True
    assert all(each["recorded"] == each["now"] for each in told["answers"])
    assert {each["name"]: each["same"] for each in told["identities"]} == {
        "model": True, "catalogue": True, "data": True, "history": True, "version": True, "file": True,
    }  # fmt: skip
    shown = topple("dossier", "-m", model, "--replay", file, "--user", user)
    assert "the same answer" in shown.stdout
    assert "NO" not in shown.stdout.split("the same answer")[0].replace("NOT", "")


def test_replay_of_another_history_or_model_ends_with_exit_code_1(topple, model, written, tmp_path):
    file = written[0].with_suffix(".json")
    items = json.loads(file.read_text())["history"][:3]
    result = topple("dossier", "-m", model, "--replay", file, "--history", json.dumps([each["item"] for each in items]))
    assert result.exit_code == 1
    assert "ANOTHER ANSWER" in result.stdout
    assert "history: " in result.stdout
    other = tmp_path / "other"
    assert topple("fit", "--dataset", "generated", "--recommender", "ease", "--out", other).exit_code == 0
    result = topple("dossier", "-m", other, "--replay", file, "--json")
    assert result.exit_code == 1
    assert {each["name"]: each["same"] for each in json.loads(result.stdout)["identities"]}["model"] is False


def test_a_folder_without_users_replays_the_history_of_the_file(topple, model, written, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(model, bare)
    shutil.rmtree(bare / "split")
    result = topple("dossier", "-m", bare, "--replay", written[0].with_suffix(".json"))
    assert result.exit_code == 0, result.output
    assert "The history is that of the file: no other was given." in result.stdout


def test_a_history_that_is_typed_targets_and_a_shown_list(topple, model, tmp_path):
    listed = json.loads(topple("recommend", "-m", model, "--users", 1, "--json").stdout)[0]
    items = [one["item"] for one in listed["items"]]
    told = json.loads(topple("dossier", "-m", model, "--history", ",".join(map(str, items[:3])), "--json").stdout)
    assert told["user"] is None
    one = json.loads(topple("dossier", "-m", model, "--user", listed["user"], "--target", items[1], "--json").stdout)
    assert [each["explanation"]["target"] for each in one["answers"]] == [items[1]]
    shown = json.loads(
        topple("dossier", "-m", model, "--user", listed["user"], "--shown", json.dumps(items), "--json").stdout
    )
    assert [each["explanation"]["shown_is_models"] for each in shown["answers"]] == [True] * 5
    assert not list(tmp_path.iterdir())


def test_a_training_user_is_told_what_training_again_came_to(topple, tmp_path):
    ease = tmp_path / "ease"
    assert topple("fit", "--dataset", "generated", "--recommender", "ease", "--out", ease).exit_code == 0
    explained = topple("explain", "-m", ease, "--trained-users", "--users", 1, "-k", 1, "--json").stdout
    user = json.loads(explained)["explanations"][0]["user"]
    result = topple("dossier", "-m", ease, "--user", user, "-k", 1, "--retrain", "--out", tmp_path / "a.html")
    assert result.exit_code == 0, result.output
    assert "The model was trained again without the named items" in result.stdout


def test_a_pdf_is_printed_beside_the_page(topple, model, user, tmp_path):
    chromium()
    result = topple(
        "dossier", "-m", model, "--user", user, "--effort", "instant", "--out", tmp_path / "a.html", "--pdf"
    )
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.json", "a.pdf"]
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "a.html"], "give one of --user and --history"),
        (["--user", "1", "--history", "1", "--out", "a.html"], "give one of --user and --history"),
        (["--user", "1"], "give --out FILE.html for the page"),
        (["--user", "1", "--json", "--pdf"], "or --json without --pdf"),
        (["--user", "1", "--out", "a.pdf"], "the suffix must be one of .html, .htm"),
        (["--user", "no such user", "--out", "a.html"], "unknown user id 'no such user'"),
        (["--replay", "none.json", "--out", "a.html"], "--replay writes no page"),
        (["--replay", "none.json"], "none.json cannot be read as JSON: it is not a file: nothing is there"),
        (["--history", "none-such", "--out", "a.html"], "none-such"),
    ],
)
def test_wrong_use_is_told_before_anything_is_written(topple, model, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    result = topple("dossier", "-m", model, *options)
    assert result.exit_code == 2
    assert said in result.stderr.replace("\n", " ")
    assert not list(tmp_path.iterdir())


def test_an_unknown_target_and_a_damaged_record_are_refused(topple, model, user, tmp_path):
    result = topple("dossier", "-m", model, "--user", user, "--target", "no-such-item", "--out", tmp_path / "a.html")
    assert result.exit_code == 2
    assert "no-such-item" in result.stderr
    for text, said in (
        ("[]", "holds no JSON object"),
        ("{", "cannot be read as JSON"),
        ('{"schema": "x"}', "has schema 'x'"),
    ):
        (tmp_path / "x.json").write_text(text)
        result = topple("dossier", "-m", model, "--replay", tmp_path / "x.json")
        assert result.exit_code == 2
        assert said in result.stderr.replace("\n", " ")


def test_nothing_is_written_over_what_is_there(topple, model, user, written, tmp_path):
    (tmp_path / "a.json").write_text("mine")
    result = topple("dossier", "-m", model, "--user", user, "--effort", "instant", "--out", tmp_path / "a.html")
    assert result.exit_code == 2
    assert "a.json exists and is left as it is" in result.stderr.replace("\n", "")
    assert not (tmp_path / "a.html").exists()
    again = topple("dossier", "-m", model, "--user", user, "--effort", "instant", "--out", written[0], "--overwrite")
    assert again.exit_code == 0, again.output


@pytest.fixture
def audited(model, user, tmp_path):
    """An audit store with two explanations that the user was given, as options name it."""
    pytest.importorskip("sqlalchemy", reason="the extra audit is not installed here")
    from topple.audit import AuditKeys, AuditStore

    recommender, split = library.load_model(model), library.load_model_split(model)
    explained = library.explain(recommender, {user: split.history(user)}, k=2, effort="instant", progress=False)
    keys = AuditKeys.create(tmp_path / "audit.keys")
    with AuditStore.open(tmp_path / "audit.sqlite", keys) as store:
        said = {"sentences": ["<b>why</b>", "because"], "language": "en", "shown": None, "agrees": None}
        ids = store.append(explained, recommender.catalogue, user=user, **said)
    return explained, ids, tmp_path / "audit.sqlite", tmp_path / "audit.keys"


def test_an_entry_of_the_audit_store_is_replayed(topple, model, user, audited, tmp_path):
    explained, ids, store, keys = audited
    where = ["--store", store, "--keys", keys]
    (tmp_path / "entry.json").write_text(topple("audit", "show", ids[0], *where, "--json").stdout)
    result = topple("dossier", "-m", model, "--replay", tmp_path / "entry.json", "--user", user, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [each["now"] for each in found["answers"]] == [library.canonical_json(explained[0])]
    assert {each["name"]: each["same"] for each in found["identities"]} == {
        "model": True, "catalogue": True, "data": True, "history": True, "version": True, "file": True,
    }  # fmt: skip
    (tmp_path / "all.json").write_text(topple("audit", "list", *where, "--json").stdout)
    every = topple("dossier", "-m", model, "--replay", tmp_path / "all.json", "--user", user, "--json")
    assert every.exit_code == 0, every.output
    assert len(json.loads(every.stdout)["answers"]) == 2


def test_what_the_person_was_told_before_is_listed_from_the_audit_store(topple, model, user, audited, tmp_path):
    explained, ids, store, keys = audited
    asked = ["dossier", "-m", model, "--user", user, "--effort", "instant", "--out", tmp_path / "a.html"]
    result = topple(*asked, "--audit", store, "--audit-keys", keys)
    assert result.exit_code == 0, result.output
    given = json.loads((tmp_path / "a.json").read_text())["given"]
    assert {each["id"]: (each["target"], each["same_model"], each["intact"]) for each in given} == {
        id: (one.query.target, True, True) for id, one in zip(ids, explained, strict=True)
    }
    page = (tmp_path / "a.html").read_text()
    assert "Explanations that you were given before" in page
    assert "&lt;b&gt;why&lt;/b&gt;" in page
    assert "no audit store was asked" not in page
    without = topple(*asked, "--overwrite")
    assert without.exit_code == 0
    assert "no audit store was asked" in (tmp_path / "a.html").read_text()
    result = topple(*asked, "--overwrite", "--audit", store)
    assert result.exit_code == 2
    assert "--audit, --audit-keys and --user go together" in result.stderr
    assert topple(*asked, "--overwrite", "--audit", tmp_path / "none", "--audit-keys", keys).exit_code == 2
