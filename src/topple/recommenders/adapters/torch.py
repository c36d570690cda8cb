"""Any torch module that maps history vectors [N, I] to scores [N, I]."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.adapters.arrays.network import Network
from topple.recommenders.adapters.arrays.steps import NetworkSettings
from topple.recommenders.adapters.arrays.tracing import agree, traced
from topple.recommenders.adapters.asking.black_box import BlackBox
from topple.recommenders.adapters.asking.contexts import Contexts, batched
from topple.recommenders.adapters.asking.copies import scoring_copy, weights_precision
from topple.recommenders.adapters.asking.variations import Variations
from topple.recommenders.adapters.catalogues import catalogue_of
from topple.records.question import Request
from topple.scoring.recommender import Capability, Recommender
from topple.types import Id


def wrap(
    model: nn.Module,
    items: Catalogue | Vocabulary | Iterable[Id] | None = None,
    *,
    differentiable: bool = True,
    additive: bool = False,
    output: Callable[[Any], Tensor] | None = None,
    double: bool = True,
    name: str | None = None,
    empty: float | Sequence[float] | None = None,
    missing: float | None = None,
    at_once: int | None = None,
    probe: Sequence[Sequence[Id] | Request] | None = None,
    uses_weights: bool = True,
    contexts: Contexts = False,
) -> Recommender:
    """Return a torch module as a recommender; what scores is a copy, and the module itself is never called.

    A module of the usual layers is read as steps over arrays, and then stored like a model that was fitted here; any other is
    asked. The copy is made now, in evaluation mode, on the module's device: training that goes on afterwards does not show, so wrap
    again then. Scores are computed in the precision that is asked for: in float64 too, so that a score is the same in any
    batch.

    Args:
        model: the module: `model(rows)` with rows [N, I], the weight of the item where it is in the history, 1 unless given; with
            `contexts` it is `model(rows, contexts)`.
        items: the ids of the I items, in the order of the columns.
        differentiable: whether scores have a gradient in the rows; this is tried out.
        additive: whether scores are a sum over the items of the history plus a constant; this is tried out. Single items are then asked
            for once, and propose sets that are settled by asking: fewer questions than without.
        output: picks the scores from what the module returns; None: the first tensor of a tuple, or the tensor itself.
        double: False to compute in the module's own precision whatever is asked, for one that cannot be run in float64; its
            gradient is then not used.
        name: what to call it; None for "torch:" and its class.
        empty: scores of the empty history, for a module that cannot take it.
        missing: the score of items that come back as NaN or minus infinity; None: that is an error.
        at_once: histories of a call at most.
        probe: histories that the scale of the scores is measured with, outside ids, or requests with weights or a context; None
            for drawn ones of 10 items.
        uses_weights: False for a module that was trained on rows of 0 and 1: it is asked so, whatever weights a history has.
        contexts: a few contexts (a list, or a mapping by user) for a module that is told what a query tells besides the history: user
            features, time of day, region. It is tried out with these, and each query must then have a context of the same form. The
            module gets those of N histories together: numbers, arrays, tensors and lists of numbers as a tensor [N, ...], mappings
            as one mapping of each key to the values of all, anything else as a list of N objects. True where `probe` has them.

    Raises:
        RecommenderError: the module is not one, is spread over devices, or breaks the scoring contract.
        CapabilityError: it has no gradient, or is not additive, though that is said.
    """
    called = name or f"torch:{type(model).__name__}"
    if not isinstance(model, nn.Module):
        raise RecommenderError(f"{called} is not a torch module. Give an nn.Module, or wrap it as 'callable'.")
    device = _device(model, called)
    differentiable = differentiable and double
    capabilities = {Capability.DIFFERENTIABLE} if differentiable else set()
    if additive:
        capabilities.add(Capability.ADDITIVE)
    told = contexts is not False
    ask, catalogue = _Asked(model, output or _first, called, double=double, told=told), catalogue_of(items, called)
    tried: dict[str, Any] = {"capabilities": frozenset(capabilities), "empty": empty, "missing": missing}
    tried |= {"at_once": at_once, "probe": probe}
    found = traced(_Output(scoring_copy(model, called), output or _first)) if double and not told else None
    if found and agree(found, ask.rows, len(catalogue), device):
        recommender: BlackBox = Network(
            catalogue, found[1], NetworkSettings(name=called, steps=found[0], uses_weights=uses_weights), **tried
        )
    else:
        recommender = BlackBox(
            catalogue, called, ask, device=device, uses_weights=uses_weights, contexts=contexts, **tried
        )
    recommender.module = model
    if differentiable:
        _require_gradient(recommender)
    return recommender


def device_of(model: Any) -> torch.device:
    """Return where the weights of a library's network are; where they are on several devices is for the library to say."""
    found: torch.device = next(model.parameters()).device
    return found


