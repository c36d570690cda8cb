"""The additive contract: contributions that are not what the scores are made of are found out."""

import numpy as np
import pytest
import torch

from topple.errors import CapabilityError, ContractError
from topple.scoring.recommender import Capability
from topple.scoring.sums.rows import dense_rows
from topple.scoring.variations import HistoryBatch
from topple.testing import OpaqueRecommender, ToyRecommender, check_recommender, film_recommender


def table(model, histories):
    return model.arrays()["gives"].to(histories.weights)[histories.items] * histories.weights[..., None]


class Transposed(ToyRecommender):
    def contributions(self, histories, candidates=None):
        return self._gives.T.to(histories.weights)[histories.items] * histories.weights[..., None]


class PaddingToo(ToyRecommender):
    def contributions(self, histories, candidates=None):
        return self._gives.to(histories.weights)[histories.items]


class IgnoresCandidates(ToyRecommender):
    def contributions(self, histories, candidates=None):
        found = table(self, histories)
        return found if candidates is None else found[..., : candidates.shape[1]]


class OneHistory(ToyRecommender):
    def contributions(self, histories, candidates=None):
        return table(self, histories)[:1]


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (Transposed, "toy: contributions: scores differ .* add up to the scores"),
        (PaddingToo, "padding contributes nothing"),
        (IgnoresCandidates, "the contributions to candidates"),
        (OneHistory, r"contributions are \[histories, positions, items\]"),
    ],
)
def test_wrong_contributions_are_refused(kind, match):
    with pytest.raises(ContractError, match=match):
        check_recommender(film_recommender(kind))


class RowsOfOthers(ToyRecommender):
    def rows(self, histories, listable=None):
        return dense_rows(self._gives.T), histories.items.numpy()


class RowsOfTheFirst(ToyRecommender):
    def rows(self, histories, listable=None):
        items = len(self._gives) if listable is None else len(listable)
        return dense_rows(self._gives[:, :items]), histories.items.numpy()


class RowsTooLarge(ToyRecommender):
    def rows(self, histories, listable=None):
        return dense_rows(self._gives)._replace(largest=np.zeros(len(self._gives))), histories.items.numpy()


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (RowsOfTheFirst, "rows of listable items"),
        (RowsOfOthers, "the rows that are offered, times the weights, are the contributions"),
        (RowsTooLarge, "`largest` is the largest absolute number"),
    ],
)
def test_wrong_rows_are_refused(kind, match):
    with pytest.raises(ContractError, match=match):
        check_recommender(film_recommender(kind))


def test_wrong_answers_are_refused():
    class AnswersOfOthers(ToyRecommender):
        def answers(self, histories):
            return dense_rows(self._gives.T), histories.items.numpy()

    with pytest.raises(
        ContractError, match=r"answers.*the rows of positions that were asked for alone are the contrib"
    ):
        check_recommender(film_recommender(AnswersOfOthers))


def test_by_default_contributions_are_asked_of_the_scores():
    model = film_recommender()
    batch = HistoryBatch.of([[0, 3, 5], [2]])
    assert torch.equal(model.contributions(batch), table(model, batch))
    columns = torch.tensor([[6, 1], [0, 4]])
    expected = table(model, batch).gather(2, columns[:, None].expand(-1, 3, -1))
    assert torch.equal(model.contributions(batch, columns), expected)


def test_a_constant_is_no_contribution():
    class Biased(ToyRecommender):
        def score(self, histories, keep, candidates=None):
            return super().score(histories, keep, candidates) + 7

    model = film_recommender(Biased)
    batch = HistoryBatch.of([[0, 3, 5], [2]])
    assert torch.equal(model.contributions(batch), table(model, batch))
    check_recommender(model)


def test_without_the_capability_there_are_none():
    with pytest.raises(CapabilityError, match="opaque-toy does not declare that it is additive"):
        film_recommender(OpaqueRecommender).contributions(HistoryBatch.of([[0]]))


class LastCountsTwice(OpaqueRecommender):
    """The last item that is kept counts twice."""

    def score(self, histories, keep, candidates=None):
        positions = torch.arange(keep.shape[2]).expand_as(keep)
        last = torch.where(keep > 0, positions, -1).amax(2, keepdim=True)
        return super().score(histories, keep + keep * (positions == last), candidates)


class SaysSo(LastCountsTwice):
    capabilities = frozenset({Capability.ORDER_AWARE})


class SaysSoWrongly(OpaqueRecommender):
    capabilities = frozenset({Capability.ORDER_AWARE})


def test_order_awareness_is_declared_where_it_is_true_and_nowhere_else():
    check_recommender(film_recommender(SaysSo))
    with pytest.raises(ContractError, match=r"order of the history: scores differ .* does not declare .* ORDER_AWARE"):
        check_recommender(film_recommender(LastCountsTwice))
    with pytest.raises(ContractError, match="no score moves when it is turned round"):
        check_recommender(film_recommender(SaysSoWrongly))
