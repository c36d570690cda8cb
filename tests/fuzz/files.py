"""Cases of files: a good file, changed at random, and a command that reads it."""

import contextlib
import io
import json
import os
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import topple
from tests.fuzz.odd import JSON, TEXTS
from tests.fuzz.outcomes import call, command
from tests.fuzz.workshop import Workshop

KINDS = ("table.csv", "table.parquet", "table.csv.gz", "titles.csv", "movies.dat", "weights.npz", "model", "network", "explained",
         "split", "kept.partial", "shown-films.csv", "seen.csv", "contexts.json", "told")  # fmt: skip
TOKEN = re.compile(rb'[^\s,:\[\]{}"]+')


def file_case(workshop: Workshop, draw: np.random.Generator) -> tuple[str, str, str]:
    """Change a file at random and read it; return the outcome, the case and what was said."""
    name = str(draw.choice(KINDS))
    path = workshop.copy(name)
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    changed = files[int(draw.integers(len(files)))]
    how = _change(changed, draw)
    ask = _reader(name, path, workshop, draw)
    arguments = ask if isinstance(ask, list) else []
    outcome, said = command(arguments) if arguments else call(ask)
    return outcome, f"{changed.relative_to(workshop.scratch)} {how}: {arguments or name}", said


def _reader(name: str, path: Path, workshop: Workshop, draw: np.random.Generator) -> Any:
    """Return the command line that reads a file, or a call."""
    model, out = str(workshop.folder / "model"), str(workshop.scratch / "out")
    fit = ["fit", "--recommender", "ease", "--out", out, "--interactions"]
    table = str(workshop.folder / "table.csv")
    repeats = ["--duplicates", "first"]
    if name.startswith("table"):
        columns = [
            ["--rating-column", "rating"],
            ["--time-column", "time"],
            ["--time-column", "title"],
            [],
            ["--min-items", "2"],
        ]
        describe = ["data", "describe", str(path)]
        return (
            describe if draw.random() < 0.3 else [*fit, str(path), *repeats, *columns[int(draw.integers(len(columns)))]]
        )
    if name in ("titles.csv", "movies.dat"):
        return [*fit, table, "--titles", str(path)]
    if name == "weights.npz":
        return [*fit, table, "--weights", str(path)]
    if name in ("model", "network"):
        several = [
            ["recommend", "--json"],
            ["explain", "--users", "1", "-k", "2", "--explainer", "greedy"],
            ["recommend"],
        ]
        read = [*several[int(draw.integers(3))], "--model", str(path)]
        return ["evaluate", str(workshop.folder / "explained"), "--model", str(path)] if draw.random() < 0.2 else read
    if name == "explained":
        file = path / str(draw.choice(["", "explanations.parquet", "explanations.jsonl"]))
        return ["evaluate", str(file), "--model", model, *(["--json"] if draw.random() < 0.3 else [])]
    if name in ("shown-films.csv", "seen.csv", "contexts.json", "told"):
        given = {file: str(workshop.folder / file) for file in ("shown-films.csv", "seen.csv", "contexts.json", "told")}
        given[name] = str(path)
        asked = [
            "agree",
            "-m",
            given["told"],
            "--factory",
            "tests.told:told_model",
            "--shown",
            given["shown-films.csv"],
        ]
        return [*asked, "--histories", given["seen.csv"], "--time-column", "time", "--contexts", given["contexts.json"]]
    if name == "kept.partial":
        return [
            "explain",
            "--model",
            model,
            "--users",
            "2",
            "--explainer",
            "greedy",
            "--out",
            str(workshop.scratch / "kept"),
            "--resume",
        ]
    return lambda: topple.read_split(str(path))


def _change(path: Path, draw: np.random.Generator) -> str:
    """Change a file, and say how."""
    if draw.random() < 0.03:
        return _replace(path, draw)
    special = {".parquet": _parquet, ".json": _json, ".jsonl": _json, ".npz": _npz, ".safetensors": _safetensors}.get(
        path.suffix
    )
    content = path.read_bytes()
    if special is not None and draw.random() < 0.7:
        with contextlib.suppress(Exception):
            return special(path, draw)
        path.write_bytes(content)  # what could not be written leaves nothing
    if path.suffix == ".gz" and draw.random() < 0.5:
        import gzip

        inner, how = _bytes(gzip.decompress(content), draw)
        path.write_bytes(gzip.compress(inner))
        return f"unpacked, {how}"
    changed, how = _bytes(content, draw)
    path.write_bytes(changed)
    return how


def _replace(path: Path, draw: np.random.Generator) -> str:
    kind = str(draw.choice(["nothing", "folder", "pipe", "device", "loop"]))
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind in ("device", "loop"):
        path.symlink_to("/dev/zero" if kind == "device" else path)
    return f"is a {kind}"


