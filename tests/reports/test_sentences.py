import math
from dataclasses import replace

import pytest

from topple import Catalogue, Explanation, Proof, Query, Status, Vocabulary, sentence
from topple.errors import SettingsError
from topple.records.question import Goal
from topple.reports.words import ENGLISH, LANGUAGES

FILMS = Catalogue(Vocabulary(["aliens", "alien", "terminator", "jaws"]), ("Aliens", "Alien", "The Terminator", "Jaws"))
QUERY = Query(history=("alien", "terminator"), target="aliens")


def found(**changes):
    given = {"items": ("alien", "terminator"), "replacements": ("jaws",), "rank_before": 2, "rank_after": 7}
    return Explanation(QUERY, Status.FOUND, method="lcer", **{"proof": Proof.VALID, **given, **changes})


def test_a_verified_set():
    assert sentence(found(), FILMS) == (
        "You are recommended *Aliens* (2) because you liked *Alien* and *The Terminator*. "
        "Without these two, *Jaws* would enter the list instead."
    )


def test_a_proven_minimum_is_told():
    assert sentence(found(proof=Proof.MINIMUM), FILMS).endswith(
        "would enter the list instead. No smaller set would do."
    )


def test_one_item():
    assert sentence(found(items=("alien",)), FILMS) == (
        "You are recommended *Aliens* (2) because you liked *Alien*. Without this one, *Jaws* would enter the list instead."
    )


def test_a_refuted_claim_is_not_told_as_a_reason():
    text = sentence(found(proof=None, rank_after=4), FILMS)
    assert "because" not in text
    assert text.endswith("that is not the reason: without these two it would still be recommended, at rank 4.")


def test_not_found_and_invalid():
    missed = Explanation(QUERY, Status.NOT_FOUND, rank_before=1, reason="the method found no set")
    assert "no set of your items was found" in sentence(missed, FILMS)
    assert sentence(Explanation(QUERY, Status.INVALID, reason="no."), FILMS) == "This could not be asked: no."


@pytest.mark.parametrize(
    ("numbers", "end", "german"),
    [
        (
            (0.1, 0.7),
            "*The Terminator* and *Alien* hold it up most.",
            "Am meisten sprechen *The Terminator* und *Alien* dafür.",
        ),
        ((0.1, -0.7), "*Alien* holds it up most.", "Am meisten spricht *Alien* dafür."),
        ((0.0, math.nan), "tried.", "versucht."),
    ],
)
def test_without_a_set_the_attributions_tell_what_holds_the_target_up(numbers, end, german):
    lost = Explanation(QUERY, Status.NOT_FOUND, rank_before=1, reason="every set was tried", attributions=numbers)
    assert sentence(lost, FILMS).endswith(end)
    assert sentence(lost, FILMS, language="de").endswith(german) or numbers[0] == 0
    assert "hold" not in sentence(found(attributions=numbers), FILMS)


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
        (replace(found(**OPEN, at_least=1, proof_by="auto"), query=LONG), "would enter the list instead."),
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
            "Without these two, nothing else in your history speaks for it",
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


ONLY = replace(QUERY, history=("alien",))
ZWEI = replace(QUERY, goal="both")


@pytest.mark.parametrize(
    ("explanation", "options", "text"),
    [
        (
            found(),
            {"because": "bought", "marks": False, "ranks": False},
            "You are recommended Aliens because you bought Alien and The Terminator. Without these two, Jaws would enter the "
            "list instead.",
        ),
        (
            replace(found(items=("alien",)), query=ONLY),
            {},
            "You are recommended *Aliens* (2) because you liked *Alien*. Without your only item, *Jaws* would enter the list "
            "instead.",
        ),
        (
            replace(found(), query=replace(QUERY, goal="sufficient")),
            {},
            "You are recommended *Aliens* (2) because you liked *Alien* and *The Terminator*. These two alone, of your 2, would "
            "keep it in the list of 5.",
        ),
        (
            found(proof=Proof.MINIMUM),
            {"language": "de", "because": "viewed"},
            "Ihnen wird *Aliens* (2) empfohlen, weil Sie *Alien* und *The Terminator* angesehen haben. Ohne diese zwei Titel "
            "würde stattdessen *Jaws* in die Liste kommen. Keine kleinere Auswahl genügt.",
        ),
        (
            replace(found(items=("alien",)), query=replace(QUERY, goal="sufficient")),
            {"language": "de", "because": "read"},
            "Ihnen wird *Aliens* (2) empfohlen, weil Sie *Alien* gelesen haben. Dieser Titel allein (von Ihren 2) würde die "
            "Empfehlung in der Liste von 5 halten.",
        ),
        (
            replace(found(replacements=()), query=ZWEI),
            {"language": "de"},
            "Ihnen wird *Aliens* (2) empfohlen, weil Sie *Alien* und *The Terminator* gemocht haben. Ohne diese zwei Titel würde "
            "die Empfehlung aus der Liste fallen, und diese zwei Titel allein würden die Empfehlung in der Liste von 5 halten.",
        ),
        (
            replace(found(items=("alien",), replacements=()), query=ONLY),
            {"language": "de", "because": "played"},
            "Ihnen wird *Aliens* (2) empfohlen, weil Sie *Alien* gespielt haben. Ohne Ihren einzigen Titel würde die Empfehlung "
            "aus der Liste fallen.",
        ),
        (
            Explanation(QUERY, Status.IMPOSSIBLE, rank_before=1, reason="proven: none", proof_by="theirs"),
            {"language": "de"},
            "Ihnen wird *Aliens* (1) empfohlen; es wurde keine Auswahl Ihrer Titel gefunden, ohne die sie wegfiele: behauptet von "
            "theirs: keine erlaubte Auswahl genügt.",
        ),
        (
            found(proof=None, rank_after=4),
            {"language": "de"},
            "Ihnen wird *Aliens* (2) empfohlen. lcer nennt *Alien* und *The Terminator*, aber das ist nicht der Grund: ohne diese "
            "zwei Titel stünde die Empfehlung noch auf Rang 4.",
        ),
    ],
)
def test_other_words_and_german(explanation, options, text):
    assert sentence(explanation, FILMS, **options) == text


def test_words_and_languages_that_are_not_known_are_refused():
    with pytest.raises(SettingsError, match="because='loved' is not one of liked, bought, played"):
        sentence(found(), FILMS, because="loved")
    with pytest.raises(SettingsError, match=r"language='fr' is not one of en, de. Choose one"):
        sentence(found(), FILMS, language="fr")


def test_another_language_is_more_words():
    shouted = replace(ENGLISH, leaves="IT WOULD LEAVE", verbs={"loved": "loved"})
    text = sentence(found(replacements=()), FILMS, language=shouted, because="loved")
    assert text.endswith("because you loved *Alien* and *The Terminator*. Without these two, IT WOULD LEAVE.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_words(language):
    words, english = LANGUAGES[language], ENGLISH
    assert set(words.verbs) == set(english.verbs)
    assert set(words.sought) == set(english.sought) == set(Goal)
    for count in range(1, 15):
        many = Explanation(LONG, Status.FOUND, items=tuple(range(count)), rank_before=1, proof=Proof.VALID)
        assert "{" not in sentence(many, Catalogue(Vocabulary(list(range(20)))), language=language)
