"""Any Python callable that scores histories: the adapter for every model that has none of its own."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import RecommenderError, shown
from topple.recommenders.adapters.asking.black_box import Ask, BlackBox
from topple.recommenders.adapters.asking.contexts import Contexts
from topple.recommenders.adapters.catalogues import catalogue_of
from topple.records.question import Request
from topple.scoring.recommender import Capability, Recommender
from topple.types import Id

Form: TypeAlias = Literal["ids", "csr", "dense"]
FORMS: dict[str, Ask] = {
    "ids": lambda asked: asked.lists(),
    "csr": lambda asked: asked.csr(),
    "dense": lambda asked: asked.dense().detach().cpu().numpy(),
}


def wrap(
    model: Callable[[Any], Any],
    items: Catalogue | Vocabulary | Iterable[Id] | None = None,
    *,
    histories: Form = "ids",
    additive: bool = False,
    ordered: bool = False,
    name: str | None = None,
    empty: float | Sequence[float] | None = None,
    missing: float | None = None,
    at_once: int | None = None,
    contexts: Contexts = False,
    times: bool = False,
    weights: bool | None = None,
    probe: Sequence[Sequence[Id] | Request] | None = None,
) -> Recommender:
    """Return a callable, N histories in, scores [N, I] out, as a recommender.

    Args:
        model: the callable. It gets many histories at a time, edited ones and the empty one among them.
        items: the ids of the I items, in the order of the score columns.
        histories: what it takes: "ids" (a list of lists of outside ids), "csr" (a SciPy matrix [N, I], the weight of the item
            where it is in the history, 1 unless given) or "dense" (a NumPy array [N, I]); the arrays are float64 where
            explanations are made.
        additive: whether scores are a sum over the items of the history plus a constant; this is tried out. Single items are then asked
            for once, and propose sets that are settled by asking: fewer questions than without.
        ordered: whether it reads a history as a sequence, oldest item first; histories must be "ids" then.
        name: what to call it; None for "callable:" and the callable's own name.
        empty: scores of the empty history, for a callable that cannot take it.
        missing: the score of items that come back as NaN or minus infinity; None: that is an error.
        at_once: histories of a call at most.
        contexts: whether it is told what a query tells besides the history (user features, time of day, region), as `contexts=`, a
            list of N objects; each query must then have one. True, or a few contexts that the callable is tried out with (a list,
            or a mapping by user); with True it is tried out with None.
        times: whether it takes the times of the events, as `times=`, a list for each history; None where they are not known.
        weights: whether it uses the weights of the events. None: "csr" and "dense" hold them, "ids" does not. True with "ids":
            they come as `weights=`, a list for each history. False: matrices hold ones.
        probe: histories that the scale of the scores is measured with, outside ids, or requests with weights, times or a
            context; None for drawn histories of 10 items without these.

    Raises:
        RecommenderError: the callable cannot score an empty or a short history, or an unknown form.

    Example:
        >>> import numpy as np
        >>> gives = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 1.0], [1.0, 5.0, 0.0]])
        >>> model = wrap(lambda rows: rows @ gives, ["alien", "brazil", "duel"], histories="dense", additive=True)
        >>> from topple import recommend
        >>> [place.item for place in recommend(model, ["alien"], k=1)]
        ['brazil']
    """
    called = name or f"callable:{getattr(model, '__name__', type(model).__name__)}"
    if not isinstance(histories, str) or histories not in FORMS:
        raise RecommenderError(
            f"histories={shown(histories)} is not one of {', '.join(FORMS)}. Choose what {called} takes."
        )
    if not callable(model):
        raise RecommenderError(f"{called} cannot be called. Give a function: N histories in, scores [N, I] out.")
    if ordered and histories != "ids":
        raise RecommenderError(
            f"histories={histories!r} has no order, and ordered=True. Choose histories='ids' for {called}."
        )
    form = FORMS[histories]
    besides: dict[str, Ask] = {}
    if contexts is not False:
        besides["contexts"] = lambda asked: list(asked.contexts) or [None] * len(asked)
    if times:
        besides["times"] = lambda asked: asked.event_times()
    uses_weights = histories != "ids" if weights is None else weights
    if uses_weights and histories == "ids":
        besides["weights"] = lambda asked: asked.event_weights()
    return BlackBox(
        catalogue_of(items, called),
        called,
        lambda asked: model(form(asked), **{name: told(asked) for name, told in besides.items()}),
        capabilities=frozenset(
            capability
            for capability, is_so in ((Capability.ADDITIVE, additive), (Capability.ORDER_AWARE, ordered))
            if is_so
        ),
        empty=empty,
        missing=missing,
        at_once=at_once,
        probe=probe,
        uses_weights=uses_weights,
        contexts=contexts,
    )
