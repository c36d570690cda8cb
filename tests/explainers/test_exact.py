"""`exact` against every subset, tried in the test itself by plain Python."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explainers.proofs.test_additive_scores import Silent, questions, silent, smallest, topples
from topple import Proof, explain_queries, top_k_queries
from topple.errors import CapabilityError, SettingsError
from topple.explainers import exact
from topple.explainers.exact import Exact, ExactSettings
from topple.explainers.greedy import Greedy
from topple.explainers.proofs import additive_scores, cheapest_removal, smallest_removal
from topple.explainers.proofs.cheapest_removal import CheapestRemoval, Units
from topple.explainers.proofs.gaps import Gaps
from topple.explainers.proofs.removal_program import Ended
from topple.explainers.proofs.smallest_removal import SmallestRemoval
from topple.explainers.removals import search
from topple.explainers.search.exchange import small_sets
from topple.recommenders.models.bpr import BPR
from topple.recommenders.models.ease import EASE, EaseSettings
from topple.recommenders.models.mult_vae import MultVAESettings
from topple.records.answer import Status
from topple.records.question import UNSEEN, CandidateRule, Query
from topple.scoring.encoding import encode
from topple.scoring.memory import VARIABLE
from topple.testing import check_explainer, film_world, random_additive, random_mult_vae, tiny_split
from topple.testing.toy import ToyRecommender
from topple.testing.worlds import World, catalogue_of, listed_queries


def nothing(engine, **_):
    """Return what a greedy search that never finds anything would."""
    return torch.zeros_like(engine.table.removable)


def everything(engine, **limits):
    """Return sets as large as can be: all removable items, where that topples; else what greedy search finds."""
    sets = small_sets(engine, **limits)
    table = engine.table
    whole = torch.zeros_like(table.asked)
    whole[table.cells] = engine.settle(*table.cells, table.removable[table.cells]) > 0
    return torch.where(whole[..., None], table.removable, sets)


WAYS = {
    "as it is": {},
    "no enumeration of ties": {(smallest_removal, "ENUMERATED"): 0},
    "by programs": {(search, "EFFORT"): 0},
    "by programs, no enumeration of ties": {(search, "EFFORT"): 0, (smallest_removal, "ENUMERATED"): 0},
    "programs where a little effort is not enough": {(search, "EFFORT"): 200},
    "nothing to start from": {(exact, "small_sets"): nothing, (smallest_removal, "ENUMERATED"): 0},
    "nothing to start from, by programs": {(exact, "small_sets"): nothing, (search, "EFFORT"): 0},
    "a large set to start from": {(exact, "small_sets"): everything},
    "a large set to start from, in small steps": {(exact, "small_sets"): everything, VARIABLE: "64B"},
}


def ask(model, queries, **limits):
    """The status, whether a minimum is claimed, and the claimed set of each query."""
    encoded = encode(queries, model.catalogue)
    found = Exact(ExactSettings(**limits)).propose(model, encoded)
    minimum = found.found & (found.proven_below == encoded.cost(found.sets))
    return [
        (status, claimed, tuple(item for item, gone in zip(query.history, removed, strict=False) if gone))
        for query, status, claimed, removed in zip(
            queries, found.status, minimum.tolist(), found.sets.tolist(), strict=True
        )
    ]


def agrees_with_every_subset(model, queries, **limits):
    table = model.arrays()[next(iter(model.arrays()))].double().numpy()
    index = {item: place for place, item in enumerate(model.catalogue.vocabulary.ids)}
    for query, (status, claimed, removed) in zip(queries, ask(model, queries, **limits), strict=True):
        least = smallest(model, query)
        if topples(table, query, index, set()):
            continue  # not in its list: the door refuses it
        if least is None:
            assert (status, claimed, removed) == (Status.IMPOSSIBLE, False, ())
        else:
            assert (status, claimed, len(removed)) == (Status.FOUND, True, least)
            assert topples(table, query, index, set(removed))
            assert not set(removed) & query.protected


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def way(request, monkeypatch):
    for what, value in request.param.items():
        if what == VARIABLE:
            monkeypatch.setenv(what, value)
        else:
            monkeypatch.setattr(*what, value)


@pytest.mark.usefixtures("way")
def test_agrees_with_every_subset_whichever_way_it_takes():
    @given(questions())
    @settings(max_examples=60, deadline=None)
    def agrees(world):
        agrees_with_every_subset(*world, refuted=5000)

    agrees()


@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from(UNSEEN), st.integers(0, 2))
@settings(max_examples=100, deadline=None)
def test_agrees_on_the_listed_targets_of_histories_of_twelve_items(seed, k, rule, protected):
    random = np.random.default_rng(seed)
    model = Silent(catalogue_of(24), torch.from_numpy(random.normal(0.2, 1, (24, 24))).float())
    if seed % 2:
        model = silent(random_additive(24, seed))
    histories = {
        number: model.catalogue.vocabulary.decode(random.permutation(24)[:size]) for number, size in enumerate((12, 9))
    }
    stays = [history[0] for history in histories.values()][:protected]
    agrees_with_every_subset(model, top_k_queries(model, histories, k=k, rule=rule, protected=stays))


def test_agrees_for_ease():
    split = tiny_split()
    model = EASE.fit(split, EaseSettings(lam=5))
    for rule in UNSEEN:
        agrees_ease(model, top_k_queries(model, split.histories(limit=10), k=3, rule=rule))


def agrees_ease(model, queries):
    toy = Silent(model.catalogue, model.arrays()["weights"])
    agrees_with_every_subset(toy, queries)
    assert ask(model, queries) == ask(toy, queries)


def test_the_films():
    films = film_world()
    found = ask(films.recommender, list(films.queries))
    assert [status for status, _, _ in found] == [Status.FOUND, Status.FOUND, Status.IMPOSSIBLE, Status.FOUND]
    assert found[1] == (Status.FOUND, True, ("brazil", "casablanca"))
    assert found[0][2] in (("alien",), ("brazil",))
    again = ask(films.recommender, [replace(films.two, rule=CandidateRule.UNSEEN_AFTER)])
    assert again == [(Status.FOUND, True, ("casablanca",))]


def test_the_door_says_minimum_and_impossible():
    films = film_world()
    found = explain_queries(films.recommender, films.queries, explainer=Exact(), progress=False)
    assert [each.proof for each in found] == [Proof.MINIMUM, Proof.MINIMUM, None, Proof.MINIMUM]
    assert found[2].status is Status.IMPOSSIBLE


class Biased(ToyRecommender):
    """The films with a constant for each."""

    bias = (0.0,) * 7

    def score(self, histories, keep, candidates=None):
        bias = torch.tensor(self.bias).to(keep)
        return super().score(histories, keep, candidates) + (bias if candidates is None else bias[candidates][:, None])


@pytest.mark.parametrize("programs", [False, True])
@pytest.mark.parametrize(
    ("name", "evita", "expected"),
    [
        ("one", 100.0, (Status.IMPOSSIBLE, 0)),
        ("one", 2.5, (Status.FOUND, 2)),  # 10.5 against 7 and 6: {alien, brazil} leaves 3.5 against 4 and 6
        ("two", 0.0, (Status.FOUND, 2)),
        ("two", 3.0, (Status.FOUND, 1)),  # without brazil fargo has 5, evita 8 and gattaca 6
    ],
)
def test_a_constant_counts(name, evita, expected, programs, monkeypatch):
    if programs:
        monkeypatch.setattr(exact, "small_sets", nothing)
        monkeypatch.setattr(Gaps, "counting_bound", lambda gaps, most: 0)
    films = film_world()
    model = Biased(films.recommender.catalogue, films.recommender.arrays()["gives"])
    model.bias = (0.0, 0.0, 0.0, 0.0, evita, 0.0, 0.0)
    status, claimed, removed = ask(model, [getattr(films, name)])[0]
    assert (status, len(removed)) == expected
    assert claimed == (status is Status.FOUND)


def test_claims_nothing_when_the_limits_are_spent(monkeypatch):
    """Without its whole history the target ties at 0, and re-ranking refutes that set: one refutation for the proof."""
    table = torch.zeros(40, 40)
    table[:30, 35] = 1
    table[0, 36], table[1, 36] = 0.5, -0.5
    model = Silent(catalogue_of(40), table)
    ids = model.catalogue.vocabulary.ids
    query = Query(ids[:30], ids[35], k=1)
    assert ask(model, [query]) == [(Status.IMPOSSIBLE, False, ())]
    monkeypatch.setattr(smallest_removal, "ENUMERATED", 0)
    assert ask(model, [query], refuted=1) == [(Status.IMPOSSIBLE, False, ())]
    assert ask(model, [query], refuted=0) == [(Status.IMPOSSIBLE, False, ())], (
        "ties are not above 0, so that none is refuted"
    )


def test_a_tie_does_not_let_protected_items_in(monkeypatch):
    """All but the protected item gone, the target ties at 0; with it gone too, another competitor would be above."""
    table = torch.zeros(40, 40)
    table[1:30, 35] = 1
    table[0, 36], table[1, 36] = -5, 2
    model = Silent(catalogue_of(40), table)
    ids = model.catalogue.vocabulary.ids
    query = Query(ids[:30], ids[35], k=1, protected=frozenset(ids[:1]))
    assert ask(model, [query]) == [(Status.IMPOSSIBLE, False, ())]
    monkeypatch.setattr(smallest_removal, "ENUMERATED", 0)
    assert ask(model, [query]) == [(Status.IMPOSSIBLE, False, ())]
    status, claimed, removed = ask(model, [replace(query, protected=frozenset())])[0]
    assert (status, claimed, len(removed)) == (Status.FOUND, True, 29)


def test_a_set_without_proof_stays_found(monkeypatch):
    films = film_world()
    monkeypatch.setattr(Gaps, "counting_bound", lambda gaps, most: 0)
    monkeypatch.setattr(
        SmallestRemoval, "search", lambda self, *_, **__: (Ended.STOPPED, np.zeros_like(self.gaps.removable))
    )
    found = ask(films.recommender, [films.two, films.impossible])
    assert [each[:2] for each in found] == [(Status.FOUND, False), (Status.BUDGET_SPENT, False)]


def test_needs_an_additive_recommender():
    with pytest.raises(CapabilityError, match="exact needs a recommender that is additive; mult-vae declares"):
        Exact().require(random_mult_vae())


def test_settings_of_something_else_are_refused():
    with pytest.raises(SettingsError, match="MultVAESettings given to exact, which takes ExactSettings"):
        Exact(MultVAESettings())


def test_keeps_the_contract_on_worlds_of_its_own():
    additive = silent(random_additive(24, seed=2))
    ease = EASE.fit(tiny_split(), EaseSettings(lam=5))
    check_explainer(Exact, [World(model, listed_queries(model, seed=1)) for model in (additive, ease)])


def test_progress_adds_up_and_cost_counts_every_scored_history():
    films = film_world()
    encoded = encode(films.queries, films.recommender.catalogue)
    done = []
    found = Exact().propose(films.recommender, encoded, done.append)
    assert sum(done) == len(films.queries)
    assert (found.cost > Greedy().propose(films.recommender, encoded).cost).all()


def test_items_without_a_part_in_the_history_are_no_rivals_and_a_crowd_of_rivals_is_no_proof(monkeypatch):
    table = torch.zeros(40, 40)
    table[:5, 35] = 1
    ids = catalogue_of(40).vocabulary.ids
    nobody = Silent(catalogue_of(40), table.clone())
    query = Query(ids[:5], ids[35], k=1)
    monkeypatch.setattr(additive_scores, "COMPETITORS", 2)
    assert ask(nobody, [query]) == [(Status.IMPOSSIBLE, False, ())]
    for place in range(4):  # without the item at its place, a rival is above the target: two such removals for k = 2
        table[4, 36 + place], table[place, 36 + place] = 7, -3
    crowd, asked = Silent(catalogue_of(40), table), replace(query, k=2)
    status, claimed, removed = ask(crowd, [asked])[0]
    assert (status, claimed, len(removed)) == (Status.FOUND, False, 2)
    monkeypatch.setattr(additive_scores, "COMPETITORS", 20)
    assert ask(crowd, [asked])[0][:2] == (Status.FOUND, True)


def test_a_cheaper_set_is_found_where_the_solver_presolves_it_away():
    random, shape = np.random.default_rng(12), (16, 64)
    model = BPR.from_arrays({"items": random.normal(0, 0.5, shape)}, catalogue_of(16))
    history, costs = (107, 116, 122, 128, 119, 110), ((116, 0.01), (122, 0.01), (128, 100.0), (119, 1.0), (110, 0.1))
    query = Query(history, 143, k=3, rule=CandidateRule.UNSEEN_AFTER, groups=((122,),), item_costs=costs)
    (found,) = explain_queries(model, [query], explainer="exact", progress=False)
    assert (set(found.items), found.proof) == ({122, 110}, Proof.MINIMUM)


def test_a_solver_that_answers_with_a_set_that_is_no_cheaper_proves_nothing(monkeypatch):
    found = CheapestRemoval(
        Gaps(
            np.full(1, -1.0),
            np.array([[2.0, 3.0]]),
            np.full(1, -1),
            np.ones(1, int),
            np.ones(2, bool),
            1,
            np.zeros(1, int),
        ),
        lambda sets: np.ones(len(sets), dtype=np.bool_),
        nodes=10,
        most_refuted=3,
        left=lambda: np.inf,
        units=Units(np.arange(2), np.array([1000, 10]), np.ones(2, dtype=np.int64), np.array([True, False]), 2),
    )
    sloppy = np.array([True, False])
    monkeypatch.setattr(cheapest_removal, "fewest_removals", lambda *_: (Ended.FOUND, sloppy))
    monkeypatch.setattr(search, "EFFORT", 0)
    assert found.search(1000)[0] is Ended.STOPPED
    assert found.search(1001)[0] is Ended.FOUND
