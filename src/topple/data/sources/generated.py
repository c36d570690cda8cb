"""A generated catalogue with readable titles, genres and a long tail; made from a seed, so it needs no network."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from topple.data.interactions import Interactions
from topple.data.rows.account import Account
from topple.data.sources.base import Source
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.randomness import generator
from topple.types import FilePath, FloatArray, IntArray

GENRES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Space": (("Silent", "Outer", "Last", "Burning", "Distant", "Red"), ("Orbit", "Colony", "Signal", "Nebula", "Voyager")),
    "Detective": (("Missing", "Crooked", "Midnight", "Forgotten", "Cold", "Paper"), ("Witness", "Alibi", "Ledger", "Clue", "Verdict")),
    "Romance": (("Second", "Lemon", "Autumn", "Borrowed", "Tender", "Summer"), ("Letters", "Wedding", "Garden", "Promise", "Waltz")),
    "Western": (("Dusty", "Broken", "Lonesome", "Iron", "Painted", "Long"), ("Trail", "Saddle", "Canyon", "Sheriff", "Frontier")),
    "Horror": (("Hollow", "Whispering", "Pale", "Locked", "Crimson", "Buried"), ("Cellar", "Asylum", "Mirror", "Orchard", "Lullaby")),
    "Comedy": (("Accidental", "Clumsy", "Famous", "Upstairs", "Rented", "Polite"), ("Butler", "Holiday", "Neighbours", "Detour", "Twins")),
    "War": (("Frozen", "Northern", "Seventh", "Fallen", "Distant", "Final"), ("Bridge", "Regiment", "Harbour", "Convoy", "Armistice")),
    "Animation": (("Tiny", "Flying", "Brave", "Clockwork", "Sleepy", "Paper"), ("Lighthouse", "Fox", "Kite", "Dragon", "Parade")),
}  # fmt: skip


class Generated(Source):
    """240 films of 8 genres, 800 people who differ in taste, ratings from 1 to 5."""

    name = "generated"
    title = "Generated films"
    homepage = "made by topple"
    licence = "Apache-2.0, as topple itself."
    citation = "topple, data set 'generated'."
    files = ()
    preparation: ClassVar = {"held_out_users": 80}
    users: ClassVar[int] = 800
    seed: ClassVar[int] = 7

    def folder(self, data_dir: FilePath | None = None) -> Path:
        """Return any folder: nothing is read."""
        return Path(data_dir or "")

    def read(self, folder: Path) -> Interactions:
        """Make the interactions; `folder` is not used."""
        random = generator(self.seed, "generated")
        titles, genre = _catalogue()
        popularity = random.permutation(1.0 / np.arange(1, len(titles) + 1) ** 0.7)
        user_index, item_index, ratings = _people(random, self.users, genre, popularity)
        return Interactions(
            users=Vocabulary([f"user-{number:03d}" for number in range(1, self.users + 1)], "user"),
            catalogue=Catalogue(Vocabulary([f"film-{n:03d}" for n in range(1, len(titles) + 1)]), tuple(titles)),
            user_index=user_index,
            item_index=item_index,
            ratings=ratings,
            name=self.name,
            account=Account(len(user_index), self.users, len(titles)),
        )


def _catalogue() -> tuple[list[str], IntArray]:
    titles, genres = [], []
    for number, (genre, (first, second)) in enumerate(GENRES.items()):
        for adjective in first:
            for noun in second:
                titles.append(f"The {adjective} {noun} ({genre})")
                genres.append(number)
    return titles, np.array(genres, dtype=np.int64)


def _people(
    random: np.random.Generator, users: int, genre: IntArray, popularity: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Draw for each person a taste over genres, how many films they saw, which ones, and how they liked them."""
    rows: list[IntArray] = []
    ratings: list[FloatArray] = []
    lengths = random.integers(12, 60, size=users)
    for length in lengths:
        taste = random.dirichlet(np.full(len(GENRES), 0.25))
        chance = popularity * (0.03 + taste[genre])
        seen = random.choice(len(genre), size=int(length), replace=False, p=chance / chance.sum())
        liking = 3.4 + 2.2 * (taste[genre[seen]] - 0.15) + random.normal(0, 0.8, size=int(length))
        rows.append(np.sort(seen).astype(np.int64))
        ratings.append(np.clip(np.rint(liking), 1, 5))
    return (
        np.repeat(np.arange(users), lengths).astype(np.int64),
        np.concatenate(rows),
        np.concatenate(ratings),
    )
