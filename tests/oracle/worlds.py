"""Worlds that a search may stumble in: ties, zeros, duplicates, cold items, integers, squashed scores, sums that cancel."""

import warnings
from dataclasses import dataclass

import numpy as np

import topple
from tests.oracle import scores
from topple import registry

HUGE = 1e6


@dataclass(frozen=True, eq=False)
class World:
    """A model, the function that scores as it should, and what is special about it.

    `ties`: whether equal scores are many. `fillers`: whether the scores of its empty history mean anything.
    """

    name: str
    model: object
    score: object
    ties: bool
    fillers: bool = True


def numbers(random, kind, shape, huge=HUGE):
    """Return an array of a kind that is special about a world."""
    if kind == "integers":
        return random.integers(-2, 6, shape).astype(float)
    if kind == "zeros":
        return random.integers(1, 4, shape) * (random.random(shape) < 0.2)
    if kind == "cancelling":
        return random.normal(0, 1, shape).round(2) + huge * random.integers(
            -1, 2, (shape[0],) + (1,) * (len(shape) - 1)
        )
    values = random.normal(0.3, 1, shape)
    if kind == "duplicates":  # of rows and, where they are items too, of columns
        values[1::2] = values[: len(values[1::2]) * 2 : 2]
        if len(shape) == 2 and shape[0] == shape[1]:
            values[:, 1::2] = values[:, : values[:, 1::2].shape[1] * 2 : 2]
    if kind == "cold":
        values[random.random(shape[0]) < 0.3] = 0
        if len(shape) == 2 and shape[0] == shape[1]:
            values[:, random.random(shape[1]) < 0.3] = 0
    return values * {"tiny": 1e-9, "large": 1e9}.get(kind, 1.0)


KINDS = ("integers", "zeros", "cancelling", "duplicates", "cold", "real", "tiny", "large")
TIES = frozenset({"integers", "zeros", "duplicates", "cold"})


def catalogue_of(items):
    """Return items whose ids are no indices."""
    return topple.Catalogue(topple.Vocabulary([f"i{7 * item + 3}" for item in range(items)]))


def native(name, arrays, settings, ties, kind, items):
    """Return the world of a native model with these arrays."""
    method = registry.load("recommenders", name)
    chosen = method.settings_type(**settings)
    model = method.from_arrays(arrays, catalogue_of(items), chosen)
    return World(
        f"{name}/{kind}", model, scores.score_function(model), ties, fillers=name not in ("sasrec", "popularity")
    )


def additive_world(random, kind, items):
    """Return a world of EASE."""
    return native(
        "ease", {"weights": numbers(random, kind, (items, items)).astype(np.float32)}, {}, kind in TIES, kind, items
    )


def neighbours_world(random, kind, items):
    """Return a world of item-based neighbours: a third of the similarities are there."""
    table = np.abs(numbers(random, kind, (items, items))) * (random.random((items, items)) < 0.35)
    np.fill_diagonal(table, 0)
    row, column = table.nonzero()
    indptr = np.concatenate([[0], np.bincount(row, minlength=items).cumsum()])
    arrays = {"indptr": indptr, "indices": column, "similarities": table[row, column].astype(np.float32)}
    return native("item-knn", arrays, {}, True, kind, items)


def bpr_world(random, kind, items):
    """Return a world of BPR."""
    vectors = numbers(random, kind, (items, 4)).astype(np.float32)
    return native("bpr", {"items": vectors}, {"dimensions": 4}, kind in TIES, kind, items)


def lightgcn_world(random, kind, items):
    """Return a world of LightGCN."""
    arrays = {name: numbers(random, kind, (items, 4)).astype(np.float32) for name in ("gives", "items")}
    return native("lightgcn", arrays, {"dimensions": 4}, kind in TIES, kind, items)


def als_world(random, kind, items):
    """Return a world of ALS; with integers, factors of 0 and 1 as in the worlds where noise once decided."""
    # the condition of the equations is the square of what cancels
    whole = kind in ("integers", "zeros")
    factors = random.integers(0, 2, (items, 3)) if whole else numbers(random, kind, (items, 3), huge=1e3)
    fold_in = np.array([10.0, random.choice([1.0, 40.0])])
    return native(
        "als", {"item_factors": factors.astype(np.float32), "fold_in": fold_in}, {}, kind in TIES, kind, items
    )


