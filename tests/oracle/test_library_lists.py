"""Models that were trained with weights: the lists that topple explains are those of the library."""

import re

import pytest

pytest.importorskip("implicit", reason="implicit is not installed here", exc_type=ImportError)

from benchmarks.library_lists import main


@pytest.mark.filterwarnings("ignore")
def test_the_lists_are_the_librarys_and_would_not_be_with_ones(capsys):
    assert main(["--users", "50"]) == 0
    rows = re.findall(r"^implicit .*? (\d+) of 50 .*; (\d+)$", capsys.readouterr().out, flags=re.MULTILINE)
    assert len(rows) == 4
    assert all(int(same) == 50 and int(with_ones) <= 5 for same, with_ones in rows)
