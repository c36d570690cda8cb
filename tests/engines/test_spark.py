import os
import sys
import warnings

import pytest

from tests.engines.cases import OnEngine
from tests.engines.conftest import needs

pytestmark = needs("pyspark")


@pytest.fixture(scope="module")
def engine():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession

        os.environ["PYSPARK_PYTHON"] = sys.executable
        session = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false").getOrCreate()
    yield "spark"
    assert session.range(3).count() == 3, "a session of the user's is left alone"
    session.stop()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestSpark(OnEngine):
    pass
