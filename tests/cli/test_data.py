import json

import pytest

NAMED = ("--user-column", "Kunde", "--item-column", "Ware", "--rating-column", "Sterne", "--time-column", "Tag")
WRITTEN = ("--separator", ";", "--encoding", "latin-1", "--title-column", "Name")
MENDED = ("--drop-missing", "--duplicates", "last")


@pytest.fixture
def messy(tmp_path):
    """A table with Latin-1 titles, ids of texts and numbers, three ways of dates, holes and repeats."""
    days = "2024-0{}-15", "15.0{}.2024", "15/0{}/2024"
    rows = []
    for user in range(24):
        for step in range(8):
            item = f"w-{(user + step) % 11}" if step % 2 else str((user + step) % 11)
            rows.append([f"{user:03d}", item, "Öl", "54"[step % 2], days[user % 3].format(step + 1)])
    rows += [rows[0], rows[9]]
    rows[5][3], rows[17][0], rows[30][4] = "", "", "n/a"
    path = tmp_path / "messy.csv"
    path.write_text(
        "\n".join(map(";".join, [["Kunde", "Ware", "Name", "Sterne", "Tag"], *rows])) + "\n", encoding="latin-1"
    )
    return path


def test_a_table_with_several_problems_tells_all_of_them(topple, messy):
    result = topple("data", "describe", messy, *NAMED, *WRITTEN)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert lines[0] == "error: 4 problems:"
    for number, told in enumerate(("user id is missing in row 18 of 194", "rating is missing in row 6 of 194",
                                   "time is missing in row 31 of 194 (column 'Tag', which holds 'n/a' there)",
                                   "2 of 191 rows repeat a (user, item) pair")):  # fmt: skip
        assert lines[number + 1].startswith(f"{number + 1}. {told}")
    assert "the first rows as they are written" in result.stdout
    assert "'000'" in result.stdout
    found = json.loads(topple("data", "describe", messy, *NAMED, *WRITTEN, "--json").stdout)
    assert len(found["problems"]) == 4
    assert found["first rows"]["1"] == {"user": "000", "item": "0", "rating": 5, "time": "2024-01-15"}


def test_fit_tells_the_first_problem_and_how_to_see_the_others(topple, messy, tmp_path):
    result = topple("fit", "--interactions", messy, *NAMED, *WRITTEN, "--out", tmp_path / "m")
    assert result.exit_code == 2
    assert "error: user id is missing in row 18 of 194 (column 'Kunde')." in result.stderr
    assert (
        f"There are 3 more problems: topple data describe {messy} --user-column Kunde --item-column Ware"
        in result.stderr
    )
    assert "--separator ';' --encoding latin-1" in result.stderr
    mended = topple("fit", "--interactions", messy, *NAMED, *WRITTEN, "--out", tmp_path / "m", "--drop-missing")
    assert "2 of 191 rows repeat" in mended.stderr
    assert "more problem" not in mended.stderr


def test_every_column_that_is_not_there_is_told_with_all_that_are(topple, messy):
    result = topple("data", "describe", messy, "--separator", ";", "--encoding", "latin-1")
    assert "1. column 'user' is missing; the columns are 'Kunde', 'Ware', 'Name', 'Sterne', 'Tag'." in result.stderr
    assert "2. column 'item' is missing" in result.stderr
    assert "Sterne" in result.stdout
    assert "Öl" in result.stdout


def test_a_file_of_another_encoding_says_what_to_do(topple, messy):
    result = topple("data", "describe", messy, *NAMED, "--separator", ";", "--title-column", "Name")
    assert result.exit_code == 2
    assert "for another encoding pass encoding (--encoding), such as latin-1" in result.stderr


