import pytest

import topple
from topple import registry
from topple.data.sources import source
from topple.errors import SettingsError, UnknownNameError


@pytest.mark.parametrize("name", registry.names("datasets"))
def test_every_data_set_says_what_it_is_and_who_made_it(name):
    found = source(name)
    assert found.name == name
    assert all([found.title, found.homepage, found.licence, found.citation, found.__doc__])
    assert found.archive is None or found.archive.checksum.partition(":")[0] in ("md5", "sha256")


@pytest.mark.parametrize("typo", ["ml100k", "ML-100K", "ml_100k"])
def test_a_typo_in_the_name_gets_a_hint(typo):
    with pytest.raises(UnknownNameError, match=f"'{typo}' is not one of the datasets: ml-100k, .*generated"):
        topple.load_split(typo)


def test_unknown_options_are_refused_before_any_file_is_looked_for(tmp_path):
    with pytest.raises(SettingsError, match=r"'min_item' is not a setting of Preparation: .*Did you mean 'min_items'"):
        topple.load_split("ml-100k", tmp_path / "absent", min_item=3)
    with pytest.raises(SettingsError, match=r"held_out_share=2"):
        topple.load_split("generated", held_out_share=2)
