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
