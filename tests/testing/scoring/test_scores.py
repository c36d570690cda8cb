"""Each recommender here says something untrue of its scores, or changes while it scores; the kit must say so."""

import time

import pytest
import torch

from topple.errors import ContractError
from topple.scoring.findings.known import Findings
from topple.scoring.findings.probe import Measures
from topple.scoring.recommender import Capability
from topple.testing import ToyRecommender, check_recommender, film_recommender


class DeclaresNothing(ToyRecommender):
    rounding = 0.0


class DeclaresEverything(ToyRecommender):
    rounding = 0.5


class NoisierThanItSays(ToyRecommender):
    """One score is so large that noise in the others is small against it, and not small against them."""

    rounding = 1e-9

    def score(self, histories, keep, candidates=None):
        scores = super().score(histories, keep, candidates) + 1e-5 * (len(histories) > 1)
        columns = torch.arange(scores.shape[2]) if candidates is None else candidates[:, None]
        return torch.where(columns == 0, torch.full_like(scores, 1e9), scores)


class OfAnotherScale(ToyRecommender):
    scale = 1.0


class KeepsAnOldScale(ToyRecommender):
    def __init__(self, catalogue, gives):
        super().__init__(catalogue, gives)
        self.findings = Findings(measures=Measures(scale=100.0, gap=1.0))


class OtherEmptyScores(ToyRecommender):
    def empty_scores(self):
        return super().empty_scores() + 1


class SingleEmptyScores(ToyRecommender):
    def empty_scores(self):
        return super().empty_scores().float()


class HidesEmptyScores(ToyRecommender):
    def empty_scores(self):
        return None


class EmptyScoresByConvention(ToyRecommender):
    empty_by_rule = True

    def empty_scores(self):
        return torch.zeros(len(self.catalogue), dtype=torch.float64)


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (DeclaresNothing, "rounding: 0.0. Rule: rounding is a share of a score, above 0"),
        (DeclaresEverything, "rounding: 0.5. Rule: rounding is a share of a score, above 0 and below 0.001"),
        (NoisierThanItSays, "rounding: 1e-09 is declared, and scores alone and in a batch differ by .*Declare "),
        (OfAnotherScale, "scale: 1, and the probe tells .*Rule: the scale is a number of 0 or more"),
        (KeepsAnOldScale, "scale: 100, and the probe tells"),
        (OtherEmptyScores, "empty_scores: they differ by .*from which everything is removed"),
        (SingleEmptyScores, r"empty_scores: torch.float32 \(7,\). Rule: float64, one score an item"),
        (HidesEmptyScores, "empty_scores: None. Rule: a model that scores an empty history by what it has learned"),
        (EmptyScoresByConvention, "empty_scores: there are scores. Rule: None where an empty history is scored by"),
    ],
)
def test_what_is_said_of_the_scores_is_held_against_them(kind, match):
    with pytest.raises(ContractError, match=match):
        check_recommender(film_recommender(kind))


class RemembersTheQuestion(ToyRecommender):
    """Puts what is asked into itself: another thread's question may be there when it looks again."""

    asked = None

    def score(self, histories, keep, candidates=None):
        self.asked = keep
        time.sleep(0.002)
        return super().score(histories, self.asked, candidates)


class FailsWhenDisturbed(ToyRecommender):
    busy = False

    def score(self, histories, keep, candidates=None):
        if self.busy:
            raise RuntimeError("two at once")
        self.busy = True
        time.sleep(0.002)
        self.busy = False
        return super().score(histories, keep, candidates)


class SwitchesAModule(ToyRecommender):
    """Puts a module into evaluation mode and back again, as if nobody could see it."""

    def __init__(self, catalogue, gives):
        super().__init__(catalogue, gives)
        self.module = torch.nn.Dropout()

    def score(self, histories, keep, candidates=None):
        self.module.eval()
        time.sleep(0.002)
        self.module.train()
        return super().score(histories, keep, candidates)


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (
            RemembersTheQuestion,
            "scoring in threads: .*differ.*Rule: 4 threads that score at once get the scores of one",
        ),
        (FailsWhenDisturbed, r"scoring in threads: \['RuntimeError: two at once'\]"),
        (SwitchesAModule, "scoring in threads: a module's mode or precision changes. Rule: scoring changes nothing"),
    ],
)
def test_scoring_that_other_threads_disturb_is_refused(kind, match):
    with pytest.raises(ContractError, match=match):
        check_recommender(film_recommender(kind))


def test_a_model_that_ignores_the_history_has_no_empty_scores():
    class Silent(ToyRecommender):
        capabilities = frozenset({Capability.HISTORY_FREE})

        def score(self, histories, keep, candidates=None):
            return super().score(histories, torch.zeros_like(keep), candidates)

    check_recommender(film_recommender(Silent))
