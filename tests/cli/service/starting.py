"""`topple serve` as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import threading

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}


def start(*arguments):
    """Start the service; return the process, the address that it prints, what it says on standard error, and who reads that."""
    command = [sys.executable, "-m", "topple", "serve", *map(str, arguments), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    told = []
    reading = threading.Thread(target=lambda: told.extend(process.stderr), daemon=True)
    reading.start()
    line = process.stdout.readline()
    found = re.search(r"Serving at (http://\S+)/", line)
    assert found, (line, told)
    return process, found[1], told, reading


def stop(process, reading, sent=signal.SIGTERM):
    """Stop the service; return the exit status."""
    process.send_signal(sent)
    try:
        status = process.wait(60)
    finally:
        process.kill()
    reading.join(10)
    process.stdout.close()
    process.stderr.close()
    return status
