import argparse
from dataclasses import replace

import pytest

import topple
from benchmarks import devices
from topple.testing import tiny_split


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "made-up" / "ease"
    split = tiny_split()
    topple.save_model(topple.fit(split, "ease", progress=False), folder, split)
    return folder


def asked(**other):
    return argparse.Namespace(
        **(
            {
                "device": "cpu",
                "users": 3,
                "requests": 2,
                "runs": 1,
                "moves": False,
                "methods": ["greedy", "request, no proof"],
            }
            | other
        )
    )


def test_a_row_a_method_with_both_times_and_what_differs(folder):
    batch, request = devices.model_rows("made-up", folder, asked())
    assert (batch["method"], request["method"]) == ("greedy", "request, no proof")
    assert all(len(row["ms"]) == 2 and min(row["ms"]) > 0 for row in (batch, request))
    assert (batch["differ"], batch["untrue"]) == (0, 0)
    assert batch["queries"] == 5 * batch["users"]


def test_sets_that_the_model_on_the_cpu_does_not_confirm_are_counted(folder, monkeypatch):
    answered = devices.answered

    def other_sets(model, histories, method):
        return [replace(e, items=e.query.history[:0]) if e.items else e for e in answered(model, histories, method)]

    calls = iter([answered, answered, other_sets, other_sets])
    monkeypatch.setattr(devices, "answered", lambda *given: next(calls)(*given))
    row = devices.model_rows("made-up", folder, asked(methods=["greedy"]))[0]
    assert row["differ"] == row["untrue"] > 0
