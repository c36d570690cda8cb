"""What comes from outside is looked at before it is used: what stands at a path, how deep JSON is, how much a file unpacks to."""

import io
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from topple.errors import OutputError, SettingsError, need
from topple.types import FilePath

VARIABLE = "TOPPLE_MAX_UNPACKED"
"""The environment variable that sets how much a file may unpack to, such as `100GB`."""
LEAST, TIMES = 256 * 10**6, 100
"""Where the variable is not set, a file may unpack to so many bytes, or to so many times what it has."""
LEAST_OF_A_VALUE = 1
"""Bytes that a value of a Parquet file takes at least."""
UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*")
MOST_FOLDERS = 256
"""Folders above an output; making many more at once ends in an error of Python."""
MISSING = "is not a file: nothing is there"
"""What is wrong with a path at which nothing stands."""
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "is not a file but a folder"),
    (stat.S_ISFIFO, "is not a file but a pipe, which is read once"),
    (stat.S_ISSOCK, "is not a file but a socket"),
    (stat.S_ISCHR, "is not a file but a device"),
    (stat.S_ISBLK, "is not a file but a device"),
)

OnBytes = Callable[[int, int], None]
"""Called with how many bytes of a file are read, and how many it has."""
_watching: ContextVar[OnBytes | None] = ContextVar("watching", default=None)


def path_of(value: object, name: str = "path") -> Path:
    """Return a path.

    Raises:
        ArgumentError: it is none.
    """
    need(value, (str, os.PathLike), name, "a path, as text or pathlib.Path")
    return Path(str(value))


def problem(path: FilePath, *, folder: bool = False) -> str | None:
    """Return why a path is not a file that can be read, such as "is not a file but a folder"; None where it is one.

    Args:
        path: what a person named.
        folder: whether a folder is wanted in place of a file.
    """
    name = str(path)
    if "\0" in name:
        return "holds a zero character, which no name may"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "has a name that is not UTF-8; rename it"
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        return MISSING if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
    if folder:
        return None if stat.S_ISDIR(mode) else "is not a folder"
    return next((words for is_kind, words in _KINDS if is_kind(mode)), None)


def is_file(path: FilePath) -> bool:
    """Return whether a file that can be read stands at a path: no pipe or device, and no error for a name of any length."""
    return problem(path) is None


def refuse_name(path: FilePath, beside: Path) -> None:
    """Refuse a path that nothing can be written at, whatever stands there: a name that is too long, or is not UTF-8.

    Args:
        path: of the output.
        beside: where it is written first, a longer name.

    Raises:
        OutputError: such a path.
    """
    try:
        str(path).encode()
        with suppress(FileNotFoundError, NotADirectoryError):
            beside.lstat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not UTF-8, or holds a zero character"
        raise OutputError(f"cannot write {path}: {reason}. Choose another path.") from error
    if len(beside.parts) > MOST_FOLDERS:
        raise OutputError(f"cannot write {path}: it is in more than {MOST_FOLDERS} folders. Choose another path.")


