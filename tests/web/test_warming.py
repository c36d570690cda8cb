"""What has to be compiled is compiled before somebody asks, the usual question before anybody may."""

import time

import httpx

from tests.web.served import serving
from topple.records.question import Goal
from topple.web import service as services
from topple.web.models import ServedModel


def test_every_goal_is_warmed_up_the_usual_one_before_requests_are_taken(ease, split, monkeypatch):
    asked, real = [], services.explain

    def watched(*arguments, **named):
        asked.append((named["goal"], app_ready()))
        return real(*arguments, **named)

    ready = []

    def app_ready():
        return bool(ready)

    monkeypatch.setattr(services, "explain", watched)
    monkeypatch.setattr(services.Service, "ready", property(lambda self: bool(ready), _set(ready)), raising=False)
    with serving([ServedModel("films", ease, split), ServedModel("other", ease, split)]) as (_, address):
        until = time.monotonic() + 300
        while len(asked) < 2 * len(Goal) and time.monotonic() < until:
            time.sleep(0.02)
        assert httpx.get(f"{address}/ready").status_code == 200
    assert asked == [(Goal.NECESSARY, False)] * 2 + [(Goal.SUFFICIENT, True)] * 2 + [(Goal.BOTH, True)] * 2


def _set(ready):
    """Return what notes that requests are taken, and that they are not any more."""
    return lambda self, value: ready.append(True) if value else ready.clear()
