"""Flags go before the environment, and the environment before the file."""

from pathlib import Path

import pytest

from topple.errors import SettingsError
from topple.web.serving import check_open
from topple.web.settings import ServeSettings


@pytest.fixture
def file(tmp_path):
    found = tmp_path / "serve.toml"
    found.write_text('port = 1\nhost = "192.0.2.1"\nnames = ["topple.example.com"]\n')
    return found


def test_flags_go_before_the_environment_and_that_before_the_file(file, monkeypatch):
    assert ServeSettings.read(file).port == 1
    monkeypatch.setenv("TOPPLE_SERVE_PORT", "2")
    assert ServeSettings.read(file).port == 2
    found = ServeSettings.read(file, port=3, queue=None)
    assert (found.port, found.host, found.names, found.queue) == (3, "192.0.2.1", ("topple.example.com",), 256)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("prot = 1", "prot=1.*There are host, port"),
        ("port = 70000", "port=70000"),
        ("port =", "no TOML"),
        ('rate = "fast"', "rate='fast'"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_words(file, content, told):
    file.write_text(content)
    with pytest.raises(SettingsError, match=told):
        ServeSettings.read(file)


def test_a_file_that_is_missing_is_refused():
    with pytest.raises(SettingsError, match="is not a file"):
        ServeSettings.read(Path("nowhere.toml"))


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, False),
        ({"host": "192.0.2.1"}, True),
        ({"host": "192.0.2.1", "open": True}, False),
        ({"host": "192.0.2.1", "keys": Path("k")}, False),
    ],
)
def test_a_service_without_keys_is_reached_from_this_machine_alone_unless_told_otherwise(settings, refused):
    if refused:
        with pytest.raises(SettingsError, match="topple keys add"):
            check_open(ServeSettings(**settings))
    else:
        check_open(ServeSettings(**settings))
