"""One file per data set: how to load it, its licence, its citation, its checksum."""

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
        data_dir: the folder with its published files; None downloads them where their owner publishes them.
        options: settings of the preparation, laid over the data set's own.

    Raises:
        UnknownNameError, DataNotFoundError, DownloadError, DataError, SettingsError.
    """
    return source(name).split(data_dir, options)
