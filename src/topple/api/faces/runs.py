"""A run that can be stopped: finished pieces in a folder, and a manifest of what the run is."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from topple.errors import DataError, OutputExistsError
from topple.files import refuse_existing, writing
from topple.inputs import MISSING, json_of, path_of, problem, read_text
from topple.records.as_json import as_json
from topple.types import FilePath, JsonObject

FORMAT = "topple.run/1"
MARKER, PIECES = "run.json", "pieces"
"""The manifest, which tells such a folder from others, and the folder of the pieces."""


class Run:
    """Finished pieces of one run, so that a run that was stopped goes on where it was.

    A piece is a file or a folder that is there whole or not at all. Pieces of a run of another manifest are never mixed with
    those of this one.

    Args:
        folder: where; made where it is missing.
        manifest: what the pieces depend on, as JSON: identities of model and data, settings, version.
        overwrite: whether to begin anew.

    Raises:
        OutputExistsError: a folder of something else, or of a run with another manifest and `overwrite` is False.
        OutputError: it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = Run(f"{folder}/run", {"data": "1a2b", "settings": {"k": 5}})
        ...     run.keep("first", {"found": 3})
        ...     again = Run(f"{folder}/run", {"data": "1a2b", "settings": {"k": 5}})
        ...     again.finished, again.kept("first")
        (['first'], {'found': 3})
    """

    def __init__(self, folder: FilePath, manifest: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self.folder = path_of(folder)
        refuse_existing(self.folder, overwrite=True, marker=MARKER)
        if self.folder.is_file():
            raise OutputExistsError(f"{self.folder} is a file, and a run is a folder. Choose another path.")
        told = json.loads(as_json({"format": FORMAT, **manifest}))
        there = None if overwrite else self._manifest()
        if there is not None and there != told:
            changed = difference(there, told) or "its manifest is written otherwise"
            raise OutputExistsError(
                f"{self.folder} holds another run ({changed}) and is left as it is. Choose another folder, or pass "
                "overwrite (--overwrite)."
            )
        if there is None:
            with writing(self.folder, overwrite=True, marker=MARKER) as aside:
                (aside / PIECES).mkdir(parents=True)
                (aside / MARKER).write_text(as_json(told, indent=2) + "\n", encoding="utf-8")

    @property
    def finished(self) -> list[str]:
        """The names of the pieces that are there, sorted."""
        return finished_pieces(self.folder)

    def path(self, name: str) -> Path:
        """Return where a piece is, or will be."""
        return self.folder / PIECES / quote(name, safe=" ")

    @contextmanager
    def piece(self, name: str) -> Iterator[Path]:
        """Yield a path to write a file or make a folder at; it becomes the piece when all went well, and replaces one of that name.

        Raises:
            OutputError: it could not be written; a piece of that name is as it was.
        """
        with writing(self.path(name), overwrite=True) as aside:
            yield aside

    def keep(self, name: str, value: JsonObject) -> None:
        """Make a piece of a JSON object; it is on the disk when this returns."""
        with self.piece(name) as aside:
            aside.write_text(as_json(value) + "\n", encoding="utf-8")

    def kept(self, name: str) -> JsonObject:
        """Return the JSON object of a piece.

        Raises:
            DataError: there is none, or it is damaged.
        """
        try:
            found = json_of(read_text(self.path(name)))
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self.path(name)} is no finished piece: {error}. Delete it; the run makes it anew."
            ) from error
        if not isinstance(found, dict):
            raise DataError(f"{self.path(name)} holds no JSON object. Delete it; the run makes it anew.")
        return found

    def _manifest(self) -> JsonObject | None:
        """Return the manifest that is there; None where there is none that can be read."""
        try:
            if problem(self.folder / MARKER) == MISSING:
                return None
            found = json_of(read_text(self.folder / MARKER))
        except (OSError, ValueError) as error:
            raise OutputExistsError(
                f"{self.folder / MARKER} is damaged ({error}): it cannot be told whose pieces these are. Choose another folder, or "
                "delete this one."
            ) from error
        return found if isinstance(found, dict) else {}


def finished_pieces(folder: FilePath) -> list[str]:
    """Return the names of the finished pieces in the folder of a run, sorted; none where there is no run."""
    pieces = Path(folder) / PIECES
    names = [path.name for path in pieces.iterdir()] if pieces.is_dir() else []
    return sorted(unquote(name) for name in names if not name.startswith("."))


def difference(there: JsonObject, told: JsonObject) -> str:
    """Say in which one value two manifests differ first; nothing where they are the same."""
    flat, other = dict(_flat(there)), dict(_flat(json.loads(as_json(told))))
    missing = object()
    name = next((key for key in [*other, *flat] if flat.get(key, missing) != other.get(key, missing)), None)
    return "" if name is None else f"{name} was {flat.get(name)!r} and is now {other.get(name)!r}"


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    else:
        yield name, value
