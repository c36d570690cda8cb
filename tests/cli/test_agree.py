import json

import pytest

from topple import load_model, load_model_split, recommend


@pytest.fixture(scope="session")
def lists(model, tmp_path_factory):
    """The model's lists of ten test users, those of the last three without the latest two items of the history."""
    split, recommender = load_model_split(model), load_model(model)
    rows = ["user,item,rank"]
    for number, (user, history) in enumerate(split.histories(limit=10).items()):
        shown = recommend(recommender, history if number < 7 else history[:-2], 10)
        rows += [f"{user},{one.item},{one.rank}" for one in shown]
    path = tmp_path_factory.mktemp("shown") / "lists.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_says_how_many_lists_are_the_models_and_why_others_are_not(topple, model, lists):
    result = topple("agree", "-m", model, "--shown", lists)
    assert result.exit_code == 0, result.output
    assert "7 of 10 shown lists are the model's: 7 identical." in result.stdout
    assert "Mean overlap at 10: 1.000." in result.stdout
    assert "3 shown lists: the history is newer or older than the list." in result.stdout
    assert "3 shown lists that differ" in result.stdout


def test_json_holds_every_list(topple, model, lists):
    found = json.loads(topple("agree", "-m", model, "--shown", lists, "--json").stdout)
    assert (found["k"], found["lists"], found["identical"], found["causes"]) == (10, 10, 7, {"history": 3})
    assert [each["match"] for each in found["users"]][:7] == ["identical"] * 7
    assert found["users"][9]["cause"] == "history"


def test_histories_come_from_a_table_too(topple, model, lists, tmp_path):
    split = load_model_split(model)
    rows = [f"{user},{item}" for user, history in split.histories(limit=10).items() for item in history]
    (tmp_path / "seen.csv").write_text("\n".join(["user,item", *rows]) + "\n")
    result = topple("agree", "-m", model, "--shown", lists, "--histories", tmp_path / "seen.csv", "--json")
    assert json.loads(result.stdout)["identical"] == 7


def test_tables_are_read_by_their_options(topple, model, lists, tmp_path):
    rows = [line.rsplit(",", 1)[0].replace(",", ";") for line in lists.read_text().splitlines()[1:]]
    (tmp_path / "shown.csv").write_text("\n".join(rows) + "\n", encoding="latin-1")
    options = ("--separator", ";", "--no-header", "--encoding", "latin-1", "--json")
    assert (
        json.loads(topple("agree", "-m", model, "--shown", tmp_path / "shown.csv", *options).stdout)["identical"] == 7
    )


def test_weights_of_histories_may_have_a_decimal_comma(topple, model, lists, tmp_path):
    split = load_model_split(model)
    rows = [f"{user};{item};1,5" for user, history in split.histories(limit=10).items() for item in history]
    (tmp_path / "seen.csv").write_text("\n".join(["user;item;kg", *rows]) + "\n")
    (tmp_path / "shown.csv").write_text(lists.read_text().replace(",", ";"))
    command = ("agree", "-m", model, "--shown", tmp_path / "shown.csv", "--histories", tmp_path / "seen.csv")
    options = ("--separator", ";", "--weight-column", "kg", "--json")
    assert "(--decimal ,)" in topple(*command, *options).stderr
    result = topple(*command, *options, "--decimal", ",")
    assert json.loads(result.stdout)["lists"] == 10, result.output


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--item-column", "film"], "column 'film' is missing from"),
        (["--weight-column", "plays"], "--weight-column and --time-column are columns of --histories"),
        (["-k", 10_000], "user 'user-"),
    ],
)
def test_bad_input_is_refused(topple, model, lists, arguments, match):
    result = topple("agree", "-m", model, "--shown", lists, *arguments)
    assert result.exit_code == 2
    assert match in result.stderr
