import sys
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest

from topple.reports import progress
from topple.reports.notebook_bar import NotebookBar


@pytest.fixture
def outputs(monkeypatch):
    """Return what a notebook is shown, one output after the other."""
    told = []
    display = ModuleType("IPython.display")
    handle = SimpleNamespace(update=lambda data, raw: told.append(data))
    display.display = lambda data, raw, display_id: told.append(data) or handle
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr("topple.reports.notebook_bar.PAUSE", 0)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    return told


def test_a_notebook_shows_a_bar_without_widgets_and_clears_it(outputs):
    with progress.queries_bar("explain <auto>", 36, done=12) as on_progress:
        on_progress(6)
    first, second, last = outputs
    assert first["text/html"] == (
        '<span>explain &lt;auto&gt; <progress value="0.3333"></progress> 12 of 36 · 0:00</span>'
    )
    assert 'value="0.5000"' in second["text/html"]
    assert last == {"text/plain": "", "text/html": ""}


def test_a_bar_is_cleared_where_the_work_fails(outputs):
    with pytest.raises(ZeroDivisionError), progress.busy_bar("work"):
        raise ZeroDivisionError
    assert "<progress></progress>" in outputs[0]["text/html"]
    assert outputs[-1] == {"text/plain": "", "text/html": ""}


def test_epochs_and_bytes_are_told(outputs):
    with progress.epochs_bar("ease") as on_epoch:
        on_epoch(SimpleNamespace(number=2, of=4, ndcg_100=0.25, best_ndcg_100=0.5, best_epoch=1))
    assert "2 of 4" in outputs[1]["text/plain"]
    assert "NDCG@100 0.2500, best 0.5000 (epoch 1)" in outputs[1]["text/html"]
    outputs.clear()
    with progress.bytes_bar("reading") as on_bytes:
        on_bytes(10, 100)
        on_bytes(50, 100)
    assert 'value="0.5000"' in outputs[-2]["text/html"]


def test_changes_that_are_too_near_are_not_shown(outputs, monkeypatch):
    monkeypatch.setattr("topple.reports.notebook_bar.PAUSE", 100)
    with progress.queries_bar("explain", 3) as on_progress:
        on_progress(1)
        on_progress(1)
    assert len(outputs) == 2


def test_nothing_is_shown_without_a_task(outputs):
    with NotebookBar():
        pass
    assert outputs == []


def test_a_download_shows_no_bar_that_warns(outputs, tmp_path, monkeypatch):
    from topple.data import download

    class Response:
        headers: ClassVar = {}

        def raise_for_status(self):
            return None

        def iter_content(self, chunk_size):
            return [b"abc"]

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

    monkeypatch.setattr("requests.get", lambda *arguments, **options: Response())
    download._stream("https://x/y.zip", tmp_path / "y", progress=True)
    assert (tmp_path / "y").read_bytes() == b"abc"
