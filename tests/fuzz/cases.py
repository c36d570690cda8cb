"""Cases by number: the same number and seed give the same case."""

import shutil

import numpy as np

from tests.fuzz.commands import command_line
from tests.fuzz.files import file_case
from tests.fuzz.outcomes import command
from tests.fuzz.values import value_case
from tests.fuzz.workshop import Workshop


def case(workshop: Workshop, kind: str, seed: int, number: int) -> tuple[str, str, str]:
    """Run a case; return the outcome, what it was and what was said.

    Args:
        workshop: the files, in the working folder.
        kind: file, command or value.
        seed: of the run.
        number: of the case.
    """
    draw = np.random.default_rng([seed, number])
    shutil.rmtree(workshop.scratch, ignore_errors=True)
    workshop.scratch.mkdir()
    if kind == "command":
        words = command_line(workshop, draw)
        outcome, said = command(words)
        return outcome, str(words), said
    return file_case(workshop, draw) if kind == "file" else value_case(workshop, draw)


def random_line(workshop: Workshop, seed: int, number: int) -> list[str]:
    """Return a random command line by number."""
    return command_line(workshop, np.random.default_rng([seed, number]))
