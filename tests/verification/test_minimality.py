import torch

from topple.explanation import CandidateRule
from topple.recommenders.encoding import encode
from topple.testing import film_world
from topple.verification.minimality import minimal

FILMS = film_world()
ENCODED = encode([FILMS.one, FILMS.two, FILMS.bo, FILMS.two], FILMS.recommender.catalogue)


def asked(rule, *named):
    places = torch.zeros_like(ENCODED.protected)
    for row, (query, items) in enumerate(zip(ENCODED.queries, named, strict=True)):
        places[row, : len(query.history)] = torch.tensor([item in items for item in query.history])
    return minimal(FILMS.recommender, ENCODED, places, rule).tolist()


def test_a_set_with_an_item_to_spare_is_not_minimal():
    sets = ["alien", "duel"], ["brazil", "casablanca"], ["evita"], []
    assert asked(CandidateRule.UNSEEN_BEFORE, *sets) == [False, True, True, True]


def test_the_rule_decides():
    sets = ["alien"], ["brazil", "casablanca"], ["evita", "gattaca"], ["casablanca"]
    assert asked(CandidateRule.UNSEEN_AFTER, *sets) == [True, False, False, True]


def test_no_set_at_all():
    assert asked(CandidateRule.UNSEEN_BEFORE, [], [], [], []) == [True] * 4
