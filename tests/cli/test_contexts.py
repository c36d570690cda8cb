"""What a wrapped model is told besides the history, on the command line."""

import json

import pytest

from tests.told import NORTH, SOUTH, told_model
from topple import save_model
from topple.testing.toy import ANA

BUILT = ("--factory", "tests.told:told_model")
HISTORY = ("--history", ",".join(ANA))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("told") / "model"
    save_model(told_model(), path)
    return path


@pytest.mark.parametrize(("context", "best"), [(SOUTH, ["evita", "fargo"]), (NORTH, ["gattaca", "evita"])])
def test_every_command_tells_the_context(topple, folder, tmp_path, context, best):
    asked = ("-m", folder, *HISTORY, *BUILT, "-k", 2, "--context", json.dumps(context))
    listed = json.loads(topple("recommend", *asked, "--json").stdout)
    assert [one["item"] for one in listed[0]["items"]] == best
    changed = json.loads(topple("what-if", *asked, "--without", "alien", "--json").stdout)
    assert [one["item"] for one in changed["before"]] == best
    explained = topple("explain", *asked, "--out", tmp_path / "out", "--json")
    assert explained.exit_code == 0, explained.output
    rows = json.loads(explained.stdout)["explanations"]
    assert [(row["target"], row["context"]) for row in rows] == [(item, context) for item in best]
    judged = topple("evaluate", tmp_path / "out", "-m", folder, *BUILT, "--json")
    assert json.loads(judged.stdout)["validity"]["unseen_before"] == 1


def test_contexts_by_user_come_from_a_file(topple, folder, tmp_path):
    (tmp_path / "shown.csv").write_text("user,item,rank\n1,evita,1\n1,fargo,2\n2,gattaca,1\n2,evita,2\n")
    rows = "".join(f"{user},{item}\n" for user in (1, 2) for item in ANA)
    (tmp_path / "seen.csv").write_text(f"user,item\n{rows}")
    (tmp_path / "contexts.json").write_text(json.dumps({"1": SOUTH, "2": NORTH, "3": NORTH}))
    asked = ("agree", "-m", folder, *BUILT, "--shown", tmp_path / "shown.csv", "--histories", tmp_path / "seen.csv")
    told = topple(*asked, "--contexts", tmp_path / "contexts.json", "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["identical"] == 2
    untold = topple(*asked)
    assert untold.exit_code == 2
    assert "callable:by_region is told a context with each history" in untold.stderr


def test_a_context_goes_with_limits_and_unknown_ids(topple, folder, tmp_path):
    (tmp_path / "gone.txt").write_text("gattaca\nnew\n")
    asked = ("-m", folder, "--history", ",".join([*ANA, "new"]), *BUILT, "-k", 1, "--context", json.dumps(NORTH))
    limited = (*asked, "--exclude", tmp_path / "gone.txt", "--unknown", "drop", "--json")
    listed = topple("recommend", *limited)
    assert [one["item"] for one in json.loads(listed.stdout)[0]["items"]] == ["evita"]
    assert "1 event of 1 history left out: the catalogue does not hold 'new'" in listed.stderr
    changed = json.loads(topple("what-if", *limited, "--without", "alien").stdout)
    assert [one["item"] for one in changed["before"]] == ["evita"]
    explained = json.loads(topple("explain", *limited).stdout)
    assert [(row["target"], row["context"]) for row in explained["explanations"]] == [("evita", NORTH)]
    (tmp_path / "shown.csv").write_text("user,item\n1,gattaca\n1,evita\n")
    beside = json.loads(
        topple(
            "explain", *asked[:-3], 2, *asked[-2:], "--unknown", "drop", "--shown", tmp_path / "shown.csv", "--json"
        ).stdout
    )
    assert [row["target"] for row in beside["explanations"]] == ["gattaca", "evita"]
    assert all(row["shown_is_models"] for row in beside["explanations"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "has none. Give contexts={user: context} (--contexts FILE); with one history context= (--context JSON)."),
        (("--context", "north"), "the contexts 'north' cannot be read as JSON"),
        (
            ("--context", "1", "--contexts", "x.json"),
            "--context is of one user, and --contexts of several. Give one of the two.",
        ),
        (("--contexts", "nothing.json"), "the contexts 'nothing.json' cannot be read as JSON: it is not a file"),
    ],
)
@pytest.mark.parametrize("command", ["recommend", "explain"])
def test_what_is_no_context_is_refused(topple, folder, command, options, words):
    refused = topple(command, "-m", folder, *HISTORY, *BUILT, "-k", 2, *options)
    assert refused.exit_code == 2
    assert words in " ".join(refused.stderr.split())


@pytest.mark.parametrize("command", ["recommend", "explain"])
def test_a_model_that_is_told_none_says_so(topple, model, command):
    refused = topple(command, "-m", model, "--history", "film-001,film-002", "--context", "{}")
    assert refused.exit_code == 2
    assert "mult-vae is told no contexts, and the history has one: {}." in refused.stderr
