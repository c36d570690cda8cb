import topple
from tests.audit.conftest import append, explained
from topple.audit import AuditStore


def test_what_is_appended_is_shown(location, keys):
    with AuditStore.open(location, keys) as store:
        ids = append(store, count=3)
        entry = store.show(ids[1])
        assert entry.intact
        assert entry.canonical_json(42) == topple.canonical_json(explained())
        assert store.verify(store.head()).ok
