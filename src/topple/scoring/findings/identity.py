"""Which model: arrays are named by a hash; a model without arrays by what it answers, compared up to rounding.

An identity is text. Of arrays it is a hash of 16 letters. Of a model without arrays a hash of name and catalogue comes
first, then "~", then a sketch of the scores for the probe: sums of all scores with drawn weights, as 24-bit numbers.
Another thread count, machine or precision moves the sums a little; another model moves them by more.
"""

import base64
import binascii
import hashlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor

from topple.randomness import derive_seed, uniform
from topple.scoring.findings.probe import HISTORIES, Probe, known_scores
from topple.scoring.memory import in_chunks, rows_at_once
from topple.types import FloatArray

if TYPE_CHECKING:
    from topple.scoring.recommender import Recommender

Model: TypeAlias = "Recommender | str"
"""A model, or the identity of one."""

SUMS = 16
"""Numbers of a sketch."""
BYTES = 3
"""Bytes of each number."""
ROUNDING = 3e-5
"""How far two sketches of one model may lie apart, as a share of the largest number: ten times what float32 does."""


def same_model(a: Model, b: Model) -> bool:
    """Say whether two models, or the identities that stand in records, are the same.

    Models with arrays are the same where their arrays, settings, names and catalogues are equal to the bit. Of models without
    arrays, name and catalogue are equal and the scores for 64 histories within rounding: with another number of threads, on
    another machine, in float32 instead of float64. What differs in no score of the probe is not seen.
    """
    one, other = (model if isinstance(model, str) else model.fingerprint for model in (a, b))
    if one == other:
        return bool(one)
    name, _, sketch = one.partition("~")
    other_name, _, other_sketch = other.partition("~")
    sums, others = _read(sketch), _read(other_sketch)
    if name != other_name or sums is None or others is None:
        return False
    return bool(np.abs(sums - others).max() <= ROUNDING * max(np.abs(sums).max(), np.abs(others).max()))


def array_hash(model: "Recommender", arrays: Mapping[str, Tensor]) -> str:
    """Return a hash of name, catalogue, settings other than the defaults, and of every array's name, type, shape and bytes.

    Defaults are left out so that a setting that a later version adds does not make another model of those that were saved before.
    """
    digest = hashlib.blake2b(digest_size=8)
    settings = model.settings.model_dump_json(exclude_defaults=True)
    for text in (model.name, model.catalogue.fingerprint, settings):
        digest.update(f"{len(text)}:{text}".encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{len(name)}:{name}:{array.dtype}:{tuple(array.shape)}".encode())
        digest.update(array.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def answer_identity(model: "Recommender", probe: Probe) -> str:
    """Return the identity of a model without arrays."""
    return f"{array_hash(model, {})}~{_written(_sums(model, probe))}"


def _sums(model: "Recommender", probe: Probe) -> FloatArray:
    """Return sums of the scores of 64 histories with drawn weights, four histories to a sum; missing scores count 0."""
    items, seed = len(model.catalogue), derive_seed(0, "sketch")
    parts = torch.zeros(HISTORIES, dtype=torch.float64)

    def ask(rows: slice) -> None:
        turns = range(HISTORIES)[rows]
        scores = known_scores(model, probe.batch((turn % len(probe) for turn in turns), model.device)).cpu()
        for turn, row in zip(turns, scores.masked_fill(scores == -torch.inf, 0), strict=True):
            weights = 2 * uniform(torch.tensor(seed ^ turn), torch.tensor(0), torch.arange(items)) - 1
            parts[turn] = weights @ row

    in_chunks(HISTORIES, rows_at_once(items), ask)
    return parts.reshape(-1, SUMS).sum(0).numpy()


def _written(sums: FloatArray) -> str:
    """Return sums as text: the power of two above the largest, then each as a share of it."""
    largest = float(np.abs(sums).max())
    power = math.frexp(largest)[1] if largest else 0
    numbers = np.rint(np.ldexp(sums, 8 * BYTES - 1 - power)).astype(np.int64)
    top = (1 << (8 * BYTES - 1)) - 1
    whole = [number.to_bytes(BYTES, "big", signed=True) for number in np.clip(numbers, -top, top).tolist()]
    return base64.urlsafe_b64encode(power.to_bytes(2, "big", signed=True) + b"".join(whole)).decode()


def _read(sketch: str) -> FloatArray | None:
    """Return the sums that a sketch holds; None where it is none."""
    try:
        found = base64.b64decode(sketch.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    if len(found) != 2 + SUMS * BYTES:
        return None
    power = int.from_bytes(found[:2], "big", signed=True)
    starts = range(2, len(found), BYTES)
    numbers = [int.from_bytes(found[start : start + BYTES], "big", signed=True) for start in starts]
    return np.ldexp(np.array(numbers, dtype=np.float64), power - 8 * BYTES + 1)
