"""Finding items and users by what people type."""

from itertools import chain, islice

import pyarrow as pa
import pyarrow.compute as pc

from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.types import Id, JsonObject, ids_meant


class Titles:
    """The titles of a catalogue, to be looked through as somebody types.

    Args:
        catalogue: the items.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._ids = catalogue.vocabulary.ids
        self._titles = pa.array([catalogue.title(item).casefold() for item in self._ids], pa.string())

    def find(self, text: str, limit: int) -> list[JsonObject]:
        """Return items: that with the id, those whose title begins with the text, that hold a word that does, that hold it at all."""
        typed = text.strip().casefold()
        if not typed:
            return []
        exact = (item for item in ids_meant(text.strip()) if item in self._catalogue.vocabulary)
        holds = pc.match_substring(self._titles, typed)
        rows = pc.indices_nonzero(holds).to_pylist()
        titles = self._titles.take(pa.array(rows, pa.int64())).to_pylist()
        ranked = sorted(zip(map(_order, titles, [typed] * len(rows)), rows, strict=True))
        found = dict.fromkeys(chain(exact, (self._ids[row] for _, row in ranked)))
        return [{"item": item, "title": self._catalogue.title(item)} for item in islice(found, limit)]


def _order(title: str, typed: str) -> tuple[int, int]:
    """Return how well a title fits, the least first: at the start, at the start of a word, within; the shorter title first."""
    at = 0 if title.startswith(typed) else 1 if f" {typed}" in title else 2
    return at, len(title)


def users_like(split: Split, text: str, limit: int) -> list[Id]:
    """Return users whose id begins with a text: test users before training users."""
    typed = text.strip()
    every = chain(split.test.users.decode(split.test.with_history()), split.train_users.ids)
    exact = (user for user in ids_meant(typed) if _known(split, user))
    return list(islice(dict.fromkeys(chain(exact, (user for user in every if str(user).startswith(typed)))), limit))


def _known(split: Split, user: Id) -> bool:
    return any(user in users for users in (split.test.users, split.validation.users, split.train_users))
