import math
from collections import Counter
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from topple.api.evaluating import evaluate
from topple.api.explaining import explain
from topple.errors import CapabilityError, QueryError
from topple.recommenders.models.ease import EASE, EaseSettings
from topple.records.answer import Explanation, Proof, Status
from topple.records.io import from_row, to_row
from topple.records.question import CandidateRule, Query
from topple.reports.tables import evaluation_table
from topple.testing import film_recommender, film_world, random_mult_vae, tiny_split
from topple.testing.counting import counting
from topple.testing.toy import ANA, BO
from topple.verification import verify
from topple.verification.retraining import Retraining

FILMS = film_world()
BEFORE, AFTER = CandidateRule.UNSEEN_BEFORE, CandidateRule.UNSEEN_AFTER

# See test_verify for the verdicts: which of these are necessary / sufficient under unseen_before and unseen_after.
EXPLANATIONS = [
    Explanation(FILMS.one, Status.FOUND, ("brazil",), seconds=1.0),  # n s / n -
    Explanation(FILMS.two, Status.FOUND, ("casablanca",), seconds=2.0),  # - s / n s
    Explanation(FILMS.bo, Status.FOUND, ("gattaca",), seconds=3.0),  # - - / - -
    Explanation(FILMS.impossible, Status.NOT_FOUND, seconds=6.0),
    Explanation(Query((), "evita"), Status.INVALID, reason="the history is empty", seconds=100.0),
]


def test_both_rules_by_hand():
    found = evaluate(FILMS.recommender, EXPLANATIONS)
    assert (found.queries, found.invalid, found.seconds_per_query) == (4, 1, 3.0)
    values = {rule: {name: m.value for name, m in found.measurements[rule].items()} for rule in (BEFORE, AFTER)}
    assert values[BEFORE] == pytest.approx(
        {
            "coverage": 3 / 4,
            "validity": 1 / 4,
            "pn": 1 / 3,
            "ps": 2 / 3,
            "f_ns": 4 / 9,
            "mean_size": 1,
            "mean_gap": math.nan,
            "share_minimal": 1,
            "share_whole_history": 0,
        },
        nan_ok=True,
    )
    assert values[AFTER] == pytest.approx(
        {
            "coverage": 3 / 4,
            "validity": 2 / 4,
            "pn": 2 / 3,
            "ps": 1 / 3,
            "f_ns": 4 / 9,
            "mean_size": 1,
            "mean_gap": math.nan,
            "share_minimal": 1,
            "share_whole_history": 0,
        },
        nan_ok=True,
    )


def test_each_explanation_has_a_value_in_the_order_given_and_none_where_it_is_not_counted():
    bad, *others = EXPLANATIONS[::-1]
    found = evaluate(FILMS.recommender, [bad, *others]).values
    assert set(found) == {BEFORE, AFTER}
    assert found[BEFORE]["coverage"] == (None, 0, 1, 1, 1)
    assert found[BEFORE]["pn"] == (None, None, 0, 0, 1)
    assert found[AFTER]["pn"] == (None, None, 0, 1, 1)
    assert found[BEFORE]["mean_size"] == (None, None, 1, 1, 1)
    assert found[BEFORE]["share_minimal"] == (None, None, None, None, 1)


def test_invalid_queries_are_in_no_denominator_and_lost_ones_are():
    measured = evaluate(FILMS.recommender, EXPLANATIONS).measurements[BEFORE]
    assert {name: m.denominator for name, m in measured.items()} == {
        "coverage": 4,
        "validity": 4,
        "pn": 3,
        "ps": 3,
        "f_ns": 3,
        "mean_size": 3,
        "mean_gap": 0,
        "share_minimal": 1,
        "share_whole_history": 4,
    }


def test_a_bound_is_measured_under_the_rule_that_the_query_asks_for_and_proofs_are_counted_by_who_proved():
    one, *others = EXPLANATIONS
    proven = replace(one, proof=Proof.MINIMUM, at_least=1.0, proof_by="exact")
    claimed = replace(EXPLANATIONS[3], status=Status.IMPOSSIBLE, at_least=math.inf, proof_by="theirs")
    found = evaluate(FILMS.recommender, [proven, *others[:2], claimed, others[3]])
    gaps = {rule: found.measurements[rule]["mean_gap"] for rule in (BEFORE, AFTER)}
    assert (gaps[BEFORE].value, gaps[BEFORE].denominator, gaps[AFTER].denominator) == (0, 1, 0)
    assert (found.proofs.queries, found.proofs.minimum, found.proofs.impossible) == (4, 1, 0)
    assert found.proofs.claimed == {"theirs": 1}


def test_what_explain_returns_can_be_evaluated_and_its_proofs_hold():
    model = random_mult_vae(items=30, seed=4)
    ids = model.catalogue.vocabulary.ids
    users = {f"u{n}": ids[n : n + 5] for n in range(6)} | {"bad": ()}
    explained = explain(model, users, k=2, explainer="lcer", settings={"steps": 100}, progress=False)
    found = evaluate(model, explained)
    assert (found.queries, found.invalid) == (12, 1)
    proven = sum(e.valid for e in explained)
    assert found.measurements[BEFORE]["validity"].value == pytest.approx(proven / 12)
    assert 0 < proven < 12


