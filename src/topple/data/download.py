"""Fetching what an owner publishes: checksum, cache, progress bar, and a clear word when there is no network."""

import logging
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topple.errors import DownloadError
from topple.files import writing

logger = logging.getLogger(__name__)

TIMEOUT = 30
"""Seconds without a byte after which a download is given up."""


@dataclass(frozen=True)
class Archive:
    """A published zip file and the checksum of the file, "md5:..." or "sha256:..."."""

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
        DownloadError: no network, a truncated file, or one that does not match the checksum; nothing is left behind.
    """
    if into.is_dir():
        return into
    import pooch
    import requests

    def download(url: str, output_file: str, _: Any) -> None:
        _stream(url, Path(output_file), progress=progress)

    logger.info("download %s to %s", archive.url, into)
    name = archive.url.rsplit("/", 1)[-1]
    with writing(into, overwrite=True) as aside:  # another process may have fetched it meanwhile: the same files
        try:
            zipped = pooch.retrieve(archive.url, archive.checksum, fname=name, path=aside.parent, downloader=download)
        except ValueError as error:
            raise DownloadError(
                f"{archive.url}: what arrived does not match the checksum {archive.checksum}: cut short on the way, or "
                f"changed by the owner. Nothing was kept. Try again. {advice}"
            ) from error
        except (requests.RequestException, OSError) as error:
            raise DownloadError(
                f"{archive.url} could not be downloaded ({type(error).__name__}). Nothing was kept. Try again. {advice}"
            ) from error
        _unpack(Path(zipped), archive, aside, advice)
    return into


def _stream(url: str, path: Path, *, progress: bool) -> None:
    import requests
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)  # in a notebook rich shows no bar without widgets, and warns
    shown = Progress(*columns, console=console, transient=True, disable=not progress or console.is_jupyter)
    with shown, requests.get(url, stream=True, timeout=TIMEOUT) as response, path.open("wb") as file:
        response.raise_for_status()
        length = response.headers.get("Content-Length")
        task = shown.add_task(url.rsplit("/", 1)[-1], total=None if length is None else int(length))
        for chunk in response.iter_content(chunk_size=1 << 16):
            file.write(chunk)
            shown.advance(task, len(chunk))


def _unpack(zipped: Path, archive: Archive, into: Path, advice: str) -> None:
    try:
        with zipfile.ZipFile(zipped) as opened:
            into.mkdir()
            for member in opened.infolist():
                path = Path(member.filename)
                if not member.is_dir() and path.parent.name == archive.folder and len(path.parts) == 2:
                    (into / path.name).write_bytes(opened.read(member))
    except zipfile.BadZipFile as error:
        raise DownloadError(f"{archive.url} is not a zip file ({error}). Nothing was kept. {advice}") from error
    if not any(into.iterdir()):
        raise DownloadError(f"{archive.url} holds no files in a folder {archive.folder}. Nothing was kept. {advice}")
