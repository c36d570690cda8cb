import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from os import environ

import pytest

import topple as package
from topple.cli.app import Shell


def test_version_and_help(topple):
    assert topple("--version").stdout.strip() == package.__version__
    listed = topple("--help").stdout
    for command in (
        "demo",
        "data",
        "fit",
        "recommend",
        "explain",
        "what-if",
        "evaluate",
        "reproduce",
        "bench",
        "doctor",
    ):
        assert command in listed


HELP = """
import sys
import time

import typer.main
from typer.testing import CliRunner

from topple.cli.app import app


def commands(command, path=()):
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


started = time.process_time()
asked = [[*path, "--help"] for path in commands(typer.main.get_command(app))] + [["--version"]]
for arguments in asked:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0 and result.stdout, (arguments, result.output)
    print(" ".join(arguments))
print((time.process_time() - started) / len(asked))
print(*sys.modules)
"""


def test_help_and_version_load_nothing_heavy_and_are_quick():
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    *asked, seconds, loaded = done.stdout.splitlines()
    assert {"--help", "--version", "explain --help", "data list --help", "bench recommenders --help"} <= set(asked)
    assert float(seconds) < 1, "processor time a help text, after Python has started"
    assert not {"torch", "scipy", "pandas", "polars", "pyarrow", "matplotlib", "numba"} & set(loaded.split())


def test_demo_does_the_whole_job(topple, tmp_path):
    result = topple("demo", "--out", tmp_path / "d", "--users", 1)
    assert result.exit_code == 0, result.output
    assert "You are recommended *" in result.stdout
    assert "Re-ranked without the removed items" in result.stdout
    assert (tmp_path / "d" / "model" / "weights.safetensors").is_file()
    assert json.loads((tmp_path / "d" / "explained" / "summary.json").read_text())["queries"] == 5
    refused = topple("demo", "--out", tmp_path / "d")
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr


