import json

import pytest

from benchmarks.markdown import Results
from benchmarks.published import published, row_of

SUMMARY = {
    "order_dependent": True, "queries": 1495, "test_users": 299, "ndcg_100": 0.4, "coverage": 1.0, "mean_size": 4.5,
    "pn": {"unseen_before": 0.1, "unseen_after": 0.5}, "ps": {"unseen_after": 0.6}, "f_ns": {"unseen_after": 0.55},
    "settings": {"seed": 0, "k": 5, "lcer": {"lam": 0.01, "alpha": 0.1, "steps": 3000}},
}  # fmt: skip


def written(folder, **other):
    folder.mkdir(exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(SUMMARY | other))
    return folder


def test_runs_of_a_model_are_one_line_with_the_seeds_side_by_side(tmp_path):
    second = SUMMARY["settings"] | {"seed": 1}
    folders = [written(tmp_path / "b", settings=second, mean_size=4.25), written(tmp_path / "a")]
    rows = [{"run": "r", **row_of("ml-1m", "trained here", folder)} for folder in folders]
    figures = {"test NDCG@100": "0.473", "PN": "0.55", "PS": "0.56", "F_NS": "0.57", "mean size": "4.4"}
    original = {"run": "r", "LCER": "the original code", **figures}
    runs = {"r": {"date": "2026-11-26", "commit": "c", "command": "x"}}
    table = published(Results({"runs": runs, "sections": {"published": rows, "reproduced": [original]}}))
    assert "| MovieLens 1M, trained here, seeds 0, 1 | 1,495 | 0.400 | 0.500 | 0.600 | 0.550 | 4.50, 4.25 |" in table
    assert "| MovieLens 100K, the original code, three runs | 495 | 0.473 |" in table


def test_a_run_that_is_not_as_published_is_refused(tmp_path):
    with pytest.raises(SystemExit, match=r"is no run as published\. Run `topple reproduce lcer --as-published"):
        row_of("ml-1m", "trained here", written(tmp_path / "a", order_dependent=False))