def test_the_claims_of_an_explanation_are_not_believed():
    lie = replace(EXPLANATIONS[2], proof="minimum", rank_after=7)
    assert evaluate(FILMS.recommender, [lie]).measurements[BEFORE]["pn"].value == 0


def test_explanations_of_another_catalogue_are_refused():
    other = random_mult_vae()
    stray = replace(EXPLANATIONS[0], catalogue=other.catalogue.fingerprint)
    with pytest.raises(
        QueryError, match=r"explanations of catalogue \w+ cannot be judged with a model of \w+. Use the model"
    ):
        evaluate(FILMS.recommender, [EXPLANATIONS[0], stray])


def test_a_set_outside_its_history_is_refused():
    with pytest.raises(QueryError, match="named item 'evita' is not in the history"):
        evaluate(FILMS.recommender, [Explanation(Query(ANA, "fargo", k=2), Status.FOUND, ("evita",))])


@pytest.mark.parametrize("explanations", [[], EXPLANATIONS[-1:]])
def test_nothing_to_evaluate_is_no_error(explanations):
    found = evaluate(FILMS.recommender, explanations)
    assert (found.queries, found.invalid, found.seconds_per_query) == (0, len(explanations), 0.0)
    assert math.isnan(found.measurements[BEFORE]["coverage"].value)


class TestRetraining:
    split = tiny_split()
    model = EASE.fit(split, EaseSettings(lam=30.0))
    explained = explain(model, split.training_histories(limit=8), k=3, progress=False)

    def test_is_asked_of_a_sample_of_the_true_sets(self):
        lie = next(
            e
            for e in self.explained
            if e.valid and verify(self.model, [e.query], [e.query.history[:1]])[0].necessary is False
        )
        lies = [*self.explained, replace(lie, items=lie.query.history[:1])]
        retraining = Retraining(self.split, sample=10)
        found = evaluate(self.model, lies, retraining=retraining, progress=False).retrained
        true = [e for e in self.explained if e.valid]
        queries, sets = [e.query for e in true], [e.items for e in true]
        slow = verify(self.model, queries, sets, retraining=retraining)
        pairs = [(e, v) for e, v in zip(true, slow, strict=True) if v.removal == "retrained"]
        assert (found.true, found.sampled, found.steady) == (len(true), 10, 10)
        assert found.still_topple == sum(v.necessary for _, v in pairs)
        assert found.same_rank == sum(v.rank_after == e.rank_after for e, v in pairs)
        assert 0 < found.same_rank < 10
        assert 0 < found.still_topple <= 10
        assert found.seconds_for_all == pytest.approx(found.seconds_a_fit * len(true))
        assert found.seconds_a_fit > 0

    def test_leaves_the_rest_as_it_is_and_is_off_by_default(self):
        slow = evaluate(self.model, self.explained, retraining=Retraining(self.split, sample=1), progress=False)
        quick = evaluate(self.model, self.explained)
        assert quick.retrained is None
        assert replace(slow, retrained=None) == quick

    def test_uses_each_querys_own_rule_and_fits_once_a_set_and_once_more(self):
        explained = explain(self.model, self.split.training_histories(limit=8), k=3, rule=AFTER, progress=False)
        queries, sets = [e.query for e in explained], [e.items for e in explained]
        told = Counter()
        fits = Retraining(self.split, lambda split: told.update(["fit"]) or EASE.fit(split, self.model.settings), 5)
        found = evaluate(self.model, explained, retraining=fits, progress=False).retrained
        assert found.true == sum(e.valid for e in explained)
        assert found.true > sum(v.necessary for v in verify(self.model, queries, sets, rule=BEFORE))
        assert told["fit"] == 5 + 1

    def test_tells_the_mean_time_of_a_fit_and_what_all_would_take(self, monkeypatch):
        ticks = SimpleNamespace(perf_counter=count(step=3).__next__)
        monkeypatch.setattr("topple.verification.retraining.time", ticks)
        retraining = Retraining(self.split, sample=4)
        found = evaluate(self.model, self.explained, retraining=retraining, progress=False).retrained
        assert (found.seconds_a_fit, found.seconds_for_all) == (3, 3 * found.true)

    def test_tells_when_fitting_again_is_not_the_model_that_was_given(self):
        other = Retraining(self.split, lambda split: EASE.fit(split, EaseSettings(lam=1e6)), sample=10)
        found = evaluate(self.model, self.explained, retraining=other, progress=False).retrained
        assert found.steady < 10

    def test_shows_a_bar(self, capsys):
        evaluate(self.model, self.explained, retraining=Retraining(self.split, sample=2))
        assert capsys.readouterr().out == ""

    def test_has_nothing_to_say_where_no_set_is_true(self):
        none = [replace(e, status=Status.NOT_FOUND, items=(), proof=None) for e in self.explained]
        assert evaluate(self.model, none, retraining=Retraining(self.split), progress=False).retrained is None

    def test_is_refused_for_held_out_users_and_for_what_cannot_be_fitted(self):
        held = explain(self.model, self.split.histories(limit=2), k=3, progress=False)
        with pytest.raises(QueryError, match=r"is held out: .* Explain training users: split.training_histories\(\)"):
            evaluate(self.model, held, retraining=Retraining(self.split))
        with pytest.raises(CapabilityError, match="toy cannot be fitted here"):
            evaluate(FILMS.recommender, EXPLANATIONS, retraining=Retraining(self.split))


