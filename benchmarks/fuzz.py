"""Breaks what a person types, holds and calls: `python -m benchmarks.fuzz [--cases 10000] [--installed 200] [--seed 0] [--only KIND]`.

Files of every format that topple reads are changed at random and read, every command is run with random options, and every public
verb is called with values of any type (`tests/fuzz`). A case ends fine, or is refused with an error of topple's; what reaches the
last line of defence, hangs, or prints what a terminal would obey is a fault, and each is shown with what reproduces it.
"""

import argparse
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHOWN = 40
"""Faults that are shown."""
KINDS = ("file", "command", "value")


def main() -> int:
    """Run the cases; the exit code is 0 where none is a fault."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cases", type=int, default=10_000)
    asked.add_argument("--installed", type=int, default=200, help="command lines through the installed command")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--first", type=int, default=0, help="number of the first case")
    asked.add_argument("--only", choices=KINDS, help="cases of one kind")
    options = asked.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    resource.setrlimit(resource.RLIMIT_AS, (16 * 2**30, 16 * 2**30))
    with tempfile.TemporaryDirectory(prefix="topple-fuzz-") as folder:
        os.environ |= {"HOME": folder, "TOPPLE_DATA": f"{folder}/data", "TMPDIR": folder, "TERM": "dumb"}
        os.environ |= dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")  # no network
        tempfile.tempdir = folder
        return _run(Path(folder), options)


def _run(folder: Path, options: argparse.Namespace) -> int:
    from tests.fuzz.cases import case
    from tests.fuzz.outcomes import Tally
    from tests.fuzz.workshop import Workshop

    logging.raiseExceptions = False  # of loggers that keep a standard error that was
    workshop, total, started = Workshop(folder), Tally(), time.perf_counter()
    os.chdir(folder)
    kinds = KINDS if options.only is None else (options.only,)
    for number in range(options.first, options.first + options.cases):
        kind = kinds[number % len(kinds)]
        outcome, what, said = case(workshop, kind, options.seed, number)
        total.add(outcome, f"--first {number} --cases 1 --seed {options.seed}: {kind}: {what}", said)
        if total.bad and total.bad[-1][1].startswith(f"--first {number} "):
            print(f"\n{total.bad[-1]}"[:600].encode("unicode_escape").decode(), file=sys.stderr)
        if number % 100 == 0:
            seconds = time.perf_counter() - started
            print(f"\r{number:,} cases, {len(total.bad)} faults, {seconds:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    print(f"{options.cases:,} cases in this process, {time.perf_counter() - started:.0f} s: {_told(total)}")
    outside, started = Tally(), time.perf_counter()
    for number in range(options.installed):
        outside.add(*_installed(workshop, options.seed, number))
    print(f"{options.installed:,} by the installed command, {time.perf_counter() - started:.0f} s: {_told(outside)}")
    for outcome, what, said in [*total.bad, *outside.bad][:SHOWN]:
        print(f"{outcome}: {what[:400]}\n    {said[:300]}".encode("unicode_escape").decode().replace("\\n", "\n"))
    return int(bool(total.bad or outside.bad))


def _installed(workshop: object, seed: int, number: int) -> tuple[str, str, str]:
    """Run a command line by the installed command, as a person does."""
    from tests.fuzz.cases import random_line
    from tests.fuzz.outcomes import HANG, SECONDS, judged

    words = [word for word in random_line(workshop, seed, 10**6 + number) if "\0" not in word]
    command = Path(sys.executable).with_name("topple")
    arguments = [word.encode("utf-8", "surrogateescape") for word in words]
    try:
        done = subprocess.run([command, *arguments], capture_output=True, timeout=6 * SECONDS)
    except subprocess.TimeoutExpired:
        return HANG, str(words), ""
    except OSError as error:  # longer than the system takes
        return "refused", str(words)[:100], str(error)
    outcome, said = judged(done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace"))
    return outcome, f"topple {words}", said


def _told(total: object) -> str:
    from tests.fuzz.outcomes import FINE, HANG, LAST_LINE, MEMORY, REFUSED, TEXT

    return ", ".join(f"{total.counts[name]:,} {name}" for name in (FINE, REFUSED, MEMORY, LAST_LINE, HANG, TEXT))


if __name__ == "__main__":
    sys.exit(main())
