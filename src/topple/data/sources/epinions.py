"""Epinions."""

from pathlib import Path
from typing import ClassVar

from topple.data.interactions import Interactions
from topple.data.sources.base import Source
from topple.data.sources.text import read_ratings


class Epinions(Source):
    """664,824 ratings of products by users of the consumer review site, crawled in 2003."""

    name = "epinions"
    title = "Epinions"
    homepage = "http://www.trustlet.org/downloaded_epinions.html"
    licence = "Published for research by its collectors; no licence text."
    citation = (
        "Paolo Massa and Paolo Avesani. Trust-aware recommender systems. RecSys 2007. doi:10.1145/1297231.1297235"
    )
    files = ("ratings_data.txt|ratings_data.txt.gz|ratings_data.txt.bz2",)
    preparation: ClassVar = {"held_out_users": 2000}

    def read(self, folder: Path) -> Interactions:
        """Read ratings_data.txt (user item rating; spaces), plain or compressed."""
        return read_ratings(self.find(folder, self.files[0]), " ", self.name)
