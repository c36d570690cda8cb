"""Alishop-7C."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from topple.data.interactions import Interactions
from topple.data.layout import FILES, read_split
from topple.data.sources.base import Source
from topple.data.splitting import Split
from topple.errors import DataError, SettingsError
from topple.types import FilePath


class Alishop(Source):
    """Clicks of users on products of a shop; it comes already split."""

    name = "alishop"
    title = "Alishop-7C"
    homepage = "https://jianxinma.github.io/disentangle-recsys.html"
    licence = "Published for research by its collectors; no licence text."
    citation = (
        "Jianxin Ma, Chang Zhou, Peng Cui, Hongxia Yang, Wenwu Zhu. Learning Disentangled Representations for "
        "Recommendation. NeurIPS 2019."
    )
    files = FILES

    def read(self, folder: Path) -> Interactions:
        """Refuse: the published set is split already, and has no table of all interactions."""
        raise DataError(
            f"{folder}: {self.title} comes already split: call `split`; a table of all interactions was not published."
        )

    def split(self, data_dir: FilePath | None = None, options: Mapping[str, Any] | None = None) -> Split:
        """Read the published split; it takes no options."""
        if options:
            raise SettingsError(
                f"{', '.join(options)}: {self.title} comes already split, nothing can be set. Leave it out."
            )
        return read_split(self.folder(data_dir))
