import json
import os
import shlex
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta

import pyarrow.parquet as pq
import pytest

import topple as package
from topple import canonical_json, load_model, load_model_split, read_explanations

QUICK = ["--explainer", "lcer", "--set", "steps=60"]


def test_prints_sentences_a_person_understands(topple, model):
    result = topple("explain", "-m", model, "--users", 2, *QUICK)
    assert result.exit_code == 0, result.output
    assert "You are recommended *The " in result.stdout
    assert "10 explanations" in result.stdout


def test_writes_parquet_and_json_lines_with_a_schema_version(topple, model, tmp_path):
    result = topple("explain", "-m", model, "--users", 2, "--out", tmp_path / "out", *QUICK)
    assert result.exit_code == 0, result.output
    table = pq.read_table(tmp_path / "out" / "explanations.parquet")
    assert table.schema.metadata[b"schema"] == b"topple.explanation/3"
    lines = [json.loads(line) for line in (tmp_path / "out" / "explanations.jsonl").read_text().splitlines()]
    assert len(lines) == table.num_rows == 10
    assert {line["schema"] for line in lines} == {"topple.explanation/3"}
    assert lines[0]["target_title"].startswith("The ")
    assert read_explanations(tmp_path / "out") == read_explanations(tmp_path / "out" / "explanations.jsonl")


