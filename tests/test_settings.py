from typing import ClassVar

import pytest
from pydantic import Field

from topple.errors import SettingsError, ToppleError
from topple.settings import Settings


class Oven(Settings):
    heat: float = Field(default=180.0, gt=0, le=300)
    minutes: int = 20
    presets: ClassVar = {"pizza": {"heat": 250.0}}


def test_defaults_presets_and_values_are_laid_over_each_other():
    assert Oven.parse() == Oven(heat=180, minutes=20)
    assert Oven.parse(preset="pizza") == Oven(heat=250, minutes=20)
    assert Oven.parse({"minutes": 5}, preset="pizza") == Oven(heat=250, minutes=5)
    assert Oven.parse({"heat": 10}, preset="pizza").heat == 10


def test_text_of_a_command_line_is_read_as_the_number_it_is():
    assert Oven.parse({"heat": "220.5", "minutes": "3"}) == Oven(heat=220.5, minutes=3)


@pytest.mark.parametrize("build", [Oven.parse, lambda values: Oven(**values)], ids=["parse", "constructor"])
class TestRefusals:
    def test_unknown_key_names_the_known_ones_and_the_nearest(self, build):
        with pytest.raises(
            SettingsError, match=r"'minute' is not a setting of Oven: heat, minutes\. Did you mean 'minutes'"
        ):
            build({"minute": 3})

    def test_unknown_key_that_is_like_none_has_no_hint(self, build):
        with pytest.raises(SettingsError, match=r"'zzz' is not a setting of Oven: heat, minutes\.$"):
            build({"zzz": 3})

    def test_value_out_of_range_names_the_value_and_the_rule(self, build):
        with pytest.raises(SettingsError, match=r"heat=500: .*less than or equal to 300.*Oven"):
            build({"heat": 500})

    def test_value_of_the_wrong_type_names_the_value(self, build):
        with pytest.raises(SettingsError, match=r"minutes='soon': .*valid integer"):
            build({"minutes": "soon"})


def test_unknown_preset_names_the_presets():
    with pytest.raises(SettingsError, match=r"preset='bread' is not one of Oven's presets: pizza"):
        Oven.parse(preset="bread")
    with pytest.raises(SettingsError, match=r"presets: none"):
        Settings.parse(preset="bread")


def test_settings_are_frozen():
    with pytest.raises(ValueError, match=r"frozen"):
        Oven().heat = 3.0
    assert issubclass(SettingsError, ToppleError)
