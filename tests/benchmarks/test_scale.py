"""What `make bench-scale` measures, on generated data; and the judge that stands apart finds what is wrong."""

import argparse
from dataclasses import replace

import pytest
from scipy import sparse

import topple
from benchmarks.rejudging import Rejudge
from benchmarks.scale import overhead, workers
from benchmarks.scale_tables import hundred_million, ratios, scale
from topple.records.answer import Proof
from topple.testing.worlds import tiny_split


@pytest.fixture(scope="module")
def judged():
    split = tiny_split()
    model = topple.fit(split, "ease", progress=False)
    found = topple.explain(model, split.training_histories(), k=3, progress=False)
    rows = sparse.csr_matrix(model.arrays()["weights"].numpy().astype(float))
    return Rejudge(rows, split.catalogue.vocabulary.ids), found


def test_the_judge_that_stands_apart_agrees(judged):
    judge, found = judged
    assert len(found) > 100
    assert judge.wrong(found) == []


def test_the_judge_that_stands_apart_finds_what_is_wrong(judged):
    judge, found = judged
    several = next(each for each in found if len(each.positions) > 1 and each.proof is Proof.MINIMUM)
    one = next(each for each in found if len(each.positions) == 1)
    few = replace(several, positions=several.positions[:1])
    assert "does not topple it" in judge.wrong([few])[0]
    rest = tuple(position for position in range(len(one.query.history)) if position not in one.positions)[:1]
    more = replace(one, positions=(*one.positions, *rest))
    assert any("one too many" in told or "a single item does it" in told for told in judge.wrong([more]))
    assert "it is called impossible" in judge.wrong([replace(one, status=topple.Status.IMPOSSIBLE, proof=None)])[0]
    listed = replace(one, query=replace(one.query, k=1)) if one.rank_before != 1 else None
    assert listed is None or "not in the list" in judge.wrong([listed])[0]


def test_the_tables_are_made_of_rows():
    batch = {"what": "films", "part": "all users", "users": 10, "rows": 50, "a_second_and_core": 100.0, "peak_gib": 1.0}
    more = {"workers": 2, "clock_s": 36.0, "load": 1.0}
    compared = {"what": "two", "part": "films", "ratio": 1.9, "ratios": [1.8, 1.9, 2.0], "load": 1.0}

    class Found:
        def rows(self, section):
            return [batch | more, compared]

        def source(self, rows):
            return "Measured."

    assert "| films | all users | 10 | 50 | 100 | 1.00 | 2 | 0.01 | 1.0 |" in scale(Found())
    assert "| films | 500,000,000 | 1,389 | 2.8 hours | 56 |" in hundred_million(Found())
    assert "1.90" in ratios(Found())


def test_overhead_and_workers_are_measured_on_generated_data(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.scale.GENERATED", 300)
    options = argparse.Namespace(epinions=None, turns=1, users=300)
    (row,) = overhead(options, tmp_path)
    assert row["rows"] == 1500
    assert row["ratio"] > 0
    (row,) = workers(options, tmp_path)
    assert row["ratio"] > 0
