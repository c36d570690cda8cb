"""What the explorer says of proofs: every name has a meaning, and none claims more than was proven."""

from dataclasses import replace

import pytest

import topple
from topple.notebook.rows import Titled
from topple.notebook.words import headline, proofs, work
from topple.records.answer import Proof, Status
from topple.testing import film_recommender


@pytest.fixture(scope="module")
def model():
    return film_recommender()


@pytest.fixture(scope="module")
def found(model):
    history = ["alien", "brazil", "casablanca"]
    return topple.explain(model, history, targets=["evita"], k=2, effort="instant", progress=False)[0]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"proof": Proof.VALID, "at_least": None}, ["checked"]),
        ({"proof": Proof.MINIMAL, "at_least": None}, ["checked", "minimal"]),
        ({"proof": Proof.MINIMAL, "at_least": 1.0}, ["checked", "minimal"]),
        ({"proof": Proof.MINIMAL, "at_least": 1.5}, ["checked", "minimal", "no set of fewer than 2 would do"]),
        ({"proof": Proof.MINIMUM, "at_least": 2.0}, ["checked", "minimal", "proven smallest"]),
        ({"proof": None}, ["refuted"]),
        ({"status": Status.IMPOSSIBLE, "proof": None, "items": ()}, ["proven: no set does it"]),
        ({"status": Status.NOT_FOUND, "proof": None, "items": ()}, ["nothing found"]),
        ({"status": Status.BUDGET_SPENT, "proof": None, "items": ()}, ["nothing found in time"]),
        ({"status": Status.INVALID, "proof": None, "items": ()}, ["could not be asked"]),
    ],
)
def test_each_answer_has_the_names_of_what_is_proven(found, changes, names):
    told = proofs(replace(found, **changes))
    assert [one["name"] for one in told] == names
    assert all(one["meaning"].endswith(".") for one in told)


def test_a_claim_of_another_package_is_called_a_claim(found):
    told = proofs(replace(found, proof=Proof.MINIMUM, at_least=2.0, proof_by="of-somebody"))
    assert "That is claimed by of-somebody." in told[-1]["meaning"]


@pytest.mark.parametrize(("seconds", "told"), [(0.0123456, "12.3 ms"), (2.34567, "2.35 s")])
def test_work_says_histories_and_time(found, seconds, told):
    assert work(replace(found, cost=1204, seconds=seconds)) == f"tried 1,204 histories, {told}"


def test_long_titles_are_cut_and_many_counted(model):
    named = {item: item * 30 for item in model.catalogue.vocabulary.ids}
    titles = Titled(model.catalogue.with_titles(named))
    off = ["alien", "brazil"]
    changed = topple.what_if(model, ["alien", "brazil", "casablanca"], 2, without=off)
    told = headline(changed, off, titles)
    assert all(len(part) == 70 and part.endswith("…") for part in told[1::2])
    assert headline(changed, [*off, "casablanca"], titles)[0].startswith("Without 3 items: ")
