"""What may be listed, and ids that the model does not know, on the command line."""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import topple as package
from topple import read_explanations
from topple.records.io import ITEM_LISTS

GREEDY = ["--explainer", "greedy"]


@pytest.fixture(scope="module")
def fitted(model):
    return package.load_model(model)


@pytest.fixture(scope="module")
def users(model):
    """The first three test users, and the histories."""
    return package.load_model_split(model).histories(limit=3)


@pytest.fixture(scope="module")
def stock(fitted):
    return fitted.catalogue.vocabulary.ids[::2]


@pytest.fixture
def by_user(tmp_path, users, fitted):
    """A table of excluded items by user: what the first two users would be recommended first."""
    rows = [
        (user, one.item) for user, history in list(users.items())[:2] for one in package.recommend(fitted, history, 2)
    ]
    pq.write_table(
        pa.table(dict(zip(("user", "item"), zip(*rows, strict=True), strict=True))), tmp_path / "gone.parquet"
    )
    return tmp_path / "gone.parquet"


def written(path, ids):
    path.write_text("\n".join(map(str, ids)) + "\n")
    return path


def items_of(result):
    assert result.exit_code == 0, result.output
    return [[one["item"] for one in each["items"]] for each in json.loads(result.stdout)]


def test_recommend_keeps_to_candidates_and_excluded_items(topple, model, fitted, users, stock, tmp_path, by_user):
    file = written(tmp_path / "stock.txt", [*stock, "film-new"])
    result = topple("recommend", "-m", model, "-k", 4, "--candidates", file, "--exclude", by_user, "--json")
    gone = {user: [one.item for one in package.recommend(fitted, users[user], 2)] for user in list(users)[:2]}
    assert items_of(result) == [
        [one.item for one in package.recommend(fitted, history, 4, candidates=stock, exclude=gone.get(user, ()))]
        for user, history in users.items()
    ]
    assert "note: 1 id of candidates left out: the catalogue does not hold 'film-new'" in result.stderr
    refused = topple("recommend", "-m", model, "--candidates", file, "--unknown", "refuse")
    assert refused.exit_code == 2
    assert "candidates: unknown item id 'film-new'" in refused.stderr


def test_explain_keeps_to_them_and_files_hold_them(topple, model, users, stock, tmp_path, by_user):
    file = written(tmp_path / "stock.txt", [*stock, "film-new"])
    arguments = ("explain", "-m", model, "-k", 3, "--candidates", file, "--exclude", by_user, *GREEDY)
    told = topple(*arguments, "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["left_out"] == {"events": 0, "histories": 0, "constraints": {"candidates": 1}}
    result = topple(*arguments, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "out" / "left_out.json").read_text())["constraints"] == {"candidates": 1}
    read = read_explanations(tmp_path / "out")
    table = {tuple(row.values()) for row in pq.read_table(by_user).to_pylist()}
    for each in read:
        assert each.query.candidates == frozenset(stock)
        assert each.query.exclude == {item for user, item in table if user == each.query.user}
        assert {each.query.target, *each.replacements} <= each.query.candidates - each.query.exclude
    assert len(json.loads((tmp_path / "out" / ITEM_LISTS).read_text())) == 3
    judged = topple("evaluate", tmp_path / "out", "-m", model, "--json")
    assert judged.exit_code == 0, judged.output
    assert json.loads(judged.stdout)["queries"] == len(read) == 9
    alone = package.explain(
        package.load_model(model), users, k=3, explainer="greedy", candidates=stock, progress=False,
        exclude={user: [item for who, item in table if who == user] for user in users},
    )  # fmt: skip
    assert [package.canonical_json(each) for each in read] == [package.canonical_json(each) for each in alone]


def test_what_if_keeps_to_them(topple, model, fitted, users, stock, tmp_path, by_user):
    name, history = next(iter(users.items()))
    file, gone = written(tmp_path / "stock.txt", stock), [one.item for one in package.recommend(fitted, history, 2)]
    shown = topple(
        "what-if",
        "-m",
        model,
        "-u",
        name,
        "--without",
        history[0],
        "--candidates",
        file,
        "--exclude",
        by_user,
        "--json",
    )
    assert shown.exit_code == 0, shown.output
    found = package.what_if(fitted, history, 5, without=history[0], candidates=stock, exclude=gone)
    assert [one["item"] for one in json.loads(shown.stdout)["after"]] == [one.item for one in found.after]


