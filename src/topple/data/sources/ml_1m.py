"""MovieLens 1M."""

from pathlib import Path
from typing import ClassVar

from topple.data.download import Archive
from topple.data.interactions import Interactions
from topple.data.sources.base import Source
from topple.data.sources.text import read_ratings
from topple.data.titles import movielens_titles


class MovieLens1M(Source):
    """1,000,209 ratings of 3,706 films by 6,040 users, 2000."""

    name = "ml-1m"
    title = "MovieLens 1M"
    homepage = "https://grouplens.org/datasets/movielens/1m/"
    licence = "Research use with citation; no redistribution without permission (README in the archive)."
    citation = (
        "F. Maxwell Harper and Joseph A. Konstan. The MovieLens Datasets: History and Context. ACM TiiS 5(4), 2015. "
        "doi:10.1145/2827872"
    )
    files = ("ratings.dat", "movies.dat")
    archive = Archive(
        "https://files.grouplens.org/datasets/movielens/ml-1m.zip",
        "md5:c4d9eecfca2ab87c1945afe126590906",
        "ml-1m",
    )
    preparation: ClassVar = {"held_out_users": 500}

    def read(self, folder: Path) -> Interactions:
        """Read ratings.dat (user::item::rating::timestamp) and the titles of movies.dat."""
        return read_ratings(
            folder / "ratings.dat", "::", self.name, movielens_titles(folder / "movies.dat", "::"), timed=True
        )
