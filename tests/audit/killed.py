"""Kill a writer again and again, and look at what is left: `python killed.py FOLDER TIMES [ADDRESS]` writes JSON.

One warmed process forks the writers. Each opens the store, appends, and says which entries it was told are stored; after a few of them, and
a moment more, it is killed with SIGKILL. The next process must open the store, find every such entry, and a whole chain. Every fifth store
is new, and the writer killed at any time, so that the making of tables is killed too.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.audit.conftest import append
from topple.audit import AuditKeys, AuditStore


def write(location, keys, pipe):
    """Append until the process is killed; a line of the pipe is what was acknowledged."""
    store = AuditStore.open(location, keys)
    while True:
        ids = append(store, count=random.randint(1, 5))  # noqa: S311
        os.write(pipe, (" ".join(ids) + "\n").encode())


def killed(location, keys, answers, seconds):
    """Fork a writer, kill it so many seconds after so many answers, and return what it was told is stored."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            write(location, keys, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = b"".join(pipe.readline() for _ in range(answers))
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        told = (told + pipe.read()).decode()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the writer ended by itself"
    return told.split()


def main(folder, times, address=None):
    """Kill so many writers and return what came of it."""
    keys, draws = AuditKeys.create(Path(folder) / "keys"), random.Random(7)  # noqa: S311
    stored, lost, wrong, location = set(), [], [], None
    counts = {"kills": 0, "acknowledged": 0, "unacknowledged": 0, "stores": 0}
    for turn in range(times):
        if turn % 5 == 0 and (address is None or turn == 0):
            location, stored = address or str(Path(folder) / f"audit{turn}.sqlite"), set()
            counts["stores"] += 1
        early = turn % 5 == 0
        told = killed(location, keys, 0 if early else draws.randint(1, 6), draws.uniform(0, 0.1 if early else 0.01))
        stored.update(told)
        counts["kills"] += 1
        counts["acknowledged"] += len(told)
        with AuditStore.open(location, keys) as store:
            there = {entry.id for entry in store.entries()}
            report = store.verify(store.head())
        counts["unacknowledged"] += len(there - stored)
        lost += sorted(stored - there)
        wrong += report.problems
        stored |= there
    return counts | {"lost": lost, "wrong": wrong}


if __name__ == "__main__":
    found = main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
    sys.stdout.write(json.dumps(found))