def json_of(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is none, is nested too deep, or holds a number of more digits than can be read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("the JSON is nested too deep to be read") from None


def read_text(path: FilePath) -> str:
    """Return the text of a file in UTF-8.

    Raises:
        OSError, ValueError: it is no file that can be read, or not such a text.
    """
    wrong = problem(path)
    if wrong:
        raise ValueError(f"it {wrong}")
    return Path(path).read_text(encoding="utf-8")


def bytes_of(text: str, units: Mapping[str, int]) -> int | None:
    """Return an amount such as "1.5 GB" in bytes; None where it is not a number above 0 and one of the units."""
    found = _AMOUNT.fullmatch(text)
    size = float(found[1]) * units.get(found[2], 0) if found else 0.0
    return int(size) if 1 <= size < 2**63 else None


def most_unpacked(packed: int) -> int:
    """Return how many bytes a file of so many bytes may unpack to.

    Raises:
        SettingsError: the variable holds no amount.
    """
    text = os.environ.get(VARIABLE, "")
    size = bytes_of(text, UNITS)
    if text and size is None:
        raise SettingsError(
            f"{VARIABLE}={text!r} is no amount: a number above 0 and one of the units {', '.join(UNITS)}. Set it to an amount "
            "such as 100GB, or unset it."
        )
    return max(LEAST, TIMES * packed) if size is None else size


def refuse_large(unpacked: int, packed: int) -> None:
    """Refuse what unpacks to more than is allowed, before memory is taken for it.

    Args:
        unpacked: bytes that a file says, or has shown, to unpack to.
        packed: bytes of the file.

    Raises:
        ValueError: it is more.
    """
    most = most_unpacked(packed)
    if unpacked > most:
        raise ValueError(
            f"it has {_worded(packed)} and unpacks to {_worded(unpacked)} or more, above the limit of {_worded(most)}; if that is "
            f"right and the memory is there, raise the limit: set {VARIABLE}, such as {VARIABLE}={_worded(10 * unpacked)}"
        )


@contextmanager
def watching(on_bytes: OnBytes) -> Iterator[None]:
    """Have a function told, within the block, how far the reading of packed files is."""
    token = _watching.set(on_bytes)
    try:
        yield
    finally:
        _watching.reset(token)


def read_parquet(path: FilePath) -> pa.Table:
    """Return the table of a Parquet file, texts and names of columns checked to be UTF-8.

    Raises:
        ValueError: it is none, is damaged, or claims more than it may unpack to.
    """
    with _as_value_errors():
        _refuse_large_parquet(path)
        table = pq.read_table(path)
        table.validate(full=True)
        _ = table.column_names  # decoded here
    return table


def parts_of_parquet(path: FilePath, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    """Yield chosen columns of a Parquet file, so many rows at a time, texts checked to be UTF-8; columns that are not there are left out.

    Raises:
        ValueError: it is none, is damaged, or claims more than it may unpack to.
    """
    with _as_value_errors():
        _refuse_large_parquet(path)
        with pq.ParquetFile(path) as file:
            there = [name for name in columns if name in file.schema_arrow.names]
            for batch in file.iter_batches(rows, columns=there):
                batch.validate(full=True)
                yield batch


def parquet_schema(path: FilePath) -> pa.Schema:
    """Return the names and types of the columns of a Parquet file, and what the file says besides.

    Raises:
        ValueError: it is none, or is damaged.
    """
    with _as_value_errors():
        return pq.read_schema(path)


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """Turn what pyarrow raises about a file into a ValueError of one line."""
    try:
        yield
    except (pa.ArrowException, OSError, OverflowError) as error:
        raise ValueError((str(error).splitlines() or [type(error).__name__])[0]) from error


def _refuse_large_parquet(path: FilePath) -> None:
    """Refuse a Parquet file that claims more than it may unpack to, before any of it is read."""
    about = pq.read_metadata(path)
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    values = sum(group.column(number).num_values for group in groups for number in range(group.num_columns))
    claimed = max(sum(group.total_byte_size for group in groups), LEAST_OF_A_VALUE * max(values, about.num_rows))
    refuse_large(claimed, Path(path).stat().st_size)


def opened(path: FilePath) -> io.BufferedReader | None:
    """Return a packed file (.gz, .bz2 and others that pyarrow knows) as a stream of what it unpacks to; None for a plain file.

    Reading it ends with a ValueError where it unpacks to more than is allowed.
    """
    try:
        codec = pa.Codec.detect(str(path)).name
    except (TypeError, ValueError):
        return None
    packed = pa.OSFile(str(path))
    return io.BufferedReader(_Unpacking(pa.CompressedInputStream(packed, codec), packed), 1 << 20)


def refuse_large_packed(path: FilePath) -> None:
    """Refuse a packed file that unpacks to more than is allowed, before any of it is kept; a plain file is not read.

    Raises:
        ValueError: it does.
    """
    token = _watching.set(None)  # a bar shows the reading that follows
    try:
        stream = opened(path)
    finally:
        _watching.reset(token)
    if stream is not None:
        with stream:
            while stream.read(1 << 20):
                pass


class _Unpacking(io.RawIOBase):
    """Counts what a packed file unpacks to."""

    def __init__(self, stream: Any, packed: Any) -> None:
        self._stream, self._packed, self._unpacked = stream, packed, 0
        self._on_bytes = _watching.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read(len(buffer))
        buffer[: len(part)] = part
        self._unpacked += len(part)
        refuse_large(self._unpacked, self._packed.size())
        if self._on_bytes is not None:
            self._on_bytes(self._packed.tell(), self._packed.size())
        return len(part)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _worded(size: int) -> str:
    unit, base = max(((unit, base) for unit, base in UNITS.items() if base <= max(1, size)), key=lambda pair: pair[1])
    return f"{size / base:.3g}{unit}"
