"""A process that appends so many times to a store: `python writer.py LOCATION KEYS TIMES NAME` writes the ids as JSON."""

import json
import sys

from tests.audit.conftest import append
from topple.audit import AuditKeys, AuditStore

if __name__ == "__main__":
    location, path, times, name = sys.argv[1:]
    ids = []
    with AuditStore.open(location, AuditKeys.read(path)) as store:
        for _ in range(int(times)):
            ids += append(store, count=2, scope=name)
    sys.stdout.write(json.dumps(ids))
