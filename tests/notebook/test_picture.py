"""The picture of the guide is taken in a notebook server, of the code that the guide shows."""

import importlib.util
import re

from docs.site.explorer import FOLDER
from docs.site.notebook import CELL, NAME, take
from tests.browsers import chromium, missing

GUIDE = (FOLDER.parent / "guides" / "notebook.md").read_text(encoding="utf-8")


def test_the_picture_can_be_taken_again(tmp_path):
    for name in ("anywidget", "notebook", "playwright"):
        if importlib.util.find_spec(name) is None:
            missing(f"{name} is not installed")
    file = take(tmp_path, chromium())
    assert file.read_bytes().startswith(b"\x89PNG")
    assert 10_000 < file.stat().st_size < 150_000


def test_the_guide_shows_the_picture_and_the_code_of_it():
    assert re.findall(r"!\[[^\]]{40,}\]\(\.\./_static/(explorer-notebook\.png)\)", GUIDE) == [NAME]
    assert 10_000 < (FOLDER / NAME).stat().st_size < 150_000
    for line in CELL.replace("topple.explore", "explorer = topple.explore").splitlines():
        assert line in GUIDE
