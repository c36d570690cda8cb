import warnings

import pytest

from tests.engines.cases import OnEngine
from tests.engines.conftest import needs

pytestmark = needs("ray")


@pytest.fixture(scope="module")
def engine():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray

        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield "ray"
        assert ray.is_initialized(), "a session of the user's is left alone"
        ray.shutdown()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning:ray")
class TestRay(OnEngine):
    pass
