"""LCER in the order of the queries: the optimiser and the noise run on from one to the next, as in the published code."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from topple.errors import CapabilityError
from topple.explainers.base import Explainer
from topple.explainers.lcer import LcerSettings
from topple.recommenders.models.mult_vae import MultVAE
from topple.records.claims import Claims
from topple.records.question import CandidateRule
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.memory import rows_at_once
from topple.scoring.recommender import Capability, Recommender
from topple.scoring.unchanged import unchanged_scores
from topple.types import BoolArray, IntArray, SingleArray

if TYPE_CHECKING:
    from topple.benchmark.lcer_steps import Network

TINY = np.float32(1e-10)
"""What keeps the logarithms of the published noise finite."""


class LcerInOrder(Explainer):
    """Learn which items to remove as the published code does, one query after the other, in the order in which they are asked.

    The published code learns one variable for all items of the catalogue. The variable is drawn anew for each query, but Adam's means of
    gradients and of squares, the count of steps and the random numbers run on. So an answer depends on all queries before it, which is
    true of no explainer of the library: this one is for the published experiment alone, and no registry holds it. What runs on
    makes the first steps of a query larger: a fresh optimiser divides its short means by what is missing of them, and an old one
    no longer does.

    Source: Wen, Liu, Jing, Yu, "Learning-based counterfactual explanations for recommendation", Sci. China Inf. Sci. 2024, and
    the behaviour of the authors' program. Differs from it in: random numbers; one number an item stands for two logits, of
    which the difference alone matters; of items outside a history, whose gradients are zero, only the means are kept.
    Needs: a Mult-VAE without weights.  Cost: steps + 1 scored histories.  Random: seed of the run.

    Args:
        settings: of LCER.
        seed: of all draws of the run.
    """

    name = "lcer-as-published"
    needs: ClassVar = frozenset({Capability.DIFFERENTIABLE})
    settings_type = LcerSettings
    settings: LcerSettings

    def __init__(self, settings: LcerSettings | None = None, seed: int = 0) -> None:
        super().__init__(settings)
        self.random = np.random.default_rng(seed)
        self.taken = 0
        """Steps of Adam, of all queries."""
        self.means: SingleArray | None = None
        """Adam's means of gradients and of squares, of each item of the catalogue [2, I]."""

    def may_learn(self, recommender: Recommender) -> bool:
        """Return that gradients are not asked of torch."""
        return False

    def require(self, recommender: Recommender) -> None:
        """Check that the recommender is what the published experiment is about.

        Raises:
            CapabilityError: another model than a Mult-VAE, or one that weighs.
        """
        check_published(recommender)

    def propose(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        on_progress: Callable[[float], None] | None = None,
        meter: Meter | None = None,
    ) -> Claims:
        """Claim a set for each query in turn; what is learned of one is the beginning of the next."""
        model = check_published(recommender)
        best = unchanged_scores(recommender, queries, CandidateRule.UNSEEN_AFTER).best(int(queries.k.max()) + 1)[1]
        sets = torch.zeros_like(queries.protected)
        asked = zip(*(each.tolist() for each in (queries.row, queries.target, queries.k)), strict=True)
        for number, (row, target, k) in enumerate(asked):
            items = queries.histories.items[row][queries.histories.present[row]].cpu().numpy()
            gone = self._removed(model, items, target, float(best[row, k]))
            sets[number, : len(items)] = torch.from_numpy(gone)
            if on_progress is not None:
                on_progress(1)
        cost = torch.full_like(queries.row, self.settings.steps + 1)
        if meter is not None:
            meter.scored += int(cost.sum())
        return Claims.unproven(sets, cost)

    def _removed(self, model: MultVAE, items: IntArray, target: int, margin: float) -> BoolArray:
        """Return which items of a history [H] the sample of lowest loss removes, or none where the target did not fall."""
        from topple.benchmark.lcer_steps import Aim, Best, Learned, learn  # compiled where it is first needed

        settings, means = self.settings, self._means(len(model.catalogue))
        drawn = self.random.random((2, len(items)), np.float32)
        learned = Learned(drawn[1] - drawn[0], *means[:, items])
        best = Best(np.zeros(len(items), np.bool_), np.full(2, np.inf, np.float32))
        aim = Aim(
            margin=np.float32(margin),
            alpha=np.float32(settings.alpha),
            lam=np.float32(settings.lam),
            temperature=np.float32(settings.temperature),
            rate=2 * settings.learning_rate,  # one number is learned for two
        )
        network, at_once = network_of(model, items, target), rows_at_once(2 * len(items))
        for start in range(0, settings.steps, at_once):
            noise = self._noise(min(at_once, settings.steps - start), len(items))
            learn(network, aim, learned, noise, self.taken + start, best)
        self.taken += settings.steps
        means *= self._kept()  # of items outside the history too, whose gradients are zero
        means[0, items], means[1, items] = learned.mean, learned.square
        fell = bool(best.loss_and_score[1] <= aim.margin)
        return best.gone if fell else np.zeros_like(best.gone)

    def _noise(self, steps: int, items: int) -> SingleArray:
        """Return what is added to the weights in each step [S, H]: a Gumbel draw to keep an item less one to remove it."""
        gumbel: SingleArray = -np.log(TINY - np.log(self.random.random((steps, 2, items), np.float32) + TINY))
        difference: SingleArray = gumbel[:, 1] - gumbel[:, 0]
        return difference

    def _kept(self) -> SingleArray:
        """Return what the steps of a query leave of the means of items whose gradients are zero [2, 1]."""
        from topple.benchmark.lcer_steps import FASTER, SLOWER

        return np.array([[FASTER**self.settings.steps], [SLOWER**self.settings.steps]], np.float32)

    def _means(self, items: int) -> SingleArray:
        """Return Adam's means, of a fresh optimiser in the first query [2, I]."""
        if self.means is None:
            self.means = np.zeros((2, items), np.float32)
        return self.means


def check_published(recommender: Recommender) -> MultVAE:
    """Return the recommender, which is what the published experiment is about.

    Raises:
        CapabilityError: another model than a Mult-VAE, or one that weighs.
    """
    if not isinstance(recommender, MultVAE):
        raise unpublished(recommender.name)
    if recommender.uses_weights:
        raise unpublished(f"{recommender.name} with weights")
    return recommender


def unpublished(name: str) -> CapabilityError:
    """Return the refusal of a model that the published experiment is not about."""
    return CapabilityError(
        f"LCER as published is an experiment on a mult-vae without weights; the model is {name}. Give such a "
        "model, or leave --as-published out (in Python: as_published=False): topple's lcer takes every differentiable model."
    )


def network_of(model: MultVAE, items: IntArray, target: int) -> "Network":
    """Return what scores a target for subsets of a history, in float32."""
    from topple.benchmark.lcer_steps import Network  # compiled where it is first needed

    def single(tensor: torch.Tensor) -> SingleArray:
        return np.ascontiguousarray(tensor.detach().cpu().numpy(), np.float32)

    first, inner, outer, last = model.layers()
    rows = first.weight[torch.from_numpy(items).to(first.weight.device)]
    return Network(
        rows=single(rows),
        rows_back=single(rows.T),
        first_bias=single(first.bias),
        inner=single(inner.weight),
        inner_back=single(inner.weight.T),
        inner_bias=single(inner.bias),
        outer=single(outer.weight),
        outer_back=single(outer.weight.T),
        outer_bias=single(outer.bias),
        column=single(last.weight[:, target]),
        bias=np.float32(last.bias[target].item()),
    )
