import math
from dataclasses import replace

import pytest

from topple import Catalogue, Explanation, Proof, Query, Status, Vocabulary, sentence

FILMS = Catalogue(Vocabulary(["aliens", "alien", "terminator", "jaws"]), ("Aliens", "Alien", "The Terminator", "Jaws"))
QUERY = Query(history=("alien", "terminator"), target="aliens")


def found(**changes):
    given = {"items": ("alien", "terminator"), "replacements": ("jaws",), "rank_before": 2, "rank_after": 7}
    return Explanation(QUERY, Status.FOUND, method="lcer", **{"proof": Proof.VALID, **given, **changes})


def test_a_verified_set():
    assert sentence(found(), FILMS) == (
        "You are recommended *Aliens* (2) because you liked *Alien* and *The Terminator*. "
        "Without these two, *Jaws* would take its place."
    )


def test_a_proven_minimum_is_told():
    assert sentence(found(proof=Proof.MINIMUM), FILMS).endswith("would take its place. No smaller set would do.")


def test_one_item():
    assert sentence(found(items=("alien",)), FILMS) == (
        "You are recommended *Aliens* (2) because you liked *Alien*. Without this one, *Jaws* would take its place."
    )


def test_a_refuted_claim_is_not_told_as_a_reason():
    text = sentence(found(proof=None, rank_after=4), FILMS)
    assert "because" not in text
    assert text.endswith("that is not the reason: without these two it would still be recommended, at rank 4.")


def test_not_found_and_invalid():
    missed = Explanation(QUERY, Status.NOT_FOUND, rank_before=1, reason="the method found no set")
    assert "no set of your items was found" in sentence(missed, FILMS)
    assert sentence(Explanation(QUERY, Status.INVALID, reason="no."), FILMS) == "This could not be asked: no."


def test_long_sets_are_cut_short_and_unknown_titles_are_ids():
    many = Catalogue(Vocabulary(list(range(40))))
    query = Query(history=tuple(range(30)), target=39)
    text = sentence(Explanation(query, Status.FOUND, items=tuple(range(20)), proof=Proof.VALID, rank_before=1), many)
    assert "*0*, *1*" in text
    assert "and 8 more" in text
    assert "Without these 20, it would leave the list." in text


COSTLY = replace(QUERY, item_costs=(("alien", 2.5),))
OPEN = {"proof": Proof.MINIMAL, "items": tuple(range(7))}
LONG = replace(QUERY, history=tuple(range(9)))
ANY = Catalogue(Vocabulary(list(range(9))))


@pytest.mark.parametrize(
    ("explanation", "end"),
    [
        (found(proof=Proof.MINIMUM, at_least=2, proof_by="auto"), "No smaller set would do."),
        (found(proof=Proof.MINIMUM, at_least=2, proof_by="theirs"), "No smaller set would do (claimed by theirs)."),
        (
            replace(found(proof=Proof.MINIMUM, at_least=3.5, proof_by="auto"), query=COSTLY),
            "No cheaper set would do.",
        ),
        (replace(found(at_least=2, proof_by="auto"), query=COSTLY), "A set costs between 2 and 3.5."),
        (replace(found(**OPEN, at_least=4.2, proof_by="auto"), query=LONG), "Between 5 and 7 items are needed."),
        (
            replace(found(**OPEN, at_least=5, proof_by="theirs"), query=LONG),
            "Between 5 and 7 items are needed (claimed by theirs).",
        ),
        (replace(found(**OPEN, at_least=1, proof_by="auto"), query=LONG), "would take its place."),
    ],
)
def test_what_a_set_costs_at_least_is_told_with_who_claims_so(explanation, end):
    assert sentence(explanation, ANY).endswith(end)


@pytest.mark.parametrize(
    ("status", "fields", "end"),
    [
        (Status.BUDGET_SPENT, {"at_least": 3, "reason": "the budget was spent"}, "spent; at least 3 items are needed."),
        (Status.NOT_FOUND, {"at_least": 1, "reason": "the method found no set"}, "leave: the method found no set."),
        (
            Status.IMPOSSIBLE,
            {"at_least": math.inf, "proof_by": "auto", "reason": "proven: no set that the query allows does it"},
            "leave: proven: no set that the query allows does it.",
        ),
        (
            Status.IMPOSSIBLE,
            {"at_least": math.inf, "proof_by": "theirs", "reason": "proven: no set that the query allows does it"},
            "leave: claimed by theirs: no set that the query allows does it.",
        ),
    ],
)
def test_where_no_set_was_found_the_bound_is_told(status, fields, end):
    assert sentence(Explanation(QUERY, status, rank_before=1, **fields), FILMS).endswith(end)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "without these, nothing in the history speaks for it: it ties",
            "Without these two, nothing in your history speaks for it",
        ),
        ("nothing is left to speak for it: the set is the whole", "Without these two, nothing is left to speak for it"),
    ],
)
def test_a_set_that_topples_by_ties_alone_names_no_replacement(reason, words):
    text = sentence(found(reason=reason, replacements=()), FILMS)
    assert f"{words}." in text
    both = sentence(replace(found(reason=reason), query=replace(QUERY, goal="both")), FILMS)
    assert f"{words}, and these two alone would keep it in the list of 5." in both
    assert "Jaws" not in both