def test_an_existing_output_is_refused_and_left_alone(topple, model, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    result = topple("explain", "-m", model, "--out", tmp_path / "out", *QUICK)
    assert result.exit_code == 2
    assert "exists and is left as it is" in result.stderr
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"


def test_json_is_one_object(topple, model):
    result = topple("explain", "-m", model, "--history", "film-001,film-002,film-003", "-k", 2, "--json", *QUICK)
    explained = json.loads(result.stdout)["explanations"]
    assert [e["user"] for e in explained] == ["you", "you"]
    assert set(explained[0]["items"]) <= {"film-001", "film-002", "film-003"}
    assert explained[0]["sentence"].startswith("You are recommended *")


def test_protected_items_stay(topple, model):
    user = load_model_split(model).test.users.decode([0])[0]
    history = load_model_split(model).history(user)
    protect = [word for item in history[:-1] for word in ("--protect", item)]
    result = topple("explain", "-m", model, "--user", user, "--json", *QUICK, *protect)
    removed = {item for e in json.loads(result.stdout)["explanations"] for item in e["items"]}
    assert removed <= {history[-1]}


def test_fewer_users_than_are_asked_for_are_told(topple, model, caplog):
    count = len(load_model_split(model).test.users)
    topple("explain", "-m", model, "-k", 1, "--users", 2, *QUICK)
    assert "are asked for" not in caplog.text
    topple("explain", "-m", model, "-k", 1, "--users", count + 30, *QUICK)
    assert f"{count + 30} users are asked for, and the data has {count} test users with a history" in caplog.text


def test_training_users_can_be_explained(topple, model):
    split = load_model_split(model)
    trained, held = split.train_users.ids, split.test.users.ids

    def users(*arguments):
        result = topple("explain", "-m", model, "-k", 1, "--json", *QUICK, *arguments)
        assert result.exit_code == 0, result.output
        return [e["user"] for e in json.loads(result.stdout)["explanations"]]

    assert users("--trained-users", "--users", 2) == list(trained[:2])
    assert users("--trained-users", "--user", trained[4]) == [trained[4]]
    assert users("--users", 2) == list(held[:2])
    assert users("--all") == list(held)
    assert users("--all", "--trained-users") == list(trained)
    result = topple("explain", "-m", model, "--trained-users", "--user", held[0])
    assert result.exit_code == 2
    assert f"unknown user id '{held[0]}'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--user", "nobody"], "unknown user id 'nobody'"),
        (["--history", "film-001,film-999"], "unknown item id 'film-999'"),
        (["--history", "film-001", "--user", "user-001"], "not both"),
        (["--history", "film-001", "--trained-users"], "--history is nobody's"),
        (["--history", "film-001", "--target", "film-001"], "is in the history"),
        (["--history", "film-001", "-k", "500"], "k=500 with 239 candidates"),
        (["--all", "--history", "film-001"], "--all or a choice of users"),
        (["--picture", "why.txt"], "the suffix must be one of .png, .svg, .pdf, .html, .htm"),
        (["--picture-each"], "--picture-each says nothing without a name. Give --picture FILE too."),
        (["--users", "1", "--seed", "99999999999999999999999"], "is not an integer of 64 bits"),
        (["--explainer", "lcre"], "Did you mean 'lcer'?"),
        (["--explainer", "lcer", "--preset", "ml-100"], "is not one of LcerSettings's presets"),
        (["--set", "lambda=1"], "'lambda' is not a setting of AutoSettings"),
    ],
)
def test_bad_input_is_one_clear_message(topple, model, arguments, message):
    result = topple("explain", "-m", model, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr.replace("\n", " ")


def test_a_folder_that_is_no_model_is_refused(topple, tmp_path):
    result = topple("explain", "-m", tmp_path)
    assert result.exit_code == 2
    assert "is not a model folder" in result.stderr


def test_recommend_lists_titles(topple, model):
    result = topple("recommend", "-m", model, "--history", "film-001,film-002", "-k", 3)
    assert result.exit_code == 0
    assert "The " in result.stdout
    listed = json.loads(topple("recommend", "-m", model, "--history", "film-001,film-002", "-k", 3, "--json").stdout)
    assert [place["rank"] for place in listed[0]["items"]] == [1, 2, 3]
    assert {"film-001", "film-002"}.isdisjoint(place["item"] for place in listed[0]["items"])


def test_a_model_folder_is_not_replaced_by_results(topple, model):
    result = topple("explain", "-m", model, "--users", 1, "--out", model, "--overwrite")
    assert result.exit_code == 2
    assert "is a folder of something else" in result.stderr
    assert load_model(model).name == "mult-vae"


def test_brackets_in_titles_and_ids_are_shown_as_they_are(topple, tmp_path):
    lines = [f"[/u{user}],[b]{(user + step) % 12}" for user in range(40) for step in range(8)]
    (tmp_path / "seen.csv").write_text("user,item\n" + "\n".join(lines) + "\n")
    titles = "".join(f"[b]{n},[/red]Film {n}\n" for n in range(12))
    (tmp_path / "titles.csv").write_text("item,title\n" + titles)
    made = topple(
        "fit", "--interactions", tmp_path / "seen.csv", "--titles", tmp_path / "titles.csv", "--recommender", "ease",
        "--out", tmp_path / "m",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    for command in (["recommend"], ["explain"]):
        shown = topple(*command, "-m", tmp_path / "m", "--users", 1, "-k", 2)
        assert shown.exit_code == 0, shown.output
        assert "[/red]Film" in shown.stdout
        assert "[/u" in shown.stdout


@pytest.mark.parametrize("text", ["²", "--5", "5x"])
def test_odd_user_ids_are_unknown_users(topple, tmp_path, text):
    lines = [f"{user},{(user + step) % 12}" for user in range(40) for step in range(8)]
    (tmp_path / "seen.csv").write_text("user,item\n" + "\n".join(lines) + "\n")
    topple("fit", "--interactions", tmp_path / "seen.csv", "--recommender", "ease", "--out", tmp_path / "m")
    result = topple("recommend", "-m", tmp_path / "m", f"--user={text}")
    assert result.exit_code == 2
    assert "unknown user id" in result.stderr


def test_what_is_listed_without_evidence_is_marked(topple, tmp_path):
    lines = "\n".join(f"u{user},i{item}" for user in range(30) for item in (user % 5, 5 + user % 5, 10 + user % 3))
    (tmp_path / "seen.csv").write_text(f"user,item\n{lines}\n")
    made = topple(
        "fit",
        "--interactions",
        tmp_path / "seen.csv",
        "--recommender",
        "item-knn",
        "--min-items",
        2,
        "--out",
        tmp_path / "m",
    )
    assert made.exit_code == 0, made.output
    shown = topple("recommend", "--model", tmp_path / "m", "--history", "i0", "-k", 10).stdout
    assert "(nothing in the history speaks for it)" in shown
    assert "i5 " in next(line for line in shown.splitlines() if "│    1 │" in line)
    told = json.loads(topple("recommend", "-m", tmp_path / "m", "--history", "i0", "-k", 10, "--json").stdout)
    assert {item["evidence"] for item in told[0]["items"]} == {True, False}


def test_a_stored_answer_names_the_model_the_data_and_the_time(topple, model, tmp_path):
    assert topple("explain", "-m", model, "--users", 1, "-k", 2, "--out", tmp_path / "out").exit_code == 0
    found = read_explanations(tmp_path / "out")
    fitted, split = load_model(model), load_model_split(model)
    for explanation in found:
        assert (explanation.model, explanation.data) == (fitted.fingerprint, split.fingerprint)
        assert explanation.catalogue == fitted.catalogue.fingerprint
        assert explanation.version == package.__version__
        assert datetime.fromisoformat(explanation.at).utcoffset() == timedelta(0)
        assert [explanation.query.history[at] for at in explanation.positions] == list(explanation.items)


def interrupted(arguments, out, pieces, number):
    """Run the command in a process, send a signal once so many pieces are kept, and return the exit code and standard error."""
    process = subprocess.Popen(
        [sys.executable, "-m", "topple", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1"},
    )
    kept = out.with_name(f"{out.name}.partial") / "pieces"
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        if kept.is_dir() and sum(path.name.startswith("answers") for path in kept.iterdir()) >= pieces:
            process.send_signal(number)
            break
        time.sleep(0.01)
    told = process.communicate(timeout=60)[1]
    return process.returncode, told


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_an_interrupted_run_goes_on_and_ends_with_the_file_of_one_run(topple, model, tmp_path):
    asked = ["explain", "-m", str(model), "--all", "-k", "2", "--explainer", "lcer", "--set", "steps=400"]
    out = tmp_path / "out"
    command = [*asked, "--out", str(out)]
    code, _ = interrupted(command, out, 1, signal.SIGKILL)
    assert code == -signal.SIGKILL
    refused = topple(*command)
    assert refused.exit_code == 2
    assert "answers of an interrupted run. Go on with it (--resume)" in refused.stderr
    code, told = interrupted([*command, "--resume"], out, 3, signal.SIGINT)
    assert code == 130
    assert f"answers are kept in {out}.partial. To go on:" in told
    going_on = shlex.split(next(line for line in told.splitlines() if line.startswith("topple explain ")))
    assert going_on == ["topple", *command, "--resume"]
    assert not out.exists()
    assert topple(*going_on[1:]).exit_code == 0
    assert topple(*asked, "--out", tmp_path / "whole").exit_code == 0
    found, whole = (list(map(canonical_json, read_explanations(tmp_path / name))) for name in ("out", "whole"))
    assert found == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


def test_going_on_needs_the_output(topple, model):
    result = topple("explain", "-m", model, "--resume")
    assert result.exit_code == 2
    assert "Give the --out of that run" in result.stderr


def test_sentences_in_other_words_and_in_german_on_the_screen_and_in_files(topple, model, tmp_path):
    german = ["--explainer", "greedy", "--language", "de", "--because", "viewed"]
    told = topple("explain", "-m", model, "--users", 1, "--out", tmp_path / "x", *german)
    assert "angesehen haben. Ohne" in told.stdout
    rows = [json.loads(line) for line in (tmp_path / "x" / "explanations.jsonl").read_text().splitlines()]
    assert any(row["status"] == "found" for row in rows)
    assert all(row["sentence"].startswith("Ihnen wird") for row in rows)
    bought = topple("explain", "-m", model, "--users", 1, "--explainer", "greedy", "--because", "bought")
    assert "because you bought" in bought.stdout
    refused = topple("explain", "-m", model, "--language", "fr")
    assert refused.exit_code == 2
    assert "language='fr' is not one of en, de" in refused.stderr


def test_an_effort_is_what_the_answers_are_for(topple, model):
    asked = ["explain", "-m", model, "--history", "film-001,film-002,film-003", "-k", 2, "--json"]
    instant, balanced = (topple(*asked, "--effort", effort) for effort in ("instant", "balanced"))
    assert instant.exit_code == 0, instant.output
    assert json.loads(instant.stdout)["explanations"][0]["settings"]["budget"] == 0
    assert json.loads(balanced.stdout)["explanations"][0]["settings"]["budget"] == 2_000
    refused = topple(*asked, "--effort", "instant", "--scored", 5)
    assert refused.exit_code == 2
    assert "effort='instant' sets how many histories a query may score" in refused.stderr


class TestPictures:
    def explained(self, topple, model, *arguments):
        return topple(
            "explain", "-m", model, "--history", "film-001,film-002,film-003,film-004", "-k", 3, *QUICK, *arguments
        )

    def test_the_first_true_answer_is_drawn(self, topple, model, tmp_path):
        path = tmp_path / "why.svg"
        result = self.explained(topple, model, "--picture", path, "--because", "watched")
        assert result.exit_code == 0, result.output
        assert f"Drawn: {path}" in result.stdout
        assert path.stat().st_size > 1000

    def test_a_page_holds_all_answers_in_the_words_that_were_asked_for(self, topple, model, tmp_path):
        path = tmp_path / "why.html"
        result = self.explained(topple, model, "--picture", path, "--because", "watched", "--language", "de")
        assert result.exit_code == 0, result.output
        assert f"Written: {path}" in result.stdout
        page = path.read_text(encoding="utf-8")
        assert page.count("<article") == 3
        assert "gesehen haben" in page
        assert "die 3 Besten heute" in page

    @pytest.mark.parametrize("suffix", ["html", "png"])
    def test_each_answer_has_a_file_if_asked(self, topple, model, tmp_path, suffix):
        arguments = ("--picture", tmp_path / f"why.{suffix}", "--picture-each")
        result = self.explained(topple, model, *arguments)
        assert result.exit_code == 0, result.output
        names = [f"why-{number}.{suffix}" for number in (1, 2, 3)]
        assert sorted(path.name for path in tmp_path.iterdir()) == names
        assert f"Drawn: 3 files, {tmp_path / names[0]} to {tmp_path / names[2]}" in result.stdout
        (tmp_path / names[0]).unlink()
        result = self.explained(topple, model, *arguments)
        assert result.exit_code == 2
        assert f"{names[1]} exists and is left as it is" in result.stderr.replace("\n", " ")
        assert not (tmp_path / names[0]).exists()
        assert self.explained(topple, model, *arguments, "--overwrite").exit_code == 0
        assert (tmp_path / names[0]).exists()

    def test_json_alone_is_printed_beside_pictures(self, topple, model, tmp_path):
        result = self.explained(topple, model, "--picture", tmp_path / "why.html", "--json")
        assert len(json.loads(result.stdout)["explanations"]) == 3

    def test_without_matplotlib_pictures_are_refused_before_the_work_and_pages_are_written(
        self, topple, model, tmp_path, monkeypatch
    ):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        result = self.explained(topple, model, "--picture", tmp_path / "why.png")
        assert result.exit_code == 2
        assert "pictures need matplotlib" in result.stderr
        assert "You are recommended" not in result.stdout
        assert self.explained(topple, model, "--picture", tmp_path / "why.html").exit_code == 0
