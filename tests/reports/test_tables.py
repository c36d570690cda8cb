import io
import json

from rich.console import Console

from topple import CandidateRule, Query, Verdict
from topple.metrics import Evaluation, measure
from topple.reports.as_json import as_json
from topple.reports.tables import evaluation_json, evaluation_table

QUERY = Query(("a", "b"), "c")


def evaluation(verdicts):
    return Evaluation(len(verdicts), 1, 0.002, {rule: measure(verdicts) for rule in CandidateRule})


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
