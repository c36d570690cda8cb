"""Lists with a planted cause: what a model shows once it is asked, or filtered, in another way than it is compared with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

import topple
from topple.records.agreement import Cause
from topple.testing.worlds import random_additive

K = 10
USERS = 30


@dataclass(frozen=True)
class Planted:
    """Lists, what is told of them, and the cause that is to be named."""

    name: str
    cause: Cause | None
    model: Any
    shown: dict[Any, list[Any]]
    told: dict[str, Any]
    k: int = K
    fewest: float = field(default=0.6)
    """Share of the differing lists that the cause is to be named for."""


@cache
def world(name: str = "ease") -> Any:
    split = topple.load_split("generated")
    return split, topple.fit(split, name, settings=SETTINGS.get(name), progress=False)


SETTINGS: dict[str, dict[str, Any]] = {"mult-vae": {"epochs": 8}}


def lists(model: Any, histories: Any, k: int = K, weights: Any = None, **asked: Any) -> dict[Any, list[Any]]:
    """Return the list of each user."""
    return {
        user: [
            one.item
            for one in topple.recommend(model, history, k, weights=() if weights is None else weights[user], **asked)
        ]
        for user, history in histories.items()
    }


def planted(name: str = "ease") -> Iterator[Callable[[], Planted]]:
    """Yield the ten causes, and then lists whose cause has no name here."""
    split, model = world(name)
    histories, random = split.histories(limit=USERS), np.random.default_rng(0)
    plays = {user: tuple(map(float, random.geometric(0.3, len(h)))) for user, h in histories.items()}
    logarithms = {user: tuple(np.log1p(w)) for user, w in plays.items()}
    ids = list(model.catalogue.vocabulary.ids)
    gone = [item for item in ids if random.random() < 0.2]
    earlier = {user: history[:-1] for user, history in histories.items()}
    latest = {user: history[-1:] for user, history in histories.items()}
    base = lists(model, histories)
    known: dict[str, Any] = {"histories": histories}

    def case(title: str, cause: Cause | None, shown: Any, **told: Any) -> Callable[[], Planted]:
        k, fewest = told.pop("k", K), told.pop("fewest", 0.6)
        return lambda: Planted(title, cause, told.pop("model", model), shown(), known | told, k, fewest)

    yield case(
        "shown with plays, asked without",
        Cause.WEIGHTS,
        lambda: lists(model, histories, weights=plays),
        other_weights=plays,
    )
    yield case("shown without plays, asked with", Cause.WEIGHTS, lambda: base, weights=plays)
    yield case(
        "shown with their logarithms", Cause.WEIGHTS, lambda: lists(model, histories, weights=logarithms), weights=plays
    )
    yield case("a fifth out of stock", Cause.FILTER, lambda: lists(model, histories, exclude=gone))
    yield case("items of the history shown", Cause.FILTER, lambda: lists(model, histories, rule="all"))
    yield case("five items shown", Cause.LENGTH, lambda: lists(model, histories, k=5))
    yield case("two latest events came later", Cause.HISTORY,
               lambda: lists(model, {user: history[:-2] for user, history in histories.items()}))  # fmt: skip
    yield case("one event is missing", Cause.HISTORY, lambda: base, histories=earlier, later=latest)
    yield case(
        "another training", Cause.FACTORS, lambda: lists(world("ease" if name == "als" else "als")[1], histories)
    )
    yield tied
    yield case("one unknown event is missing", Cause.HISTORY, lambda: base, histories=earlier)
    yield case("twenty items shown", Cause.LENGTH, lambda: lists(model, histories, k=20))
    yield case("the model's lists", None, lambda: base)
    yield case(
        "a random order", Cause.UNKNOWN, lambda: {user: list(random.permutation(one)) for user, one in base.items()}
    )
    yield case(
        "random items", Cause.UNKNOWN, lambda: {user: list(random.choice(ids, K, replace=False)) for user in base}
    )
    yield case(
        "an item pinned on top",
        Cause.UNKNOWN,
        lambda: {user: [ids[7], *(i for i in one if i != ids[7])][:K] for user, one in base.items()},
    )
    yield case(
        "two items swapped", Cause.UNKNOWN, lambda: {user: [one[1], one[0], *one[2:]] for user, one in base.items()}
    )
    yield case(
        "every second item only",
        Cause.UNKNOWN,
        lambda: {user: one[::2] for user, one in lists(model, histories, k=2 * K).items()},
    )


def tied() -> Planted:
    """Lists of a model with many equal scores, which stand in another order."""
    model, random = random_additive(40), np.random.default_rng(1)
    ids = model.catalogue.vocabulary.ids
    histories = {user: tuple(ids[i] for i in random.choice(40, 4, replace=False)) for user in range(USERS)}
    shown = {}
    for user, history in histories.items():
        scored = topple.recommend(model, history, 30)
        order = sorted(range(len(scored)), key=lambda at: (-scored[at].score, -at))
        shown[user] = [scored[at].item for at in order][:K]
    return Planted("ties in another order", Cause.TIES, model, shown, {"histories": histories})
