"""Folders of explanations of a world whose titles are as bad as titles can be."""

from dataclasses import replace

import topple
from topple import Explanation, Proof, Query, Status
from topple.api.reasons import WHOLE_HISTORY
from topple.data.vocabulary import Catalogue
from topple.records.telling.beside import StoredTitles
from topple.testing import film_recommender
from topple.testing.toy import FILMS

ODD = (
    "<script>alert(1)</script>",
    "\"quoted\" & 'single' <img src=x onerror=alert(1)>",
    "\x1b[31mred\nnew line\u202eevil",
    "{{ 7 * 7 }} {% raw %}",
    "שלום עולם (1996)",
    "</style></title><b>bold",
    "a" * 300,
)
ODD_TITLES = dict(zip(FILMS, ODD, strict=True))


def odd_recommender():
    """Return the films with odd titles."""
    model = film_recommender()
    model.catalogue = Catalogue(model.catalogue.vocabulary, ODD)
    return model


def every_ending(recommender=None):
    """Return explanations of every ending, of users 1 to 6; what is not found, refuted or invalid is made by hand."""
    model = film_recommender() if recommender is None else recommender
    people = {1: ["alien", "brazil"], 2: ["alien", "brazil", "casablanca", "duel"], 3: ["gattaca"]}
    found = topple.explain(model, people, k=2, progress=False)
    stamp = {"method": "auto", "model": model.fingerprint, "at": "2026-11-26T10:00:00+00:00", "version": "0.1.0"}

    def made(user, status, reason="", **fields):
        history = tuple(FILMS)[: fields.pop("events", 3)]
        query = Query(history, fields.pop("target", "gattaca"), k=2, user=user, **fields.pop("asked", {}))
        return Explanation(query, status, reason=reason, rank_before=1, **{**stamp, **fields})

    return [
        *found,
        made(4, Status.NOT_FOUND, "the method found no set"),
        made(4, Status.BUDGET_SPENT, "the budget was spent before a set was found"),
        made(4, Status.FOUND, "refuted by re-ranking: without the set the target is at rank 1, still in the top 2", items=("alien",)),
        made(5, Status.IMPOSSIBLE, "proven: no set that the query allows does it", at_least=float("inf"), proof_by="exact"),
        made(5, Status.FOUND, WHOLE_HISTORY, items=("alien", "brazil", "casablanca"), proof=Proof.MINIMUM, at_least=3.0, proof_by="auto"),
        made(5, Status.INVALID, "target_item='gattaca' is listed without evidence: nothing in the history speaks for it"),
        made(6, Status.INVALID, "target_item='evita' is at rank 17, not in the top 2: there is nothing to topple", target="evita"),
        made(6, Status.INVALID, "target_item='fargo' is at rank 9, not in the top 2: there is nothing to topple", target="fargo"),
    ]  # fmt: skip


def written(folder, explanations=None, recommender=None):
    """Write explanations with the titles of a recommender, and return the folder."""
    model = film_recommender() if recommender is None else recommender
    told = every_ending(model) if explanations is None else explanations
    topple.write_explanations(told, model.catalogue, folder)
    return folder


def with_titles(explanation, titles):
    """Return an explanation that is told with other titles."""
    from topple.records.telling.beside import Beside, put_beside

    copy = replace(explanation)
    put_beside(copy, Beside(StoredTitles(titles)))
    return copy
