"""Cases of command lines: any command, any options, values that fit and values that do not."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import typer

from tests.fuzz.odd import TEXTS
from tests.fuzz.workshop import Workshop
from topple.cli.app import app

SLOW = ("demo", "bench recommenders", "reproduce lcer")
LEFT_OUT = ("install_completion", "show_completion", "help")
"""Options that write outside the folder, or need a shell."""
CHOICES = {
    "dataset": ("generated", "ml-100k", "alishop", "no"),
    "recommender": ("ease", "als", "item-knn", "popularity", "bpr", "mult-vae", "sasrec", "no"),
    "explainer": ("auto", "greedy", "exhaustive", "exact", "lcer", "lcer-rank", "no"),
    "preset": ("ml-100k", "no"),
    "rule": ("unseen_before", "unseen_after", "all", "no"),
    "goal": ("necessary", "sufficient", "both", "no"),
    "user": ("1", "2", "3", "no"),
    "history": ("i01,i02", '["i01", "i03"]', "i01", "i01,i01", "", "no"),
    "target": ("i01", "i05", "no"),
    "protect": ("i01", "i02", "no"),
    "group": ("i01,i02", "i01", "no"),
    "item_cost": ("i01=2", "i02=0.5", "i01=0", "i01", "no=1"),
    "without": ("i01", "i01,i02", "no"),
    "only": ("i01", "no"),
    "add": ("i09", "no"),
    "of": ("ease", "sasrec", "no", "MODEL"),
    "device": ("cpu", "cuda", "cuda:9", "meta", "no"),
    "factory": ("a", "a:b", "os:getcwd", "topple.testing:film_recommender", "tests.told:told_model", "json:loads", ":"),
    "name": ("generated", "ml-100k", "TABLE", "table.parquet", "no"),
    "settings": (
        "epochs=1",
        "lam=1",
        "l=1",
        "steps=2",
        "budget=10",
        "largest=1",
        "hidden=4",
        "seed=-1",
        "lams=1",
        "=",
        "factors=2",
        "neighbours=0",
        "neighbours=3",
    ),
    "duplicates": ("first", "last", "max", "sum", "mean", "count", "keep", "auto", "error", "no"),
    "effort": ("instant", "balanced", "proof", "no"),
    "form": ("table", "adjacency", "no"),
    "encoding": ("utf-8", "latin-1", "utf-16", "rot13", "zlib", "no"),
    "decimal": (".", ",", "no"),
    "context": ('{"bonus": 1, "region": "north"}', '{"bonus": NaN}', "[]", "null", '"\\ud800"', "[" * 600 + "]" * 600),
    "repeats": ("item", "events", "no"),
    "because": ("liked", "bought", "no"),
    "language": ("en", "de", "no"),
    "rank_column": ("rank", "time", "no"),
    "weight_column": ("auto", "none", "rating", "title", "no"),
    "title_column": ("title", "item", "no"),
    "history_weights": ("1,2", "1", "0,1", "nan,1", "no"),
    "user_column": ("user", "item", "title", "no"),
    "item_column": ("user", "item", "title", "no"),
    "rating_column": ("rating", "title", "no"),
    "time_column": ("time", "title", "no"),
    "separator": (",", ";", "\t"),
    "only_rows": ("ease", "no"),
}
FILES = {
    "model": ("MODEL", "network", "told", "explained", "no"),
    "shown": ("shown.csv", "shown-films.csv", "TABLE", "titles.csv", "no"),
    "histories": ("seen.csv", "TABLE", "titles.csv", "no"),
    "contexts": ("contexts.json", "TABLE", "no"),
    "interactions": ("TABLE", "table.parquet", "table.csv.gz", "model", "titles.csv", "no"),
    "titles": ("titles.csv", "movies.dat", "TABLE", "no"),
    "weights": ("weights.npz", "TABLE", "no"),
    "results": ("explained", "explained/explanations.jsonl", "MODEL", "no"),
    "data_dir": ("model", "no"),
    "out": (
        "scratch/out",
        "scratch/a/b/out",
        "TABLE",
        "model",
        "explained",
        "/dev/full/x",
        "/proc/x/y",
        "kept",
        "scratch",
    ),
    "picture": ("scratch/a.svg", "scratch/a.png", "scratch/a.txt", "scratch"),
}
TOLD = ["--model", "told", "--factory", "tests.told:told_model", "-k", "2"]
"""A model that is told contexts."""
ABOUT_TOLD = (
    ["agree", *TOLD, "--shown", "shown-films.csv", "--histories", "seen.csv", "--contexts", "contexts.json"],
    *([command, *TOLD, "--history", "alien,brazil,casablanca,duel"] for command in ("recommend", "explain", "what-if")),
)
ENDLESS = (("serve",),)
"""Commands that go on until they are stopped."""
NUMBERS = ("1", "2", "3", "0", "-1", "7", "100", "0.5", "1e9", "0.001")


@cache
def commands() -> tuple[tuple[tuple[str, ...], Any], ...]:
    """Return every command, by the words that call it."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        inner = getattr(command, "commands", None)
        if words in ENDLESS:
            return
        if inner is None:
            yield words, command
        for name in inner or ():
            yield from walk(inner[name], (*words, name))

    return tuple(walk(typer.main.get_command(app), ()))