def test_agree_keeps_to_them(topple, model, fitted, users, stock, tmp_path):
    rows = [
        f"{user},{one.item}"
        for user, history in users.items()
        for one in package.recommend(fitted, history, 5, candidates=stock)
    ]
    lists, file = written(tmp_path / "lists.csv", ["user,item", *rows]), written(tmp_path / "stock.txt", stock)
    found = json.loads(topple("agree", "-m", model, "--shown", lists, "--candidates", file, "--json").stdout)
    assert (found["identical"], found["lists"]) == (3, 3)
    each = written(tmp_path / "each.csv", ["who,what", *(f"{user},{item}" for user in users for item in stock)])
    columns = ["--user-column", "who", "--item-column", "what"]
    both = written(tmp_path / "lists2.csv", ["who,what", *rows])
    found = json.loads(topple("agree", "-m", model, "--shown", both, "--candidates", each, *columns, "--json").stdout)
    assert found["identical"] == 3


def test_histories_that_are_shown_may_hold_unknown_items(topple, model, fitted, users, tmp_path):
    rows = [f"{user},{one.item}" for user, history in users.items() for one in package.recommend(fitted, history, 5)]
    lists = written(tmp_path / "lists.csv", ["user,item", *rows])
    events = [f"{user},{item}" for user, history in users.items() for item in ["film-gone", *history]]
    seen = written(tmp_path / "seen.csv", ["user,item", *events])
    result = topple("agree", "-m", model, "--shown", lists, "--histories", seen, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["identical"] == 3
    assert json.loads(result.stdout)["left_out"]["events"] == 3
    assert "note: 3 events of 3 histories left out: the catalogue does not hold 'film-gone'" in result.stderr
    refused = topple("agree", "-m", model, "--shown", lists, "--histories", seen, "--unknown", "refuse")
    assert refused.exit_code == 2
    assert "the history holds items outside the catalogue: unknown item id 'film-gone'" in refused.stderr


def test_typed_ids_are_refused_unless_they_are_to_be_dropped(topple, model):
    arguments = ("explain", "-m", model, "--history", "film-001,film-002,gone", "--protect", "gone", "-k", 2, *GREEDY)
    assert "unknown item id 'gone'" in topple(*arguments).stderr
    result = topple(*arguments, "--unknown", "drop", "--json")
    assert result.exit_code == 0, result.output
    first = json.loads(result.stdout)["explanations"][0]
    assert first["history"] == ["film-001", "film-002"]
    assert first["reason"].endswith(
        "1 event of the history was left out, as the catalogue does not hold the item 'gone'"
    )
    nothing = topple("explain", "-m", model, "--history", "gone", "--unknown", "drop")
    assert nothing.exit_code == 2
    assert "the catalogue holds none of the 1 items of the history, such as 'gone'" in nothing.stderr
    for command in (["recommend"], ["what-if", "--without", "film-001"]):
        listed = topple(*command, "-m", model, "--history", "film-001,film-002,gone", "--unknown", "drop")
        assert listed.exit_code == 0, listed.output
        assert "note: 1 event of 1 history left out: the catalogue does not hold 'gone'" in listed.stderr


def test_a_user_with_too_few_candidates_does_not_stop_the_others(topple, model, users, stock, tmp_path):
    first, *others = users
    rows = [f"{first},{stock[0]}", *(f"{user},{item}" for user in others for item in stock)]
    file = written(tmp_path / "each.csv", ["user,item", *rows])
    result = topple("explain", "-m", model, "--candidates", file, "-k", 2, *GREEDY, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["explanations"]
    assert [(each["user"], each["status"] == "invalid") for each in found] == [
        (first, True), *((user, False) for user in others for _ in range(2))
    ]  # fmt: skip
    assert "k=2 with" in found[0]["reason"]
    listed = topple("recommend", "-m", model, "--candidates", file, "-k", 2)
    assert listed.exit_code == 2
    assert f"user '{first}': k=2 with" in listed.stderr


@pytest.mark.parametrize(
    ("name", "text", "options", "match"),
    [
        ("each.csv", "user,item\nnobody,film-001\n", [], "given for 1 user, and there are none for 3 of those asked about, such as 'user-"),
        ("each.csv", "user,item\nu,film-001\n", ["--history", "film-001"], "by user, and the history that is asked about is nobody's"),
        ("each.csv", "who,what\n1,2\n", [], "column 'item' is missing from"),
        ("empty.txt", "\n", [], "empty.txt holds no ids. Give an item id a line, or a table"),
        ("all.txt", "1\n2\n\x1b[31m\n", [], r"candidates: the catalogue holds none of the 3 ids, such as"),
    ],
)  # fmt: skip
def test_bad_files_are_refused(topple, model, tmp_path, name, text, options, match):
    (tmp_path / name).write_text(text)
    for command in ("recommend", "explain"):
        result = topple(command, "-m", model, "--candidates", tmp_path / name, *options)
        assert result.exit_code == 2, result.output
        assert match in " ".join(result.stderr.split())
        assert "\x1b" not in result.stderr


def test_folders_and_pipes_are_refused(topple, model, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path, "is not a file but a folder"), (tmp_path / "pipe", "is not a file but a pipe")):
        result = topple("recommend", "-m", model, "--exclude", path)
        assert result.exit_code == 2
        assert what in " ".join(result.stderr.split())
