"""A user for whom something breaks is set aside, and does not stop the others."""

import pytest

import topple
from tests.batch.conftest import write_events
from topple.api.answering import Answering
from topple.records.shards.reading import scan_explanations


@pytest.mark.usefixtures("inline")
def test_what_breaks_for_every_user_is_logged_once_and_every_user_is_set_aside(
    world, histories, tmp_path, monkeypatch, caplog
):
    def answers(self, asked, since=None):
        raise RuntimeError("no such scores")

    monkeypatch.setattr(Answering, "answers", answers)
    events = write_events(histories, tmp_path / "events.parquet")
    topple.explain_all(world[0], tmp_path / "why", events, progress=False)
    assert len(scan_explanations(tmp_path / "why")) == 0
    told = [record for record in caplog.records if record.exc_info]
    assert len(told) == 1
    assert caplog.text.count("Traceback") == 1
