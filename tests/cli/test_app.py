import json
import subprocess
import sys

import topple as package


def test_version_and_help(topple):
    assert topple("--version").stdout.strip() == package.__version__
    listed = topple("--help").stdout
    for command in ("demo", "data", "fit", "recommend", "explain", "evaluate", "reproduce", "bench", "doctor"):
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
    assert not {"torch", "scipy", "pandas", "polars", "pyarrow", "matplotlib"} & set(loaded.split())


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


def test_doctor_says_what_is_broken(topple, monkeypatch):
    from topple import registry

    monkeypatch.setitem(registry.BUILT_IN["metrics"], "broken", "topple.metrics.none:None")
    registry.rows.cache_clear()
    result = topple("doctor", "--json")
    registry.rows.cache_clear()
    assert result.exit_code == 1
    assert "metrics/broken" in result.stdout


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
