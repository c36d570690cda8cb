"""Which of this user's past items, had they never happened, would topple this recommendation out of the list?

Every name of this module is public, and nothing heavy loads before it is used.

    split = topple.prepare(topple.read_interactions(frame, user="user", item="item", rating="rating"))
    model = topple.fit(split, "mult-vae")
    explanations = topple.explain(model, split.histories(limit=10), k=5)
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from topple.api.agreement import agreement as agreement
    from topple.api.asking import top_k_queries as top_k_queries
    from topple.api.evaluating import evaluate as evaluate
    from topple.api.explaining import explain as explain
    from topple.api.explaining import explain_each as explain_each
    from topple.api.explaining import explain_queries as explain_queries
    from topple.api.faces.showing import card as card
    from topple.api.faces.showing import draw as draw
    from topple.api.fitting import fit as fit
    from topple.api.influence import influence as influence
    from topple.api.learning.fitting import fit_explainer as fit_explainer
    from topple.api.learning.folders import load_explainer as load_explainer
    from topple.api.learning.folders import save_explainer as save_explainer
    from topple.api.papers.dossier import dossier as dossier
    from topple.api.papers.replaying import replay as replay
    from topple.api.papers.report import report as report
    from topple.api.recommending import recommend as recommend
    from topple.api.scoring import score as score
    from topple.api.what_if import what_if as what_if
    from topple.api.wrapping import wrap as wrap
    from topple.batch.verb import explain_all as explain_all
    from topple.benchmark.compare import compare as compare
    from topple.benchmark.comparing.comparison import Comparison as Comparison
    from topple.data.interactions import Interactions as Interactions
    from topple.data.layout import read_split as read_split
    from topple.data.layout import write_split as write_split
    from topple.data.preparation import Preparation as Preparation
    from topple.data.preparation import prepare as prepare
    from topple.data.reading import from_csr as from_csr
    from topple.data.reading import read_interactions as read_interactions
    from topple.data.sources import load_split as load_split
    from topple.data.splitting import Split as Split
    from topple.data.titles import read_titles as read_titles
    from topple.data.vocabulary import Catalogue as Catalogue
    from topple.data.vocabulary import Vocabulary as Vocabulary
    from topple.errors import ToppleError as ToppleError
    from topple.notebook.exploring import explore as explore
    from topple.recommenders.saving.folders import load_model as load_model
    from topple.recommenders.saving.folders import load_model_split as load_model_split
    from topple.recommenders.saving.folders import save_model as save_model
    from topple.recommenders.training.quality import held_out_quality as held_out_quality
    from topple.records.agreement import Agreement as Agreement
    from topple.records.agreement import Shown as Shown
    from topple.records.answer import Explanation as Explanation
    from topple.records.answer import Proof as Proof
    from topple.records.answer import Removal as Removal
    from topple.records.answer import Status as Status
    from topple.records.answer import Verdict as Verdict
    from topple.records.explanations import Explanations as Explanations
    from topple.records.history import History as History
    from topple.records.io import canonical_json as canonical_json
    from topple.records.io import read_explanations as read_explanations
    from topple.records.question import CandidateRule as CandidateRule
    from topple.records.question import Constraints as Constraints
    from topple.records.question import Goal as Goal
    from topple.records.question import Query as Query
    from topple.records.question import Repeats as Repeats
    from topple.records.shards.reading import scan_explanations as scan_explanations
    from topple.reports.records import write_explanations as write_explanations
    from topple.reports.sentences import sentence as sentence
    from topple.scoring.budget import Budget as Budget
    from topple.scoring.findings.identity import same_model as same_model
    from topple.scoring.recommender import Capability as Capability
    from topple.scoring.recommender import Recommender as Recommender
    from topple.verification.retraining import Retraining as Retraining
    from topple.verification.verify import verify as verify

_MODULES = {
    "Agreement": "topple.records.agreement",
    "Budget": "topple.scoring.budget",
    "CandidateRule": "topple.records.question",
    "Capability": "topple.scoring.recommender",
    "Catalogue": "topple.data.vocabulary",
    "Comparison": "topple.benchmark.comparing.comparison",
    "Constraints": "topple.records.question",
    "Explanation": "topple.records.answer",
    "Explanations": "topple.records.explanations",
    "Goal": "topple.records.question",
    "History": "topple.records.history",
    "Interactions": "topple.data.interactions",
    "Preparation": "topple.data.preparation",
    "Proof": "topple.records.answer",
    "Query": "topple.records.question",
    "Recommender": "topple.scoring.recommender",
    "Removal": "topple.records.answer",
    "Repeats": "topple.records.question",
    "Retraining": "topple.verification.retraining",
    "Shown": "topple.records.agreement",
    "Split": "topple.data.splitting",
    "Status": "topple.records.answer",
    "ToppleError": "topple.errors",
    "Verdict": "topple.records.answer",
    "Vocabulary": "topple.data.vocabulary",
    "agreement": "topple.api.agreement",
    "canonical_json": "topple.records.io",
    "card": "topple.api.faces.showing",
    "compare": "topple.benchmark.compare",
    "dossier": "topple.api.papers.dossier",
    "draw": "topple.api.faces.showing",
    "evaluate": "topple.api.evaluating",
    "explain": "topple.api.explaining",
    "explain_all": "topple.batch.verb",
    "explain_each": "topple.api.explaining",
    "explain_queries": "topple.api.explaining",
    "explore": "topple.notebook.exploring",
    "fit": "topple.api.fitting",
    "fit_explainer": "topple.api.learning.fitting",
    "from_csr": "topple.data.reading",
    "held_out_quality": "topple.recommenders.training.quality",
    "influence": "topple.api.influence",
    "load_explainer": "topple.api.learning.folders",
    "load_model": "topple.recommenders.saving.folders",
    "load_model_split": "topple.recommenders.saving.folders",
    "load_split": "topple.data.sources",
    "prepare": "topple.data.preparation",
    "read_explanations": "topple.records.io",
    "read_interactions": "topple.data.reading",
    "read_split": "topple.data.layout",
    "read_titles": "topple.data.titles",
    "recommend": "topple.api.recommending",
    "replay": "topple.api.papers.replaying",
    "report": "topple.api.papers.report",
    "same_model": "topple.scoring.findings.identity",
    "scan_explanations": "topple.records.shards.reading",
    "save_explainer": "topple.api.learning.folders",
    "save_model": "topple.recommenders.saving.folders",
    "score": "topple.api.scoring",
    "sentence": "topple.reports.sentences",
    "top_k_queries": "topple.api.asking",
    "verify": "topple.verification.verify",
    "what_if": "topple.api.what_if",
    "wrap": "topple.api.wrapping",
    "write_explanations": "topple.reports.records",
    "write_split": "topple.data.layout",
}

__all__ = ["__version__", *_MODULES]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'topple' has no attribute {name!r}; it has {', '.join(_MODULES)}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
