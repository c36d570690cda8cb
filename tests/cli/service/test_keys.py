"""`topple keys` makes, lists and removes keys."""

from topple.web.guarding.keys import ApiKeys


def test_a_key_is_printed_once_listed_and_removed(topple, tmp_path):
    file = tmp_path / "keys.json"
    made = topple("keys", "add", "shop", "--scope", "explain", "--scope", "audit", "--rate", 5, "--file", file)
    key = made.stdout.splitlines()[0]
    assert ApiKeys(file).find(key).scopes == ("explain", "audit")
    listed = topple("keys", "list", "--file", file).output
    assert "shop" in listed
    assert "explain, audit" in listed
    assert key not in listed
    again = topple("keys", "add", "shop", "--file", file)
    assert (again.exit_code, "has a key shop already" in again.output.replace("\n", " ")) == (2, True)
    assert topple("keys", "remove", "shop", "--file", file).exit_code == 0
    assert ApiKeys(file).find(key) is None


def test_what_is_wrong_is_told(topple, tmp_path):
    file = tmp_path / "keys.json"
    for arguments, told in (
        (["add", "a/b"], "no name of a key"),
        (["add", "shop", "--scope", "root"], "root"),
        (["remove", "shop"], "is not a file"),
        (["list"], "topple keys add"),
    ):
        result = topple("keys", *arguments, "--file", file)
        assert result.exit_code == 2
        assert told in result.output.replace("\n", " ")