def test_answers_to_the_rule_of_all_items_are_judged_under_that_rule_alone():
    model, split = EASE.fit(tiny_split()), tiny_split()
    users = split.histories(limit=3)
    every = explain(model, users, k=3, rule="all", progress=False)
    assert any(e.query.target in e.query.history for e in every)
    found = evaluate(model, every)
    assert set(found.measurements) == {CandidateRule.ALL}
    assert found.measurements[CandidateRule.ALL]["validity"].value == np.mean([e.valid for e in every])
    unseen = explain(model, users, k=3, progress=False)
    both = evaluate(model, [*every, *unseen])
    assert both.measurements == {**found.measurements, **evaluate(model, unseen).measurements}
    assert both.values[CandidateRule.ALL]["validity"][len(every) :] == (None,) * len(unseen)
    assert both.values[BEFORE]["validity"][: len(every)] == (None,) * len(every)


class TestVerdictsThatExplainMade:
    def explained(self, **options):
        (model, asked), users = counting(film_recommender()), {"ana": ANA, "bo": BO}
        return model, explain(model, users, k=2, progress=False, **options), asked

    def test_are_taken_over_under_their_rule_so_that_only_the_sets_alone_are_scored(self):
        model, explanations, asked = self.explained(rule="all")  # judged under that rule alone
        assert all(each.valid and each.rank_alone is None for each in explanations)
        rows = asked.rows
        evaluate(model, explanations)
        assert asked.rows - rows == len(explanations)

    def test_under_the_other_rule_of_unseen_items_sets_are_judged(self):
        model, explanations, asked = self.explained()
        start = asked.rows
        verify(model, [each.query for each in explanations], [each.items for each in explanations], rule=AFTER)
        other_rule, start = asked.rows - start, asked.rows
        evaluate(model, explanations)
        assert asked.rows - start == other_rule + len(explanations)

    @pytest.mark.parametrize("goal", ["necessary", "sufficient", "both"])
    @pytest.mark.parametrize("rule", ["unseen_before", "unseen_after", "all"])
    def test_measure_what_judging_anew_measures(self, rule, goal):
        model, explanations, _ = self.explained(rule=rule, goal=goal)
        by_hand = [replace(each, verdict=None) for each in explanations]
        assert repr(vars(evaluate(model, explanations))) == repr(vars(evaluate(model, by_hand)))

    def test_are_not_believed_of_another_set(self):
        model, explanations, _ = self.explained()
        lies = [
            replace(each, items=each.query.history[-1:])
            for each in explanations
            if each.items == ("brazil", "casablanca")
        ]
        assert len(lies) == 1
        assert evaluate(model, lies).measurements[BEFORE]["pn"].value == 0


@pytest.mark.parametrize(
    ("weights", "position"), [((9, 1, 1, 1), 0), ((1, 1, 9, 1), 2)]
)  # the heavy event topples evita
def test_of_single_events_those_are_judged_that_were_explained(weights, position):
    model, history = film_recommender(), ("alien", "casablanca", "alien", "duel")
    explained = explain(model, history, k=1, repeats="events", weights=weights, progress=False)
    assert [(each.items, each.positions) for each in explained] == [(("alien",), (position,))]
    stored = [from_row(to_row(each)) for each in explained]
    for known in (explained, stored):
        assert evaluate(model, known).measurements[BEFORE]["pn"].value == 1
    by_name = [replace(each, positions=()) for each in stored]  # the name stands for the first event
    assert evaluate(model, by_name).measurements[BEFORE]["pn"].value == (position == 0)


def test_the_table_says_what_two_denominators_are_and_which_rule_curves_are_of():
    told = explain(
        FILMS.recommender, list(FILMS.recommender.catalogue.vocabulary.ids[:3]), k=2, explainer="leave-one-out"
    )
    caption = str(evaluation_table(evaluate(FILMS.recommender, told), "films").caption)
    assert "of a / b: under the first rule / the second" in caption
    assert "curves of attributions are those of the rule that each query asks for" in caption
    sets = explain(FILMS.recommender, list(FILMS.recommender.catalogue.vocabulary.ids[:3]), k=2)
    assert "curves" not in str(evaluation_table(evaluate(FILMS.recommender, sets), "films").caption)