def test_doctor_finds_a_sound_installation(topple):
    result = topple("doctor", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["ok"] is True
    from topple.explainers.proofs.trees import together, walking

    for loop in (walking.halves, walking.walk, together._groups, together._weights):
        assert getattr(loop, "signatures", True), f"{loop} is not compiled ahead"


def test_doctor_says_what_is_broken(topple, monkeypatch):
    from topple import registry

    monkeypatch.setitem(registry.BUILT_IN["metrics"], "broken", "topple.metrics.none:None")
    registry.rows.cache_clear()
    result = topple("doctor", "--json")
    registry.rows.cache_clear()
    assert result.exit_code == 1
    assert "metrics/broken" in result.stdout


def test_doctor_asks_for_every_goal_so_that_no_loop_is_compiled_later(monkeypatch):
    from topple.api import explaining, fitting
    from topple.cli.doctor import _inner_loops
    from topple.cli.shared import compiling

    asked = []
    monkeypatch.setattr(fitting, "fit", lambda split, recommender, **how: recommender)
    monkeypatch.setattr(explaining, "explain", lambda model, histories, **how: asked.append((model, how["goal"])))
    monkeypatch.setattr(compiling, "_kept", lambda: True)
    assert _inner_loops()[1]
    goals = ("necessary", "sufficient", "both")
    assert asked == [(model, goal) for model in ("ease", "bpr", "als", "mult-vae") for goal in goals]


def test_doctor_compiles_side_by_side_where_nothing_is_kept(monkeypatch, caplog):
    from topple.cli.shared import compiling

    class Pool(ThreadPoolExecutor):
        def __init__(self, processes, context, initializer):
            assert (processes, context.get_start_method()) == (3, "spawn")
            super().__init__(processes)

    asked = []
    monkeypatch.setattr(compiling, "compile_for", asked.append)
    monkeypatch.setattr(compiling, "_kept", lambda: False)
    monkeypatch.setattr(compiling, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    with caplog.at_level("INFO"):
        compiling.compile_loops()
    assert sorted(asked) == ["als", "bpr", "ease", "mult-vae"]
    assert "Compiling the inner loops" in caplog.text


@pytest.mark.parametrize(
    ("text", "code", "said"), [("512MiB", 0, "512 MiB at a time"), ("lots", 1, "is no amount of memory")]
)
def test_doctor_shows_the_budget_of_memory(topple, monkeypatch, text, code, said):
    monkeypatch.setenv("TOPPLE_MEMORY", text)
    result = topple("doctor", "--json")
    assert result.exit_code == code
    assert said in next(line["found"] for line in json.loads(result.stdout)["checks"] if line["check"] == "memory")


@pytest.mark.parametrize("device", ["cuda", "gpu"])
def test_a_device_that_is_not_there_is_refused_before_any_work(topple, model, tmp_path, monkeypatch, device):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    words = {"cuda": "finds no GPU on this machine. Choose cpu", "gpu": "is not a device. Choose cpu, cuda"}[device]
    for command in (
        ("fit", "--dataset", "generated", "--out", tmp_path / "new"),
        ("explain", "--model", model),
        ("recommend", "--model", model),
        ("reproduce", "lcer", "--model", model, "--dataset", "generated"),
    ):
        result = topple(*command, "--device", device)
        assert result.exit_code == 2, result.output
        assert f"device='{device}'" in result.stderr
        assert words in result.stderr
    assert not (tmp_path / "new").exists()


def test_the_processor_is_a_device(topple, model):
    plain = topple("recommend", "--model", model, "--users", 1, "--json")
    assert topple("recommend", "--model", model, "--users", 1, "--device", "cpu", "--json").stdout == plain.stdout


def test_data_list_describe_fetch(topple):
    names = [row["name"] for row in json.loads(topple("data", "list", "--json").stdout)]
    assert names == ["ml-100k", "ml-1m", "epinions", "alishop", "generated"]
    assert "MovieLens 100K" in topple("data", "list").stdout
    assert json.loads(topple("data", "describe", "generated", "--json").stdout)["as published"]["users"] == 800
    assert "nothing to fetch" in topple("data", "fetch", "generated").stdout


def test_data_describe_of_a_table(topple, tmp_path):
    lines = "\n".join(f"u{u},i{(u + s) % 9},{1 + s % 5}" for u in range(30) for s in range(9))
    (tmp_path / "t.csv").write_text(f"user,item,stars\n{lines}\n")
    found = json.loads(topple("data", "describe", tmp_path / "t.csv", "--rating-column", "stars", "--json").stdout)
    assert found["as published"]["ratings"] == [1, 5]
    wrong = topple("data", "describe", tmp_path / "t.csv", "--rating-column", "star")
    assert wrong.exit_code == 2
    assert "Did you mean 'stars'?" in wrong.stderr


def test_fetch_without_files_says_which_file_to_put_where(topple, tmp_path):
    result = topple("data", "fetch", "epinions", "--data-dir", tmp_path)
    assert result.exit_code == 2
    assert "ratings_data.txt" in result.stderr


def test_python_dash_m_topple_is_the_command():
    done = subprocess.run([sys.executable, "-m", "topple", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == package.__version__


def test_a_paragraph_of_help_is_folded_by_the_terminal_alone():
    from topple.cli.bench import recommenders

    assert all("\n" not in paragraph for paragraph in (recommenders.__doc__ or "\n").split("\n\n"))


MARKS = {
    "bash": "complete -o default -F _topple_completion topple",
    "zsh": "#compdef topple",
    "fish": "complete --command topple --no-files",
    "powershell": "Register-ArgumentCompleter -Native -CommandName topple",
    "pwsh": "Register-ArgumentCompleter -Native -CommandName topple",
}


def command(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "topple", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**environ, **variables},
        check=False,
    )


def test_every_shell_has_a_mark():
    assert list(MARKS) == list(Shell)


@pytest.mark.parametrize("shell", Shell)
def test_the_script_is_that_of_the_shell_asked_for(topple, shell):
    result = topple("--show-completion", shell)
    assert result.exit_code == 0, result.output
    assert MARKS[shell] in result.stdout
    assert not any(mark in result.stdout for mark in set(MARKS.values()) - {MARKS[shell]})
    assert "_TOPPLE_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    ("shell", "typed"),
    [
        ("bash", {"COMP_WORDS": "topple expl", "COMP_CWORD": "1"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "topple expl"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "topple expl", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
        ("powershell", {"_TYPER_COMPLETE_ARGS": "topple expl", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "expl"}),
        ("pwsh", {"_TYPER_COMPLETE_ARGS": "topple expl", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "expl"}),
    ],
)
def test_what_a_script_asks_for_is_answered(shell, typed):
    done = command(_TOPPLE_COMPLETE=f"complete_{shell}", **typed)
    assert done.returncode == 0, done.stderr
    assert "explain" in done.stdout
    assert "explainers" in done.stdout
    assert "doctor" not in done.stdout


def test_a_shell_that_is_not_known_is_refused_with_the_known_ones(topple):
    result = topple("--show-completion", "tcsh")
    assert result.exit_code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish', 'powershell', 'pwsh'" in result.stderr


def test_installing_writes_the_script_of_the_shell_and_says_where(tmp_path):
    done = command("--install-completion", "fish", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    (script,) = tmp_path.rglob("topple.fish")
    assert str(script) in done.stdout
    assert MARKS["fish"] in script.read_text()
