"""Files of named arrays: what a file claims is checked before memory is taken for it."""

import math
import struct
import zipfile
import zlib
from tokenize import TokenError
from typing import Any

from numpy.lib import format as npy
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from topple.inputs import problem, refuse_large
from topple.types import FilePath


def read_npz(path: FilePath) -> dict[str, NDArray[Any]]:
    """Read the arrays of an .npz file, without pickle.

    Raises:
        OSError, ValueError: it is none, is damaged, needs pickle, or claims more than the file may unpack to.
    """
    try:
        with zipfile.ZipFile(path) as stored:
            members = stored.infolist()
            refuse_large(sum(member.file_size for member in members), sum(member.compress_size for member in members))
            return {member.filename.removesuffix(".npy"): _array(stored, member) for member in members}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        SyntaxError,
        TokenError,
    ) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _array(stored: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """Return the array of a member whose size is the one that its header claims."""
    with stored.open(member) as file:
        version = npy.read_magic(file)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(file)
        if dtype.hasobject:
            raise ValueError(f"{member.filename!r} holds objects of Python, which need pickle")
        claimed = math.prod(shape) * dtype.itemsize
        if claimed > member.file_size:
            raise ValueError(f"{member.filename!r} claims {claimed:,} bytes of numbers and has {member.file_size:,}")
    with stored.open(member) as file:
        found: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    return found


def read_safetensors(path: FilePath) -> dict[str, NDArray[Any]]:
    """Read the arrays of a .safetensors file.

    Raises:
        OSError, ValueError: it is none, is damaged, or holds a kind of number that numpy does not know (bf16, f8).
    """
    wrong = problem(path)
    if wrong:
        raise ValueError(f"{path} {wrong}")
    try:
        return load_file(path)
    except (SafetensorError, KeyError, TypeError, AttributeError, struct.error, OverflowError) as error:
        reason = f"it holds numbers of a kind that is not read here: {error}; save them as float32"
        raise ValueError(str(error) if isinstance(error, SafetensorError) else reason) from error
