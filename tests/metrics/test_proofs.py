from topple.metrics import count_proofs
from topple.records.answer import Explanation, Proof, Status
from topple.records.question import Query

QUERY = Query(("a", "b"), "t")


def answer(status=Status.FOUND, proof=None, by=""):
    return Explanation(QUERY, status, proof=proof, proof_by=by)


def test_proofs_of_other_packages_are_counted_apart():
    found = count_proofs(
        [
            answer(proof=Proof.MINIMUM, by="exact"),
            answer(proof=Proof.MINIMUM),
            answer(proof=Proof.MINIMUM, by="theirs"),
            answer(proof=Proof.MINIMAL),
            answer(Status.IMPOSSIBLE, by="auto"),
            answer(Status.IMPOSSIBLE, by="theirs"),
            answer(Status.IMPOSSIBLE, by="another"),
            answer(Status.NOT_FOUND),
            answer(Status.INVALID),
        ]
    )
    assert (found.queries, found.minimum, found.impossible) == (8, 2, 1)
    assert found.claimed == {"theirs": 2, "another": 1}
    assert found.share == 3 / 8


def test_no_queries_have_no_share_of_proofs():
    assert count_proofs([answer(Status.INVALID)]).share is None
