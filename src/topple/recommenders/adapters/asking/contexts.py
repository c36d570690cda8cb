"""What a wrapped model is told besides a history: a few contexts to try it out with, and those of a call as tensors."""

import numbers
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import RecommenderError, is_list, shown
from topple.records.question import Request
from topple.scoring.findings.probe import HISTORIES, Probe, drawn_histories
from topple.types import Id, UserId

Contexts: TypeAlias = bool | Mapping[UserId, Any] | Iterable[Any]
"""Whether a model is told contexts, or a few of them: in a row, or by user."""


def few_contexts(contexts: Contexts, name: str) -> list[Any]:
    """Return a few of the contexts that were given; none where it is only said whether the model is told any.

    Raises:
        RecommenderError: what is given holds no contexts.
    """
    if isinstance(contexts, bool):
        return []
    values = contexts.values() if isinstance(contexts, Mapping) else contexts
    few = list(islice(values, HISTORIES)) if is_list(values) else []
    if not few:
        raise RecommenderError(
            f"contexts={shown(contexts)} is neither True nor False, and holds no contexts to try {name} out with. Give True, or a few "
            "contexts: a list, or a mapping of users to contexts."
        )
    return few


def probe_of(
    histories: Sequence[Sequence[Id] | Request] | None, few: Sequence[Any], catalogue: Catalogue
) -> Probe | None:
    """Return the histories that a model is tried out with, and what else is known of each, by index.

    Args:
        histories: outside ids, or requests; None for drawn histories.
        few: contexts for the histories that have none.
        catalogue: the items.

    Returns:
        None where nothing is known: drawn histories without contexts.
    """
    if histories is None:
        drawn = drawn_histories(len(catalogue))
        return Probe(drawn, contexts=_in_turn(few, len(drawn))) if few else None
    requests = [one if isinstance(one, Request) else Request(history=tuple(one)) for one in histories]
    told = [request.context for request in requests]
    return Probe(
        [catalogue.vocabulary.encode(request.history).tolist() for request in requests],
        [request.weights for request in requests],
        [request.times for request in requests],
        [turn if given is None else given for given, turn in zip(told, _in_turn(few, len(told)), strict=True)]
        if few
        else told,
    )


def _in_turn(few: Sequence[Any], count: int) -> list[Any]:
    return [few[number % len(few)] for number in range(count)]


def batched(contexts: Sequence[Any], name: str, precision: torch.dtype, device: torch.device) -> Any:
    """Return the contexts of N histories as a torch module takes them, one row a history.

    Numbers, arrays, tensors and lists of numbers become one tensor [N, ...], those with a point in the precision of the rows;
    mappings become one mapping, of each key to the values of all; anything else a list of N objects.

    Raises:
        RecommenderError: contexts of different shapes or keys, which are no batch, or none at all.
    """
    if not contexts:
        raise RecommenderError(
            f"{name} is told contexts, and none are known to try it out with. In the place of contexts=True give a few: a list, or a "
            "mapping of users to contexts."
        )
    different = {id(context): context for context in contexts}
    row_of = {key: row for row, key in enumerate(different)}
    rows = [row_of[id(context)] for context in contexts]
    return _gathered(list(different.values()), rows, name, precision, device)


def _gathered(values: list[Any], rows: list[int], name: str, precision: torch.dtype, device: torch.device) -> Any:
    """Return the values of the rows [N], each value turned into a tensor once."""
    if all(isinstance(value, Mapping) for value in values):
        keys = list(values[0])
        strange = next((value for value in values if set(value) != set(keys)), None)
        if strange is not None:
            raise _no_batch(name, f"the keys {shown(keys)} and {shown(list(strange))}")
        return {key: _gathered([value[key] for value in values], rows, name, precision, device) for key in keys}
    if not all(map(_is_numeric, values)):
        return [values[row] for row in rows]
    try:
        tensors = [value if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value)) for value in values]
    except (TypeError, ValueError) as error:
        raise _no_batch(name, f"numbers that are no array ({error})") from error
    shapes = list(dict.fromkeys(tuple(tensor.shape) for tensor in tensors))
    if len(shapes) > 1:
        raise _no_batch(name, f"the shapes {shapes[0]} and {shapes[1]}")
    together = torch.stack([tensor.detach().to(device) for tensor in tensors])[torch.tensor(rows, device=device)]
    return together.to(precision) if together.is_floating_point() else together


def _is_numeric(value: Any) -> bool:
    """Return whether a value is a number, an array or a tensor, or a list of such."""
    if isinstance(value, Tensor | numbers.Real):
        return True
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fiub"
    return isinstance(value, list | tuple) and bool(value) and all(map(_is_numeric, value))


def _no_batch(name: str, what: str) -> RecommenderError:
    return RecommenderError(
        f"{name}: contexts with {what} cannot be told to a module in one batch. Give all users contexts of one form, or wrap a function "
        "as 'callable', which is told each context as it is."
    )
