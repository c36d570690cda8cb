"""Cases of the API: every public verb, with values of any type."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

import topple
from tests.fuzz.odd import objects
from tests.fuzz.outcomes import call
from tests.fuzz.workshop import Workshop
from tests.told import by_region
from topple.testing.toy import FILMS

Verb = tuple[Callable[..., Any], dict[str, Any]]


def verbs(workshop: Workshop) -> dict[str, Verb]:
    """Return each verb with good values for all of its parameters that take values of a user."""
    model, explained = workshop.model, workshop.explained
    history = list(next(iter(workshop.histories.values())))
    queries = [each.query for each in explained]
    asked = {
        "k": 2, "rule": "unseen_before", "seed": 0, "goal": "necessary", "protected": (), "groups": (), "item_costs": {},
        "largest": 2, "sets": 1, "candidates": None, "exclude": (), "repeats": "item", "weights": None, "contexts": None,
        "unknown": "refuse",
    }  # fmt: skip
    explaining = {"explainer": "greedy", "settings": None, "budget": {"scored": 100}, "progress": False}
    told = {"recommender": workshop.told, "k": 2, "progress": False, "explainer": "greedy"}
    film_lists = {"ann": ["evita", "fargo"], "bob": ["gattaca", "evita"]}
    scratch = workshop.scratch
    return {
        "explain": (topple.explain, {"recommender": model, "histories": workshop.histories, "targets": None, **explaining, **asked}),
        "explain one": (topple.explain, {"recommender": model, "histories": history, "targets": None, **explaining, **asked}),
        "explain shown": (
            topple.explain,
            {"recommender": model, "histories": workshop.histories, "shown": {user: ["i01", "i05"] for user in workshop.histories},
             "targets": None, "k": None, "rule": "all", "candidates": None, "exclude": (), "weights": None, "effort": "instant",
             "unknown": "drop",
             "settings": None, "budget": None, "progress": False},
        ),
        "explain one shown": (
            topple.explain,
            {"recommender": model, "histories": history, "shown": [each.query.target for each in explained][:2], "k": None,
             "effort": "balanced", "progress": False},
        ),
        "explain told": (
            topple.explain, {"histories": workshop.told_histories, "contexts": workshop.contexts, "context": None, "shown": None, **told},
        ),
        "explain one told": (
            topple.explain,
            {"histories": list(workshop.told_histories["ann"]), "context": workshop.contexts["ann"], "contexts": None,
             **told, "recommender": workshop.told_module},
        ),
        "write told": (
            lambda folder, **given: topple.write_explanations(
                topple.explain(**given), workshop.told.catalogue, folder, overwrite=True
            ),
            {"folder": scratch / "t", "histories": list(workshop.told_histories["ann"]), "context": workshop.contexts["bob"], **told},
        ),
        "score told": (
            topple.score,
            {"recommender": workshop.told, "histories": workshop.told_histories, "items": ["evita"], "contexts": workshop.contexts,
             "context": None},
        ),
        "what_if told": (
            topple.what_if,
            {"recommender": workshop.told, "history": list(workshop.told_histories["ann"]), "k": 2, "without": "alien", "only": None,
             "context": workshop.contexts["ann"]},
        ),
        "agreement": (
            topple.agreement,
            {"recommender": model, "shown": {user: ["i01", "i05"] for user in workshop.histories}, "k": 2,
             "histories": workshop.histories, "weights": None, "other_weights": None, "later": None, "rule": "all",
             "candidates": None, "exclude": {}, "unknown": "drop", "contexts": None},
        ),
        "agreement told": (
            topple.agreement,
            {"recommender": workshop.told, "shown": film_lists, "k": None, "histories": workshop.told_histories,
             "contexts": workshop.contexts},
        ),
        "Shown": (
            lambda **given: topple.agreement(model, [topple.Shown(**given)], k=2),
            {"history": history, "items": ["i01", "i05"], "user": 1, "weights": (), "context": None},
        ),
        "wrap told": (
            topple.wrap,
            {"model": by_region, "library": "callable", "items": list(FILMS), "histories": "csr",
             "contexts": list(workshop.contexts.values())},
        ),
        "top_k_queries": (topple.top_k_queries, {"recommender": model, "histories": workshop.histories, "targets": None, **asked}),
        "explain_queries": (topple.explain_queries, {"recommender": model, "queries": queries, **explaining}),
        "explain_each": (
            lambda **given: list(topple.explain_each(**given)),
            {"recommender": model, "queries": queries, **{key: explaining[key] for key in ("explainer", "settings", "budget")}},
        ),
        "recommend": (
            topple.recommend,
            {"recommender": model, "history": history, "k": 2, "rule": "all", "weights": (), "candidates": None, "exclude": (),
             "unknown": "drop",
             "context": 1},
        ),
        "score": (topple.score, {"recommender": model, "histories": workshop.histories, "items": None}),
        "what_if": (topple.what_if, {"recommender": model, "history": history, "k": 2, "without": history[0], "rule": "all"}),
        "influence": (topple.influence, {"recommender": model, "history": history, "k": 2, "groups": (), "rule": "unseen_after"}),
        "evaluate": (topple.evaluate, {"recommender": model, "explanations": explained, "retraining": None, "progress": False}),
        "verify": (
            topple.verify, {"recommender": model, "queries": queries, "removed": [each.items for each in explained], "rule": None},
        ),
        "query": (
            lambda **given: topple.explain_queries(model, [topple.Query(**given)], progress=False),
            {"history": history, "target": queries[0].target, "user": 1, "times": (),
             **{key: asked[key] for key in asked if key not in ("weights", "contexts", "unknown")}},
        ),
        "read_interactions": (
            topple.read_interactions,
            {"source": workshop.table, "user": "user", "item": "item", "rating": "rating", "title": "title", "timestamp": "time",
             "weight": None,
             "separator": ",", "duplicates": "first", "name": "x"},
        ),
        "read a text": (
            topple.read_interactions,
            {"source": workshop.folder / "table.csv", "user": "user", "item": "item", "timestamp": "time", "separator": ",",
             "duplicates": "keep", "header": True, "encoding": "utf-8", "decimal": ".", "day_first": None, "drop_missing": True,
             "form": "table", "ordered": True, "name": None},
        ),
        "from_csr": (
            topple.from_csr,
            {"matrix": sparse.csr_matrix(np.eye(2)), "users": ["a", "b"], "items": ["i01", "i02"], "name": "x", "values": "ratings"},
        ),
        "prepare": (
            lambda **given: topple.prepare(given.pop("interactions"), topple.Preparation.parse(given)),
            {"interactions": topple.read_interactions(workshop.table), "positive_above": 3.5, "min_items": 2, "held_out_users": 2,
             "held_out_share": 0.2, "seed": 0},
        ),
        "fit": (topple.fit, {"data": workshop.split, "recommender": "ease", "settings": {"lam": 10.0}, "progress": False, "device": "cpu"}),
        "fit settings": (
            lambda **settings: topple.fit(workshop.split, "als", settings=settings, progress=False),
            {"factors": 2, "alpha": 1.0, "regularisation": 1.0, "epochs": 1, "max_minutes": 0.01, "seed": 0},
        ),
        "fit settings of ease": (
            lambda **settings: topple.fit(workshop.split, "ease", settings=settings, progress=False),
            {"lam": 10.0, "max_items": 100, "neighbours": 3},
        ),
        "wrap": (
            topple.wrap,
            {"model": lambda rows: rows @ np.eye(3), "library": "callable", "items": ["a", "b", "c"], "histories": "csr"},
        ),
        "read_titles": (
            topple.read_titles,
            {"path": workshop.folder / "titles.csv", "item": "item", "title": "title", "separator": ",", "header": True,
             "encoding": "utf-8"},
        ),
        "read_split": (topple.read_split, {"folder": workshop.folder / "split", "name": "x"}),
        "read_explanations": (topple.read_explanations, {"path": workshop.folder / "explained"}),
        "load_model": (topple.load_model, {"folder": workshop.folder / "model", "catalogue": None, "factory": None}),
        "load_model_split": (topple.load_model_split, {"folder": workshop.folder / "model"}),
        "load_split": (topple.load_split, {"name": "generated"}),
        "save_model": (topple.save_model, {"recommender": model, "folder": scratch / "m", "split": None, "overwrite": True}),
        "write_split": (topple.write_split, {"split": workshop.split, "folder": scratch / "s", "overwrite": True}),
        "write_explanations": (
            topple.write_explanations,
            {"explanations": explained, "catalogue": model.catalogue, "folder": scratch / "e", "overwrite": True},
        ),
        "Vocabulary": (topple.Vocabulary, {"ids": ["a", "b"]}),
        "Catalogue": (topple.Catalogue, {"vocabulary": topple.Vocabulary(["a", "b"]), "titles": ("A", "B")}),
        "with_titles": (model.catalogue.with_titles, {"titles": {"i01": "One"}}),
        "Budget": (topple.Budget, {"scored": 1, "seconds": 1.0, "total_scored": 1, "total_seconds": 1.0}),
        "sentence": (topple.sentence, {"explanation": explained[0], "catalogue": model.catalogue}),
        "canonical_json": (topple.canonical_json, {"explanation": explained[0]}),
        "held_out_quality": (topple.held_out_quality, {"recommender": model, "held_out": workshop.split.test}),
    }  # fmt: skip


def value_case(workshop: Workshop, draw: np.random.Generator) -> tuple[str, str, str]:
    """Call a verb with one or two odd values; return the outcome, the case and what was said."""
    every = verbs(workshop)
    name = str(draw.choice(sorted(every)))
    verb, given = every[name]
    names = sorted(set(given) - {"progress"})
    chosen = draw.choice(names, size=min(len(names), 1 + int(draw.random() < 0.3)), replace=False).tolist()
    pool = objects()
    odd = {key: pool[int(draw.integers(len(pool)))] for key in chosen}
    shown = {key: _shown(value) for key, value in odd.items()}
    outcome, said = call(lambda: verb(**{**given, **odd}))
    return outcome, f"{name} {shown}", said


def _shown(value: Any) -> str:
    try:
        return f"{type(value).__name__} {repr(value)[:40]}"
    except RecursionError:
        return f"{type(value).__name__} nested deep"
