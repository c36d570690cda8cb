from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import topple
from tests.data.prepared import played_split
from topple.api.asking import top_k_queries
from topple.api.explaining import explain, explain_queries, make_explainer
from topple.api.recommending import recommend
from topple.errors import CapabilityError, QueryError, SettingsError, UnknownNameError
from topple.explainers import lcer
from topple.explainers.base import Explainer
from topple.explainers.lcer import Lcer, LcerSettings
from topple.recommenders.models.mult_vae import MultVAESettings
from topple.records.answer import Proof, Status
from topple.records.claims import Claims
from topple.records.question import CandidateRule, Query
from topple.testing import OpaqueRecommender, film_recommender, film_world, random_mult_vae
from topple.testing.toy import ANA, BO
from topple.testing.worlds import listed_queries

FILMS = film_world()
TOY = FILMS.recommender
SHORT = {"steps": 80}
USERS = {"ana": ANA, "bo": BO}


class Says(Explainer):
    """Claims the sets that it was made with."""

    name = "says"

    def __init__(self, *sets, status=Status.FOUND):
        super().__init__()
        self.sets, self.status = sets, status

    def propose(self, recommender, queries, on_progress=None):
        removed = torch.zeros_like(queries.protected)
        for row, query in enumerate(queries.queries):
            named = next(named for target, named in self.sets if target == query.target)
            removed[row, : len(query.history)] = torch.tensor([item in named for item in query.history])
        claims = Claims.unproven(removed, torch.full((len(queries),), 7))
        claims.proven_below[:] = torch.inf if self.status is Status.IMPOSSIBLE and not removed.any() else 0
        claims.ended[:] = self.status is Status.BUDGET_SPENT
        return claims


def timeless(explanations):
    return [replace(explanation, seconds=0.0) for explanation in explanations]


def asked(queries, *sets, **kwargs):
    return explain_queries(TOY, queries, explainer=Says(*sets, **kwargs), progress=False)


def test_a_true_claim_leaves_with_its_proof_ranks_and_replacement():
    minimal, valid = asked([FILMS.two, FILMS.one], ("fargo", ["brazil", "casablanca"]), ("evita", ["alien", "brazil"]))
    assert (minimal.status, minimal.proof, minimal.valid) == (Status.FOUND, Proof.MINIMAL, True)
    assert minimal.items == ("brazil", "casablanca")
    assert (minimal.rank_before, minimal.rank_after, minimal.replacements) == (2, 3, ("gattaca",))
    assert (valid.proof, valid.rank_before, valid.rank_after) == (Proof.VALID, 1, 3)
    assert (minimal.method, minimal.cost, minimal.settings) == ("says", 7, {})
    assert (minimal.model, minimal.catalogue) == (TOY.fingerprint, TOY.catalogue.fingerprint)
    assert minimal.seconds > 0
    assert minimal.reason == ""


def test_a_false_claim_is_shown_as_refuted_and_never_as_proven():
    (refuted,) = asked([FILMS.two], ("fargo", ["casablanca"]))
    assert (refuted.status, refuted.proof, refuted.valid) == (Status.FOUND, None, False)
    assert (refuted.items, refuted.rank_after) == (("casablanca",), 2)
    assert refuted.reason == "refuted by re-ranking: without the set the target is at rank 2, still in the top 2"


def test_the_same_claim_is_true_under_the_other_rule():
    (verified,) = asked([replace(FILMS.two, rule=CandidateRule.UNSEEN_AFTER)], ("fargo", ["casablanca"]))
    assert (verified.proof, verified.rank_after, verified.replacements) == (Proof.MINIMAL, 3, ("casablanca",))


def test_a_rule_may_be_given_by_its_name():
    (verified,) = asked([replace(FILMS.two, rule="unseen_after")], ("fargo", ["casablanca"]))
    assert verified.proof is Proof.MINIMAL


@pytest.mark.parametrize("status", [Status.NOT_FOUND, Status.BUDGET_SPENT, Status.IMPOSSIBLE])
def test_no_set_is_a_result_with_its_status(status):
    (lost,) = asked([FILMS.impossible], ("fargo", []), status=status)
    assert (lost.status, lost.items, lost.proof, lost.rank_before, lost.rank_after) == (status, (), None, 2, None)
    assert lost.reason


def test_lcer_on_the_films_finds_and_is_refuted_as_worked_out_by_hand():
    found = explain(TOY, USERS, k=1, explainer="lcer", settings={"steps": 300}, progress=False)
    assert [(e.query.user, e.query.target, e.status, e.proof) for e in found] == [
        ("ana", "evita", Status.FOUND, Proof.MINIMAL),
        ("bo", "fargo", Status.FOUND, Proof.MINIMAL),
    ]
    assert found[1].items == ("evita",)
    refuted = explain_queries(TOY, [FILMS.two], explainer="lcer", settings={"steps": 300}, progress=False)[0]
    assert (refuted.items, refuted.proof) == (("brazil",), None)
    assert "refuted by re-ranking" in refuted.reason


