"""Stores of earlier versions are brought to this one; the stored file of the first version stays as it is for ever."""

import shutil
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.audit.conftest import append, explained
from topple import canonical_json
from topple.audit import AuditKeys, AuditStore, migrating
from topple.audit.tables import METADATA, REVISION, VERSION_TABLE
from topple.errors import AuditError, CapabilityError

HERE = Path(__file__).parent
SECOND = '''"""A second version."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade():
    op.add_column("audit_bodies", sa.Column("note", sa.Text))
'''


@pytest.fixture
def second(tmp_path, monkeypatch):
    """A topple with one migration more."""
    scripts = tmp_path / "100% scripts"
    shutil.copytree(migrating.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "v2_second.py").write_text(SECOND)
    monkeypatch.setattr(migrating, "SCRIPTS", scripts)
    monkeypatch.setattr(migrating, "REVISION", "2")
    return monkeypatch


def test_a_stored_file_of_the_first_version_is_read_checked_and_written(tmp_path):
    shutil.copy(HERE / "first-version.sqlite", tmp_path / "audit.sqlite")
    keys = AuditKeys.read(HERE / "first-version.keys")
    head = (HERE / "first-version.head").read_text()
    with AuditStore.open(tmp_path / "audit.sqlite", keys) as store:
        assert store.verify(head).ok
        one, other = store.entries()
        assert one.canonical_json(42) == canonical_json(explained(42))
        assert (one.sentence, one.scope, one.shown, one.agrees) == ("Because.", "shop", ("casino", "duel"), True)
        assert (other.user, other.language) == (None, "de")
        assert one.user in keys.pseudonyms(42)
        append(store, user=42)
        assert store.verify(head).ok
        assert store.erase(42) == 2
        assert store.verify(head).ok


def test_the_newest_migration_makes_the_tables_that_are_used(location, keys):
    config = Config()
    config.set_main_option("script_location", str(migrating.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION
    with AuditStore.open(location, keys) as store, store._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []


def test_an_older_store_is_migrated_unless_that_is_not_wanted(location, keys, second):
    with pytest.MonkeyPatch.context() as before:
        before.setattr(migrating, "REVISION", "1")
        before.setattr(migrating, "SCRIPTS", Path(migrating.__file__).with_name("migrations"))
        with AuditStore.open(location, keys) as store:
            append(store, count=2)
            head = store.head()
    with pytest.raises(
        AuditError, match=r"has tables of version '1', and this topple writes '2'. Open it once with migrate=True"
    ):
        AuditStore.open(location, keys, migrate=False)
    with AuditStore.open(location, keys) as store:
        assert store.verify(head).ok
        assert len(list(store.entries())) == 2
        append(store)
    with AuditStore.open(location, keys, migrate=False) as store:
        assert store.verify(head).ok


def test_a_store_of_a_newer_version_is_refused(location, keys, second):
    AuditStore.open(location, keys).close()
    second.undo()
    with pytest.raises(
        AuditError, match=r"cannot be migrated: .*A newer topple may have made it: install that version"
    ):
        AuditStore.open(location, keys)


def test_without_alembic_the_extra_is_named(path, keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "alembic", None)
    with pytest.raises(
        CapabilityError,
        match=r"needs alembic, which is not installed. Install it: pip install 'topple-recsys\[audit\]'",
    ):
        AuditStore.open(path, keys)


def test_a_store_that_is_up_to_date_opens_without_alembic(store, path, keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "alembic", None)
    with AuditStore.open(path, keys) as again:
        append(again)