def test_from_a_messy_table_to_the_first_explanation_by_the_commands_that_are_printed(
    topple, messy, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    described = topple("data", "describe", messy, *NAMED, *WRITTEN, *MENDED)
    assert described.exit_code == 0, described.output
    lines = described.stdout.splitlines()
    assert "194 rows: 24 users, 22 items, from 2024-01-15 to 2024-08-15." in lines
    assert "Left out: 3 rows with something missing, by column: Kunde 1, Sterne 1, Tag 1." in lines
    assert "Left out: 2 rows repeating a pair of user and item: the last is kept." in lines
    assert any(
        line.startswith("As read: 189 interactions; a user has 7/8/8/8/8") and "ratings from 4 to 5" in line
        for line in lines
    )
    assert any(line.startswith("Split: 20 users to train on") for line in lines)
    command = next(line for line in lines if line.startswith("Next: topple fit "))
    assert command.endswith("--separator ';' --encoding latin-1 --drop-missing --duplicates last --out model")
    arguments = [*command.replace("';'", ";").split()[2:], "--recommender", "ease"]
    fitted = topple(*arguments)
    assert fitted.exit_code == 0, fitted.output
    following = fitted.stdout.splitlines()[-1].split()[2:]
    explained = topple(*following)
    assert explained.exit_code == 0, explained.output
    assert "You are recommended *Öl*" in explained.stdout


def test_a_table_that_cannot_be_split_is_described(topple, tmp_path):
    (tmp_path / "small.csv").write_text("user,item\na,x\nb,x\n")
    result = topple("data", "describe", tmp_path / "small.csv")
    assert result.exit_code == 0
    assert "Split: not possible. min_items=5: no user has as many interactions" in result.stdout
    assert "Next" not in result.stdout
    found = json.loads(topple("data", "describe", tmp_path / "small.csv", "--json").stdout)
    assert "min_items=5" in found["prepared"]["not possible"]
    assert found["problems"] == []


def test_rows_in_order_and_times_are_shown_as_such(topple, tmp_path):
    lines = [f"u{user},i{(user + step) % 9},{1700000000 + step * 86400}" for user in range(30) for step in range(8)]
    (tmp_path / "t.csv").write_text("\n".join(["user,item,when", *lines]) + "\n")
    rows = json.loads(topple("data", "describe", tmp_path / "t.csv", "--time-column", "when", "--json").stdout)[
        "first rows"
    ]
    assert rows["2"] == {"user": "u0", "item": "i1", "time": "2023-11-15 22:13"}
    ordered = topple("data", "describe", tmp_path / "t.csv", "--ordered")
    assert "Order of the events: that of the rows; the column 'when' was not read (--time-column)." in ordered.stdout
    assert "│ order" in ordered.stdout or "┃ order" in ordered.stdout


@pytest.mark.parametrize("name", ["generated"])
def test_a_data_set_by_name(topple, name):
    result = topple("data", "describe", name)
    assert "28,903 rows: 800 users, 240 items." in result.stdout
    assert result.stdout.splitlines()[-1] == "Next: topple fit --dataset generated --out model"
    refused = topple("data", "describe", name, "--ordered")
    assert refused.exit_code == 2
    assert "--ordered says how your own table is read" in refused.stderr


def test_titles_that_cannot_be_read_are_a_problem_too(topple, messy, tmp_path):
    result = topple("data", "describe", messy, *NAMED, *WRITTEN, *MENDED, "--titles", tmp_path / "none.csv")
    assert result.exit_code == 2
    assert "1. titles: " in result.stderr
    assert "none.csv is not a file" in result.stderr


def test_a_table_without_rows_and_a_header_with_control_characters(topple, tmp_path):
    (tmp_path / "head.csv").write_text("user,item\n")
    result = topple("data", "describe", tmp_path / "head.csv")
    assert (
        result.stderr.splitlines()[1]
        == "1. the table holds no rows: at least one interaction is needed. Check the source."
    )
    assert result.stdout == ""
    (tmp_path / "odd.csv").write_text("us\x1b[31mer,item\nann,\x1b[2J\n")
    result = topple("data", "describe", tmp_path / "odd.csv")
    assert "\x1b" not in result.stdout + result.stderr
    assert r"us\x1b[31mer" in result.stdout


def test_a_name_that_is_no_data_set_and_no_file_is_told_the_data_sets(topple, tmp_path):
    result = topple("data", "describe", "movielens")
    assert result.exit_code == 2
    told = " ".join(result.stderr.split())
    assert "movielens is neither a data set nor a file. Data sets: ml-100k, ml-1m" in told
    assert "is not a file but a folder" in topple("data", "describe", tmp_path).stderr
