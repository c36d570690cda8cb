"""What a data set's file provides."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from topple.data.download import Archive, cache_folder, fetch_archive
from topple.data.interactions import Interactions
from topple.data.preparation import Preparation, prepare
from topple.data.splitting import Split
from topple.errors import DataNotFoundError
from topple.inputs import is_file, path_of, problem
from topple.types import FilePath


class Source(ABC):
    """A data set by name: the files, the licence, how the files are read and prepared by default."""

    name: ClassVar[str]
    title: ClassVar[str]
    homepage: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str]
    files: ClassVar[tuple[str, ...]]
    """Files the folder must hold, as published; "a|b" means either."""
    archive: ClassVar[Archive | None] = None
    preparation: ClassVar[Mapping[str, Any]] = {}
    """Settings of the preparation that differ from the defaults."""

    @abstractmethod
    def read(self, folder: Path) -> Interactions:
        """Read the published files of an existing folder."""

    def load(self, data_dir: FilePath | None = None) -> Interactions:
        """Find or fetch the files, and read them."""
        return self.read(self.folder(data_dir))

    def split(self, data_dir: FilePath | None = None, options: Mapping[str, Any] | None = None) -> Split:
        """Find or fetch the files, read and prepare them."""
        settings = Preparation.parse({**self.preparation, **(options or {})})
        return prepare(self.load(data_dir), settings)

    def folder(self, data_dir: FilePath | None = None) -> Path:
        """Return the folder that holds the files, fetching them if no folder is given.

        Raises:
            DataNotFoundError: a file is missing there; or no folder was given and the owner publishes no archive.
            DownloadError: the download failed.
        """
        if data_dir is not None:
            given = path_of(data_dir, "data_dir")
            return self._checked(given / self.name if problem(given / self.name, folder=True) is None else given)
        cached = cache_folder() / self.name
        if self.archive is not None:
            return self._checked(fetch_archive(self.archive, cached, self.advice))
        if problem(cached, folder=True) is None:
            return self._checked(cached)
        raise DataNotFoundError(f"{self.title} has no archive to download. {self.advice}")

    @property
    def advice(self) -> str:
        """Which files to put where, for messages."""
        files = ", ".join(" or ".join(file.split("|")) for file in self.files)
        return (
            f"Without a download: get {files} from {self.homepage}, put them into {cache_folder() / self.name}, or into "
            "any folder and pass it as data_dir (--data-dir)."
        )

    def find(self, folder: Path, file: str) -> Path:
        """Return the path of a published file given as "a|b"."""
        for name in file.split("|"):
            if is_file(folder / name):
                return folder / name
        wanted = " or ".join(file.split("|"))
        raise DataNotFoundError(f"{folder} does not hold {wanted}, which {self.title} needs. {self.advice}")

    def _checked(self, folder: Path) -> Path:
        for file in self.files:
            self.find(folder, file)
        return folder
