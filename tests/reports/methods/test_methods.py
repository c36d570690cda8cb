import csv
import io

import pytest
from rich.console import Console

from topple.errors import SettingsError, UnknownNameError
from topple.reports.methods.content import failures, notes, number, parts_of
from topple.reports.methods.differences import about_tests, chance, differences
from topple.reports.methods.plots import draw_methods
from topple.reports.methods.texts import comma_separated, latex, markdown, records_of, terminal

NOTHING = {"value": None, "spread": None, "denominator": 0, "of": "queries"}


def mean(value, spread=None, denominator=100, of="queries"):
    return {"value": value, "spread": spread, "denominator": denominator, "of": of}


def row(method, **given):
    found = {
        "model": "ease",
        "method": method,
        "seeds": [0, 1],
        "draws": True,
        "queries": 100,
        "invalid": 0,
        "measured": {
            "coverage": mean(0.8),
            "validity": mean(0.75, 0.012),
            "mean_size": mean(3.456, 0.02, 80, "found sets"),
        },
        "proven": mean(0.5),
        "claimed": mean(0.0),
        "scored": mean(1234.5),
        "milliseconds": mean(12.34),
        "fit_seconds": NOTHING,
        "reason": "",
    }
    return found | given


ABOUT = {
    "k": 5, "people": 20, "name": "films", "rule": "unseen_before", "seeds": [0, 1], "budget": {"scored": None, "seconds": None},
}  # fmt: skip
ATTRIBUTED = row("lime", measured=row("")["measured"] | {"pos": mean(0.25, denominator=90, of="attributions")})
FAILED = row("exact", seeds=[], queries=0, measured={}, reason="exact needs | an additive\nmodel", **dict.fromkeys(
    ("proven", "claimed", "scored", "milliseconds"), NOTHING))  # fmt: skip
TEST = {
    "model": "ease", "metric": "validity", "first": "auto", "second": "lime", "queries": 100, "users": 20, "mean_first": 0.75,
    "mean_second": 0.7, "difference": 0.05, "low": -0.012, "high": 0.1, "p": 0.02, "level": 0.95, "holm": 0.04,
    "mcnemar": {"only_first": 8, "only_second": 2, "p": 0.109, "holm": None},
}  # fmt: skip


def test_cells_are_means_with_the_spread_and_what_they_are_of():
    sets, numbers = parts_of([row("auto"), ATTRIBUTED])
    told = "method seeds queries found validity_↑ PN_↑ PS_↑ mean_size_↓ minimal_↑ proven scored ms"
    assert sets.headings == tuple(name.replace("_", " ") for name in told.split())
    assert sets.rows[0] == (
        "auto",
        "2",
        "100",
        "80",
        "0.750 ± 0.012",
        "-",
        "-",
        "3.46 ± 0.02",
        "-",
        "0.500",
        "1,234",
        "12.3",
    )
    assert numbers.rows == (("auto", "2", "100", *["-"] * 6), ("lime", "2", "100", "0.250 (of 90)", *["-"] * 5))


def test_models_fits_and_claims_have_columns_where_there_are_several_or_some():
    sets = parts_of([row("auto"), row("lxr", model="vae", fit_seconds=mean(80.0, 2.0), claimed=mean(0.1))])[0]
    assert sets.headings[:2] == ("model", "method")
    assert sets.headings[-4:] == ("claimed", "scored", "ms", "fit s")
    assert sets.rows[1][-1] == "80.0 ± 2.0"


def test_metrics_are_chosen_by_name():
    sets, numbers = parts_of([ATTRIBUTED], ["coverage", "pos"])
    assert sets.headings[4:5] == ("coverage ↑",)
    assert numbers.headings[3:] == ("POS@K ↓",)
    with pytest.raises(UnknownNameError, match="'size' is not one of the metrics: coverage"):
        parts_of([ATTRIBUTED], ["size"])


def test_the_lines_below_say_what_every_number_is_of():
    first, of, spread, times = notes([row("auto"), ATTRIBUTED], ABOUT | {"budget": {"scored": 500}})
    assert first == "The top 5 of 20 users of films; rule unseen_before, seeds 0, 1; at most 500 scored."
    assert of == "Means of queries: validity; of found sets: mean size; of attributions: POS@K."
    assert "standard deviation over the seeds" in spread
    assert "with verification" in times
    assert "in no denominator: 3 of auto on ease" in notes([row("auto", invalid=3)], ABOUT)[-1]


