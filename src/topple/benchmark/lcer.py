"""LCER's published experiment: fit, recommend, explain the top-k of every test user, evaluate."""

from dataclasses import dataclass

from topple.api.asking import top_k_queries
from topple.api.evaluating import evaluate
from topple.api.explaining import explain_queries
from topple.api.fitting import fit
from topple.data.splitting import Split
from topple.explainers.lcer import Lcer, LcerSettings
from topple.metrics import Evaluation
from topple.recommenders.models.mult_vae import MultVAESettings
from topple.recommenders.training.quality import held_out_quality
from topple.records.answer import Explanation
from topple.records.question import CandidateRule
from topple.reports.tables import evaluation_json
from topple.scoring.recommender import Recommender
from topple.types import JsonObject


@dataclass(frozen=True, eq=False)
class Reproduction:
    """What one run found."""

    recommender: Recommender
    explanations: list[Explanation]
    evaluation: Evaluation
    quality: dict[str, float]
    settings: JsonObject

    def as_json(self) -> JsonObject:
        """Return one object: metrics (PN, PS, F_NS by candidate rule), quality of the recommender, settings."""
        return {
            **evaluation_json(self.evaluation),
            **{name: value for name, value in self.quality.items() if name != "users"},
            "test_users": int(self.quality["users"]),
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
) -> Reproduction:
    """Run the experiment.

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
    """
    model = recommender or fit(split, "mult-vae", settings=trained, progress=progress, device=device)
    queries = top_k_queries(model, split.histories(limit=users), k=k, rule=CandidateRule.UNSEEN_AFTER, seed=seed)
    explanations = explain_queries(model, queries, explainer=Lcer(explainer), progress=progress)
    return Reproduction(
        recommender=model,
        explanations=explanations,
        evaluation=evaluate(model, explanations),
        quality=held_out_quality(model, split.test),
        settings={"k": k, "seed": seed, "lcer": explainer.model_dump(), model.name: model.settings.model_dump()},
    )
