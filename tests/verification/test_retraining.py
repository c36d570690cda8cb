from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from tests.data.prepared import played_split
from topple.api.asking import top_k_queries
from topple.api.recommending import recommend
from topple.data.interactions import to_matrix
from topple.errors import CapabilityError, QueryError, RecommenderError, SettingsError
from topple.recommenders.models.als import ALS, AlsSettings
from topple.recommenders.models.ease import EASE, EaseSettings
from topple.recommenders.models.item_knn import ItemKNN
from topple.recommenders.models.popularity import Popularity
from topple.records.answer import Removal, Verdict
from topple.records.history import History
from topple.records.question import UNSEEN, CandidateRule, Goal, Query
from topple.testing import ToyRecommender, random_additive, tiny_split
from topple.verification import verify
from topple.verification.retraining import Retraining

SPLIT = tiny_split()
RULES = UNSEEN
MODELS = {
    "ease": (EASE, EaseSettings(lam=3.0)),
    "popularity": (Popularity, None),
    "item-knn": (ItemKNN, None),
    "als": (ALS, AlsSettings(factors=4, seed=3)),
}


def fitted(name):
    model_class, settings = MODELS[name]
    return model_class.fit(SPLIT, settings)


def asked(model, users=6, k=3):
    queries = top_k_queries(model, SPLIT.training_histories(limit=users), k=k)
    queries = [replace(query, rule=RULES[place % 2]) for place, query in enumerate(queries)]
    return queries, [query.history[place % 3 : place % 3 + 3] for place, query in enumerate(queries)]


def fewer_by_hand(user, items):
    """The training data without some interactions, pair by pair."""
    pairs = [(u, i) for u, history in SPLIT.training_histories().items() for i in history]
    left = [(u, i) for u, i in pairs if not (u == user and i in items)]
    assert len(left) == len(pairs) - len(items)
    users, vocabulary = SPLIT.train_users, SPLIT.catalogue.vocabulary
    rows, columns = users.encode([u for u, _ in left]), vocabulary.encode([i for _, i in left])
    return replace(SPLIT, train=to_matrix(rows, columns, SPLIT.train.shape))


def lists_by_hand(model, query, removed):
    """The whole ranking of what competes, before and after."""
    rest = [item for item in query.history if item not in removed]
    hidden = query.history if query.rule is CandidateRule.UNSEEN_BEFORE else rest
    everything = recommend(model, rest, len(SPLIT.catalogue) - len(rest) - 1)
    return [place.item for place in everything if place.item not in hidden]


@pytest.mark.parametrize("name", MODELS)
def test_a_retrained_verdict_is_that_of_a_refit_made_by_hand(name):
    model = fitted(name)
    queries, sets = asked(model)
    verdicts = verify(model, queries, sets, retraining=Retraining(SPLIT, sample=None))
    quick = verify(model, queries, sets)
    for query, named, verdict, early in zip(queries, sets, verdicts, quick, strict=True):
        again = type(model).fit(fewer_by_hand(query.user, named), model.settings)
        then, now = lists_by_hand(again, query, named), recommend(model, query.history, query.k)
        assert verdict.removal is Removal.RETRAINED
        assert verdict.rank_before == early.rank_before <= query.k
        if name != "popularity":  # of which equal scores are many, and ties speak for the target
            assert verdict.rank_after == (then.index(query.target) + 1 if query.target in then else len(then) + 1)
        assert verdict.necessary == (verdict.rank_after > query.k)
        assert verdict.replacements == tuple(i for i in then[: query.k] if i not in {place.item for place in now})
        assert (verdict.size, verdict.found, verdict.rule) == (len(named), True, query.rule)
        assert (verdict.sufficient, verdict.rank_alone) == (early.sufficient, early.rank_alone)
        assert verdict.minimal is None
        assert verdict.seconds > 0
    assert any(a.rank_after != b.rank_after for a, b in zip(verdicts, quick, strict=True))


