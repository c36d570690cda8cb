"""Fetching what an owner publishes: checksum, cache, progress bar, and a clear word when there is no network."""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

from topple.errors import DownloadError
from topple.files import writing


@dataclass(frozen=True)
class Archive:
    """A published zip file and its checksum, "md5:..." or "sha256:..."."""

    url: str
    checksum: str
    folder: str
    """The folder inside the zip that holds the files."""


def cache_folder() -> Path:
    """Return where downloads are kept: $TOPPLE_DATA, or the user's cache folder."""
    import pooch

    chosen = os.environ.get("TOPPLE_DATA")
    return Path(chosen).expanduser() if chosen else Path(pooch.os_cache("topple"))


def fetch_archive(archive: Archive, into: Path, advice: str, *, progress: bool = True) -> Path:
    """Download, check and unpack an archive into the folder `into`; do nothing if it is there already.

    Raises:
        DownloadError: no network, a truncated file, or one that does not match its checksum; nothing is left behind.
    """
    if into.is_dir():
        return into
    import pooch
    import requests

    name = archive.url.rsplit("/", 1)[-1]
    downloader = pooch.HTTPDownloader(progressbar=_bar(name) if progress else False, timeout=30)
    try:
        zipped = Path(
            pooch.retrieve(archive.url, archive.checksum, fname=name, path=into.parent, downloader=downloader)
        )
    except ValueError as error:
        raise DownloadError(
            f"{archive.url}: what arrived does not match its checksum {archive.checksum}: cut short on the way, or "
            f"changed by its owner. Nothing was kept. Try again; or {advice}"
        ) from error
    except (requests.RequestException, OSError) as error:
        raise DownloadError(f"{archive.url} could not be downloaded ({type(error).__name__}). {advice}") from error
    with writing(into) as aside, zipfile.ZipFile(zipped) as opened:
        aside.mkdir()
        for member in opened.infolist():
            path = Path(member.filename)
            if not member.is_dir() and path.parent.name == archive.folder and len(path.parts) == 2:
                (aside / path.name).write_bytes(opened.read(member))
    zipped.unlink()
    return into


class _bar:  # noqa: N801 - pooch's protocol of a progress bar, over rich
    def __init__(self, name: str) -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._progress = Progress(*columns, transient=True)
        self._task = self._progress.add_task(name, total=None)
        self._progress.start()

    @property
    def total(self) -> float | None:
        return self._progress.tasks[0].total

    @total.setter
    def total(self, value: float) -> None:
        self._progress.update(self._task, total=value)

    def update(self, amount: float) -> None:
        self._progress.update(self._task, advance=amount)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        self._progress.stop()