def test_the_top_k_of_each_user_is_explained_in_the_order_of_users_and_lists():
    found = explain(TOY, USERS, k=2, explainer="lcer", settings=SHORT, progress=False)
    assert [(e.query.user, e.query.target, e.rank_before) for e in found] == [
        ("ana", "evita", 1),
        ("ana", "fargo", 2),
        ("bo", "fargo", 1),
        ("bo", "alien", 2),
    ]
    assert all((e.method, e.cost, e.settings["steps"]) == ("lcer", 81, 80) for e in found)


BAD = {
    "nobody": ((), "the history is empty"),
    "stranger": (("alien", "jaws"), "items outside the catalogue: unknown item id 'jaws'"),
    "index": ((0, 1), "items outside the catalogue: unknown item id 0, 1"),
    "nested": ((["alien"],), "item id"),
    "everything": (tuple(TOY.catalogue.vocabulary.ids), "k=1 with 0 candidates"),
}


def test_in_a_batch_a_bad_query_comes_back_in_its_place_with_its_reason_and_stops_no_other():
    users = {"ana": ANA, **{user: history for user, (history, _) in BAD.items()}, "bo": BO}
    found = explain(TOY, users, k=1, explainer="lcer", settings=SHORT, progress=False)
    assert [e.query.user for e in found] == list(users)
    for explanation, (_, reason) in zip(found[1:-1], BAD.values(), strict=True):
        assert explanation.status is Status.INVALID
        assert reason in explanation.reason
        assert (explanation.items, explanation.proof, explanation.rank_before, explanation.cost) == (
            (),
            None,
            None,
            0,
        )
        assert (explanation.method, explanation.catalogue) == ("lcer", TOY.catalogue.fingerprint)
    alone = explain(TOY, USERS, k=1, explainer="lcer", settings=SHORT, progress=False)
    assert timeless([found[0], found[-1]]) == timeless(alone)


@pytest.mark.parametrize("order", [(1, 9, 2), (9, 1), (9, 9, 1)])
def test_a_list_that_cannot_be_filled_is_the_reason_of_the_queries_that_ask_for_it_alone(order):
    films = film_world()
    queries = [replace(films.one, k=k) for k in order]
    explained = explain_queries(films.recommender, queries, progress=False)
    assert [each.status is Status.INVALID and "k=9 with" in each.reason for each in explained] == [
        k == 9 for k in order
    ]


@pytest.mark.parametrize("seeds", [(0, "x"), ("x", 0)])
def test_a_seed_that_is_none_is_the_reason_of_its_query_alone(seeds):
    films = film_world()
    explained = explain_queries(films.recommender, [replace(films.one, seed=seed) for seed in seeds], progress=False)
    assert ["seed='x'" in each.reason for each in explained] == [seed == "x" for seed in seeds]


@pytest.mark.parametrize("user", BAD)
def test_one_history_alone_raises_with_the_same_reason(user):
    history, reason = BAD[user]
    with pytest.raises(QueryError) as raised:
        explain(TOY, history, k=1, explainer="lcer", settings=SHORT, progress=False)
    assert reason in str(raised.value)


def test_given_targets_are_explained_where_they_can_be():
    found = explain(
        TOY, USERS, targets=["fargo", "gattaca", "jaws"], k=2, explainer="lcer", settings=SHORT, progress=False
    )
    reasons = [
        (e.query.user, e.query.target, e.status is Status.INVALID, e.rank_before, e.reason.split(":")[0]) for e in found
    ]
    assert [row[:4] for row in reasons] == [
        ("ana", "fargo", False, 2),
        ("ana", "gattaca", True, 3),
        ("ana", "jaws", True, None),
        ("bo", "fargo", False, 1),
        ("bo", "gattaca", True, None),
        ("bo", "jaws", True, None),
    ]
    assert reasons[1][4] == "target_item='gattaca' is at rank 3, not in the top 2"
    assert reasons[2][4] == "target_item='jaws'"
    assert "target_item='gattaca' is in the history (2 items)" in found[4].reason


def test_users_whose_lists_do_not_hold_the_target_do_not_stop_the_others(monkeypatch):
    monkeypatch.setattr(lcer.Lcer, "histories_at_once", 2)
    model = random_mult_vae(items=30, seed=4)
    draw, ids = np.random.default_rng(0), list(model.catalogue.vocabulary.ids)
    target = recommend(model, ids[:3], k=1)[0].item
    ids.remove(target)
    users = {user: tuple(draw.choice(ids, 1 + user % 9, replace=False)) for user in range(100, 160)}
    found = explain(model, users, targets=[target], k=1, explainer="lcer", settings={"steps": 5}, progress=False)
    assert [e.query.user for e in found] == list(users)
    assert {e.status is Status.INVALID for e in found} == {True, False}
    assert all("not in the top 1" in e.reason for e in found if e.status is Status.INVALID)


