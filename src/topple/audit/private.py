"""Files that only the owner may read: keys, and what is exported of people."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from topple.files import writing
from topple.types import FilePath


@contextmanager
def writing_privately(path: FilePath, *, overwrite: bool) -> Iterator[TextIO]:
    """Open a new text file that only the owner may read, and put it at a path in one step when the block has ended.

    Raises:
        OutputExistsError, OutputError: as `topple.files.writing`.
    """
    with writing(path, overwrite=overwrite) as aside:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
