"""`topple explain --shown`: the lists that were really shown are explained."""

import json

import pytest

import topple as package
from topple import read_explanations

GREEDY = ["--explainer", "greedy"]


@pytest.fixture(scope="module")
def fitted(model):
    return package.load_model(model)


@pytest.fixture(scope="module")
def lists(model, fitted):
    """The lists of four users; that of the second is turned round, the third lacks the first item, the last is the model's of 3."""
    histories = package.load_model_split(model).histories(limit=4)
    found = {user: [one.item for one in package.recommend(fitted, history, 4)] for user, history in histories.items()}
    _, second, third, last = found
    return found | {second: found[second][::-1], third: found[third][1:], last: found[last][:3]}


@pytest.fixture
def file(lists, tmp_path):
    rows = [f"{user},{item},{rank}" for user, items in lists.items() for rank, item in enumerate(items, 1)]
    path = tmp_path / "lists.csv"
    path.write_text("\n".join(["user,item,rank", *reversed(rows)]) + "\n")
    return path


def as_python_has_it(model, fitted, lists, **asked):
    histories = package.load_model_split(model).histories(list(lists))
    return package.explain(fitted, histories, shown=lists, explainer="greedy", progress=False, **asked)


def test_each_item_of_the_lists_is_explained(topple, model, fitted, lists, file, tmp_path):
    result = topple("explain", "-m", model, "--shown", file, "--all", "--out", tmp_path / "out", *GREEDY)
    assert result.exit_code == 0, result.output
    read, expected = read_explanations(tmp_path / "out"), as_python_has_it(model, fitted, lists)
    by_query = {(each.query.user, each.query.target): package.canonical_json(each) for each in expected}
    assert {(each.query.user, each.query.target): package.canonical_json(each) for each in read} == by_query
    assert {each.query.user: (each.shown, each.query.k) for each in read} == {
        user: (tuple(items), len(items)) for user, items in lists.items()
    }
    assert "2 of 4 lists that were shown are the model's. Why the others differ: topple agree --shown" in result.stdout
    assert "The list that was shown is not the model's." in result.stdout


def test_users_and_k_are_chosen(topple, model, fitted, lists, file):
    _, second, *_ = lists
    result = topple("explain", "-m", model, "--shown", file, "--user", second, "-k", 2, "--json", *GREEDY)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["explanations"]
    assert [each["target"] for each in found] == lists[second]
    assert {each["k"] for each in found} == {2}
    assert {each["shown_is_models"] for each in found} == {False}
    result = topple("explain", "-m", model, "--shown", file, "--users", 1, "--json", *GREEDY)
    # the file is turned round: the last user comes first
    assert {each["user"] for each in json.loads(result.stdout)["explanations"]} == {list(lists)[-1]}


def test_a_list_for_a_history_of_nobodys(topple, model, fitted, tmp_path, file):
    history = fitted.catalogue.vocabulary.ids[:4]
    listed = [one.item for one in package.recommend(fitted, history, 3)]
    (tmp_path / "one.csv").write_text("\n".join(["user,item", *(f"me,{item}" for item in listed), "me,film-new"]))
    arguments = ("explain", "-m", model, "--history", ",".join(history), *GREEDY)
    found = json.loads(topple(*arguments, "--shown", tmp_path / "one.csv", "--json").stdout)["explanations"]
    assert [each["target"] for each in found] == [*listed, "film-new"]
    assert [each["status"] == "invalid" for each in found] == [False, False, False, True]
    assert "unknown item id 'film-new'" in found[-1]["reason"]
    refused = topple(*arguments, "--shown", file)
    assert refused.exit_code == 2
    assert "--shown holds the lists of 4 users, and --history is nobody's" in refused.stderr


def test_an_interrupted_run_goes_on_with_the_same_lists_only(topple, model, lists, file, tmp_path, monkeypatch):
    from topple.api.faces import resuming

    keep, kept = resuming._keep, []

    def once(*given):
        if kept:
            raise KeyboardInterrupt
        kept.append(keep(*given))

    monkeypatch.setattr(resuming, "_keep", once)
    monkeypatch.setattr(resuming, "FIRST", 1)
    arguments = ("explain", "-m", model, "--all", "--out", tmp_path / "out", *GREEDY)
    assert topple(*arguments, "--shown", file).exit_code == 130
    monkeypatch.setattr(resuming, "_keep", keep)
    assert "holds another run" in topple(*arguments, "--resume").stderr
    result = topple(*arguments, "--shown", file, "--resume")
    assert result.exit_code == 0, result.output
    assert len(read_explanations(tmp_path / "out")) == sum(map(len, lists.values()))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (["--target", "film-001"], "--target and --shown both say what is explained. Give one of the two."),
        (["--user", "nobody"], "no list was shown to user 'nobody': the file holds lists of 4 users, such as 'user-"),
        (["--rank-column", "item"], "is not a number"),
        (["--item-column", "film"], "column 'film' is missing from"),
    ],
)
def test_what_cannot_be_asked_is_said(topple, model, file, options, match):
    refused = topple("explain", "-m", model, "--shown", file, *options)
    assert refused.exit_code == 2
    assert match in " ".join(refused.stderr.split())


def test_a_list_with_an_item_twice_or_of_a_stranger_is_refused(topple, model, tmp_path, lists):
    user, items = next(iter(lists.items()))
    for rows, match in (
        ([(user, items[0])] * 2, f"the shown list of user '{user}' is empty or holds an item twice"),
        ([("stranger", items[0])], "unknown user id 'stranger'"),
    ):
        (tmp_path / "bad.csv").write_text("\n".join(["user,item", *(",".join(row) for row in rows)]))
        refused = topple("explain", "-m", model, "--shown", tmp_path / "bad.csv")
        assert refused.exit_code == 2
        assert match in " ".join(refused.stderr.split())
