"""The pictures of the tour are taken from the page, and are small."""

import re
from importlib import resources

from docs.site.explorer import FOLDER, VIEWS, served, take
from tests.browsers import chromium
from topple.web.page.assets import assets

MOST = 150_000


def test_the_pictures_can_be_taken_again(tmp_path):
    path = chromium()
    with served() as address:
        files = take(tmp_path, address, path)
    assert [file.name for file in files] == [f"explorer-{name}.png" for name in VIEWS]
    for file in files:
        assert file.read_bytes().startswith(b"\x89PNG")
        assert 5_000 < file.stat().st_size < MOST


def test_the_tour_shows_every_picture_and_each_is_small():
    tour = (FOLDER.parent / "start" / "explorer.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]{20,}\]\(\.\./_static/(explorer-[a-z]+\.png)\)", tour)
    assert sorted(shown) == sorted(f"explorer-{name}.png" for name in VIEWS)
    assert all((FOLDER / name).stat().st_size < MOST for name in shown)


def test_the_words_of_the_tour_are_those_of_the_page():
    tour = (FOLDER.parent / "start" / "explorer.md").read_text(encoding="utf-8")
    template = (resources.files("topple.web.page") / "templates" / "page.html").read_text(encoding="utf-8")
    page = b"".join(assets().files.values()).decode() + template
    for words in (
        "checked",
        "minimal",
        "proven ",
        "look for a proof",
        "restore all",
        "ask for more",
        "compare methods",
        "share",
        "keep it as",
    ):
        assert words.casefold() in tour.casefold()
        assert words in page