def test_a_rule_for_all_goes_before_the_queries_own():
    model = fitted("ease")
    queries, sets = asked(model)
    for rule in RULES:
        whole = [replace(query, rule=rule) for query in queries]
        expected = verify(model, whole, sets, retraining=Retraining(SPLIT, sample=None))
        found = verify(model, queries, sets, rule=rule, retraining=Retraining(SPLIT, sample=None))
        assert [untimed(v)[1:] for v in found] == [untimed(v)[1:] for v in expected]


def untimed(verdict):
    return tuple(getattr(verdict, field.name) for field in fields(Verdict) if field.name != "seconds")


class TestTheDefault:
    def test_is_inference_and_says_so(self):
        model = fitted("ease")
        verdicts = verify(model, *asked(model))
        assert {(verdict.removal, verdict.seconds) for verdict in verdicts} == {(Removal.INFERENCE, 0.0)}
        assert {verdict.minimal for verdict in verdicts} > {None}

    def test_is_what_the_sets_outside_the_sample_get(self):
        model = fitted("ease")
        queries, sets = asked(model)
        quick = verify(model, queries, sets)
        mixed = verify(model, queries, sets, retraining=Retraining(SPLIT, sample=5))
        slow = [place for place, verdict in enumerate(mixed) if verdict.removal is Removal.RETRAINED]
        assert slow == Retraining(SPLIT, sample=5).sampled(queries, sets)
        assert len(slow) == 5
        assert [v for p, v in enumerate(mixed) if p not in slow] == [v for p, v in enumerate(quick) if p not in slow]

    def test_by_default_twenty_are_sampled(self):
        assert Retraining(SPLIT).sample == 20


class TestTheSample:
    queries, sets = asked(fitted("ease"))

    def chosen(self, retraining, order):
        queries, sets = [self.queries[place] for place in order], [self.sets[place] for place in order]
        return {order[place] for place in retraining.sampled(queries, sets)}

    def test_depends_on_no_order_and_on_the_seed(self):
        order = list(range(len(self.queries)))
        one = self.chosen(Retraining(SPLIT, sample=6), order)
        assert len(one) == 6
        assert one == self.chosen(Retraining(SPLIT, sample=6), order[::-1])
        assert one == self.chosen(Retraining(SPLIT, sample=6), np.random.default_rng(0).permutation(order).tolist())
        assert one != self.chosen(Retraining(SPLIT, sample=6, seed=1), order)
        assert one != set(order[:6])

    def test_depends_on_no_order_among_targets_with_the_same_set(self):
        query, targets = (
            self.queries[0],
            [i for i in SPLIT.catalogue.vocabulary.ids if i not in self.queries[0].history],
        )
        queries = [replace(query, target=target) for target in targets]
        sets = [query.history[:2]] * len(queries)
        retraining = Retraining(SPLIT, sample=4)
        forward = {queries[place].target for place in retraining.sampled(queries, sets)}
        assert {queries[::-1][place].target for place in retraining.sampled(queries[::-1], sets)} == forward

    def test_grows_with_its_size(self):
        order = list(range(len(self.queries)))
        assert self.chosen(Retraining(SPLIT, sample=3), order) < self.chosen(Retraining(SPLIT, sample=7), order)
        assert self.chosen(Retraining(SPLIT, sample=None), order) == set(order)
        assert self.chosen(Retraining(SPLIT, sample=999), order) == set(order)

    def test_every_set_can_be_in_it(self):
        order = list(range(len(self.queries)))
        counts = Counter(p for seed in range(200) for p in self.chosen(Retraining(SPLIT, sample=3, seed=seed), order))
        assert set(counts) == set(order)
        assert max(counts.values()) < 4 * min(counts.values())

    def test_holds_no_query_without_a_set_and_no_set_that_is_to_be_sufficient_only(self):
        queries = [replace(self.queries[0], goal=goal) for goal in Goal] + [self.queries[1]]
        sets = [self.sets[0]] * 3 + [()]
        model = fitted("ease")
        verdicts = verify(model, queries, sets, retraining=Retraining(SPLIT, sample=None))
        assert [v.removal.value for v in verdicts] == ["retrained", "inference", "retrained", "inference"]
        assert not verdicts[3].found

    @pytest.mark.parametrize("sample", [0, -1, 2.5, True, "20"])
    def test_is_a_count(self, sample):
        with pytest.raises(SettingsError, match=r"sample=.* is not a whole number of at least 1.* or None for all"):
            Retraining(SPLIT, sample=sample)


