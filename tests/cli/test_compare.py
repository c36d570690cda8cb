import json
import os
import signal
import subprocess
import sys
import time

import pytest

QUICK = ("--users", 3, "-k", 2)


def compare(topple, model, *more, methods=("greedy", "leave-one-out")):
    chosen = [part for name in methods for part in ("--method", name)]
    return topple("compare", "--model", model, *chosen, *QUICK, *more)


def without_times(table):
    """Return the rows of a table but times; attributions depend on what is computed together in the last digit."""
    rows = json.loads(table, parse_float=lambda text: round(float(text), 12))["rows"]
    return [{name: value for name, value in row.items() if name not in ("milliseconds", "fit_seconds")} for row in rows]


def test_one_table_for_a_terminal(topple, model, tmp_path):
    result = compare(topple, model, "--test", "validity", "--out", tmp_path / "out", "--picture", tmp_path / "all.png")
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "The top 2 of 3 users of generated; rule unseen_before, seeds 0." in text
    assert "Paired tests" in text
    assert "Written:" in result.stderr
    assert (tmp_path / "all.png").stat().st_size > 1000
    for name in ("table.md", "table.tex", "table.csv", "table.json"):
        assert (tmp_path / "out" / name).stat().st_size > 100


def test_formats(topple, model):
    assert compare(topple, model, "--format", "markdown").stdout.startswith("**Sets**\n\n| method |")
    assert "\\begin{tabular}" in compare(topple, model, "--format", "latex").stdout
    assert compare(topple, model, "--format", "csv").stdout.startswith("model,method,draws,queries,")
    found = json.loads(compare(topple, model, "--json", "--test", "mean_size").stdout)
    assert [row["method"] for row in found["rows"]] == ["greedy", "leave-one-out"]
    assert found["tests"][0]["metric"] == "mean_size"


def test_names_and_settings(topple, model):
    named = ("plain=leave-one-out", "pruned=leave-one-out")
    found = json.loads(compare(topple, f"vae={model}", "--set", "pruned.prune=true", "--json", methods=named).stdout)
    assert [(row["model"], row["method"]) for row in found["rows"]] == [("vae", "plain"), ("vae", "pruned")]
    minimal = [row["measured"]["share_minimal"]["value"] for row in found["rows"]]
    assert minimal[0] <= minimal[1]


def test_a_method_without_figures_is_exit_code_1(topple, model):
    result = compare(topple, model, methods=("greedy", "exact"))
    assert result.exit_code == 1
    assert "exact on mult-vae: exact needs a recommender that is additive" in " ".join(result.stdout.split())
    assert "greedy" in result.stdout


@pytest.mark.parametrize(
    ("more", "match"),
    [
        (("--method", "greedy"), "--method 'greedy' is given twice. Name one of them: --method NAME=greedy"),
        (("--method", "=auto"), "--method '=auto' lacks a name or a method"),
        (("--method", "autoo"), "Did you mean 'auto'"),
        (("--set", "prune=true"), "--set 'prune=true' is not METHOD.KEY=VALUE of one of the methods: greedy"),
        (("--set", "auto.budget=0"), "--set 'auto.budget=0' is not METHOD.KEY=VALUE"),
        (("--set", "leave-one-out.prunes=1"), "Did you mean 'prune'"),
        (("--seeds", "0;1"), "--seeds '0;1' are not whole numbers separated by commas"),
        (("--seeds", "0,0"), "are not different whole numbers"),
        (("--test", "sizes", "--metric", "none"), "'none' is not one of the metrics"),
        (("--test", "pos", "--against", "nobody"), "'nobody' is not one of the methods"),
        (("--picture", "all.gif"), "the suffix must be one of .png, .svg, .pdf"),
        (("--resume",), "--resume goes on with a run in --out"),
    ],
)
def test_bad_input_is_said(topple, model, more, match):
    result = compare(topple, model, *more)
    assert result.exit_code == 2, result.output
    assert match in " ".join(result.stderr.split())


def test_a_run_that_is_killed_twice_ends_with_the_same_rows(topple, model, tmp_path):
    menu = ("greedy", "lime-rs", "leave-one-out")
    asked = ("--users", 12, "--seeds", "0,1", "--json")
    whole = compare(topple, model, *asked, "--out", tmp_path / "whole", methods=menu)
    assert whole.exit_code == 0, whole.output
    out = tmp_path / "killed"
    chosen = [part for name in menu for part in ("--method", name)]
    command = [sys.executable, "-m", "topple", "compare", "--model", model, *chosen, *QUICK, *asked, "--out", out]
    resume: list[str] = []
    for pieces in (1, 3):
        running = subprocess.Popen([*map(str, command), *resume], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 120
        while running.poll() is None and len(list((out / "pieces").glob("cell *"))) < pieces and time.monotonic() < end:
            time.sleep(0.002)
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL, "it was killed before the end"
        resume = ["--resume"]
    again = compare(topple, model, *asked, "--out", out, "--resume", methods=menu)
    assert again.exit_code == 0, again.output
    assert without_times(again.stdout) == without_times(whole.stdout)
    refused = compare(topple, model, *asked, "--out", out, methods=menu)
    assert refused.exit_code == 2
    assert "holds a comparison" in refused.stderr
