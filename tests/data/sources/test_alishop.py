import numpy as np
import pyarrow as pa
import pytest

import topple
from topple.data.sources import source
from topple.errors import DataError, DataNotFoundError, SettingsError


@pytest.fixture
def split():
    random = np.random.default_rng(0)
    rows = [(u, int(i)) for u in range(20) for i in random.choice(15, size=6, replace=False)]
    table = pa.table({"user": [u for u, _ in rows], "item": [f"product-{i}" for _, i in rows]})
    return topple.prepare(topple.read_interactions(table))


def test_a_published_folder_is_a_split(tmp_path, split):
    topple.write_split(split, tmp_path / "alishop")
    (tmp_path / "alishop" / "split.json").unlink()
    for folder in (tmp_path, tmp_path / "alishop"):
        found = topple.load_split("alishop", folder)
        assert found.name == "alishop"
        assert found.describe() == {**split.describe(), "name": "alishop"}
        assert found.histories() == split.histories()


def test_it_takes_no_options(tmp_path):
    with pytest.raises(SettingsError, match=r"seed, min_items: Alishop-7C comes already split, nothing can be set"):
        topple.load_split("alishop", tmp_path, seed=3, min_items=2)


def test_it_has_no_table_of_interactions(tmp_path, split):
    topple.write_split(split, tmp_path)
    with pytest.raises(DataError, match=r"comes already split: call `split`"):
        source("alishop").load(tmp_path)


def test_a_missing_file_is_named_with_where_to_get_it(tmp_path, split):
    topple.write_split(split, tmp_path)
    (tmp_path / "test_te.csv").unlink()
    with pytest.raises(
        DataNotFoundError, match=r"does not hold test_te\.csv, which Alishop-7C needs\. .* from https://jianxinma"
    ):
        topple.load_split("alishop", tmp_path)