def test_nobody_is_no_explanation():
    assert explain(TOY, {}, progress=False) == []
    assert explain_queries(TOY, [], progress=False) == []
    assert explain(TOY, USERS, targets=[], progress=False) == []


def test_one_history_may_be_any_sequence_of_ids():
    expected = timeless(explain(TOY, ANA, k=2, explainer="lcer", settings=SHORT, progress=False))
    for history in (list(ANA), np.array(ANA), pd.Series(ANA)):
        assert timeless(explain(TOY, history, k=2, explainer="lcer", settings=SHORT, progress=False)) == expected
    assert expected[0].query.user is None


MODEL = random_mult_vae(items=30, seed=4)
IDS = MODEL.catalogue.vocabulary.ids
PEOPLE = {user: IDS[user : user + 3 + user % 4] for user in range(3, 20)}


def answers(users, **kwargs):
    found = explain(MODEL, users, k=3, explainer="lcer", settings=SHORT, progress=False, **kwargs)
    return {(e.query.user, e.query.target): e for e in timeless(found)}


def test_explanations_are_the_same_alone_in_a_batch_and_in_any_order_of_users():
    together = answers(PEOPLE)
    assert len(together) == 3 * len(PEOPLE)
    alone = {}
    for user, history in PEOPLE.items():
        alone |= answers({user: history})
    assert alone == together
    order = list(PEOPLE)
    np.random.default_rng(1).shuffle(order)
    assert answers({user: PEOPLE[user] for user in order}) == together


@pytest.mark.parametrize("histories", [1, 4])
def test_how_many_histories_are_explained_at_once_changes_nothing(set_memory, histories):
    expected = answers(PEOPLE)
    set_memory(histories * len(MODEL.catalogue))
    assert answers(PEOPLE) == expected


def test_queries_of_all_kinds_are_answered_in_their_order():
    queries = list(listed_queries(MODEL, seed=1))
    queries[3:3] = [Query((), IDS[0]), queries[0], Query((IDS[0],), IDS[0])]
    np.random.default_rng(2).shuffle(queries)
    found = explain_queries(MODEL, queries, explainer="lcer", settings=SHORT, progress=False)
    assert [e.query for e in found] == queries
    assert [e.status is Status.INVALID for e in found] == [len(q.history) < 2 for q in queries]
    twice = [e for e in timeless(found) if queries.count(e.query) == 2]
    assert twice[0] == twice[1]


def test_integer_ids_are_ids_and_never_indices():
    found = explain(MODEL, {77: (101, 104)}, k=3, explainer="lcer", settings=SHORT, progress=False)
    assert [e.query.target for e in found] == [place.item for place in recommend(MODEL, (101, 104), k=3)]
    assert all(item in IDS for e in found for item in (*e.items, *e.replacements, e.query.target))


def test_numpy_ids_give_the_answers_of_the_ids_that_they_are_and_come_back_as_these():
    plain = answers({user: PEOPLE[user] for user in (5, 6)})
    odd = {np.int64(user): np.array(PEOPLE[user]) for user in (5, 6)}
    found = answers(odd)
    assert found == plain
    for explanation in found.values():
        ids = (*explanation.query.history, *explanation.items, explanation.query.target, explanation.query.user)
        assert {type(each) for each in ids} == {int}


def test_a_seed_repeats_and_another_differs():
    assert answers(PEOPLE, seed=3) == answers(PEOPLE, seed=3)
    sets = [[e.items for e in answers(PEOPLE, seed=seed).values()] for seed in (3, 4)]
    assert sets[0] != sets[1]


def test_protected_items_stay_for_everybody_who_has_them():
    found = explain(
        TOY,
        {**USERS, "cy": ("brazil", "duel")},
        k=1,
        protected=["evita", "alien"],
        explainer="lcer",
        settings={"steps": 300},
        progress=False,
    )
    assert [e.query.protected for e in found] == [{"alien"}, {"evita"}, frozenset()]
    assert [e.items for e in found[:2]] == [("brazil",), ()]
    assert found[1].status is Status.NOT_FOUND


def test_a_protected_item_that_does_not_exist_is_refused_and_not_ignored():
    for protected in (["jaws"], "alien"):
        with pytest.raises(QueryError, match="protected"):
            explain(TOY, USERS, protected=protected, progress=False)


class Unaskable(OpaqueRecommender):
    """Fails if it is asked anything: what is refused must be refused before."""

    name = "unaskable"

    def score(self, histories, keep, candidates=None):
        raise AssertionError("work started")


