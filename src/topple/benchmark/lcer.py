"""LCER's published experiment: fit, recommend, explain the top-k of every test user, evaluate."""

from dataclasses import dataclass, replace

from topple.api.asking import top_k_queries
from topple.api.evaluating import evaluate
from topple.api.explaining import explain_queries
from topple.api.fitting import fit
from topple.api.reasons import joined
from topple.benchmark.lcer_in_order import LcerInOrder, check_published, unpublished
from topple.data.splitting import Split
from topple.explainers.lcer import Lcer, LcerSettings
from topple.metrics import Evaluation
from topple.recommenders.models.mult_vae import MultVAESettings
from topple.recommenders.training.quality import held_out_quality
from topple.records.answer import Explanation
from topple.records.explanations import Explanations
from topple.records.question import CandidateRule
from topple.reports.tables import evaluation_json
from topple.scoring.recommender import Recommender
from topple.types import JsonObject

ORDER_DEPENDENT = "order-dependent: the optimiser and the noise ran on from the queries before"
"""Stands in the reason of each answer of LCER as published."""


@dataclass(frozen=True, eq=False)
class Reproduction:
    """What one run found; `order_dependent`: an answer depends on the queries that were asked before it."""

    recommender: Recommender
    explanations: list[Explanation]
    evaluation: Evaluation
    quality: dict[str, float]
    settings: JsonObject
    order_dependent: bool = False

    def as_json(self) -> JsonObject:
        """Return one object: metrics (PN, PS, F_NS by candidate rule), quality of the recommender, settings."""
        return {
            **evaluation_json(self.evaluation),
            **{name: value for name, value in self.quality.items() if name != "users"},
            "test_users": int(self.quality["users"]),
            "order_dependent": self.order_dependent,
            "settings": self.settings,
        }


def reproduce_lcer(
    split: Split,
    explainer: LcerSettings,
    trained: MultVAESettings,
    *,
    recommender: Recommender | None = None,
    k: int = 5,
    seed: int = 0,
    users: int | None = None,
    device: str = "cpu",
    progress: bool = True,
    as_published: bool = False,
) -> Reproduction:
    """Run the experiment.

    As published, the optimiser's state and the noise run on from query to query, so that the sizes are those of the published
    code and an answer depends on the queries before it: each says so. Else a query's answer depends on no other.

    Args:
        split: the prepared data.
        explainer: LCER's settings.
        trained: Mult-VAE's settings.
        recommender: a trained model of the split's catalogue; None trains one.
        k: length of the list.
        seed: of LCER's draws.
        users: the first so many test users only; None for all.
        device: where a model is trained, if one is.
        progress: whether to show bars.
        as_published: whether state runs on from query to query; for a Mult-VAE without weights.

    Raises:
        CapabilityError: as published, another model.
    """
    if as_published:
        split = split.merged()  # the published histories are sets
        if recommender is not None:
            check_published(recommender)
        elif trained.weighted:
            raise unpublished("mult-vae with weights")
    model = recommender or fit(split, "mult-vae", settings=trained, progress=progress, device=device)
    queries = top_k_queries(model, split.histories(limit=users), k=k, rule=CandidateRule.UNSEEN_AFTER, seed=seed)
    method = LcerInOrder(explainer, seed) if as_published else Lcer(explainer)
    explanations = explain_queries(model, queries, explainer=method, progress=progress)
    if as_published:
        explanations = Explanations(map(_stamped, explanations))
    return Reproduction(
        recommender=model,
        explanations=explanations,
        evaluation=evaluate(model, explanations),
        quality=held_out_quality(model, split.test),
        settings={"k": k, "seed": seed, "lcer": explainer.model_dump(), model.name: model.settings.model_dump()},
        order_dependent=as_published,
    )


def _stamped(explanation: Explanation) -> Explanation:
    """Return an answer whose reason and settings say that it depends on the queries before it."""
    return replace(
        explanation,
        reason=joined(explanation.reason, ORDER_DEPENDENT),
        settings={**explanation.settings, "order_dependent": True},
    )
