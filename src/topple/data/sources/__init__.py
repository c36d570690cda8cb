"""One file per data set: how to load it, the licence, the citation, the checksum."""

from typing import Any

from topple import registry
from topple.data.sources.base import Source
from topple.data.splitting import Split
from topple.types import FilePath

__all__ = ["Source", "load_split", "source"]


def source(name: str) -> Source:
    """Return the data set called `name`.

    Raises:
        UnknownNameError: there is none of that name.
    """
    found: Source = registry.load("datasets", name)()
    return found


def load_split(name: str, data_dir: FilePath | None = None, **options: Any) -> Split:
    """Load a data set by name and prepare it.

    Args:
        name: of the data set.
        data_dir: the folder with the published files; None downloads them from the owner's site.
        options: settings of the preparation that differ from the data set's defaults.

    Raises:
        UnknownNameError, DataNotFoundError, DownloadError, DataError, SettingsError.
    """
    return source(name).split(data_dir, options)