def test_what_failed_has_no_figures_and_a_reason():
    assert parts_of([FAILED])[0].rows[0][1:] == ("-",) * 11
    assert failures([row("auto"), FAILED]) == ["exact on ease: exact needs | an additive\nmodel"]
    assert "- exact on ease: exact needs | an additive model" in markdown(parts_of([FAILED]), [], failures([FAILED]))


def test_names_of_users_break_no_format():
    odd = row("50%_a|b\\c & $x$ \x1b[31m")
    told = markdown(parts_of([odd]), [])
    assert "| 50%_a\\|b\\\\c & $x$ \\\\x1b[31m |" in told
    assert r"50\%\_a|b\textbackslash{}c \& \$x\$ \textbackslash{}x1b[31m &" in latex(parts_of([odd]), [])
    lines = list(csv.reader(io.StringIO(comma_separated(records_of([odd, FAILED])))))
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
    assert "\x1b" not in str(lines)


def test_latex_has_rules_and_no_bare_signs():
    told = latex(parts_of([row("auto")]), ["5 % of"])
    assert told.startswith("% 5 % of\n\\begin{table}")
    assert r"validity $\uparrow$" in told
    assert r"0.750 $\pm$ 0.012" in told
    assert told.count(r"\toprule") == told.count(r"\bottomrule") == 1


def test_csv_has_every_number_with_spread_and_denominator():
    found = next(csv.DictReader(io.StringIO(comma_separated(records_of([row("auto")])))))
    assert (found["mean_size"], found["mean_size_spread"], found["mean_size_of"]) == ("3.456", "0.02", "80")
    assert (found["seeds"], found["draws"], found["fit_seconds"], found["reason"]) == ("0 1", "True", "", "")


def test_a_terminal_shows_titles_as_they_are():
    console = Console(width=200, record=True, file=io.StringIO())
    for table in terminal(parts_of([row("[red]auto")]), ["a note"]):
        console.print(table)
    text = console.export_text()
    assert "[red]auto" in text
    assert "a note" in text


def test_differences_are_told_with_interval_and_chances():
    part = differences([TEST, TEST | {"metric": "mean_size", "low": None, "mcnemar": None, "holm": None}])
    assert part.rows[0][:6] == ("validity", "auto", "lime", "0.750, 0.700", "+0.050", "-0.012 to +0.100")
    assert part.rows[0][6:] == ("100", "20", "0.040", "8 : 2", "0.109")
    assert part.rows[1][4:6] == ("+0.05", "-")
    assert part.rows[1][-3:] == ("0.020", "-", "-")
    first, second = about_tests([TEST, TEST], [7, 8])
    assert "corrected by Holm for 2 tests" in first
    assert "of the queries of seed 7" in second
    assert about_tests([], [0]) == []
    assert chance(0.0004) == "< 0.001"
    assert number(NOTHING, 3) == "-"


CURVE = {("ease", "lime"): [1 - point / 10 for point in range(11)]}


def test_pictures_have_a_point_or_a_curve_a_method():
    figure = draw_methods([row("auto"), ATTRIBUTED, FAILED], CURVE)
    size, deletion, cost = figure.axes
    for axes, labels in ((size, ["auto", "lime"]), (deletion, ["lime"]), (cost, ["auto (1,234)", "lime (1,234)"])):
        assert [text.get_text() for text in axes.get_legend().get_texts()] == labels
    line = deletion.lines[0]
    assert list(line.get_ydata()) == CURVE["ease", "lime"]
    assert line.get_xdata()[-1] == 1
    assert "mean size" in size.get_xlabel()


def test_pictures_of_one_kind(tmp_path):
    assert len(draw_methods([row("auto")], {}).axes) == 2
    figure = draw_methods([row("$a_b"), row("auto", model="vae")], {}, "size")
    figure.savefig(tmp_path / "size.png")
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [r"\$a_b, ease", "auto, vae"]
    with pytest.raises(SettingsError, match="kind='pie' is not one of size, deletion, cost, all"):
        draw_methods([row("auto")], {}, "pie")
    with pytest.raises(SettingsError, match=r"there is no deletion curve. Draw size or cost"):
        draw_methods([row("auto")], {}, "deletion")
