import json

import pytest

import topple as package


@pytest.fixture(scope="module")
def user(model):
    split = package.load_model_split(model)
    name = split.test.users.ids[0]
    return name, split.history(name)


@pytest.mark.parametrize("change", ["without", "only", "add"])
def test_both_lists_are_printed_side_by_side(topple, model, user, change):
    name, history = user
    fitted = package.load_model(model)
    others = [item for item in fitted.catalogue.vocabulary.ids if item not in history]
    ids = list(history[:2]) if change != "add" else others[:2]
    found = package.what_if(fitted, history, 4, **{change: ids})
    shown = topple("what-if", "-m", model, "--user", name, f"--{change}", ",".join(ids), "-k", 4)
    assert shown.exit_code == 0, shown.output
    rows = [line.split("│")[1:-1] for line in shown.stdout.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert [row[1] for row in cells] == [one.title for one in found.before]
    assert [row[4] for row in cells] == [one.title for one in found.after]
    assert [(row[0], row[3]) for row in cells] == [(str(rank), str(rank)) for rank in range(1, 5)]
    gone = {one.title: one.after for one in found.left}
    for row in cells:
        assert row[1] not in gone or row[2] == str(gone[row[1]])
    told = json.loads(
        topple("what-if", "-m", model, "-u", name, f"--{change}", json.dumps(ids), "-k", 4, "--json").stdout
    )
    assert [one["item"] for one in told["after"]] == [one.item for one in found.after]
    assert [one["item"] for one in told["left"]] == [one.item for one in found.left]
    assert told["user"] == name


def test_ranks_that_items_share_are_shown_so(topple, tmp_path, monkeypatch):
    (tmp_path / "ties_of_a_test.py").write_text(
        "import topple\n\n\ndef build():\n"
        "    gives = [3, 3, 3, 1, 0, 0, 0]\n"
        "    return topple.wrap(lambda rows: [[g * len(row) for g in gives] for row in rows], 'callable', range(7))\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    from ties_of_a_test import build

    package.save_model(build(), tmp_path / "m")
    asked = ("-m", tmp_path / "m", "--factory", "ties_of_a_test:build", "--history", "4,5", "-k", 4)
    changed, listed = topple("what-if", *asked, "--without", "5"), topple("recommend", *asked)
    for result, ranks in ((changed, (0, 2, 3, 5)), (listed, (0,))):
        assert result.exit_code == 0, result.output
        rows = [line.split("│")[1:-1] for line in result.stdout.splitlines() if line.startswith("│")]
        assert [[row[column].strip() for column in ranks] for row in rows] == [
            [rank] * len(ranks) for rank in ("1=", "1=", "1=", "4")
        ]
    assert "tied" not in topple("recommend", *asked, "--json").stdout
    assert "tied" not in topple("what-if", *asked, "--without", "5", "--json").stdout


def test_a_history_of_your_own(topple, model, user):
    history = ",".join(user[1])
    shown = topple("what-if", "-m", model, "--history", history, "--without", user[1][0], "--rule", "unseen_after")
    assert shown.exit_code == 0, shown.output
    assert "top 5 of you" in shown.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--history", "film-001"), "give one of --without, --only and --add"),
        (("--history", "film-001", "--without", "film-001", "--add", "film-002"), "give one of --without"),
        (("--without", "film-001"), "give one of --user and --history"),
        (("--history", "film-001,film-002", "--without", "film-003"), "without='film-003' is not in the history"),
        (("--history", "film-001", "--without", "film-x"), "unknown item id 'film-x'"),
        (("--user", "nobody", "--without", "film-001"), "unknown user id 'nobody'"),
    ],
)
def test_what_cannot_be_asked_is_said(topple, model, options, words):
    refused = topple("what-if", "-m", model, *options)
    assert refused.exit_code == 2
    assert words in " ".join(refused.stderr.split())
