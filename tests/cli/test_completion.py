"""Each shell gets its script, and what the script asks for is answered."""

import subprocess
import sys
from os import environ

import pytest

from topple.cli.completion import Shell

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
