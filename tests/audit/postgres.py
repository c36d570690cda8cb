"""A PostgreSQL server that the tests start for themselves and stop again."""

import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

DEBIAN = "/usr/lib/postgresql"
ACCOUNT = "postgres"
"""The account that the server runs as where the tests run as root, which the server refuses."""


def programs():
    """Return the folder of initdb and pg_ctl, the newest of Debian's or the one on the path; None where there is none."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path(DEBIAN).glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[-3]))
    return folders[-1].parent if folders else None


def has_account():
    import pwd

    try:
        return pwd.getpwnam(ACCOUNT).pw_uid > 0
    except KeyError:
        return False


def no_server():
    """Return why no server can be started; None where one can. Under TOPPLE_NO_SKIPS=1 that fails."""
    pytest.importorskip("psycopg")
    reason = None
    if os.name != "posix" or programs() is None:
        reason = "PostgreSQL is not installed: no pg_ctl on the path, and none of Debian's (apt-get install postgresql)"
    elif os.geteuid() == 0 and not (shutil.which("runuser") and has_account()):
        reason = f"PostgreSQL does not run as root, and there is no account {ACCOUNT!r} to run it as"
    if reason and os.environ.get("TOPPLE_NO_SKIPS") == "1":
        pytest.fail(reason)
    return reason


class Server:
    """A cluster in a temporary folder, reached through a socket there; it listens to no address."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="topple-postgres-"))  # tmp_path is closed to other accounts
        self.data, self.count = self.folder / "data", itertools.count()
        if os.geteuid() == 0:
            shutil.chown(self.folder, ACCOUNT)

    def __enter__(self):
        self.run("initdb", "-D", self.data, "-U", "topple", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        self.start()
        return self

    def __exit__(self, *raised):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *arguments):
        account = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
        command = [*account, str(programs() / program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self):
        """Start the server, unless it runs."""
        if not (self.data / "postmaster.pid").exists():
            options = f"-k {self.folder} -c listen_addresses= -c fsync=off"
            self.run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode="fast"):
        """Stop the server; at once, as if it was killed, with `immediate`."""
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def new_database(self):
        """Return the address of a new database."""
        name = f"audit{next(self.count)}"
        self.run("createdb", "-h", self.folder, "-U", "topple", name)
        return f"postgresql+psycopg://topple@/{name}?host={self.folder}"
