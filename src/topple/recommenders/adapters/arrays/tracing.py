"""A torch module read as steps over arrays, by watching what it does to a history; None for one that does anything else."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from topple.recommenders.adapters.arrays.steps import Step, run

Traced: TypeAlias = tuple[tuple[Step, ...], dict[str, Tensor]]
"""Steps and the arrays that they name."""

EXACT = 1e-9
"""How far the steps may lie from the module in float64, as a share of the largest score."""


class UnreadableError(Exception):
    """The module does something that is not a step."""


def traced(module: nn.Module) -> Traced | None:
    """Return the steps that score histories [N, I] as the module does; None where it does something else than steps.

    Args:
        module: a copy in evaluation mode that is nobody else's; it may be left unusable.
    """
    try:
        return _Reader(fx.symbolic_trace(module)).read()
    except Exception:  # noqa: BLE001 - whatever a stranger's code raises here, the module can still be asked
        return None


def agree(found: Traced, ask: Callable[[Tensor], Tensor], items: int, device: torch.device) -> bool:
    """Say whether steps score some histories as the module does, in float64: nothing, items alone, many, and shares."""
    rows = torch.rand(12, items, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows[:8] = (rows[:8] < min(0.5, 10 / items)).double()
    rows[0], rows[1] = 0, torch.nn.functional.one_hot(torch.tensor(items // 2), items)
    rows = rows.to(device)
    steps, arrays = found
    with torch.no_grad():
        expected = ask(rows)
        scores = run(steps, {name: array.double() for name, array in arrays.items()}, rows)
    if expected.shape != scores.shape or not bool(torch.isfinite(expected).all()):
        return False
    return bool((scores - expected).abs().max() <= EXACT * expected.abs().max().clamp(min=1e-30))


class _Reader:
    """Reads the nodes that the output needs, each once, into steps.

    Args:
        module: traced.
    """

    def __init__(self, module: fx.GraphModule) -> None:
        self._module = module
        self._steps: list[Step] = []
        self._arrays: dict[str, Tensor] = {}
        self._results: dict[fx.Node, int] = {}

    def read(self) -> Traced:
        output = next(node for node in self._module.graph.nodes if node.op == "output").args[0]
        last = self._result(output[0] if isinstance(output, tuple | list) else output)
        if last != len(self._steps):
            raise UnreadableError
        return tuple(self._steps), self._arrays

    def _result(self, node: Any) -> int:
        """Return the number of the step that makes what a node stands for."""
        if not isinstance(node, fx.Node):
            raise UnreadableError
        if node not in self._results:
            self._results[node] = self._read(node)
        return self._results[node]

    def _read(self, node: fx.Node) -> int:
        if node.op == "placeholder":
            return 0
        if node.op == "call_module":
            return self._called(self._module.get_submodule(str(node.target)), str(node.target), node)
        if node.op == "call_function" and node.target in _FUNCTIONS:
            return _FUNCTIONS[node.target](self, node)
        if node.op == "call_method" and str(node.target) in _METHODS:
            return _FUNCTIONS[_METHODS[str(node.target)]](self, node)
        raise UnreadableError

    def _called(self, part: nn.Module, name: str, node: fx.Node) -> int:
        """Return the number of the step that a part of a module is."""
        given = node.args[0]
        if type(part) in _NOTHING:
            return self._result(given)
        if type(part) in _PLAIN:
            return self.step(_PLAIN[type(part)], [given])
        if type(part) is nn.ELU:
            return self.step("elu", [given], numbers=(float(part.alpha),))
        if type(part) is nn.Softmax and part.dim in (1, -1):
            return self.step("softmax", [given])
        if type(part) is nn.Linear:
            return self.step("linear", [given], self._kept(name, weight=part.weight, bias=part.bias))
        if type(part) is nn.LayerNorm and len(part.normalized_shape) == 1:
            kept = self._kept(name, weight=part.weight, bias=part.bias)
            return self.step("layer_norm", [given], kept, (float(part.eps),))
        if type(part) is nn.BatchNorm1d:
            return self.step("scaled", [given], self._kept(name, **_scale_and_shift(part)))
        raise UnreadableError

    def _kept(self, name: str, **arrays: Tensor | None) -> tuple[str, ...]:
        """Keep the arrays that are there and return their names."""
        kept = {f"{name}.{key}": array.detach() for key, array in arrays.items() if array is not None}
        self._arrays |= kept
        return tuple(kept)

    def step(self, do: str, given: list[Any], arrays: tuple[str, ...] = (), numbers: tuple[float, ...] = ()) -> int:
        """Add a step and return the number of what it makes."""
        of = tuple(self._result(part) for part in given)
        self._steps.append(Step(do=do, of=of, arrays=arrays, numbers=numbers))
        return len(self._steps)

    def combined(self, do: str, node: fx.Node) -> int:
        """Add a step that takes two results, or a result and a number."""
        results = [part for part in node.args if isinstance(part, fx.Node)]
        numbers = tuple(float(part) for part in node.args if isinstance(part, int | float))
        if node.kwargs or len(results) + len(numbers) != 2 or not results:
            raise UnreadableError
        return self.step(do, results, numbers=numbers)

    def columns(self, node: fx.Node) -> int:
        """Add a step that picks some columns in a row."""
        rows, columns = _expected(node.args[1], tuple, 2)
        if rows != slice(None) or not isinstance(columns, slice) or columns.step not in (None, 1):
            raise UnreadableError
        first, last = columns.start or 0, _END if columns.stop is None else columns.stop
        if not all(type(end) is int and end >= 0 for end in (first, last)):
            raise UnreadableError
        return self.step("columns", [node.args[0]], numbers=(float(first), float(last)))

    def padded(self, node: fx.Node) -> int:
        """Add a step that adds columns of zeros on both sides."""
        before, after = _expected(node.args[1], tuple | list, 2)
        if (
            len(node.args) > 2
            or not _usual("pad", node.kwargs)
            or not all(type(part) is int and part >= 0 for part in (before, after))
        ):
            raise UnreadableError
        return self.step("pad", [node.args[0]], numbers=(float(before), float(after)))

    def along_rows(self, do: str, node: fx.Node) -> int:
        """Add a step that works on each row by itself."""
        rest = {
            **dict(zip(("p", "dim") if do == "normalize" else ("dim",), node.args[1:], strict=False)),
            **node.kwargs,
        }
        if not _usual(do, rest) or (do == "softmax" and "dim" not in rest):
            raise UnreadableError
        return self.step(do, [node.args[0]])

    def dropped(self, node: fx.Node) -> int:
        """Return what is dropped from, where nothing is."""
        training = node.kwargs.get("training", node.args[2] if len(node.args) > 2 else True)
        if training is not False:
            raise UnreadableError
        return self._result(node.args[0])


def _scale_and_shift(part: nn.BatchNorm1d) -> dict[str, Tensor]:
    """Return what a batch norm does in evaluation mode."""
    if part.running_mean is None or part.running_var is None:
        raise UnreadableError
    scale = (part.running_var.double() + part.eps).rsqrt()
    if part.weight is not None:
        scale = scale * part.weight.detach().double()
    shift = -scale * part.running_mean.double()
    return {"scale": scale, "shift": shift if part.bias is None else shift + part.bias.detach().double()}


def _usual(do: str, options: Mapping[str, Any]) -> bool:
    known = _USUAL[do]
    return all(key in known and value in known[key] for key, value in options.items())


def _expected(given: Any, kind: Any, length: int) -> Any:
    if not isinstance(given, kind) or len(given) != length:
        raise UnreadableError
    return given


_END = 2**53
_USUAL: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "normalize": {"p": (2,), "dim": (1, -1), "eps": (1e-12,), "out": (None,)},
    "softmax": {"dim": (1, -1), "dtype": (None,)},
    "pad": {"mode": ("constant",), "value": (None, 0)},
}
"""The options of an operation with which it is a step."""
_NOTHING = (nn.Dropout, nn.Identity)
_PLAIN: Mapping[type[nn.Module], str] = {
    nn.Tanh: "tanh",
    nn.ReLU: "relu",
    nn.ReLU6: "relu6",
    nn.SiLU: "silu",
    nn.Sigmoid: "sigmoid",
}
_SUMS = (operator.add, torch.add)
_PRODUCTS = (operator.mul, torch.mul)
_FUNCTIONS: Mapping[Any, Callable[[_Reader, fx.Node], int]] = {
    **dict.fromkeys(_SUMS, lambda reader, node: reader.combined("add", node)),
    **dict.fromkeys(_PRODUCTS, lambda reader, node: reader.combined("multiply", node)),
    **dict.fromkeys((torch.tanh, functional.tanh), lambda reader, node: reader.step("tanh", [node.args[0]])),
    **dict.fromkeys((torch.relu, functional.relu), lambda reader, node: reader.step("relu", [node.args[0]])),
    **dict.fromkeys((torch.sigmoid, functional.sigmoid), lambda reader, node: reader.step("sigmoid", [node.args[0]])),
    functional.silu: lambda reader, node: reader.step("silu", [node.args[0]]),
    **dict.fromkeys((torch.softmax, functional.softmax), lambda reader, node: reader.along_rows("softmax", node)),
    functional.normalize: lambda reader, node: reader.along_rows("normalize", node),
    functional.dropout: lambda reader, node: reader.dropped(node),
    functional.pad: lambda reader, node: reader.padded(node),
    operator.getitem: lambda reader, node: reader.columns(node),
}
_METHODS: Mapping[str, Any] = {
    "add": torch.add,
    "mul": torch.mul,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "softmax": torch.softmax,
}
