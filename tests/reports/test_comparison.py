from dataclasses import replace

from rich.console import Console

from topple.benchmark.recommenders import Row
from topple.reports.comparison import comparison_markdown, comparison_table, failures

ROWS = [
    Row(
        "ease",
        "native",
        ndcg_100=0.4477,
        test_users=99,
        queries=1500,
        coverage=1.0,
        validity=0.9866,
        pn=1.0,
        mean_size=3.456,
        proven=0.5,
        ms_a_query=12.34,
        fit_seconds=0.26,
    ).as_json(),
    Row("popularity", "native", queries=5, coverage=0.0, validity=0.0, proven=1.0).as_json(),
    Row("a|b", "cornac", reason="no memory").as_json(),
]


def test_markdown_says_every_figure_once_and_the_reasons_below():
    text = comparison_markdown(ROWS, "Title", "Caption.")
    assert text.splitlines() == [
        "## Title",
        "",
        "| recommender | from | NDCG@100 | queries | coverage | validity | PN of found | mean size | proven | ms a query | fit s |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| ease | native | 0.448 | 1,500 | 1.000 | 0.987 | 1.000 | 3.46 | 0.500 | 12.3 | 0.3 |",
        "| popularity | native | - | 5 | 0.000 | 0.000 | - | - | 1.000 | - | - |",
        "| a\\|b | cornac | - | - | - | - | - | - | - | - | - |",
        "",
        "Caption.",
        "",
        "Without figures:",
        "",
        "- a|b: no memory",
    ]
    assert "Without figures" not in comparison_markdown(ROWS[:1], "Title", "Caption.")


def test_the_table_shows_the_same():
    screen = Console(width=160)
    with screen.capture() as captured:
        screen.print(comparison_table(ROWS, "Title", "Caption."))
    text = captured.get()
    for cell in ("PN of found", "0.448", "1,500", "3.46", "12.3", "Caption."):
        assert cell in text
    assert failures(ROWS) == ["a|b: no memory"]


def test_a_mean_over_few_says_how_few():
    row = replace(
        Row("ease", "native", ndcg_100=0.4, test_users=6, pn=1.0, mean_size=2.0), queries=30, coverage=0.4, validity=0.4
    )
    assert (
        "| ease | native | 0.400 (of 6) | 30 | 0.400 | 0.400 | 1.000 (of 12) | 2.00 (of 12) |"
        in comparison_markdown([row.as_json()], "Title", "Caption.")
    )
