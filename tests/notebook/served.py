"""A notebook server of its own folder, with a notebook of one cell, which ends with the test."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120


def notebook(*cells):
    """Return a notebook of cells of code, as text."""
    made = [
        {"cell_type": "code", "id": f"cell-{at}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for at, source in enumerate(cells)
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


def environment(folder):
    """Return the environment of a server that reads and writes nothing of whoever runs the tests."""
    apart = {
        name: str(folder / name.lower()) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    }
    return {
        **os.environ, **apart, "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "PYTHONPATH": str(ROOT / "src"),
        "NUMBA_DISABLE_JIT": "1", "OMP_NUM_THREADS": "1", "JUPYTER_NO_CONFIG": "1", "PYTHONWARNINGS": "ignore",
    }  # fmt: skip


def command(folder, token):
    """Return what starts the server."""
    return [
        sys.executable, "-m", "notebook", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--port-retries=0",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder / 'files'}", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--log-level=WARN",
    ]  # fmt: skip


@contextlib.contextmanager
def serving(folder, *cells):
    """Start a server with the notebook `why.ipynb`, and yield the address of that; the server and its kernels end with it."""
    (folder / "files").mkdir()
    (folder / "runtime").mkdir()
    (folder / "files" / "why.ipynb").write_text(notebook(*cells), encoding="utf-8")
    token = secrets.token_hex()
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command(folder, token), cwd=folder, env=environment(folder), stdout=log, stderr=log, start_new_session=True
        )
        try:
            port = _port(server, folder)
            yield f"http://127.0.0.1:{port}/notebooks/why.ipynb?token={token}"
        finally:
            _end(server)


def run_first_cell(page, shown):
    """Press the keys until what the cell shows, found by a selector, is there.

    A notebook that is still being opened hears nothing; one whose kernel died on a busy machine, and is started anew, says so in a
    dialog that is to be closed first.
    """
    told, until = [], time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(Exception):  # of playwright, which need not be installed to read this file
            if page.locator("dialog.jp-Dialog").count():
                told.append(page.locator("dialog.jp-Dialog").first.inner_text())
                page.locator("dialog.jp-Dialog .jp-mod-accept").first.click(timeout=4000)
            if "[ ]" in page.locator(".jp-InputPrompt").first.inner_text(timeout=4000):
                page.locator(".jp-CodeCell .cm-content").first.click(timeout=4000)
                page.keyboard.press("Control+Enter")
            page.wait_for_selector(shown, timeout=4000)
            return
    raise AssertionError(f"the cell showed no {shown} within {PATIENCE} s; dialogs: {told}")


def _port(server, folder):
    """Wait until the server says on which port it listens."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert server.poll() is None, (folder / "log").read_text()
        for told in (folder / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # it is being written
                return json.loads(told.read_text())["port"]
        time.sleep(0.1)
    raise AssertionError(f"no server after {PATIENCE} s: {(folder / 'log').read_text()}")


def _end(server):
    """End the server, which ends its kernels; whatever is left of its session is killed."""
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