def command_line(workshop: Workshop, draw: np.random.Generator) -> list[str]:
    """Return the arguments of a random command line."""
    if draw.random() < 0.08:
        return _about_told(workshop, draw)
    every = commands()
    words, found = every[int(draw.integers(len(every)))]
    if " ".join(words) in SLOW and draw.random() < 0.9:
        words, found = next(one for one in every if one[0] == ("explain",))
    arguments: list[str] = []
    for parameter in found.params:
        if parameter.name in LEFT_OUT:
            continue
        chance = 0.9 if parameter.required or parameter.name == "model" else 0.15
        if draw.random() < chance:
            arguments += _given(parameter, workshop, draw)
    if draw.random() < 0.03:
        arguments.append(TEXTS[int(draw.integers(len(TEXTS)))])
    return [*words, *arguments, *_short(words, arguments)]


def _about_told(workshop: Workshop, draw: np.random.Generator) -> list[str]:
    """Return a command line about the model that is told contexts, with one option more, or two."""
    line = ABOUT_TOLD[int(draw.integers(len(ABOUT_TOLD)))]
    found = next(command for words, command in commands() if words == (line[0],))
    more = [each for each in found.params if each.name not in ("model", "factory", "k", "history", *LEFT_OUT)]
    chosen = [more[int(draw.integers(len(more)))] for _ in range(2)]
    chosen += [each for each in found.params if each.name == "context" and draw.random() < 0.8]
    return [*line, *(part for each in chosen for part in _given(each, workshop, draw))]


def _given(parameter: Any, workshop: Workshop, draw: np.random.Generator) -> list[str]:
    if parameter.param_type_name == "argument":
        return [_value(parameter, workshop, draw)]
    name = str(draw.choice([*parameter.opts, *parameter.secondary_opts]))
    if parameter.is_flag:
        return [name]
    times = 2 if parameter.multiple and draw.random() < 0.3 else 1
    return [part for _ in range(times) for part in (name, _value(parameter, workshop, draw))]


def _value(parameter: Any, workshop: Workshop, draw: np.random.Generator) -> str:
    name = parameter.name
    if draw.random() < 0.12:
        text = TEXTS[int(draw.integers(len(TEXTS)))]
        return (
            f"scratch/{text}" if name in ("out", "picture") and not text.startswith("/") and ".." not in text else text
        )
    if name in FILES:
        return str(draw.choice(FILES[name])).replace("MODEL", "model").replace("TABLE", "table.csv")
    known = CHOICES["only_rows"] if name == "only" and parameter.multiple else CHOICES.get(name, NUMBERS)
    return str(draw.choice(known)).replace("MODEL", "model").replace("TABLE", "table.csv")


def _short(words: tuple[str, ...], arguments: list[str]) -> list[str]:
    """Keep what learns short."""
    limits = {
        "fit": ["--max-minutes", "0.01"],
        "bench recommenders": ["--max-minutes", "0.001", "--users", "2", "--only", "ease"],
        "reproduce lcer": ["--epochs", "1", "--steps", "2", "--users", "1"],
        "demo": ["--users", "1"],
    }
    return [] if {"--epochs", "--max-minutes", "--steps"} & set(arguments) else limits.get(" ".join(words), [])
