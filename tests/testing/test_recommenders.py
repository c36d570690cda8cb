"""Each recommender here breaks one rule; the kit must say which."""

import random

import numpy as np
import pytest
import torch

from topple.errors import ContractError, ToppleError
from topple.recommenders.models.mult_vae import MultVAE
from topple.scoring.recommender import Capability
from topple.testing import ToyRecommender, check_recommender, film_recommender, random_mult_vae
from topple.testing.worlds import catalogue_of


def test_a_contract_error_is_an_assertion_error_with_part_value_and_rule():
    assert issubclass(ContractError, AssertionError)
    assert issubclass(ContractError, ToppleError)
    with pytest.raises(AssertionError, match=r"toy: shape of the scores: \(5, 1, 7\). Rule: score returns \[histories"):
        check_recommender(film_recommender(OneVariation))


class OneVariation(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates)[:, :1]


class GivesNan(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        scores = super().score(histories, keep, candidates)
        return scores.masked_fill(scores == scores.max(), torch.nan)


class NanForShort(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates) / (keep.sum(-1, keepdim=True) > 0)


class NanForNothing(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates) / (histories.present.any() | keep.any())


class Random(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        scores = super().score(histories, keep, candidates)
        return scores + torch.rand(scores.shape, generator=self.draws)

    draws = torch.Generator().manual_seed(0)


class GlobalDraws(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        torch.rand(1)
        return super().score(histories, keep, candidates)


class GlobalNumpyDraws(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        np.random.random()
        return super().score(histories, keep, candidates)


class GlobalPythonDraws(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        random.random()  # noqa: S311 - not for cryptography
        return super().score(histories, keep, candidates)


class Single(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates).float()


class ScaledByTheBatch(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates) * len(histories)


class ByPositionInTheBatch(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        positions = torch.arange(1, len(histories) + 1)[:, None, None]
        return super().score(histories, keep, candidates) * positions


class ScaledByTheVariations(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates) * keep.shape[1]


class CountsPadding(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates) + (histories.weights[:, None, :1] == 0)


class ScaledByTheWidth(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates) / max(5, histories.items.shape[1])


class Popularity(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, torch.zeros_like(keep), candidates) + 1


class SaysThatItIgnoresTheHistory(ToyRecommender):
    capabilities = frozenset({Capability.HISTORY_FREE})


class SeesWhetherThereIsAnything(ToyRecommender):
    """One item kept or many is the same to it; none is not."""

    capabilities = frozenset({Capability.HISTORY_FREE})

    def score(self, histories, keep, candidates=None):
        scores = super().score(histories, keep, candidates)
        return torch.zeros_like(scores) + keep.any(-1, keepdim=True)


class CountsTheRemoved(ToyRecommender):
    """Divides by the history's length as it was, so a removed item is not as if it had never been there."""

    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates) / histories.present.sum(1).clamp(min=1)[:, None, None]


class SortedCandidates(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, None if candidates is None else candidates.sort(1).values)


class OtherBind(ToyRecommender):
    def bind(self, histories, candidates=None):
        return lambda keep: 2 * self.score(histories, keep, candidates)


class Learns(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        scores = super().score(histories, keep, candidates)
        self._gives[0, 0] = -0.0
        return scores


class KeepsNotes(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        self.training["scored"] = self.training.get("scored", 0) + 1
        return super().score(histories, keep, candidates)


class WritesIntoKeep(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        scores = super().score(histories, keep, candidates)
        if not keep.requires_grad:
            keep *= 0
        return scores


class WantsGradients(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        self._gives.requires_grad_(True)
        return super().score(histories, keep, candidates)


class NoGradient(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep.detach(), candidates)


class WrongGradient(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep.detach() + 0.5 * (keep - keep.detach()), candidates)


class NotAdditive(ToyRecommender):
    def score(self, histories, keep, candidates=None):
        return super().score(histories, keep, candidates) ** 2


class ShowsNoNetwork(ToyRecommender):
    capabilities = frozenset({Capability.FEED_FORWARD})


class CannotFit(ToyRecommender):
    capabilities = frozenset({Capability.TRAINABLE})


class DeclaresText(ToyRecommender):
    capabilities = frozenset({"differentiable "})


class ForgetsItsArrays(ToyRecommender):
    @classmethod
    def from_arrays(cls, arrays, catalogue, settings=None):
        return super().from_arrays({"gives": arrays["gives"].T.copy()}, catalogue, settings)


class Nameless(ToyRecommender):
    name = ""


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (GivesNan, "scores: .*NaN. Rule: scores are numbers"),
        (NanForShort, "scores: .*NaN"),
        (NanForNothing, "empty history: .*NaN.*Rule: an empty history is scored"),
        (Random, "scoring twice: .*Rule: scores are not random"),
        (GlobalDraws, "scoring changes torch's random state"),
        (GlobalNumpyDraws, "scoring changes numpy's random state"),
        (GlobalPythonDraws, "scoring changes Python's random state"),
        (Single, "precision of the scores: torch.float32 for torch.float64"),
        (ScaledByTheBatch, "history 0 alone: scores differ.*Rule: the same history has the same scores alone"),
        (ByPositionInTheBatch, "batch in reverse: scores differ"),
        (ScaledByTheVariations, "variation 0 of history 0 alone"),
        (CountsPadding, "empty history|padding|a removed item"),
        (ScaledByTheWidth, "padding: scores differ.*Rule: padding .* adds nothing"),
        (Popularity, "use of the history: no score moves"),
        (
            SaysThatItIgnoresTheHistory,
            "any history: scores differ.*Rule: a HISTORY_FREE recommender gives every history the same scores",
        ),
        (SeesWhetherThereIsAnything, "any history: scores differ"),
        (CountsTheRemoved, "a removed item: scores differ.*as the history that never held it"),
        (SortedCandidates, "candidates: scores differ.*in the order asked"),
        (OtherBind, "bind: scores differ"),
        (Learns, "scoring changes the recommender's fingerprint"),
        (KeepsNotes, "scoring changes the recommender's record of its training"),
        (WritesIntoKeep, "the histories or keep changed"),
        (WantsGradients, "scoring changes which arrays want a gradient"),
        (NoGradient, "gradient in keep: there is none"),
        (WrongGradient, "gradient in keep: scores differ.*finite differences"),
        (NotAdditive, "sum over items: scores differ"),
        (ShowsNoNetwork, "layers: there is no such method"),
        (CannotFit, "fit: it is not there"),
        (DeclaresText, "capabilities are a frozenset of Capability"),
        (ForgetsItsArrays, "arrays, written and read: scores differ"),
        (Nameless, "name: ''. Rule: a recommender has a name"),
    ],
)
def test_a_broken_recommender_is_told_which_rule_it_breaks(kind, match):
    with pytest.raises(ContractError, match=match):
        check_recommender(film_recommender(kind))


class DoublesItsScores(MultVAE):
    def bind(self, histories, candidates=None):
        plain = super().bind(histories, candidates)
        return lambda keep, rows=None: 2 * plain(keep, rows)


def test_a_network_that_shows_other_layers_than_it_scores_with_is_found():
    with pytest.raises(ContractError, match="mult-vae: layers: scores differ"):
        check_recommender(DoublesItsScores.from_arrays(random_mult_vae().arrays(), catalogue_of(24)))


def test_a_model_that_says_it_does_not_use_weights_and_does():
    class Weighs(ToyRecommender):
        uses_weights = False

    films = film_recommender()
    with pytest.raises(ContractError, match=r"toy: weights.*scores do not depend on weights"):
        check_recommender(Weighs(films.catalogue, films.arrays()["gives"]))
