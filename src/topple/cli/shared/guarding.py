"""The last line of defence: whatever goes wrong, a person reads a sentence, and no traceback."""

import errno
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from typer import rich_utils
from typer.core import TyperGroup

import topple
from topple.errors import ToppleError, cut, escaped

FAULT = "topple failed where it should not"
"""How the message about an exception begins that nothing in topple expected."""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EBADF}
"""Errors of writing to standard output."""
REPORT = """\
A fault of topple {version}. This file holds the command line, versions, and the lines of code that ran, and no data but what
the last line may quote. Read it before you pass it on.

command line: {arguments}
python {python}, {system}
{packages}

{traceback}"""


class Guarded(TyperGroup):
    """A group of commands that ends with a sentence and an exit code, whatever is raised."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and leave Python: 0 done, 1 a check or topple itself failed, 2 bad input, 130 interrupted."""
        run = partial(super().main, args, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return run()
        make_writable()
        raise SystemExit(guarded(run, sys.argv[1:] if args is None else list(args)))


def guarded(run: Callable[[], Any], arguments: list[str]) -> int:
    """Run a command, say what went wrong if anything did, and return the exit code.

    Args:
        run: the command.
        arguments: of the command line, for the report.
    """
    try:
        code = run()
        sys.stdout.flush()
    except ToppleError as error:
        return tell(f"error: {error}", 2)
    except OSError as error:
        if error.errno not in NO_ROOM or error.filename is not None:
            return fault(error, arguments)
        _give_up(sys.stdout)
        reason = error.strerror or type(error).__name__
        return tell(
            f"error: standard output could not be written: {reason}. Free space there, or send it elsewhere.", 1
        )
    except Exception as error:  # noqa: BLE001 # the last line of defence
        # an error of click is known by what it has, for Typer may carry click in itself
        if hasattr(error, "exit_code") and hasattr(error, "format_message"):
            wrong_use: Any = error
            wrong_use.message = cut(escaped(str(wrong_use.message)))
            with suppress(OSError):
                rich_utils.rich_format_error(wrong_use)
            return int(wrong_use.exit_code)
        if type(error).__name__ == "Abort":
            return tell("Interrupted.", 130)
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
            what = str(error).partition("you tried to allocate ")[2].partition(".")[0]
            return tell(f"error: memory ran out{f': {what} were asked for' if what else ''}. Take less data, smaller settings, "
                        "or a machine with more memory.", 1)  # fmt: skip
        return fault(error, arguments)
    return code if isinstance(code, int) else 0


def fault(error: Exception, arguments: list[str]) -> int:
    """Say that topple itself failed, and where the report is; return the exit code."""
    told = cut(escaped(f"{type(error).__name__}: {error}".rstrip(": ")))
    try:
        where = f"A full report is in {_reported(error, arguments)}; read it, and send it to whoever gave you topple."
    except OSError as failed:
        where = f"No report could be written ({failed.strerror})."
    return tell(f"{FAULT}: {told}.\nThis is a fault of topple, and not of what you gave it. {where}", 1)


def tell(message: str, code: int) -> int:
    """Print a message on standard error, if that can be written, and return the exit code."""
    with suppress(OSError, ValueError):
        Console(stderr=True, highlight=False).print(message, markup=False, soft_wrap=True)
    return code


def make_writable() -> None:
    """Let standard output and error take any text: what the terminal cannot show is written as an escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed before Python started
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 # as long as Python runs
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _reported(error: Exception, arguments: list[str]) -> str:
    """Write the report into the folder for temporary files, and return the path."""
    from importlib.metadata import PackageNotFoundError, version

    packages = []
    for name in ("numpy", "scipy", "torch", "pyarrow", "pydantic", "typer", "rich", "safetensors"):
        with suppress(PackageNotFoundError):
            packages.append(f"{name} {version(name)}")
    text = REPORT.format(
        version=topple.__version__,
        arguments=cut(escaped(repr(arguments))),
        python=platform.python_version(),
        system=platform.platform(),
        packages=", ".join(packages),
        traceback=escaped("".join(traceback.format_exception(error))),
    )
    descriptor, path = tempfile.mkstemp(prefix="topple-report-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path


def _give_up(stream: Any) -> None:
    """Drop what a stream still holds, or Python would fail again when it leaves."""
    with suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
