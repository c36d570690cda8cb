"""Has every event a number, and the same number alone and among others?"""

import torch
from torch import Tensor

from topple.explainers.base import Explainer
from topple.records.claims import Claims
from topple.scoring.encoding import EncodedQueries
from topple.testing.rules import require

NEAR = 1e-6
"""How far numbers of a query may lie apart in different batches, as a share of the largest of them."""


def check_attributions(method: Explainer, claims: Claims, queries: EncodedQueries, *, limited: bool) -> None:
    """Check that a method that declares attributions gives a number for each event and none for padding, and another method none.

    Args:
        method: the explainer.
        claims: what it claims of N queries.
        queries: the queries.
        limited: whether a budget may have ended the work before the numbers were known.

    Raises:
        ContractError: it does not.
    """
    name, given = (
        method.name,
        (("attributions", claims.attributions), ("attribution_errors", claims.attribution_errors)),
    )
    present = queries.histories.present[queries.row]  # [N, H]
    for what, numbers in given:
        if numbers is None:
            rule = "a method whose `attributes` is True claims attributions."
            require(not method.attributes or what != "attributions", f"{name}: {what}", None, rule)
            continue
        require(
            method.attributes, f"{name}: {what}", "given", "a method that gives numbers declares `attributes = True`."
        )
        value = f"{numbers.dtype} {tuple(numbers.shape)}"
        good = numbers.is_floating_point() and numbers.shape == present.shape
        require(good, f"{name}: {what}", value, f"a float for each query and position: {tuple(present.shape)}.")
        known = ~numbers.isnan()
        stray = int((known & ~present).sum())
        require(not stray, f"{name}: {what}", f"{stray} numbers at padding", "padding has NaN.")
        begun = known.any(1, keepdim=True) if limited else torch.ones_like(known[:, :1])
        lacking = int((present & begun & ~known).sum())
        require(
            not lacking,
            f"{name}: {what}",
            f"{lacking} events without",
            "all events of a query have a number, or none has.",
        )
        below = what == "attribution_errors" and bool((numbers < 0).any())
        require(not below, f"{name}: {what}", "below 0", "an error is 0 or more.")


def check_same_attributions(method: Explainer, how: str, found: Tensor | None, expected: Tensor | None) -> None:
    """Check that the numbers of a query [H] are those that it had in another batch, which may be padded otherwise.

    Raises:
        ContractError: they are not.
    """
    if found is None or expected is None:
        return
    one, other = (numbers[: int((~numbers.isnan()).sum())] for numbers in (found, expected))
    far = 0.0 if one.equal(other) else float((one - other).abs().max() if one.shape == other.shape else torch.inf)
    largest = float(other[other.isfinite()].abs().max()) if other.isfinite().any() else 0.0
    rule = "the same query gets the same numbers alone, in any batch and in any order."
    require(far <= NEAR * largest, f"{method.name}: attributions {how}", f"{one.tolist()} for {other.tolist()}", rule)
