import torch

import topple
from topple import Status
from topple.explainers.base import Explainer
from topple.records.claims import Claims
from topple.testing import tiny_split


class Theirs(Explainer):
    """Claims that no set does it."""

    name = "theirs"

    def propose(self, recommender, queries, on_progress=None, meter=None):
        never = torch.full((len(queries),), torch.inf, dtype=torch.float64)
        nothing = torch.zeros(len(queries), dtype=torch.int64)
        return Claims(torch.zeros_like(queries.protected), never, nothing > 0, nothing)


def test_an_impossible_of_another_package_is_a_claim_in_reason_and_sentence():
    model = topple.fit(tiny_split(), "popularity", progress=False)
    histories = tiny_split().histories(limit=1)
    ours = topple.explain(model, histories, k=1, progress=False)[0]
    theirs = topple.explain(model, histories, k=1, progress=False, explainer=Theirs())[0]
    assert (ours.status, theirs.status) == (Status.IMPOSSIBLE, Status.IMPOSSIBLE)
    assert ours.reason.startswith("proven: no set that the query allows does it")
    assert theirs.reason.startswith("claimed by theirs: no set that the query allows does it")
    assert ": claimed by theirs: no set" in topple.sentence(theirs, model.catalogue)
    assert theirs.proof_by == "theirs"
