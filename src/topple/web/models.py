"""The models that are served, by key."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from topple.data.splitting import Split
from topple.errors import QueryError, SettingsError, UnknownIdError, UnknownNameError, shown
from topple.recommenders.saving.folders import load_model, load_model_split
from topple.records.history import History
from topple.scoring.recommender import Recommender
from topple.types import FilePath, Id, UserId
from topple.web.searching import Titles, users_like

REMEMBERED = 4096
"""Histories that a model remembers."""
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A model, and the people whose histories are known.

    Args:
        key: names the model in addresses.
        recommender: the model.
        split: the data of the model folder; None where it holds none.
        folder: where it was loaded from; None for a model of this process.
        factory: what builds it, where the folder needs that.
        loaded: when, in seconds since 1970.
    """

    key: str
    recommender: Recommender
    split: Split | None = None
    folder: FilePath | None = None
    factory: str | None = None
    loaded: float = field(default_factory=time.time)

    @cached_property
    def fingerprint(self) -> str:
        """Which model it is; what is served is learned no further."""
        return self.recommender.fingerprint

    @cached_property
    def ways(self) -> dict[object, Any]:
        """How it was asked before, by what was asked for: a method is made once."""
        return {}

    @cached_property
    def titles(self) -> Titles:
        """The titles, to be looked through."""
        return Titles(self.recommender.catalogue)

    def users(self, text: str, limit: int) -> list[Id]:
        """Return users whose id begins with a text; none where the folder holds none."""
        return [] if self.split is None else users_like(self.split, text, limit)

    def user(self, user: UserId) -> History:
        """Return the history of a user.

        Raises:
            QueryError: the folder holds no users, or not this one.
        """
        if self.split is None:
            raise QueryError(f"model {self.key} knows no users. Give history=[...] with item ids.")
        try:
            return self._history_of(self.user_id(user))
        except UnknownIdError as error:
            raise QueryError(f"{error} Give another user, or history=[...] with item ids.") from error

    @cached_property
    def _history_of(self) -> Callable[[UserId], History]:
        """What looks up a history, and remembers those that are asked about again and again."""
        return lru_cache(REMEMBERED)(cast(Split, self.split).history)

    def user_id(self, user: UserId) -> Id:
        """Return the id of a user as the data has it."""
        return self.split.train_users.typed(user) if self.split is not None and isinstance(user, str) else user


class UnknownModelError(UnknownNameError):
    """No model that is served has the key."""


class ServedModels:
    """Models by key; one can be exchanged while requests are answered, which go on with the model that they began with.

    While a model is exchanged there are two of it in memory.
    """

    def __init__(self, models: Iterable[ServedModel]) -> None:
        self._models: Mapping[str, ServedModel] = MappingProxyType({})
        self._exchange = threading.Lock()
        for model in models:
            if not _KEY.fullmatch(model.key):
                raise SettingsError(
                    f"{shown(model.key)} is no key of a model. Give KEY=FOLDER with at most 64 letters, digits, '.', '_' and '-'."
                )
            if model.key in self._models:
                raise SettingsError(f"two models have the key {model.key}. Give one of them another: KEY=FOLDER.")
            self._models = MappingProxyType({**self._models, model.key: model})
        if not self._models:
            raise SettingsError("no model is given. Give a model folder, such as `topple fit --out model` makes.")

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._models.values())

    def __getitem__(self, key: str) -> ServedModel:
        """Return the model with a key.

        Raises:
            UnknownModelError: there is none.
        """
        try:
            return self._models[key]
        except KeyError:
            raise UnknownModelError(f"no model has the key {shown(key)}. There is {', '.join(self._models)}.") from None

    def reload(self, key: str) -> ServedModel:
        """Load a model anew from the folder that it was loaded from, and serve it from then on; what is in progress goes on.

        Raises:
            UnknownNameError: no such key.
            ToppleError: it cannot be loaded; the model that was there is served on.
        """
        with self._exchange:
            before = self[key]
            if before.folder is None:
                raise QueryError(f"model {key} was made in this process and has no folder to be read from.")
            after = load_served(key, before.folder, before.factory)
            self._models = MappingProxyType({**self._models, key: after})
            return after


def load_served(key: str, folder: FilePath, factory: str | None = None) -> ServedModel:
    """Load a model folder, with the users that it holds.

    Raises:
        ToppleError: it is none, or damaged.
    """
    return ServedModel(key, load_model(folder, factory=factory), load_model_split(folder), folder, factory)


def keyed(folder: str) -> tuple[str, Path]:
    """Return key and folder of what a person gives: FOLDER, which is named by its last part, or KEY=FOLDER."""
    key, equals, path = folder.partition("=")
    if equals and _KEY.fullmatch(key):
        return key, Path(path)
    return Path(folder).resolve().name, Path(folder)