@pytest.mark.parametrize(
    ("kwargs", "error", "match"),
    [
        ({"explainer": "lcre"}, UnknownNameError, "'lcre' is not one of the explainers: .*Did you mean 'lcer'"),
        ({"settings": {"lamda": 1}}, SettingsError, "'lamda' is not a setting of LcerSettings.*Did you mean 'lam'"),
        ({"settings": {"lam": -1}}, SettingsError, "lam=-1"),
        ({"settings": MultVAESettings()}, SettingsError, "MultVAESettings given to lcer, which takes LcerSettings"),
        ({"rule": "unseen"}, QueryError, "rule='unseen' is not one of unseen_before, unseen_after"),
        ({}, CapabilityError, "lcer needs a recommender that is differentiable; unaskable declares: none"),
    ],
)
def test_what_cannot_work_is_refused_before_any_work(monkeypatch, kwargs, error, match):
    if kwargs.get("rule"):
        monkeypatch.setattr(Unaskable, "capabilities", TOY.capabilities)
    with pytest.raises(error, match=match):
        explain(film_recommender(Unaskable), USERS, k=1, progress=False, **{"explainer": "lcer", **kwargs})


def test_an_unknown_rule_in_one_query_is_that_querys_reason():
    good, bad = explain_queries(
        TOY, [FILMS.one, replace(FILMS.one, rule="after")], explainer="lcer", settings=SHORT, progress=False
    )
    assert (good.status, bad.status) == (Status.FOUND, Status.INVALID)
    assert "rule='after' is not one of unseen_before, unseen_after" in bad.reason


def test_settings_beside_an_explainer_that_has_its_own_are_refused():
    with pytest.raises(SettingsError, match="settings were given with a lcer that has its own"):
        explain_queries(TOY, [FILMS.one], explainer=Lcer(), settings=SHORT)


def test_settings_may_be_an_object_a_mapping_or_a_preset():
    assert make_explainer("lcer", {"steps": 5}).settings == LcerSettings(steps=5)
    assert make_explainer("lcer", LcerSettings(steps=5)).settings == LcerSettings(steps=5)
    assert make_explainer("lcer", {"alpha": 9}, preset="ml-1m").settings == LcerSettings(lam=0.02, alpha=9)


def test_a_query_with_lists_is_asked_as_one_with_tuples():
    given = Query(list(ANA), "evita", k=1, protected=["alien"], user="ana")
    (found,) = explain_queries(TOY, [given], explainer="lcer", settings={"steps": 300}, progress=False)
    assert (found.items, found.proof) == (("brazil",), Proof.MINIMAL)


def test_progress_counts_every_query_the_refused_ones_too(capsys):
    done = []
    queries = [FILMS.one, Query((), "evita"), Query(ANA, "gattaca", k=1), FILMS.bo]
    explain_queries(TOY, queries, explainer="lcer", settings=SHORT, progress=True, on_progress=done.append)
    assert sum(done) == pytest.approx(4)
    assert capsys.readouterr().out == ""


def test_top_k_queries_carry_what_they_were_made_with():
    queries = top_k_queries(TOY, USERS, k=1, rule="unseen_after", protected=["duel"], seed=4)
    assert queries == [
        Query(ANA, "evita", k=1, rule=CandidateRule.UNSEEN_AFTER, seed=4, user="ana", protected=frozenset({"duel"})),
        Query(BO, "fargo", k=1, rule=CandidateRule.UNSEEN_AFTER, seed=4, user="bo"),
    ]


class TestWeights:
    def test_the_histories_of_a_split_are_explained_with_the_weights(self):
        split = played_split()
        model = topple.fit(split, "als", settings={"factors": 6, "epochs": 3}, progress=False)
        histories = split.histories(limit=4)
        explained = topple.explain(model, histories, progress=False)
        given = {user: history.weights for user, history in histories.items()}
        plain = {user: list(history) for user, history in histories.items()}
        same = topple.explain(model, plain, weights=given, progress=False)
        assert [e.query for e in explained] == [e.query for e in same]
        assert [e.items for e in explained] == [e.items for e in same]
        listed = {user: [one.item for one in topple.recommend(model, history)] for user, history in histories.items()}
        for user, items in listed.items():
            assert [e.query.target for e in explained if e.query.user == user] == items
        one = topple.explain(model, histories[explained[0].query.user], progress=False)
        assert [(e.items, e.query.weights) for e in one] == [(e.items, e.query.weights) for e in explained[:5]]

    def test_weights_that_are_not_used_are_said_once(self, caplog):
        split = played_split()
        model = topple.fit(
            split.unweighted(), "mult-vae", settings={"hidden": 6, "latent": 3, "epochs": 1}, progress=False
        )
        topple.explain(model, split.histories(limit=4), explainer="greedy", progress=False)
        assert caplog.text.count("mult-vae does not use the weights of histories") == 1