class TestAFunctionThatFits:
    """Counts of who met both, scored for a training user: what the user's id stands for is in the training data."""

    @staticmethod
    def by_user(split):
        together = (split.train.T @ split.train).toarray()
        np.fill_diagonal(together, 0)

        def scores(user):
            (row,) = split.train_users.encode([user])
            return split.train[row].toarray()[0] @ together

        return scores

    def test_a_model_by_user_id_is_judged_like_the_same_model_by_history(self):
        def by_history(split):
            together = (split.train.T @ split.train).toarray()
            np.fill_diagonal(together, 0)
            return ToyRecommender(split.catalogue, torch.from_numpy(together).float())

        queries, sets = asked(by_history(SPLIT))
        expected = verify(by_history(SPLIT), queries, sets, retraining=Retraining(SPLIT, by_history, sample=None))
        found = verify(self.by_user(SPLIT), queries, sets, retraining=Retraining(SPLIT, self.by_user, sample=None))
        known = ("query", "rule", "found", "size", "rank_before", "rank_after", "replacements", "necessary", "removal")
        assert [[getattr(v, n) for n in known] for v in found] == [[getattr(v, n) for n in known] for v in expected]
        assert {v.necessary for v in found} == {True, False}
        assert {(v.rank_alone, v.sufficient, v.minimal) for v in found} == {(None, False, None)}

    def test_a_query_without_a_set_keeps_its_rank_and_is_not_found(self):
        (query, *_), _ = asked(fitted("ease"))
        (verdict,) = verify(self.by_user(SPLIT), [query], [()], retraining=Retraining(SPLIT, self.by_user))
        assert (verdict.found, verdict.rank_after, verdict.removal) == (False, None, Removal.INFERENCE)
        assert verdict.rank_before == 1 + sum(
            score > self.by_user(SPLIT)(query.user)[SPLIT.catalogue.vocabulary.encode([query.target])[0]]
            for score, item in zip(self.by_user(SPLIT)(query.user), SPLIT.catalogue.vocabulary.ids, strict=True)
            if item not in query.history
        )

    def test_torch_answers_are_taken_too(self):
        queries, sets = asked(fitted("ease"), users=1)

        def tensors(split):
            scores = self.by_user(split)
            return lambda user: torch.from_numpy(scores(user))

        found = verify(tensors(SPLIT), queries, sets, retraining=Retraining(SPLIT, tensors))
        expected = verify(self.by_user(SPLIT), queries, sets, retraining=Retraining(SPLIT, self.by_user))
        assert [untimed(v) for v in found] == [untimed(v) for v in expected]

    def test_it_is_given_the_split_without_the_set_and_nothing_else(self):
        queries, sets = asked(fitted("ease"), users=1)
        seen = []
        verify(
            fitted("ease"),
            queries[:1],
            sets[:1],
            retraining=Retraining(SPLIT, lambda split: seen.append(split) or EASE.fit(split)),
        )
        (split,) = seen
        assert split.test is SPLIT.test
        assert split.validation is SPLIT.validation
        assert split.catalogue is SPLIT.catalogue
        assert (split.train != fewer_by_hand(queries[0].user, sets[0]).train).nnz == 0

    @pytest.mark.parametrize(
        ("answer", "match"),
        [
            (None, r"returned NoneType for user 'u\d+', which is no array|shape \(\) for user"),
            ("text", r"returned str for user 'u\d+', which is no array of numbers"),
            (np.zeros(3), r"scores of shape \(3,\) for user 'u\d+', expected \(30,\)"),
            (np.full(30, np.nan), "is NaN for history 0"),
        ],
    )
    def test_answers_that_are_no_scores_are_refused(self, answer, match):
        queries, sets = asked(fitted("ease"), users=1)
        with pytest.raises(RecommenderError, match=match):
            verify(lambda user: answer, queries, sets, retraining=Retraining(SPLIT, self.by_user))

    @pytest.mark.parametrize(
        ("fit", "match"),
        [
            (lambda split: None, "fit returned NoneType: neither a recommender nor a function of a user id"),
            (lambda split: random_additive(12), "fit returned a toy of another catalogue: 12 items, the split has 30"),
        ],
    )
    def test_what_fit_returns_is_looked_at(self, fit, match):
        model = fitted("ease")
        with pytest.raises(RecommenderError, match=match):
            verify(model, *asked(model), retraining=Retraining(SPLIT, fit))


