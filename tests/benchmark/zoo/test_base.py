import logging
import warnings

from topple.benchmark.zoo.base import factors, quiet
from topple.testing import tiny_split


def test_a_factor_model_has_fewer_dimensions_than_users_or_items():
    split = tiny_split()
    assert factors(split, 3) == 3
    assert factors(split, 10_000) == min(split.train.shape) - 1


def test_a_library_is_quiet_for_as_long_as_it_is_told(caplog):
    log = logging.getLogger("some.library")
    with warnings.catch_warnings(record=True) as caught:
        with quiet("some.library"):
            log.warning("advice")
            warnings.warn("advice", stacklevel=1)
        log.warning("afterwards")
    assert not caught
    assert caplog.messages == ["afterwards"]
