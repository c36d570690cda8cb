"""A folder of files on this machine, or at an address that fsspec knows (s3://, gs://, hdfs://, memory://)."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from topple.errors import DataNotFoundError, OutputError
from topple.files import remove, repair, writing
from topple.types import FilePath


class Folder:
    """A folder to which whole files are written.

    On this machine a file is written beside and put in its place in one step. At other addresses nothing is renamed: object stores show a
    file when it is whole, and what counts is what is written last and names the others.

    Args:
        address: a path, or an address of fsspec.

    Example:
        >>> folder = Folder("memory://example")
        >>> with folder.write("a/b.txt") as file:
        ...     _ = file.write(b"whole")
        >>> folder.read("a/b.txt"), folder.names("a")
        (b'whole', ['b.txt'])
    """

    def __init__(self, address: FilePath) -> None:
        self.address = str(address)
        self._remote: Any = None
        self._root = self.address
        if "://" in self.address:
            from fsspec.core import url_to_fs  # light, and only for such addresses
            from fsspec.implementations.local import LocalFileSystem

            try:
                self._remote, self._root = url_to_fs(self.address)
            except (ImportError, ValueError) as error:
                raise OutputError(
                    f"{self.address} cannot be opened: {error}. Install what it names, or give a path."
                ) from error
            if isinstance(self._remote, LocalFileSystem):
                self._remote = None  # a folder of this machine, in which files are put in place in one step

    @property
    def local(self) -> Path | None:
        """The path on this machine; None at other addresses."""
        return None if self._remote is not None else Path(self._root)

    @property
    def anywhere(self) -> str:
        """The address as a process with another working folder has it."""
        return self.address if self.local is None else str(self.local.absolute())

    def path(self, name: str) -> str:
        """Return the path of a file, on this machine or in the file system of the address."""
        return f"{self._root.rstrip('/')}/{name}"

    @contextmanager
    def write(self, name: str) -> Iterator[IO[bytes]]:
        """Yield a file to write to; it is there, whole, when all went well, in place of one of that name.

        Raises:
            OutputError: it could not be written; one of that name is as it was.
        """
        if self._remote is None:
            with writing(self.path(name), overwrite=True) as aside, aside.open("wb") as file:
                yield file
            return
        held = io.BytesIO()  # a file that is closed early would be stored as far as it goes
        yield held
        try:
            self._remote.makedirs(self.path(name).rpartition("/")[0], exist_ok=True)
            self._remote.pipe_file(self.path(name), held.getvalue())
        except OSError as error:
            raise OutputError(
                f"writing {self.address}/{name} failed: {error}. Check the address, and run again."
            ) from error

    def read(self, name: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            DataNotFoundError: there is none.
        """
        try:
            with self.open(name) as file:
                return file.read()
        except FileNotFoundError as error:
            raise DataNotFoundError(
                f"{self.address}/{name} is missing. Give the folder that `topple batch` wrote."
            ) from error

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""
        if self._remote is None:
            return Path(self.path(name)).open("rb")
        found: IO[bytes] = self._remote.open(self.path(name), "rb")
        return found

    def exists(self, name: str) -> bool:
        """Return whether there is a file or folder of a name."""
        return bool(self._remote.exists(self.path(name))) if self._remote else Path(self.path(name)).exists()

    def names(self, name: str = "") -> list[str]:
        """Return the names of the files and folders in a folder, sorted; none where there is no such folder."""
        path = self.path(name).rstrip("/")
        if self._remote is None:
            found = [entry.name for entry in Path(path).iterdir()] if Path(path).is_dir() else []
        else:
            there = self._remote.exists(path)
            found = (
                [entry.rstrip("/").rpartition("/")[2] for entry in self._remote.ls(path, detail=False)] if there else []
            )
        return sorted(entry for entry in found if entry and not entry.startswith("."))

    def repair(self) -> None:
        """Put in order what killed writes of any file left, on this machine; elsewhere a file is there whole or not at all."""
        if self.local is not None:
            for beside in [*self.local.rglob(".*.topple")]:
                repair(beside.with_name(beside.name.removeprefix(".").removesuffix(".topple")))

    def remove(self, name: str) -> None:
        """Remove a file or folder, if it is there, and what killed writes and removals of it left."""
        if self._remote is None:
            repair(self.path(name))
        if not self.exists(name):
            return
        if self._remote is None:
            remove(self.path(name))
        else:
            self._remote.rm(self.path(name), recursive=True)
