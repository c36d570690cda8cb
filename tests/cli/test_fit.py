import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from topple import load_model, load_model_split, read_explanations

TINY = ["--set", "hidden=16", "--set", "latent=8", "--set", "batch_size=100"]


def test_makes_a_model_folder_with_its_data(model):
    loaded = load_model(model)
    assert loaded.name == "mult-vae"
    assert loaded.settings.epochs == 4
    assert len(load_model_split(model).test.users) == 80
    assert loaded.catalogue.title("film-001") == "The Silent Orbit (Space)"


def test_json_tells_training_and_test_quality(topple, tmp_path):
    result = topple("fit", "--dataset", "generated", "--out", tmp_path / "m", "--epochs", 2, *TINY, "--json")
    facts = json.loads(result.stdout)
    assert facts["training"]["epochs"] == 2
    assert 0 < facts["test"]["ndcg_100"] < 1


def test_the_summary_is_sentences_that_say_what_became_of_the_file(topple, tmp_path):
    rows = [
        f"u{user},s{(user * 5 + step) % 13},{5 - step % 2 * 3},2024-01-{step + 1:02d}"
        for user in range(20)
        for step in range(12)
    ]
    (tmp_path / "seen.csv").write_text("\n".join(["user,item,stars,day", *rows, rows[0], "u1,,5,2024-01-01"]) + "\n")
    options = (
        "--rating-column",
        "stars",
        "--time-column",
        "day",
        "--drop-missing",
        "--duplicates",
        "first",
        "--min-items",
        3,
    )
    chosen = ("--interactions", tmp_path / "seen.csv", "--recommender", "ease", *options)
    result = topple("fit", *chosen, "--out", tmp_path / "my model")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "ease on seen.csv"
    assert "242 rows: 20 users, 13 items, from 2024-01-01 to 2024-01-12." in lines
    assert "Left out: 1 row with something missing, by column: item 1." in lines
    assert "Left out: 1 row repeating a pair of user and item: the first is kept." in lines
    assert "Left out: 120 interactions with a rating that is not above 3.5." in lines
    assert "Order of the events: by their times." in lines
    assert any(line.startswith("Split: 16 users to train on, with 96 interactions of 13 items; 2 (") for line in lines)
    assert any(
        line.endswith("over 2 users: too few to go by.") and "validation users: NDCG@100" in line for line in lines
    )
    assert any(line.startswith("Trained in ") for line in lines)
    assert lines[-2] == f"The model and the data are in {tmp_path}/my model."
    user = next(iter(load_model_split(tmp_path / "my model").histories()))
    assert lines[-1] == f"Next: topple explain --model '{tmp_path}/my model' --user {user}"
    facts = json.loads(topple("fit", *chosen, "--out", tmp_path / "m", "--json").stdout)
    assert [step["why"] for step in facts["account"]["left_out"]] == ["holes", "repeats", "not_positive"]
    assert facts["validation"]["users"] == 2
    assert facts["validation"]["ndcg_100"] == facts["training"]["validation_ndcg_100"]


def test_existing_output_is_refused_before_any_work(topple, model):
    before = (model / "model.json").read_bytes()
    result = topple("fit", "--dataset", "no such data set", "--out", model)
    assert result.exit_code == 2
    assert "exists and is left as it is" in result.stderr
    assert (model / "model.json").read_bytes() == before


def test_overwrite_replaces(topple, tmp_path):
    for seed in (1, 2):
        result = topple(
            "fit",
            "--dataset",
            "generated",
            "--out",
            tmp_path / "m",
            "--epochs",
            1,
            "--seed",
            seed,
            *TINY,
            "--overwrite",
        )
        assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "m" / "model.json").read_text())["settings"]["seed"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --dataset NAME or --interactions FILE"),
        (["--dataset", "generated", "--interactions", "x.csv"], "give either --dataset NAME or --interactions FILE"),
        (["--dataset", "ml-100"], "Did you mean 'ml-100k'?"),
        (["--dataset", "generated", "--recommender", "mult-va"], "Did you mean 'mult-vae'?"),
        (["--dataset", "generated", "--set", "epoch=3"], "'epoch' is not a setting of MultVAESettings"),
        (
            ["--dataset", "generated", "--recommender", "popularity", "--epochs", "3"],
            "'epochs' is not a setting of PopularitySettings: there are none.",
        ),
        (["--dataset", "generated", "--set", "epochs"], "is not key=value"),
        (["--dataset", "generated", "--set", "dropout=2"], "dropout='2'"),
        (["--dataset", "generated", "--weights", "none.npz"], "none.npz is not a file"),
        (["--interactions", "none.csv"], "none.csv is not a file"),
        (["--dataset", "ml-1m", "--data-dir", "."], "does not hold ratings.dat"),
    ],
)
def test_bad_input_is_one_clear_message(topple, tmp_path, arguments, message):
    result = topple("fit", "--out", tmp_path / "m", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "m").exists()


