"""Does an explainer keep its contract: one claimed set a query, from the removable items, whatever else is asked?"""

from collections.abc import Sequence
from itertools import chain, combinations

import torch

from topple.errors import CapabilityError
from topple.explainers.base import Explainer, Proposals
from topple.records.answer import Query, Status
from topple.scoring.encoding import encode
from topple.scoring.recommender import Recommender
from topple.settings import Settings
from topple.testing.rules import nothing_changes, require
from topple.testing.worlds import World, worlds
from topple.types import Id
from topple.verification.verify import verify

Answer = tuple[Status, tuple[Id, ...]]


def check_explainer(explainer: type[Explainer] | Explainer, among: Sequence[World] | None = None) -> None:
    """Check an explainer on small worlds; it must refuse those whose recommender lacks what it needs.

    Args:
        explainer: an explainer, or a class to be made with its default settings.
        among: the worlds; None for `worlds()`.

    Raises:
        ContractError: the first rule that is broken, with the value that breaks it.

    Example:
        >>> from topple.explainers.lcer import Lcer, LcerSettings
        >>> check_explainer(Lcer(LcerSettings(steps=20)))
    """
    method = explainer() if isinstance(explainer, type) else explainer
    name = getattr(method, "name", None)
    require(isinstance(name, str) and name, "name", repr(name), "an explainer has a name.")
    its_settings = method.settings
    kind = f"settings are a {method.settings_type.__name__}."
    require(isinstance(its_settings, Settings), f"{name}: settings", repr(its_settings), kind)
    require(isinstance(its_settings, method.settings_type), f"{name}: settings", repr(its_settings), kind)
    fitting = 0
    for world in among if among is not None else worlds():
        if method.needs <= world.recommender.capabilities:
            fitting += 1
            with nothing_changes(world.recommender, f"{name}: explaining"):
                _check_world(method, world)
        else:
            _check_refusal(method, world.recommender)
    rule = "at least one of the worlds has what the explainer needs; pass such a world as `among`."
    require(fitting, f"{name}: needs", ", ".join(sorted(method.needs)), rule)


def _check_refusal(method: Explainer, recommender: Recommender) -> None:
    rule = "require(recommender) raises CapabilityError when a capability is missing."
    try:
        method.require(recommender)
    except CapabilityError:
        return
    require(False, f"{method.name}: a recommender without {', '.join(sorted(method.needs))}", "accepted", rule)


def _check_world(method: Explainer, world: World) -> None:
    queries = list(world.queries)
    together = _ask(method, world.recommender, queries)
    rule = "the same query gets the same answer alone, in any batch and in any order."
    turned = _ask(method, world.recommender, queries[::-1])[::-1]
    alone = list(chain.from_iterable(_ask(method, world.recommender, [query]) for query in queries))
    for how, answers in (("in reverse order", turned), ("alone", alone)):
        for number, (answer, expected) in enumerate(zip(answers, together, strict=True)):
            value = f"{answer} {how}, {expected} in the batch"
            require(answer == expected, f"{method.name}: query {number} on {world.recommender.name}", value, rule)
    for query, (status, _) in zip(queries, together, strict=True):
        if status is Status.IMPOSSIBLE:
            _check_impossible(method, world.recommender, query)


def _ask(method: Explainer, recommender: Recommender, queries: Sequence[Query]) -> list[Answer]:
    """Ask queries together, check the form of the proposals, and return the answers in outside ids."""
    encoded = encode(queries, recommender.catalogue, device=recommender.device)
    done: list[float] = []
    proposals = method.propose(recommender, encoded, done.append)
    _check_form(method, proposals, tuple(encoded.protected.shape))
    reported = sum(done)
    rule = f"progress adds up to the {len(queries)} queries, if any is reported."
    require(not done or abs(reported - len(queries)) < 1e-6, f"{method.name}: progress", reported, rule)
    stray = (proposals.removed.cpu() & ~encoded.removable.cpu()).nonzero()
    rule = "only items of the history that are not protected can be removed; padding never."
    require(not len(stray), f"{method.name}: removed places (query, place)", stray.tolist(), rule)
    return [
        (status, tuple(item for item, gone in zip(query.history, removed, strict=False) if gone))
        for query, status, removed in zip(queries, proposals.status, proposals.removed.tolist(), strict=True)
    ]


def _check_form(method: Explainer, proposals: Proposals, shape: tuple[int, ...]) -> None:
    name, removed = method.name, proposals.removed
    value = f"{removed.dtype} {tuple(removed.shape)}"
    good = removed.dtype is torch.bool and tuple(removed.shape) == shape
    require(good, f"{name}: removed", value, f"bool, one row a query and one column a place: {shape}.")
    rule = "one status a query; `invalid` is not an explainer's to say."
    good = len(proposals.status) == shape[0] and Status.INVALID not in proposals.status
    require(good, f"{name}: status", proposals.status, rule)
    for status, some in zip(proposals.status, removed.any(1).tolist(), strict=True):
        value = f"{status} with {'a' if some else 'no'} set"
        require(
            (status is Status.FOUND) == some, f"{name}: status", value, "a set goes with `found`, and only with it."
        )
    rule = "one cost a query, in scored histories, at least 1."
    good = tuple(proposals.cost.shape) == shape[:1] and bool((proposals.cost >= 1).all())
    require(good, f"{name}: cost", proposals.cost.tolist(), rule)


def _check_impossible(method: Explainer, recommender: Recommender, query: Query) -> None:
    """Try every set of a short history."""
    free = [item for item in query.history if item not in query.protected]
    if len(free) > 8:
        return
    sets = [list(some) for size in range(1, len(free) + 1) for some in combinations(free, size)]
    verdicts = verify(recommender, [query] * len(sets), sets)
    true = [list(named) for named, verdict in zip(sets, verdicts, strict=True) if verdict.necessary]
    rule = "`impossible` is said only where no set of removable items topples the target."
    require(not true, f"{method.name}: impossible for {query.target!r}", f"{true[:1]} topples it", rule)
