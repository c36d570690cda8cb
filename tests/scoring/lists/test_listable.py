"""What a filter leaves is scored alone where it is little, and nothing comes out otherwise."""

import pytest
import torch

import topple
from topple import registry
from topple.records.question import CandidateRule, Request
from topple.scoring.encoding import encode_histories
from topple.scoring.lists import listable
from topple.scoring.ranking import catalogue_scores
from topple.testing.worlds import tiny_split

SPLIT = tiny_split(users=60, items=40)
IDS = SPLIT.catalogue.vocabulary.ids
QUICK = {"mult-vae": {"epochs": 2, "hidden": 12, "latent": 4}, "mult-dae": {"epochs": 2, "hidden": 12}, "bpr": {"epochs": 2},
         "lightgcn": {"epochs": 2}, "neumf": {"epochs": 1}, "sasrec": {"epochs": 1}}  # fmt: skip
FEW = IDS[3:19:4]


def encoded(model, *limits):
    """Return histories, each with items that may be listed."""
    requests = [Request.of(history=IDS[number : number + 9], candidates=few, k=2) for number, few in enumerate(limits)]
    return encode_histories(requests, model.catalogue).histories


def asked_for(model, monkeypatch):
    """Return a list that is filled with how many columns a model is asked for."""
    widths, score = [], model.score

    def counted(histories, keep, candidates=None):
        widths.append(None if candidates is None else candidates.shape[1])
        return score(histories, keep, candidates)

    monkeypatch.setattr(model, "score", counted)
    return widths


@pytest.mark.parametrize("name", registry.names("recommenders"))
def test_few_items_are_scored_alone_and_their_scores_are_the_same(name, monkeypatch):
    model = topple.fit(SPLIT, name, settings=QUICK.get(name), progress=False)
    histories = encoded(model, FEW, FEW)
    keep = histories.present[:, None].to(histories.weights.dtype).repeat(1, 3, 1)
    keep[:, 1, :4], keep[:, 2] = 0, 0
    widths = asked_for(model, monkeypatch)
    for rule in CandidateRule:
        narrow = catalogue_scores(model, histories, keep, rule)
        with monkeypatch.context() as other:
            other.setattr(listable, "SHARE", 1000)
            whole = catalogue_scores(model, histories, keep, rule)
        assert torch.equal(narrow.isinf(), whole.isinf())
        listed = torch.isfinite(whole)
        assert listed.any()
        assert torch.allclose(
            narrow[listed], whole[listed], rtol=model.rounding, atol=model.rounding * max(1, model.scale)
        )
    assert widths[:2] == [len(FEW), None]


def test_the_whole_catalogue_is_scored_for_several_filters_a_wide_one_and_none():
    model = topple.fit(SPLIT, "ease", progress=False)
    assert listable.few_listable(encoded(model, FEW)).tolist() == [3, 7, 11, 15]
    assert listable.few_listable(encoded(model, FEW, FEW[:3])) is None
    assert listable.few_listable(encoded(model, IDS[:30])) is None
    assert listable.few_listable(encoded(model, None)) is None


@pytest.mark.parametrize("rule", CandidateRule)
@pytest.mark.parametrize("name", ["als", "bpr", "mult-vae"])
def test_answers_are_the_same(name, rule, monkeypatch):
    model = topple.fit(SPLIT, name, settings=QUICK.get(name), progress=False)
    found = {}
    for share in (2, 1000):
        monkeypatch.setattr(listable, "SHARE", share)
        for user, history in SPLIT.histories(limit=4).items():
            for each in topple.explain(model, {user: history}, k=2, candidates=IDS[::3], rule=rule, progress=False):
                key = user, each.query.target
                told = each.items, each.status, each.proof, each.replacements, each.rank_after, each.cost
                assert found.setdefault(key, told) == told
    assert len(found) == 8
