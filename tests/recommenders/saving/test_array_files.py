import io
import os
import struct
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from topple.recommenders.saving.array_files import read_npz, read_safetensors


def write_npz(path, header, data=b""):
    text = header.encode()
    text += b" " * (64 - (11 + len(text)) % 64) + b"\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as stored:
        stored.writestr("w.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data)
    path.write_bytes(content.getvalue())


def header(shape, kind="<f4"):
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"


def test_arrays_come_back(tmp_path):
    np.savez(tmp_path / "a.npz", one=np.arange(6.0).reshape(2, 3), two=np.array([1, 2]))
    found = read_npz(tmp_path / "a.npz")
    assert found.keys() == {"one", "two"}
    assert found["one"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_an_array_that_claims_more_than_is_there(tmp_path):
    write_npz(tmp_path / "a.npz", header("(1000000, 1000000)"))
    with pytest.raises(ValueError, match="claims 4,000,000,000,000 bytes of numbers and has 128"):
        read_npz(tmp_path / "a.npz")


def test_an_array_that_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr("topple.inputs.LEAST", 10**6)
    write_npz(tmp_path / "a.npz", header("(10000000,)"), bytes(4 * 10**7))
    with pytest.raises(ValueError, match="unpacks to 40MB or more, above the limit"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("text", [header("(1,)", "|O"), header("(-1,)"), "{[" * 3000, "1", header("(2,)", "x")])
def test_a_header_that_is_none_of_plain_numbers(tmp_path, text):
    write_npz(tmp_path / "a.npz", text)
    with pytest.raises(ValueError, match=r"\w"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float8_e4m3fn])
def test_numbers_that_numpy_does_not_know(tmp_path, kind):
    save_file({"weights": torch.zeros(3, dtype=kind)}, str(tmp_path / "a.safetensors"))
    with pytest.raises(ValueError, match=r"numbers of a kind that is not read here.*save them as float32"):
        read_safetensors(tmp_path / "a.safetensors")


def test_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="is not a file but a pipe"):
        read_safetensors(tmp_path / "a.safetensors")
