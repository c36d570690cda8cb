import subprocess
import sys

import pytest

import topple.audit
from topple.errors import CapabilityError


def test_without_a_library_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("topple.audit.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(
        CapabilityError,
        match=r"needs sqlalchemy, which is not installed. Install it: pip install 'topple-recsys\[audit\]'",
    ):
        _ = topple.audit.AuditStore


def test_keys_need_no_library(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    assert topple.audit.AuditKeys.create(tmp_path / "keys").keys


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        AttributeError,
        match=r"'topple.audit' has no attribute 'Store'; it has AuditKeys, AuditReport, AuditStore, Entry",
    ):
        _ = topple.audit.Store


def test_the_command_line_loads_no_database_before_it_is_used():
    code = "import sys, topple.cli.app, topple.audit; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout.split()
    assert not {"sqlalchemy", "alembic", "psycopg"} & set(loaded)
