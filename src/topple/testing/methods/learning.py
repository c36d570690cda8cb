"""Does a method that learns keep the contract: fitted to one recommender, refused with another, the same when read again?"""

import torch

from topple.errors import CapabilityError
from topple.explainers.base import Explainer
from topple.scoring.recommender import Recommender
from topple.testing.rules import nothing_changes, require
from topple.testing.worlds import random_mult_vae, split_for


def fitted_to(method: Explainer, recommender: Recommender) -> Explainer:
    """Return the method fitted to a recommender, as it is read again from its arrays.

    Raises:
        ContractError: fitting changes the recommender, depends on more than the seed, or the arrays do not hold what was learned.
    """
    kind, name, split = type(method), method.name, split_for(recommender)
    _check_refused(kind(method.settings), recommender, "that has learned nothing")
    with nothing_changes(recommender, f"{name}: fit"):
        fitted = kind.fit(recommender, split, method.settings)
    rule = "fit returns a method whose `model` is the identity of the recommender."
    require(fitted.model == recommender.fingerprint, f"{name}: model", fitted.model, rule)
    again = kind.fit(recommender, split, method.settings)
    _check_same(name, fitted, again, "fitting again with the same settings learns the same arrays.")
    arrays = {key: array.detach().cpu().numpy() for key, array in fitted.arrays().items()}
    read = kind.from_arrays(arrays, recommender, method.settings)
    _check_same(name, fitted, read, "from_arrays(arrays()) gives the same arrays.")
    other = random_mult_vae(items=9, seed=3)
    if other.fingerprint != recommender.fingerprint:
        _check_refused(fitted, other, "of another model")
    return read


def _check_refused(method: Explainer, recommender: Recommender, what: str) -> None:
    try:
        method.require(recommender)
    except CapabilityError:
        return
    require(False, f"{method.name}: a method {what}", "accepted", "require(recommender) raises CapabilityError.")


def _check_same(name: str, one: Explainer, other: Explainer, rule: str) -> None:
    there, found = one.arrays(), other.arrays()
    same = there.keys() == found.keys() and all(torch.equal(array, found[key]) for key, array in there.items())
    require(same, f"{name}: arrays", sorted(found), rule)