def autoencoder_world(random, kind, items, name):
    """Return a world of Mult-VAE or Mult-DAE; a large kind saturates the units."""
    sizes = {"hidden": 8, "latent": 4} if name == "mult-vae" else {"latent": 6}
    method = registry.load("recommenders", name)
    arrays = {}
    for part, shape in method.shapes(items, method.settings_type(**sizes)).items():
        of_items = kind if items in shape and kind not in ("cancelling", "tiny", "large") else "real"
        values = numbers(random, of_items, shape if shape[0] == items else shape[::-1])
        arrays[part] = (values if shape[0] == items else values.T) * (30 if kind == "large" else 1)
    sizes["weighted"] = bool(random.random() < 0.7)
    return native(name, arrays, sizes, kind in TIES, kind, items)


def neumf_world(random, kind, items):
    """Return a world of NeuMF."""
    method, sizes = registry.load("recommenders", "neumf"), {"dimensions": 4, "hidden": 8}
    arrays = {
        part: numbers(random, kind if shape[0] == items and kind != "cancelling" else "real", shape)
        for part, shape in method.shapes(items, method.settings_type(**sizes)).items()
    }
    return native("neumf", arrays, sizes, kind in TIES, kind, items)


def sasrec_world(random, kind, items):
    """Return a world of SASRec, of two blocks, that reads the last six events."""
    method, sizes = registry.load("recommenders", "sasrec"), {"dimensions": 4, "blocks": 2, "max_length": 6}
    of_items = "real" if kind in ("cancelling", "large", "tiny") else kind
    arrays = {
        part: numbers(random, of_items if part == "items" else "real", shape)
        for part, shape in method.shapes(items, method.settings_type(**sizes)).items()
    }
    return native("sasrec", arrays, sizes, kind in TIES, kind, items)


def popularity_world(random, kind, items):
    """Return a world where all get the same list."""
    counts = random.integers(0, 5 if kind in TIES else 1000, items).astype(np.float32)
    return native("popularity", {"counts": counts}, {}, True, kind, items)


SHAPES = {
    "plain": lambda x: x,
    "squashed": lambda x: 0.5 * (1 + np.tanh(x / 2)),  # a sigmoid
    "bent": lambda x: np.tanh(x / 4) * 3,
    "offset": lambda x: x + 100,
}


def callable_world(random, kind, items):
    """Return a world of a wrapped function: sums, sums that are bent, sums with a constant, a bonus or a sentinel."""
    table, shape = numbers(random, kind, (items, items)), random.choice([*SHAPES, "bonus", "sentinel"])
    stock = random.random(items) < 0.6
    level = np.where(stock & (shape == "bonus"), 1000.0, 0.0)

    def ask(rows):
        out = SHAPES.get(shape, SHAPES["plain"])(np.asarray(rows, dtype=float) @ table) + level
        return np.where(stock, out, -1e9) if shape == "sentinel" else out

    def score(event_items, kept):
        rows = np.zeros((len(kept), items))
        for event, item in enumerate(event_items):
            rows[:, item] += kept[:, event]
        return ask(rows)

    additive = bool(random.random() < 0.5 and shape in ("plain", "offset", "bonus"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a coarse model is to be judged, too
        model = topple.wrap(ask, "callable", catalogue_of(items), histories="dense", additive=additive)
    return World(f"callable/{kind}/{shape}/{'additive' if additive else 'opaque'}", model, score, kind in TIES)


MAKERS = {
    "ease": additive_world,
    "item-knn": neighbours_world,
    "bpr": bpr_world,
    "lightgcn": lightgcn_world,
    "als": als_world,
    "mult-vae": lambda random, kind, items: autoencoder_world(random, kind, items, "mult-vae"),
    "mult-dae": lambda random, kind, items: autoencoder_world(random, kind, items, "mult-dae"),
    "neumf": neumf_world,
    "sasrec": sasrec_world,
    "popularity": popularity_world,
    "callable": callable_world,
}
OFTEN = {"popularity": 1, "sasrec": 2, "neumf": 2}
"""How often a model is asked; 4 where nothing is said."""


def draw_world(seed, number):
    """Return the world of a number: its model, what is special about it and its size are drawn."""
    random = np.random.default_rng([seed, number])
    names = [name for name in MAKERS for _ in range(OFTEN.get(name, 4))]
    name, kind = random.choice(names), random.choice(KINDS)
    items = int(random.choice([14, 18, 26, 140], p=[0.3, 0.3, 0.35, 0.05]))
    return MAKERS[name](random, str(kind), items), random
