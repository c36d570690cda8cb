from benchmarks import audit


def test_a_small_store_is_measured(tmp_path, capsys):
    audit.main(["--entries", "20", "--folder", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "entries: 20\n" in printed
    assert "nothing wrong: True" in printed
    assert not list(tmp_path.iterdir())
