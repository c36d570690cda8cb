"""Two services write to one audit store at once; one is killed, and another takes the work over."""

import itertools
import signal
import sys
import threading

import httpx
import pytest

from tests.cli.service.starting import start, stop
from topple.audit import AuditKeys, AuditStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
CLIENTS, ANSWERS = 3, 8


class Asking:
    """Clients of one service, each of which asks again as soon as it is answered."""

    def __init__(self, address, users):
        self.told, self.refused = [], []
        self._address, self._users, self._ends = address, users, threading.Event()
        self._many = threading.Condition()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number):
        with httpx.Client(base_url=self._address, timeout=60) as client:
            for turn in itertools.count():
                if self._ends.is_set():
                    return
                user = self._users[(number + turn * CLIENTS) % len(self._users)]
                try:
                    found = client.post("/v1/models/films/explain", json={"user": user, "k": 2})
                except httpx.TransportError as error:
                    self.refused.append(error)
                    return
                with self._many:
                    if found.status_code == 200:
                        self.told += found.json()["audit"]
                    else:
                        self.refused.append(found.text)
                    self._many.notify_all()

    def wait_for(self, count):
        """Wait until so many further answers are there."""
        with self._many:
            enough = len(self.told) + count
            assert self._many.wait_for(lambda: len(self.told) >= enough or self.refused, 120), "no answers came"

    def end(self):
        self._ends.set()
        for thread in self._threads:
            thread.join(120)
        return self.told


def test_two_services_write_one_chain_and_one_that_is_killed_loses_nothing_it_told(model, location, tmp_path):
    keys = AuditKeys.create(tmp_path / "audit.keys")
    arguments = (f"films={model}", "--audit", location, "--audit-keys", tmp_path / "audit.keys")
    running = [start(*arguments) for _ in range(2)]
    try:
        users = httpx.get(f"{running[0][1]}/v1/models/films/users?limit=50").json()["users"]
        first, second = (Asking(address, users) for _, address, _, _ in running)
        for asking in 3 * (first, second):  # once both answer, they write in turn
            asking.wait_for(ANSWERS)
        stop(*running[1][::3], sent=signal.SIGKILL)  # in the midst of its work
        told = {"killed": second.end()}
        first.wait_for(ANSWERS)
        running[1] = start(*arguments)
        third = Asking(running[1][1], users)
        for asking in 3 * (third, first):
            asking.wait_for(ANSWERS)
        told |= {"kept": first.end(), "new": third.end()}
        assert (first.refused, third.refused) == ([], []), "who was not killed has answered all"
        assert second.refused, "the service was killed while clients waited"
    finally:
        statuses = [stop(process, reading) for process, _, _, reading in running]
    assert set(statuses) <= {0, -signal.SIGTERM}
    assert not [line for _, _, lines, _ in running for line in lines if "Traceback" in line]
    with AuditStore.open(location, keys, create=False) as store:
        report, entries = store.verify(store.head()), list(store.entries())
    assert report.ok, report.problems
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    there = {entry.id: entry for entry in entries}
    for who, ids in told.items():
        assert len(ids) >= ANSWERS
        assert len(set(ids)) == len(ids)
        assert set(ids) <= set(there), f"what the service told that was {who} is in the store"
    assert all(entry.intact for entry in entries)
    wrote = [next((who for who, ids in told.items() if entry.id in ids), "") for entry in entries]
    for pair in ({"kept", "killed"}, {"kept", "new"}):
        turns = sum({one, other} == pair for one, other in itertools.pairwise(wrote))
        assert turns > 2, f"{pair} wrote one after the other, and the test shows nothing"
