"""Which of this user's past items, had they never happened, would topple this recommendation out of the list?

The door of the library: everything here is public, and nothing heavy loads before it is used.

    split = topple.prepare(topple.read_interactions(frame, user="user", item="item", rating="rating"))
    model = topple.fit(split, "mult-vae")
    explanations = topple.explain(model, split.histories(limit=10), k=5)
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from topple.data.interactions import Interactions as Interactions
    from topple.data.layout import read_split as read_split
    from topple.data.layout import write_split as write_split
    from topple.data.reading import from_csr as from_csr
    from topple.data.reading import read_interactions as read_interactions
    from topple.data.sources import load_split as load_split
    from topple.data.splitting import Preparation as Preparation
    from topple.data.splitting import Split as Split
    from topple.data.splitting import prepare as prepare
    from topple.data.titles import read_titles as read_titles
    from topple.data.vocabulary import Catalogue as Catalogue
    from topple.data.vocabulary import Vocabulary as Vocabulary
    from topple.door.asking import top_k_queries as top_k_queries
    from topple.door.evaluating import evaluate as evaluate
    from topple.door.explaining import explain as explain
    from topple.door.explaining import explain_queries as explain_queries
    from topple.door.fitting import fit as fit
    from topple.door.recommending import recommend as recommend
    from topple.door.wrapping import wrap as wrap
    from topple.errors import ToppleError as ToppleError
    from topple.explainers.budget import Budget as Budget
    from topple.explanation import CandidateRule as CandidateRule
    from topple.explanation import Explanation as Explanation
    from topple.explanation import Goal as Goal
    from topple.explanation import Proof as Proof
    from topple.explanation import Query as Query
    from topple.explanation import Removal as Removal
    from topple.explanation import Status as Status
    from topple.explanation import Verdict as Verdict
    from topple.recommenders.base import Capability as Capability
    from topple.recommenders.base import Recommender as Recommender
    from topple.recommenders.checkpoints import load_model as load_model
    from topple.recommenders.checkpoints import save_model as save_model
    from topple.recommenders.quality import held_out_quality as held_out_quality
    from topple.reports.records import read_explanations as read_explanations
    from topple.reports.records import write_explanations as write_explanations
    from topple.reports.sentences import sentence as sentence
    from topple.verification.retraining import Retraining as Retraining
    from topple.verification.verify import verify as verify

_ROOMS = {
    "Budget": "topple.explainers.budget",
    "CandidateRule": "topple.explanation",
    "Capability": "topple.recommenders.base",
    "Catalogue": "topple.data.vocabulary",
    "Explanation": "topple.explanation",
    "Goal": "topple.explanation",
    "Interactions": "topple.data.interactions",
    "Preparation": "topple.data.splitting",
    "Proof": "topple.explanation",
    "Query": "topple.explanation",
    "Recommender": "topple.recommenders.base",
    "Removal": "topple.explanation",
    "Retraining": "topple.verification.retraining",
    "Split": "topple.data.splitting",
    "Status": "topple.explanation",
    "ToppleError": "topple.errors",
    "Verdict": "topple.explanation",
    "Vocabulary": "topple.data.vocabulary",
    "evaluate": "topple.door.evaluating",
    "explain": "topple.door.explaining",
    "explain_queries": "topple.door.explaining",
    "fit": "topple.door.fitting",
    "from_csr": "topple.data.reading",
    "held_out_quality": "topple.recommenders.quality",
    "load_model": "topple.recommenders.checkpoints",
    "load_split": "topple.data.sources",
    "prepare": "topple.data.splitting",
    "read_explanations": "topple.reports.records",
    "read_interactions": "topple.data.reading",
    "read_split": "topple.data.layout",
    "read_titles": "topple.data.titles",
    "recommend": "topple.door.recommending",
    "save_model": "topple.recommenders.checkpoints",
    "sentence": "topple.reports.sentences",
    "top_k_queries": "topple.door.asking",
    "verify": "topple.verification.verify",
    "wrap": "topple.door.wrapping",
    "write_explanations": "topple.reports.records",
    "write_split": "topple.data.layout",
}

__all__ = ["__version__", *_ROOMS]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'topple' has no attribute {name!r}; it has {', '.join(_ROOMS)}")
    return getattr(importlib.import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
