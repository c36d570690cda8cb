import numpy as np
import pytest

import topple
from benchmarks import growth
from benchmarks.growth import draw, neighbour_rows, network_rows, sample
from benchmarks.toys import CORE, NEIGHBOURS, histories_of, neighbours


def test_a_history_touches_as_many_items_in_a_catalogue_of_any_size():
    small, first = neighbours(CORE)
    large, second = neighbours(3 * CORE)
    assert len(large.catalogue) == 3 * CORE
    touched = []
    for model, where in ((small, first), (large, second)):
        parts = {name: array.numpy() for name, array in model.arrays().items()}
        history = histories_of(where, 20, 1)[0]
        assert len(history) == 20
        number = {int(item): index for index, item in enumerate(where)}
        rows = [set(parts["indices"][parts["indptr"][i] : parts["indptr"][i + 1]].tolist()) for i in history]
        touched.append({number[item] for row in rows for item in row})
        columns = np.bincount(parts["indices"], minlength=len(model.catalogue))
        assert columns.max() <= NEIGHBOURS
    assert touched[0] == touched[1]


def test_other_answers_in_another_catalogue_are_refused(monkeypatch):
    monkeypatch.setattr(growth, "ENOUGH", 0.01)
    monkeypatch.setattr(growth, "neighbours", lambda size: neighbours(CORE + 1, seed=size))
    with pytest.raises(RuntimeError, match="other answers in a catalogue of 1,412 items"):
        neighbour_rows([CORE, CORE + 2], users=3)


def test_rows_and_picture(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(growth, "ENOUGH", 0.01)
    monkeypatch.setattr(growth, "LENGTHS", (5,))
    monkeypatch.setattr(growth, "KS", (3,))
    rows = neighbour_rows([CORE, 2 * CORE], users=3)
    assert {row["part"] for row in rows} == {"catalogue", "history", "k"}
    split = topple.load_split("generated")
    rows += network_rows("films", topple.fit(split, "ease", progress=False), split.histories(limit=10), users=3)
    assert all(row["ms"] > 0 for row in rows)
    capsys.readouterr()
    draw(rows, tmp_path / "growth.png", "some rows")
    assert b"some rows" in (tmp_path / "growth.png").read_bytes()


def test_a_sample_keeps_the_order_and_all_are_taken_for_none():
    histories = {number: (number,) for number in range(20)}
    assert list(sample(histories, 5)) == sorted(sample(histories, 5))
    assert len(sample(histories, 5)) == 5
    assert sample(histories, 0) == sample(histories, 50) == histories