class _Output(nn.Module):
    """A module with what picks the scores from its answer."""

    def __init__(self, model: nn.Module, output: Callable[[Any], Tensor]) -> None:
        super().__init__()
        self.model, self._output = model, output

    def forward(self, rows: Tensor) -> Tensor:
        return self._output(self.model(rows))


class _Asked:
    """A copy of a module, asked in the precision of the histories, or in the precision of its weights alone."""

    def __init__(
        self, model: nn.Module, output: Callable[[Any], Tensor], called: str, *, double: bool, told: bool
    ) -> None:
        self._output, self._called, self._double, self._told = output, called, double, told
        self._precision = weights_precision(model)
        precisions = (
            {self._precision}
            if self._precision is None or not double
            else {self._precision, torch.float32, torch.float64}
        )
        self._copies = {precision: scoring_copy(model, called) for precision in precisions}
        for precision, module in self._copies.items():
            module.to(precision)

    def __call__(self, asked: Variations) -> Tensor:
        return self.rows(asked.dense(), asked.contexts if self._told else None)

    def rows(self, rows: Tensor, contexts: Sequence[Any] | None = None) -> Tensor:
        """Return the scores of histories as vectors [N, I]; with contexts, of what the module is told besides each."""
        weights = self._precision or rows.dtype
        precision = rows.dtype if self._double else weights
        given = [rows.to(precision)]
        if contexts is not None:
            given.append(batched(contexts, self._called, precision, rows.device))
        try:
            return self._output(self._copies[self._precision and precision](*given))
        except RuntimeError as error:
            if precision == weights:
                raise
            raise RecommenderError(
                f"{self._called} raised {error} when it was run in {precision}, with weights of {weights}. If it cannot compute "
                "in another precision than its own, give double=False."
            ) from error


def _first(answer: Any) -> Tensor:
    first: Tensor = answer[0] if isinstance(answer, tuple | list) else answer
    return first


def _device(model: nn.Module, called: str) -> torch.device:
    found = {tensor.device for tensor in [*model.parameters(), *model.buffers()]}
    if len(found) > 1 or torch.device("meta") in found:
        raise RecommenderError(
            f"{called} is on {', '.join(sorted(map(str, found)))}: a recommender lives on one device, with its weights there. "
            "Move it with .to(device)."
        )
    return found.pop() if found else torch.device("cpu")


def _require_gradient(recommender: BlackBox) -> None:
    rows = torch.ones(1, len(recommender.catalogue), dtype=torch.float64, device=recommender.device, requires_grad=True)
    items = torch.arange(len(recommender.catalogue), device=recommender.device)[None]
    with torch.enable_grad():
        told = tuple(recommender.findings.probe(recommender).contexts[:1])
        scores = recommender.ask(
            Variations(recommender.catalogue, items, rows, torch.ones_like(rows), rows > 0, contexts=told)
        )
        slope = torch.autograd.grad(scores.sum(), rows, allow_unused=True)[0] if scores.requires_grad else None
    if slope is None or not bool(torch.isfinite(slope).all()):
        raise CapabilityError(
            f"{recommender.name} gives no gradient of its scores in the history (it detaches, or computes outside torch). "
            "Give differentiable=False."
        )
