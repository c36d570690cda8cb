import sys
from dataclasses import replace

import pytest

from topple import Explanation, Goal, Proof, Query, Status
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import CapabilityError, OutputExistsError, SettingsError
from topple.reports.pictures import LONGEST_TITLE, check_picture, explanation_figure, write_picture

IDS = ["target", "one", "two", "stays", "new", "gone"]
CATALOGUE = Catalogue(Vocabulary(IDS), tuple(f"Film {name}" for name in IDS))
LISTS = (("target", "stays", "gone"), ("stays", "new", "two"))
QUERY = Query(("one", "two"), "target", k=3)
FOUND = Explanation(
    QUERY, Status.FOUND, ("one",), (0,), ("new",), rank_before=1, rank_after=9, proof=Proof.MINIMUM, at_least=1.0
)


def texts(figure):
    (axes,) = figure.axes
    return [text.get_text() for text in axes.texts]


def extents(figure):
    """Return the boxes of all texts, and of the figure, in pixels."""
    figure.canvas.draw()
    (axes,) = figure.axes
    return [text.get_window_extent() for text in axes.texts if text.get_text()], figure.bbox


def test_the_picture_says_the_sentence_both_lists_and_the_ranks_that_are_left_out():
    drawn = texts(explanation_figure(FOUND, CATALOGUE, LISTS))
    whole = " ".join(drawn)
    assert "You are recommended “Film target” (1) because you liked “Film one”." in whole
    assert "top 3 today" in drawn
    assert "top 3 without it" in drawn
    assert drawn[drawn.index("⋮") + 1] == "ranks 4 to 8 are not shown"
    assert drawn[drawn.index("9") + 1] == "Film target"
    assert drawn.count("Film target") == 2


def test_the_next_rank_leaves_nothing_out_and_one_rank_is_said_so():
    assert "⋮" not in texts(explanation_figure(replace(FOUND, rank_after=4), CATALOGUE, LISTS))
    assert "rank 4 is not shown" in texts(explanation_figure(replace(FOUND, rank_after=5), CATALOGUE, LISTS))


def test_the_legend_names_the_lines_that_are_drawn():
    legend = ["the recommendation", "leaves the list", "enters the list", "stays in the list"]
    assert texts(explanation_figure(FOUND, CATALOGUE, LISTS))[-4:] == legend
    few = explanation_figure(replace(FOUND, rank_after=2), CATALOGUE, (("target",), ("new",)))
    assert texts(few)[-2:] == ["the recommendation", "enters the list"]


def test_lines_are_told_apart_without_colours():
    (axes,) = explanation_figure(FOUND, CATALOGUE, LISTS).axes
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker(), line.get_linewidth()) for line in axes.lines}
    assert len(looks) == 4
    assert len({look[1:] for look in looks}) == 4


@pytest.mark.parametrize(
    "title", ["Film", "A film with quite a long title, for a film", "x" * 300, "W" * LONGEST_TITLE]
)
@pytest.mark.parametrize("goal", list(Goal))
def test_texts_fill_the_picture_and_do_not_leave_it_or_overlap(title, goal):
    catalogue = Catalogue(CATALOGUE.vocabulary, tuple(f"{title} {number}"[-300:] for number in range(len(IDS))))
    one = replace(FOUND, query=replace(QUERY, goal=goal), rank_alone=2)
    boxes, page = extents(explanation_figure(one, catalogue, LISTS))
    assert min(box.x0 for box in boxes) >= 0
    assert min(box.y0 for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= page.x1
    assert max(box.y1 for box in boxes) <= page.y1
    assert max(box.x1 for box in boxes) - min(box.x0 for box in boxes) > 0.8 * page.width
    assert max(box.y1 for box in boxes) - min(box.y0 for box in boxes) > 0.75 * page.height
    for number, box in enumerate(boxes):
        assert not any(box.shrunk(0.9, 0.9).overlaps(other.shrunk(0.9, 0.9)) for other in boxes[number + 1 :])


def test_without_a_set_the_list_stands_alone():
    one = replace(FOUND, status=Status.IMPOSSIBLE, items=(), proof=None, reason="proven: no set does it")
    drawn = texts(explanation_figure(one, CATALOGUE, (LISTS[0], ())))
    assert "top 3 today" in drawn
    assert not any("without it" in text and text.startswith("top") for text in drawn)
    assert "enters the list" not in drawn


def test_a_refuted_set_is_drawn_with_the_target_still_listed():
    one = replace(FOUND, proof=None, rank_after=2)
    whole = " ".join(texts(explanation_figure(one, CATALOGUE, (LISTS[0], ("stays", "target", "new")))))
    assert "but that is not the reason" in whole
    assert "⋮" not in whole


def test_it_speaks_german():
    drawn = texts(explanation_figure(FOUND, CATALOGUE, LISTS, because="bought", language="de"))
    assert "Ihnen wird „Film target“ (1) empfohlen" in " ".join(drawn)
    assert "kommt in die Liste" in drawn
    with pytest.raises(SettingsError, match="language='fr' is not one of"):
        explanation_figure(FOUND, CATALOGUE, LISTS, language="fr")


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_it_is_written_to_a_file_that_is_not_replaced(tmp_path, suffix):
    figure = explanation_figure(FOUND, CATALOGUE, LISTS)
    write_picture(figure, tmp_path / f"why.{suffix}")
    assert (tmp_path / f"why.{suffix}").stat().st_size > 1000
    with pytest.raises(OutputExistsError, match="exists and is left as it is"):
        write_picture(figure, tmp_path / f"why.{suffix}")
    write_picture(figure, tmp_path / f"why.{suffix}", overwrite=True)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"the suffix must be one of .png, .svg, .pdf. Name it so."):
        check_picture(tmp_path / "why.gif")


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(CapabilityError, match=r"pip install 'topple-recsys\[pictures\]', or"):
        explanation_figure(FOUND, CATALOGUE, LISTS)


@pytest.mark.parametrize(
    "title",
    [
        "千と千尋の神隠し \U0001f3ac",
        "Ca$h and $tuff",
        "$5 a Day for $9.99 %",
        "$x_{1 and $",
        "\x1b[31m a\nb",
        "$\\frac{",
        "",
    ],
)
def test_a_title_is_text_and_no_mathematics(tmp_path, title):
    catalogue = Catalogue(CATALOGUE.vocabulary, (title,) * len(IDS))
    write_picture(explanation_figure(FOUND, catalogue, LISTS), tmp_path / "why.svg")
    assert (tmp_path / "why.svg").stat().st_size > 1000


def test_attributions_are_bars_of_which_those_below_0_are_hollow_and_point_the_other_way():
    told = replace(FOUND, attributions=(0.5, -0.25))
    figure = explanation_figure(told, CATALOGUE, LISTS)
    (axes,) = figure.axes
    above, below = axes.patches
    assert above.get_width() == pytest.approx(-2 * below.get_width())
    assert above.get_width() > 0
    assert above.get_facecolor()[3] == 1
    assert below.get_facecolor()[3] == 0
    assert texts(figure)[-5:] == ["What each event counts for", "Film one", "0.5", "Film two", "-0.25"]
    boxes, whole = extents(figure)
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1 for box in boxes)
    assert not explanation_figure(FOUND, CATALOGUE, LISTS).axes[0].patches
