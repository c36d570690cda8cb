"""Odd values: as text, as JSON, as objects of Python."""

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import torch

TEXTS = (
    *(
        "",
        " ",
        "a",
        "i01",
        "i02,i03",
        "7",
        "-1",
        "0",
        "1",
        "2",
        "1.5",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1e-400",
        "true",
        "null",
    ),
    *(
        str(2**31),
        str(2**63),
        str(-(2**63) - 1),
        str(10**30),
        "9" * 5000,
        "é",
        "\udcff",
        "\x1b[31m",
        "\x9b",
        "\u202e",
        "\x00",
    ),
    *(
        "a" * 300,
        "a" * 100_000,
        "[1, 2]",
        "[" * 100_000,
        '["i01"]',
        "{}",
        "i01=1",
        "i01=nan",
        "=",
        "a=b",
        ",",
        ";",
        "\t",
        "\\t",
    ),
    *(
        "../x",
        "/dev/zero",
        "/proc/self/mem",
        "/proc/x",
        "$x_{1$",
        "%s%n{}",
        "[bold]",
        "[/]",
        "a\nb",
        "a\rb",
        "\ufeff",
        "١٢",
    ),
)
JSON: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        7,
        1.5,
        float("nan"),
        float("inf"),
        2**63,
        10**30,
        "",
        "a",
        "i01",
        "infinity",
        "NaN",
        "\x1b[31m",
    ),
    *(
        "a" * 1000,
        [],
        [None],
        [1],
        [[1]],
        ["i01"],
        [["i01"]],
        [{}],
        {},
        {"a": 1},
        {"item": "i01", "cost": 1},
        [{"item": 1}],
    ),
)


def objects() -> list[Any]:
    """Return odd values of Python, made anew: some can be read once."""
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    numbers = [
        None,
        True,
        False,
        0,
        -1,
        1,
        3,
        2**31,
        2**63,
        10**30,
        -(2**63) - 1,
        1.5,
        float("nan"),
        float("inf"),
        -0.0,
        1e300,
        2 + 1j,
    ]
    texts = ["", "a", "i01", "a\udcff", "\x1b[31m", "\x00", "x" * 10_000, b"i01", "all", "ease", "error", "necessary"]
    several = [
        [], [1], [[1]], ["i01"], ("i01", "i02"), ["i01", "i01"], [None], [float("nan")], {}, {"i01": 1}, {"a": ["i01"]},
               {1: 2}, {"i01"}, frozenset({1}), {"i01": float("nan")},
        {None: None}, [("i01", 1)], [("i01",)], [("i01", "i02")], deep,
    ]  # fmt: skip
    libraries = [
        np.array(["i01", "i02"]), np.array([[1, 2]]), np.array([]), np.int64(3), np.float32("nan"), np.array(3), np.array([None]),
        torch.tensor([1, 2]), torch.tensor(1.5), torch.ones(2, 2), pd.Series(["i01", "i02"]), pd.Series([["i01"], ["i02"]]),
        pd.Series([1.5, None]), pd.DataFrame({"user": [1], "item": ["i01"]}), pd.NaT, pd.NA, pd.Timestamp("2020-01-01"),
    ]  # fmt: skip
    others = [object(), int, len, lambda: None, range(3), iter(["i01"]), (name for name in ["i01", "i02"]), datetime.date(2020, 1, 1),
              decimal.Decimal("1.5"), Ellipsis, NotImplemented, ValueError("x"), memoryview(b"x"), slice(1)]  # fmt: skip
    return [*numbers, *texts, *several, *libraries, *others]
