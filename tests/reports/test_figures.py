import logging

from matplotlib import font_manager

from topple.reports import figures


def test_the_usual_font_is_enough_for_its_letters():
    assert figures.fonts_for("Amélie – Жизнь, Ελλάδα\n") == [figures.USUAL]


def test_letters_that_it_lacks_take_the_font_that_has_most_of_them(monkeypatch, caplog):
    have = {"few": frozenset({ord("千")}), "most": frozenset({ord("千"), ord("と")})}
    usual = font_manager.findfont(figures.USUAL)
    monkeypatch.setattr(
        figures, "_letters", lambda path: have.get(path, frozenset(range(128)) if path == usual else frozenset())
    )
    fonts = [font_manager.FontEntry(fname=name, name=name) for name in have]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)
    figures._fonts.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert figures.fonts_for("千と A") == [figures.USUAL, "most"]
            assert not caplog.records
            assert figures.fonts_for("千と 尋") == [figures.USUAL, "most"]
        assert "1 of them are drawn as boxes: install one" in caplog.text
    finally:
        figures._fonts.cache_clear()


def test_letters_of_no_font_are_boxes_without_a_warning():
    figure = figures.Picture()
    assert figure.width("\U0010fffd", size=10) > 0
    figure.text(0, 0, "\U0010fffd")
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_file_that_is_no_font_has_no_letters(tmp_path):
    (tmp_path / "a.ttf").write_bytes(b"no font")
    assert figures._letters(str(tmp_path / "a.ttf")) == frozenset()
    assert figures._letters(str(tmp_path / "none.ttf")) == frozenset()