def _bytes(content: bytes, draw: np.random.Generator) -> tuple[bytes, str]:
    """Return changed bytes, and how they were changed."""
    start, length = int(draw.integers(len(content) + 1)), int(draw.integers(1, 40))
    tokens = [found.span() for found in TOKEN.finditer(content[:20_000])]
    how = str(
        draw.choice(["token", "token", "token", "token", "cut", "flip", "insert", "delete", "repeat", "empty", "zeros"])
    )
    if how == "token" and tokens:
        first, last = tokens[int(draw.integers(len(tokens)))]
        text = TEXTS[int(draw.integers(len(TEXTS)))]
        return content[:first] + text.encode("utf-8", "surrogateescape") + content[
            last:
        ], f"token at {first} is {text[:20]!r}"
    if how == "flip":
        changed = bytearray(content)
        for place in draw.integers(max(1, len(content)), size=3).tolist():
            if place < len(changed):
                changed[place] ^= 1 << int(draw.integers(8))
        return bytes(changed), "flip"
    noise = draw.bytes(length)
    return {
        "token": content,
        "cut": content[:start],
        "insert": content[:start] + noise + content[start:],
        "delete": content[:start] + content[start + length :],
        "repeat": content[: start + length] + content[start:],
        "empty": b"",
        "zeros": bytes(len(content)),
    }[how], f"{how} at {start}"


def _parquet(path: Path, draw: np.random.Generator) -> str:
    table = pq.read_table(path)
    about, number = table.schema.metadata, int(draw.integers(table.num_columns))
    name, rows = table.column_names[number], len(table)
    if draw.random() < 0.15:
        pq.write_table(table.drop_columns([name]).replace_schema_metadata(about), path)
        return f"without {name}"
    value = JSON[int(draw.integers(len(JSON)))]
    if draw.random() < 0.2:
        pq.write_table(table.slice(0, int(draw.integers(2))).replace_schema_metadata(about), path)
        return "fewer rows"
    old = table.column(number).to_pylist()
    one = draw.random() < 0.5
    try:
        column = pa.array([value, *old[1:]] if one else [value] * rows)
    except (pa.ArrowException, OverflowError):
        value, column = b"\xff", pa.array([b"\xff"] * rows)
    pq.write_table(table.set_column(number, name, column).replace_schema_metadata(about), path)
    return f"{name} is {str(value)[:30]!r}"


def _json(path: Path, draw: np.random.Generator) -> str:
    lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    found = json.loads(lines[0])
    spots: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            spots.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(found)
    node, key = spots[int(draw.integers(len(spots)))]
    value = JSON[int(draw.integers(len(JSON)))]
    if draw.random() < 0.1:
        del node[key]
    else:
        node[key] = value
    path.write_text("\n".join([json.dumps(found), *lines[1:]]) + "\n")
    return f"{key} is {str(value)[:30]!r}"


def _npz(path: Path, draw: np.random.Generator) -> str:
    kinds = ["'<f4'", "'|O'", "'<U9'", "'<f2'", "'<c8'", "'|b1'", "'<M8[s]'", "[('a', '<f4')]", "'x'", "3"]
    shapes = [
        "(20, 20)",
        "(0,)",
        "()",
        "(-1, 3)",
        f"({10**12},)",
        "(10**9,)",
        "'a'",
        "(1.5,)",
        f"({10**30},)",
        "(20, 20, 1)",
    ]
    text = f"{{'descr': {draw.choice(kinds)}, 'fortran_order': False, 'shape': {draw.choice(shapes)}, }}".encode()
    text += b" " * (64 - (11 + len(text)) % 64) + b"\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as stored:
        member = (
            b"\x93NUMPY" + bytes([int(draw.integers(1, 5)), 0]) + struct.pack("<H", len(text)) + text + draw.bytes(1600)
        )
        stored.writestr(str(draw.choice(["weights.npy", "weights", "../x.npy", ""])) or "a", member)
    path.write_bytes(content.getvalue())
    return f"header {text[:90]!r}"


def _safetensors(path: Path, draw: np.random.Generator) -> str:
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    name = sorted(header)[int(draw.integers(len(header)))]
    key = str(draw.choice(["dtype", "shape", "data_offsets"]))
    kinds: Any = ["BF16", "F8_E4M3", "F64", "I64", "U8", "BOOL", "C64", "x"]
    value = kinds[int(draw.integers(len(kinds)))] if key == "dtype" else JSON[int(draw.integers(len(JSON)))]
    header[name][key] = value
    told = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(told)) + told + content[8 + size :])
    return f"{name}.{key} is {str(value)[:30]!r}"
