import sys

import pytest

import topple
from topple.benchmark.zoo import recbole
from topple.benchmark.zoo.base import Effort

pytest.importorskip("recbole")
pytestmark = pytest.mark.filterwarnings("ignore")


def test_the_command_line_is_as_before():
    before = list(sys.argv)
    recbole.ease(topple.load_split("generated"), Effort())
    assert sys.argv == before
