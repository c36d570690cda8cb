import numpy as np
import pytest
import torch

from topple.errors import ModelFolderError
from topple.scoring.learned.arrays import fitting_arrays, read_arrays, require_arrays
from topple.testing.worlds import catalogue_of

SHAPES = {"items": (3, None), "bias": (3,)}
GOOD = {"bias": [1, 2, 3], "more": "left alone", "items": np.ones((3, 2))}


def test_what_fits_is_copied_in_float32_and_in_the_order_wanted():
    given = GOOD | {"items": np.ones((3, 2), dtype=np.float32)}
    found = read_arrays(given, SHAPES, "mine", catalogue_of(3))
    assert list(found) == ["items", "bias"]
    assert {array.dtype for array in found.values()} == {torch.float32}
    assert found["bias"].tolist() == [1, 2, 3]
    given["items"][0, 0] = 7
    assert found["items"][0, 0] == 1


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"bias": 1}, r"^array 'items' is missing \(found: bias\); mine needs items, bias\. Fit anew"),
        ({}, r"found: none"),
        (
            GOOD | {"items": np.ones((2, 2))},
            r"^array 'items' is float64 of shape \(2, 2\), expected real numbers of shape \(3, any\) for mine with 3 items "
            r"and its settings.* Use the data and the settings it was fitted with",
        ),
        (GOOD | {"items": np.ones((3, 0))}, r"of shape \(3, 0\), expected .* \(3, any\)"),
        (GOOD | {"items": np.ones((3, 2, 1))}, r"of shape \(3, 2, 1\), expected"),
        (GOOD | {"bias": np.ones((3, 1))}, r"'bias' is float64 of shape \(3, 1\), expected .* \(3,\)"),
        (GOOD | {"bias": np.ones(3, dtype=bool)}, "'bias' is bool .* expected real numbers"),
        (GOOD | {"bias": np.full(3, 1j)}, "'bias' is complex128 .* expected real numbers"),
        (GOOD | {"bias": np.array([0, np.nan, 0])}, "^array 'bias' holds NaN or infinite values.* Fit anew"),
        (GOOD | {"bias": np.array([0, -np.inf, 0])}, "'bias' holds NaN or infinite values"),
        (GOOD | {"bias": np.array([0, 1e300, 0])}, "'bias' holds NaN or infinite values"),  # in float32
    ],
)
def test_what_does_not_fit_is_refused_and_told(given, match):
    with pytest.raises(ModelFolderError, match=match):
        read_arrays(given, SHAPES, "mine", catalogue_of(3))


def test_arrays_that_fit_can_be_had_as_they_are():
    given = {"bias": np.array([0, np.inf, 0]), "items": np.ones((3, 2))}
    assert fitting_arrays(given, SHAPES, "mine", catalogue_of(3))["bias"] is given["bias"]


def test_arrays_may_be_required_by_name_alone():
    require_arrays({"a": None, "b": None}, ("b", "a"), "mine")
    with pytest.raises(ModelFolderError, match=r"'c' is missing \(found: a, b\)"):
        require_arrays({"a": None, "b": None}, ("b", "c"), "mine")
