"""The files that the page consists of: read once, named by what they hold, so that a browser keeps them for good."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""What is served, by the end of the name."""
FOR_GOOD = "public, max-age=31536000, immutable"
"""How long a browser keeps a file: its address changes where the file does."""


@dataclass(frozen=True)
class Assets:
    """Files by name.

    Args:
        version: a hash of all of them; the scripts name one another, so they change together.
        files: the bytes of each.
    """

    version: str
    files: Mapping[str, bytes]

    def kind(self, name: str) -> str:
        """Return the media type of a file."""
        return KINDS[name[name.rindex(".") :]] + "; charset=utf-8"


@cache
def assets() -> Assets:
    """Return the files of the page, as the wheel holds them."""
    folder = resources.files("topple.web.page").joinpath("static")
    files = {
        file.name: file.read_bytes()
        for file in sorted(folder.iterdir(), key=lambda one: one.name)
        if file.name.endswith(tuple(KINDS))
    }
    digest = hashlib.blake2b(digest_size=8)
    for name, held in files.items():
        digest.update(f"{name}:{len(held)}:".encode() + held)
    return Assets(digest.hexdigest(), files)