def test_nothing_that_was_given_is_changed_and_progress_is_told():
    model = fitted("als")
    queries, sets = asked(model)
    before = SPLIT.train.copy(), model.fingerprint, SPLIT.describe()
    told = []
    verify(model, queries, sets, retraining=Retraining(SPLIT, sample=4), on_progress=told.append)
    assert (SPLIT.train != before[0]).nnz == 0
    assert (SPLIT.train.indices == before[0].indices).all()
    assert (model.fingerprint, SPLIT.describe()) == before[1:]
    assert told == [1, 1, 1, 1]


def test_a_function_that_fits_in_place_changes_no_rank_before():
    model = fitted("ease")
    queries, sets = asked(model)
    expected = verify(model, queries, sets, retraining=Retraining(SPLIT))
    again = fitted("ease")

    def in_place(split):
        again.arrays()["weights"].copy_(EASE.fit(split, model.settings).arrays()["weights"])
        return again

    found = verify(again, queries, sets, retraining=Retraining(SPLIT, in_place))
    assert [untimed(v) for v in found] == [untimed(v) for v in expected]


def test_a_target_that_was_not_in_the_list_is_not_toppled():
    model = fitted("ease")
    (query, *_), _ = asked(model)
    last = recommend(model, query.history, 20)[-1].item
    (verdict,) = verify(model, [replace(query, target=last)], [query.history[:1]], retraining=Retraining(SPLIT))
    assert verdict.rank_before == 20
    assert verdict.rank_after > query.k
    assert (verdict.removal, verdict.necessary) == (Removal.RETRAINED, False)


def test_a_whole_history_can_be_removed():
    model = fitted("ease")
    queries, _ = asked(model, users=1)
    (verdict,) = verify(model, queries[:1], [queries[0].history], retraining=Retraining(SPLIT))
    assert verdict.removal is Removal.RETRAINED
    unseen = len(model.catalogue) - len(queries[0].history)
    assert (
        verdict.rank_after == unseen
    )  # an empty history scores nothing, and nothing speaks for the target more than for others


