from rich.progress import Progress

from topple.reports.progress import queries_bar


def test_a_bar_starts_at_what_was_done_before(monkeypatch):
    added, told = [], []
    monkeypatch.setattr(Progress, "add_task", lambda self, name, **given: added.append((name, given)) or 0)
    monkeypatch.setattr(Progress, "advance", lambda self, task, more: told.append(more))
    with queries_bar("explain", 36, told.append, done=12) as on_progress:
        on_progress(3)
    assert added == [("explain", {"total": 36, "completed": 12, "note": ""})]
    assert told == [3, 3]
