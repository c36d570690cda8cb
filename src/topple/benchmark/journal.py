"""Rows on disk as they come, so that a run that was stopped goes on where it was."""

import json
import os
from pathlib import Path

from topple.benchmark.recommenders import Row
from topple.errors import OutputError, OutputExistsError
from topple.files import refuse_existing
from topple.records.as_json import as_json
from topple.types import FilePath

MARKER = "rows.jsonl"
"""The file that tells such a folder from others."""


class Journal:
    """One JSON line a row, in a folder of one run.

    Args:
        folder: where; made where it is missing.
        fingerprint: of the run; rows of another one are not mixed with it.
        overwrite: whether to begin anew.

    Raises:
        OutputExistsError: a folder of something else, or of another run and `overwrite` is False.
        OutputError: it cannot be written.
    """

    def __init__(self, folder: FilePath, fingerprint: str, *, overwrite: bool = False) -> None:
        folder = Path(folder)
        refuse_existing(folder, overwrite=True, marker=MARKER)
        self._file, self._fingerprint = folder / MARKER, fingerprint
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if overwrite:
                self._file.unlink(missing_ok=True)
            self._rows = self._read()
            self._begin_a_line()
        except OutputExistsError:
            raise
        except OSError as error:
            raise _cannot_write(self._file, error) from error

    @property
    def rows(self) -> list[Row]:
        """The rows so far, the last of each name."""
        return list(self._rows.values())

    def append(self, row: Row) -> None:
        """Keep a row, on the disk when this returns."""
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(self._line(row))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _cannot_write(self._file, error) from error
        self._rows[row.recommender] = row

    def _begin_a_line(self) -> None:
        """Make the file, or end a line that was being written when the run was stopped."""
        with self._file.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":
                    file.write(b"\n")

    def _line(self, row: Row) -> str:
        return as_json({"run": self._fingerprint, **row.as_json()}) + "\n"

    def _read(self) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for line in self._file.read_text(encoding="utf-8").split("\n") if self._file.is_file() else ():
            try:
                values = json.loads(line)
                its, row = values["run"], Row.of_json(values)
            except (ValueError, KeyError, TypeError):
                continue  # a line that was being written when the run was stopped
            if its != self._fingerprint:
                raise OutputExistsError(
                    f"{self._file.parent} holds rows of other data, options or another version and is left as it is. Choose "
                    "another folder, or pass overwrite (--overwrite)."
                )
            rows[row.recommender] = row
        return rows


def _cannot_write(file: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write {file}: {error.strerror or error}. Check the folder, its permissions and its disk."
    )
