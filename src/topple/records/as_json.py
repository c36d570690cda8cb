"""Values to JSON that every reader takes: NaN, which JSON does not know, becomes null."""

import json
import math
from collections.abc import Mapping
from typing import Any


def as_json(value: object, *, indent: int | None = None) -> str:
    """Return a value as JSON text, NaN and infinities as null."""
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):  # NaN, an infinity, or a mapping that is no dict
        return json.dumps(_finite(value), indent=indent, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
