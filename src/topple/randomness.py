"""Stateless draws: the same key gives the same number, whatever else is drawn, in any order, batch or shard."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
_MIX_1 = 0xBF58476D1CE4E5B9 - (1 << 64)
_MIX_2 = 0x94D049BB133111EB - (1 << 64)


def derive_seed(seed: int, *keys: object) -> int:
    """Return a 63-bit seed that depends on `seed` and every key, types included (1 and "1" differ, np.int64(1) does not).

    Example:
        >>> derive_seed(0, "user", 7) == derive_seed(0, "user", 7), derive_seed(0, 7) == derive_seed(0, "7")
        (True, False)
    """
    plain = [key.item() if isinstance(key, np.generic) else key for key in keys]
    text = "\x1f".join([repr(int(seed)), *(f"{type(key).__name__}:{key!r}" for key in plain)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def generator(seed: int, *keys: object) -> np.random.Generator:
    """Return a numpy generator for one named purpose of a run, such as a split."""
    return np.random.Generator(np.random.Philox(derive_seed(seed, *keys)))


def uniform(query: "Tensor", step: "Tensor", item: "Tensor") -> "Tensor":
    """Draw uniform numbers in (0, 1), one for each broadcast triple of int64 keys; float64.

    The counter is mixed by two rounds of the SplitMix64 finaliser.
    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    mixed = _mix(_mix(query + step * _GOLDEN) ^ (item * _MIX_1 + _GOLDEN))
    # 52 bits and a half: with 53 the largest would round to 1, whose logit is infinite.
    return (_shift(mixed, 12).double() + 0.5) * 2.0**-52


def _mix(value: "Tensor") -> "Tensor":
    value = (value ^ _shift(value, 30)) * _MIX_1
    value = (value ^ _shift(value, 27)) * _MIX_2
    return value ^ _shift(value, 31)


def _shift(value: "Tensor", bits: int) -> "Tensor":
    """Shift right and fill with zeros; torch's shift of int64 fills with the sign."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)
