"""MovieLens 100K."""

from pathlib import Path
from typing import ClassVar

from topple.data.download import Archive
from topple.data.interactions import Interactions
from topple.data.sources.base import Source
from topple.data.sources.text import read_ratings
from topple.data.titles import movielens_titles


class MovieLens100K(Source):
    """100,000 ratings of 1,682 films by 943 users, 1997 to 1998."""

    name = "ml-100k"
    title = "MovieLens 100K"
    homepage = "https://grouplens.org/datasets/movielens/100k/"
    licence = "Research use with citation; no redistribution without permission (README in the archive)."
    citation = (
        "F. Maxwell Harper and Joseph A. Konstan. The MovieLens Datasets: History and Context. ACM TiiS 5(4), 2015. "
        "doi:10.1145/2827872"
    )
    files = ("u.data", "u.item")
    archive = Archive(
        "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
        "md5:0e33842e24a9c977be4e0107933c0723",
        "ml-100k",
    )
    preparation: ClassVar = {"held_out_users": 100}

    def read(self, folder: Path) -> Interactions:
        """Read u.data (user, item, rating, timestamp; tab) and the titles of u.item."""
        return read_ratings(folder / "u.data", "\t", self.name, movielens_titles(folder / "u.item", "|"), timed=True)
