from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from topple.cli.app import app

TINY = ["--set", "hidden=16", "--set", "latent=8", "--set", "batch_size=100"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


@pytest.fixture(scope="session")
def topple():
    return run


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "model"
    result = run("fit", "--dataset", "generated", "--out", folder, "--epochs", 4, *TINY)
    assert result.exit_code == 0, result.output
    return folder
