import io
import json
import math
from dataclasses import replace

from rich.console import Console

from topple import CandidateRule, Catalogue, Explanation, Proof, Query, Status, Verdict, Vocabulary
from topple.metrics import Evaluation, Judged, Proofs, Retrained, measure
from topple.records.as_json import as_json
from topple.records.question import UNSEEN
from topple.reports.tables import evaluation_json, evaluation_table, explanations_table, retrained_table

QUERY = Query(("a", "b"), "c")


def evaluation(verdicts):
    return Evaluation(
        len(verdicts),
        1,
        0.002,
        {rule: measure([Judged(Explanation(one.query, Status.FOUND), one) for one in verdicts]) for rule in UNSEEN},
    )


def test_json_names_pn_by_rule_and_has_null_for_nothing():
    verdicts = [Verdict(QUERY, CandidateRule.UNSEEN_AFTER, found=False)]
    found = json.loads(as_json(evaluation_json(evaluation(verdicts))))
    assert found["coverage"] == 0
    assert found["pn"] == {"unseen_before": None, "unseen_after": None}
    assert found["mean_size"] is None
    assert found["invalid"] == 1


def test_the_table_states_denominators():
    true = Verdict(QUERY, CandidateRule.UNSEEN_AFTER, found=True, size=1, necessary=True, minimal=True)
    missed = Verdict(QUERY, CandidateRule.UNSEEN_AFTER, found=False)
    screen = Console(width=120, record=True, file=io.StringIO())
    screen.print(evaluation_table(evaluation([true, missed]), "t"))
    text = screen.export_text()
    assert "2 queries" in text
    assert "1 found sets" in text


def test_what_retraining_says_is_told_with_its_counts_and_its_cost():
    judged = Retrained(true=1200, sampled=20, still_topple=14, same_rank=10, steady=19, seconds_a_fit=0.25)
    screen = Console(width=120, record=True, file=io.StringIO())
    screen.print(retrained_table(judged))
    rows = [" ".join(line.strip(" │").split()) for line in screen.export_text().splitlines()]
    assert "20 of 1,200 true sets, judged by retraining too" in rows
    for row in (
        "still topple after retraining │ 14 of 20",
        "same rank as by inference │ 10 of 20",
        "same rank if nothing is removed and the model fitted again │ 19 of 20",
        "seconds a fit │ 0.25",
        "all 1,200 sets, estimated │ 300 s",
    ):
        assert row in rows
    quick = evaluation([])
    assert "retrained" not in evaluation_json(quick)
    assert evaluation_json(replace(quick, retrained=judged))["retrained"] == {
        "true": 1200,
        "sampled": 20,
        "still_topple": 14,
        "same_rank": 10,
        "steady": 19,
        "seconds_a_fit": 0.25,
        "seconds_for_all": 300.0,
    }


def test_proofs_are_counted_and_those_of_other_packages_stand_apart():
    found = replace(evaluation([]), proofs=Proofs(10, minimum=4, impossible=1, claimed={"theirs": 2}))
    screen = Console(width=120, record=True, file=io.StringIO())
    screen.print(evaluation_table(found, "t"))
    text = screen.export_text()
    assert "proven: 4 sets minimum, 1 queries impossible" in text
    assert "claimed by theirs: 2 answers proven" in text
    assert evaluation_json(found)["proofs"] == {"queries": 10, "minimum": 4, "impossible": 1, "claimed": {"theirs": 2}}


def test_a_row_says_what_a_set_costs_at_least_and_who_claims_a_proof():
    catalogue = Catalogue(Vocabulary(["a", "b", "c"]))
    rows = [
        Explanation(QUERY, Status.FOUND, ("a", "b"), proof=Proof.MINIMUM, at_least=2, proof_by="auto"),
        Explanation(QUERY, Status.FOUND, ("a", "b"), proof=Proof.MINIMUM, at_least=2, proof_by="theirs"),
        Explanation(QUERY, Status.FOUND, ("a", "b"), proof=Proof.VALID, at_least=1.5, proof_by="theirs"),
        Explanation(QUERY, Status.IMPOSSIBLE, at_least=math.inf, proof_by="theirs"),
        Explanation(QUERY, Status.NOT_FOUND),
    ]
    screen = Console(width=120, record=True, file=io.StringIO())
    screen.print(explanations_table(rows, catalogue))
    lines = [line.split("│")[1:-1] for line in screen.export_text().splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in line][-4:] for line in lines] == [
        ["2 of 2", "2", "", "true, minimum"],
        ["2 of 2", "2", "", "true, minimum, claimed by theirs"],
        ["2 of 2", "1.5", "", "true, valid"],
        ["-", "no set", "", "impossible, claimed by theirs"],
        ["-", "", "", "not found"],
    ]
