import importlib
from importlib.metadata import EntryPoint

import pytest

from topple import registry
from topple.errors import UnknownNameError

ROWS = [(kind, name) for kind, rows in registry.BUILT_IN.items() if kind != "adapters" for name in rows]


@pytest.fixture
def installed(monkeypatch):
    """Pretend that another package is installed with these entry points."""

    def install(*points):
        registry.rows.cache_clear()
        monkeypatch.setattr(registry, "entry_points", lambda group: [p for p in points if p.group == group])

    yield install
    monkeypatch.undo()
    registry.rows.cache_clear()


@pytest.mark.parametrize(("kind", "name"), ROWS, ids=[f"{kind}-{name}" for kind, name in ROWS])
def test_every_built_in_row_loads_a_class_of_that_name(kind, name):
    found = registry.load(kind, name)
    assert (found.__module__.rpartition(".")[2] if kind == "executors" else found.name) == name


@pytest.mark.parametrize("name", registry.names("adapters"))
def test_every_adapter_loads_without_its_library(name):
    found = registry.load("adapters", name)
    assert found.__name__ == "wrap"
    assert found.__doc__


def test_names_come_in_the_order_of_the_registry():
    assert registry.names("datasets") == tuple(registry.BUILT_IN["datasets"])


def test_a_typo_names_the_rows_and_the_nearest():
    with pytest.raises(
        UnknownNameError, match=r"'ml100k' is not one of the datasets: ml-100k, ml-1m.*Did you mean 'ml-100k'\?"
    ):
        registry.load("datasets", "ml100k")


def test_a_name_like_no_other_has_no_hint():
    with pytest.raises(UnknownNameError) as raised:
        registry.load("datasets", "???")
    assert "Did you mean" not in str(raised.value)


def test_a_name_of_another_kind_is_unknown():
    with pytest.raises(UnknownNameError, match=r"'lcer' is not one of the recommenders"):
        registry.load("recommenders", "lcer")


def test_another_package_adds_a_row(installed):
    installed(EntryPoint("mine", "fractions:Fraction", "topple.metrics"))
    assert registry.names("metrics")[-1] == "mine"
    assert registry.load("metrics", "mine") is importlib.import_module("fractions").Fraction
    assert "mine" not in registry.names("datasets")


def test_another_package_never_overrides_a_built_in_row(installed):
    before = registry.BUILT_IN["datasets"]["ml-100k"]
    installed(EntryPoint("ml-100k", "fractions:Fraction", "topple.datasets"))
    assert registry.rows("datasets")["ml-100k"] == before


def test_a_broken_entry_point_of_another_package_is_named_and_stops_no_menu(monkeypatch):
    from topple.api.faces.menus import explainer_menu

    monkeypatch.setattr(registry, "rows", lambda kind: {**registry.BUILT_IN[kind], "gone": "their_package.none:Gone"})
    with pytest.raises(
        UnknownNameError, match=r"'gone' of the explainers is an entry point of another package.*topple doctor"
    ):
        registry.load("explainers", "gone")
    assert "gone" not in registry.loaded("explainers")
    assert [choice.explainer for choice in explainer_menu()] == list(registry.BUILT_IN["explainers"])
