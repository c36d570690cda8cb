import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from topple.cli.shared.guarding import FAULT

COMMAND = [sys.executable, "-m", "topple"]


@pytest.fixture
def planted(monkeypatch, tmp_path):
    """A function that plants a bug in `topple recommend`; reports go to the folder that it returns."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def plant(error):
        def broken(*args, **given):
            raise error

        monkeypatch.setattr("topple.api.recommending.recommended", broken)
        return tmp_path

    return plant


def test_a_bug_ends_in_a_sentence_and_a_report(topple, model, planted):
    reports = planted(ZeroDivisionError("planted \x1b[31m"))
    result = topple("recommend", "--model", model)
    assert result.exit_code == 1
    assert f"{FAULT}: ZeroDivisionError: planted \\x1b[31m." in result.output
    assert "Traceback" not in result.output
    (report,) = reports.glob("topple-report-*.txt")
    assert str(report) in result.output
    told = report.read_text()
    assert f"['recommend', '--model', '{model}']" in told
    assert "in recommend" in told
    assert "ZeroDivisionError: planted" in told
    assert "torch 2" in told


def test_a_report_that_cannot_be_written(topple, model, planted, monkeypatch):
    planted(ZeroDivisionError("planted"))
    monkeypatch.setattr("tempfile.tempdir", "/proc/none")
    result = topple("recommend", "--model", model)
    assert result.exit_code == 1
    assert FAULT in result.output
    assert "No report could be written" in result.output


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("can't allocate memory: you tried to allocate 12 bytes. Code 12")]
)
def test_memory_that_runs_out_is_no_fault(topple, model, planted, error):
    planted(error)
    result = topple("recommend", "--model", model)
    assert result.exit_code == 1
    assert "error: memory ran out" in result.output
    assert FAULT not in result.output


def test_an_exit_code_stays(topple, model, planted):
    planted(typer.Exit(130))
    assert topple("recommend", "--model", model).exit_code == 130


def test_an_interrupt(topple, model, planted):
    planted(KeyboardInterrupt())
    assert topple("recommend", "--model", model).exit_code == 130


def test_wrong_use_is_cut_and_sends_no_control_characters(topple):
    result = topple("recommend", "--model", "x", "--no-such-\x1b[31m" + "a" * 100_000)
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    assert len(result.output) < 5_000


@pytest.mark.parametrize("arguments", [["--version"], ["data", "list"], ["data", "list", "--json"], ["--help"]])
def test_a_full_disk_behind_standard_output(arguments):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "error: standard output could not be written: No space left on device. Free space there, or send it elsewhere.\n"
    )


def test_standard_output_that_is_closed():
    done = subprocess.run(f"{sys.executable} -m topple --version >&- 2>&-", shell=True)  # noqa: S602
    assert done.returncode == 0


def test_an_interrupt_while_modules_are_imported(tmp_path):
    (tmp_path / "typer.py").write_text("import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(60)\n")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    running = subprocess.Popen(
        [*COMMAND, "--version"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "started").exists():
        assert running.poll() is None
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    assert running.communicate()[1] == "Interrupted.\n"
    assert running.returncode == 130