class TestRefusals:
    model = fitted("ease")
    queries, sets = asked(model)

    def refused(self, error, match, query, named=None, model=None, retraining=None):
        named = query.history[:1] if named is None else named
        called = []
        retraining = retraining or Retraining(SPLIT, lambda split: called.append(split))
        with pytest.raises(error, match=match):
            verify(model or self.model, [query], [named], retraining=retraining)
        assert not called

    def test_held_out_users(self):
        for held in (SPLIT.test, SPLIT.validation):
            user = held.users.ids[0]
            query = Query(SPLIT.history(user), self.stranger(SPLIT.history(user)), user=user)
            self.refused(QueryError, rf"user '{user}' is held out: .* changes nothing. Explain training users", query)

    @staticmethod
    def stranger(history):
        return next(item for item in SPLIT.catalogue.vocabulary.ids if item not in history)

    def test_no_user_and_unknown_users(self):
        self.refused(QueryError, "a query has no user", replace(self.queries[0], user=None))
        self.refused(QueryError, "user 'you' is not among the 40 training users", replace(self.queries[0], user="you"))

    def test_another_history(self):
        query = self.queries[0]
        gone = query.history[-1]
        shorter = replace(query, history=query.history[:-1])
        match = rf"is not what was trained on \({len(query.history)}\): item '{gone}' is not in the history"
        self.refused(QueryError, match, shorter)
        extra = next(i for i in SPLIT.catalogue.vocabulary.ids if i not in (*query.history, query.target))
        longer = replace(query, history=(*query.history, extra))
        self.refused(QueryError, f"item '{extra}' was not trained on", longer)

    def test_the_order_of_a_history_does_not_matter(self):
        query = replace(self.queries[0], history=self.queries[0].history[::-1])
        (verdict,) = verify(self.model, [query], [query.history[:1]], retraining=Retraining(SPLIT))
        assert verdict.removal is Removal.RETRAINED

    def test_users_are_looked_at_only_where_there_is_something_to_retrain(self):
        user = SPLIT.test.users.ids[0]
        query = Query(SPLIT.history(user), self.stranger(SPLIT.history(user)), user=user)
        (verdict,) = verify(self.model, [query], [()], retraining=Retraining(SPLIT))
        assert (verdict.found, verdict.removal) == (False, Removal.INFERENCE)

    def test_a_model_that_cannot_be_fitted(self):
        toy = ToyRecommender(SPLIT.catalogue, torch.zeros(30, 30))
        for model, name in ((toy, "toy"), (lambda user: np.zeros(30), "a model that scores by user id")):
            match = rf"{name} cannot be fitted here. Give Retraining\(split, fit=...\)"
            self.refused(CapabilityError, match, self.queries[0], model=model, retraining=Retraining(SPLIT))

    def test_another_split(self):
        other = tiny_split(items=20)
        match = (
            r"ease has a catalogue of 30 items .* the split one of 20 .* Give the split that the model was fitted on"
        )
        self.refused(QueryError, match, self.queries[0], retraining=Retraining(other))

    def test_a_model_by_user_id_needs_retraining_of_every_set(self):
        def model(user):
            return np.arange(30.0)

        with pytest.raises(CapabilityError, match="function is no recommender, and cannot be judged by inference"):
            verify(model, self.queries, self.sets)
        with pytest.raises(CapabilityError, match="int is no recommender"):
            verify(3, self.queries, self.sets, retraining=Retraining(SPLIT))
        with pytest.raises(QueryError, match="sample=4 leaves 14 sets"):
            verify(model, self.queries, self.sets, retraining=Retraining(SPLIT, lambda split: model, sample=4))
        for goal in (Goal.BOTH, Goal.SUFFICIENT):
            query = replace(self.queries[0], goal=goal)
            self.refused(QueryError, f"goal='{goal}': .* Only goal='necessary' can be judged", query, model=model)
        self.refused(QueryError, "a query has no user", replace(self.queries[0], user=None), named=(), model=model)


class TestWeights:
    def test_weighted_histories_are_retrained_with_their_weights(self):
        split = played_split()
        model = EASE.fit(split, EaseSettings(lam=3.0))
        (query, *_) = top_k_queries(model, split.training_histories(limit=1), k=3)
        removed = query.history[:2]
        (verdict,) = verify(model, [query], [removed], retraining=Retraining(split))
        fewer = EASE.fit(split.without(query.user, removed), EaseSettings(lam=3.0))
        rest = History(query.history[2:], query.weights[2:])
        listed = [one.item for one in recommend(fewer, rest, 3, exclude=removed)]
        assert verdict.necessary == (query.target not in listed)
        assert verdict.rank_before == 1

    def test_other_weights_are_refused(self):
        split = played_split()
        model = EASE.fit(split, EaseSettings(lam=3.0))
        (query, *_) = top_k_queries(model, split.training_histories(limit=1), k=3)
        other = replace(query, weights=(query.weights[0] + 1, *query.weights[1:]))
        match = rf"the weights of the history of user .* item '{query.history[0]}' has {query.weights[0] + 1:g}, and"
        with pytest.raises(QueryError, match=match):
            verify(model, [other], [query.history[:1]], retraining=Retraining(split))