def test_reads_a_table_with_named_columns_and_titles(topple, tmp_path):
    lines = [f"{user},{(user + step) % 12}" for user in range(40) for step in range(8)]
    (tmp_path / "seen.csv").write_text("who,what\n" + "\n".join(lines) + "\n")
    (tmp_path / "movies.dat").write_text("".join(f"{n}::Film {n}, The (1990)::Drama\n" for n in range(12)))
    result = topple(
        "fit", "--interactions", tmp_path / "seen.csv", "--user-column", "who", "--item-column", "what",
        "--titles", tmp_path / "movies.dat", "--epochs", 1, *TINY, "--out", tmp_path / "m",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert load_model(tmp_path / "m").catalogue.title(3) == "The Film 3 (1990)"


class TestTitles:
    @pytest.fixture
    def files(self, tmp_path):
        lines = [f"{user};{(user + step) % 12};Stück {(user + step) % 12}" for user in range(40) for step in range(8)]
        (tmp_path / "seen.csv").write_text("\n".join(["kunde;ware;name", *lines]) + "\n", encoding="latin-1")
        titles = "\n".join(["ware;Bezeichnung", *(f"{n};Gerät {n}" for n in range(12))]) + "\n"
        (tmp_path / "titles.csv").write_text(titles, encoding="latin-1")
        return ("--interactions", tmp_path / "seen.csv", "--user-column", "kunde", "--item-column", "ware", "--separator", ";",
                "--encoding", "latin-1", "--recommender", "ease", "--out", tmp_path / "m")  # fmt: skip

    def test_a_table_of_titles_is_read_by_the_options_of_tables(self, topple, tmp_path, files):
        result = topple("fit", *files, "--titles", tmp_path / "titles.csv", "--title-column", "Bezeichnung")
        assert result.exit_code == 0, result.output
        assert load_model(tmp_path / "m").catalogue.title(3) == "Gerät 3"

    def test_titles_may_be_in_the_table_itself(self, topple, tmp_path, files):
        assert topple("fit", *files, "--title-column", "name").exit_code == 0
        assert load_model(tmp_path / "m").catalogue.title(3) == "Stück 3"

    def test_titles_without_a_header(self, topple, tmp_path):
        lines = [f"{user},{(user + step) % 12}" for user in range(40) for step in range(8)]
        (tmp_path / "seen.csv").write_text("\n".join(lines) + "\n")
        (tmp_path / "titles.csv").write_text("\n".join(f"{n},Film {n}" for n in range(12)) + "\n")
        options = ("--no-header", "--titles", tmp_path / "titles.csv", "--recommender", "ease", "--out", tmp_path / "m")
        result = topple("fit", "--interactions", tmp_path / "seen.csv", *options)
        assert result.exit_code == 0, result.output
        assert load_model(tmp_path / "m").catalogue.title(3) == "Film 3"

    def test_titles_of_other_items_are_refused(self, topple, tmp_path, files):
        (tmp_path / "titles.csv").write_text("ware;title\nx1;Alien\n")
        result = topple("fit", *files, "--titles", tmp_path / "titles.csv")
        assert result.exit_code == 2
        assert "no item of the data has a title in" in result.stderr
        assert (
            "the ids there are such as 'x1', those of the data such as 0. Give titles by the same ids" in result.stderr
        )

    def test_titles_of_a_data_set_by_name_may_need_options_too(self, topple, tmp_path):
        (tmp_path / "titles.csv").write_text("film;title\nfilm-001;Alien\n")
        options = ("--titles", tmp_path / "titles.csv", "--separator", ";", "--item-column", "film")
        result = topple("fit", "--dataset", "generated", "--recommender", "ease", *options, "--out", tmp_path / "m")
        assert result.exit_code == 0, result.output
        assert load_model(tmp_path / "m").catalogue.title("film-001") == "Alien"


def test_takes_trained_weights(topple, model, tmp_path):
    arrays = {name: array.numpy() for name, array in load_model(model).arrays().items()}
    np.savez(tmp_path / "w.npz", **arrays)
    split = model / "split"
    result = topple(
        "fit", "--dataset", "alishop", "--data-dir", split, "--weights", tmp_path / "w.npz", "--out", tmp_path / "m"
    )
    assert result.exit_code == 0, result.output
    taken = load_model(tmp_path / "m")
    assert all(np.array_equal(arrays[name], array.numpy()) for name, array in taken.arrays().items())
    assert taken.settings.hidden == 16


def test_weights_of_another_catalogue_are_refused(topple, model, tmp_path):
    arrays = {name: array.numpy() for name, array in load_model(model).arrays().items()}
    np.savez(tmp_path / "w.npz", **{**arrays, "weight_q_0to1": arrays["weight_q_0to1"][:-1]})
    result = topple("fit", "--dataset", "generated", "--weights", tmp_path / "w.npz", "--out", tmp_path / "m")
    assert result.exit_code == 2
    assert "another catalogue" in result.stderr


def test_an_interrupted_fit_keeps_the_best_state_so_far(tmp_path):
    command = [
        sys.executable,
        "-m",
        "topple",
        "fit",
        "--dataset",
        "generated",
        "--out",
        str(tmp_path / "m"),
        "--epochs",
        "100000",
    ]
    process = subprocess.Popen(
        [*command, *TINY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "m" / "model.json").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    loaded = load_model(tmp_path / "m")
    assert loaded.training["interrupted"] is True
    assert loaded.training["best_epoch"] >= 1


def test_a_time_column_gives_histories_in_time_order(topple, tmp_path):
    lines = [f"{user},{(user + step) % 12},{100 - step}" for user in range(40) for step in range(8)]
    (tmp_path / "seen.csv").write_text("user,item,when\n" + "\n".join(lines) + "\n")
    made = topple(
        "fit", "--interactions", tmp_path / "seen.csv", "--time-column", "when", "--recommender", "ease", "--out", tmp_path / "m",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    split = load_model_split(tmp_path / "m")
    user = next(user for user in split.train_users.ids if user < 4)
    assert split.history(user) == tuple((user + step) % 12 for step in reversed(range(8)))


class TestOrder:
    @pytest.fixture
    def rows(self, tmp_path):
        lines = [f"u{user},s{(user * 5 + step * 7) % 12}" for user in range(40) for step in range(8)]
        (tmp_path / "seen.csv").write_text("\n".join(["user,item", *lines]) + "\n")
        return tmp_path / "seen.csv"

    def fit(self, topple, tmp_path, rows, *more):
        tiny = ("--set", "dimensions=4", "--epochs", 1)
        return topple("fit", "--interactions", rows, "--recommender", "sasrec", *tiny, "--out", tmp_path / "m", *more)

    def test_the_order_of_the_rows_goes_from_the_file_to_the_explanation(self, topple, tmp_path, rows, caplog):
        assert self.fit(topple, tmp_path, rows, "--ordered").exit_code == 0
        assert "sequence" not in caplog.text
        split = load_model_split(tmp_path / "m")
        for user in split.train_users.ids:
            assert split.history(user) == tuple(f"s{(int(user[1:]) * 5 + step * 7) % 12}" for step in range(8))
        asked = (
            "explain",
            "--model",
            tmp_path / "m",
            "--trained-users",
            "--user",
            split.train_users.ids[0],
            "--json",
            "-k",
            2,
        )
        explained = json.loads(topple(*asked).stdout)["explanations"]
        assert explained[0]["history"] == list(split.history(split.train_users.ids[0]))

    def test_events_of_a_history_that_comes_with_repeats_are_named_by_themselves(self, topple, tmp_path, rows):
        assert self.fit(topple, tmp_path, rows, "--ordered").exit_code == 0
        asked = ("explain", "--model", tmp_path / "m", "--history", "s1,s4,s1", "-k", 3, "--json")
        for repeats, largest in (("item", 2), ("events", 3)):
            explained = json.loads(topple(*asked, "--repeats", repeats).stdout)["explanations"]
            assert {tuple(one["history"]) for one in explained} == {("s1", "s4", "s1")}
            assert {one["repeats"] for one in explained} == {repeats}
            assert max(len(one["items"]) for one in explained) <= largest
        assert topple(*asked, "--repeats", "plays").exit_code == 2

    @pytest.mark.parametrize(("recommender", "longest"), [("sasrec", 12), ("ease", 8)])
    def test_repeats_of_the_table_are_events_of_histories(self, topple, tmp_path, recommender, longest):
        lines = [f"u{user},s{(user + step % 8) % 12}" for user in range(40) for step in range(12)]
        (tmp_path / "played.csv").write_text("\n".join(["user,item", *lines]) + "\n")
        quick = ("--epochs", 1, "--set", "dimensions=4") if recommender == "sasrec" else ()
        result = topple("fit", "--interactions", tmp_path / "played.csv", "--recommender", recommender, "--ordered", "--duplicates",
                        "keep", *quick, "--out", tmp_path / "m")  # fmt: skip
        assert result.exit_code == 0, result.output
        assert "Kept as events of a history: 160 rows repeating a pair of user and item." in result.stdout
        split = load_model_split(tmp_path / "m")
        assert max(len(split.history(user)) for user in split.train_users.ids) == longest
        user = split.train_users.ids[0]
        asked = ("explain", "--model", tmp_path / "m", "--trained-users", "--user", user, "--json", "-k", 2)
        assert len(json.loads(topple(*asked).stdout)["explanations"][0]["history"]) == longest

    def test_a_model_of_sequences_says_that_the_file_tells_no_order(self, topple, tmp_path, rows, caplog):
        assert self.fit(topple, tmp_path, rows).exit_code == 0
        assert (
            "sasrec reads a history as a sequence, and seen.csv has neither times nor an order of events" in caplog.text
        )
        assert "--time-column" in caplog.text
        assert "--ordered" in caplog.text

    @pytest.mark.parametrize(
        "option",
        [["--ordered"], ["--drop-missing"], ["--encoding", "latin-1"], ["--user-column", "who"], ["--no-header"]],
    )
    def test_options_of_tables_are_refused_of_a_data_set_by_name(self, topple, tmp_path, option):
        result = topple("fit", "--dataset", "generated", "--out", tmp_path / "m", *option)
        assert result.exit_code == 2
        assert "says how your own table is read, and generated is a data set by name" in result.stderr
        assert f"error: {option[0]} says" in result.stderr


class TestWeights:
    @pytest.fixture
    def plays(self, tmp_path):
        random = np.random.default_rng(0)
        rows = [f"u{user},s{item},{random.integers(1, 9)}" for user in range(40) for item in random.permutation(20)[:8]]
        (tmp_path / "plays.csv").write_text("\n".join(["user,item,plays", *rows, *rows[::2]]) + "\n")
        return tmp_path / "plays.csv"

    def test_from_a_file_to_an_explanation(self, topple, tmp_path, plays):
        result = topple("fit", "--interactions", plays, "--recommender", "ease", "--out", tmp_path / "m", "--json")
        facts = json.loads(result.stdout)
        assert facts["training"]["weights"] == "used"
        assert facts["data"]["weights"][1] > 8  # the row that comes again is summed
        split = load_model_split(tmp_path / "m")
        user, history = next(iter(split.histories().items()))
        explained = json.loads(topple("explain", "--model", tmp_path / "m", "--user", user, "--json").stdout)
        assert explained["explanations"][0]["weights"] == list(history.weights)
        given = ("--history", ",".join(history), "--history-weights", ",".join(map(str, history.weights)))
        mine = json.loads(topple("explain", "--model", tmp_path / "m", *given, "--json").stdout)
        targets = [[each["target"] for each in found["explanations"]] for found in (explained, mine)]
        out = tmp_path / "explained"
        assert topple("explain", "--model", tmp_path / "m", "--user", user, "--out", out).exit_code == 0
        assert {one.query.weights for one in read_explanations(out)} == {history.weights}
        judged = json.loads(topple("evaluate", out, "--model", tmp_path / "m", "--json").stdout)
        assert judged["validity"] == {"unseen_before": 1, "unseen_after": judged["validity"]["unseen_after"]}
        shown = json.loads(topple("recommend", "--model", tmp_path / "m", *given, "--json").stdout)
        assert targets == [[one["item"] for one in shown[0]["items"]]] * 2

    def test_a_column_is_named_or_none(self, topple, tmp_path, plays):
        options = ("--interactions", plays, "--recommender", "ease", "--out", tmp_path / "m", "--json")
        result = topple("fit", *options, "--weight-column", "none")
        assert "160 of 480 rows repeat" in result.stderr
        counted = json.loads(topple("fit", *options, "--weight-column", "none", "--duplicates", "count").stdout)
        assert counted["data"]["weights"] == [1, 2]
        result = topple("fit", *options, "--weight-column", "listens", "--overwrite")
        assert "column 'listens' is missing" in result.stderr

    def test_weights_without_a_history_are_refused(self, topple, model):
        result = topple("explain", "--model", model, "--history-weights", "1,2")
        assert result.exit_code == 2
        assert "--history-weights are the weights of --history" in result.stderr

    def test_ratings_as_weights(self, topple, tmp_path):
        options = ("--dataset", "generated", "--recommender", "ease", "--ratings-as-weights")
        facts = json.loads(topple("fit", *options, "--out", tmp_path / "m", "--json").stdout)
        assert facts["data"]["weights"] == [4, 5]
