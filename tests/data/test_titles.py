import pytest

from topple.data.titles import movielens_titles, read_titles, readable
from topple.errors import ArgumentError, DataError, DataNotFoundError


def test_u_item_is_latin_1_and_a_next_line_sign_is_no_line_break(tmp_path):
    lines = ["1|Misérables, Les (1995)|01-Jan-1995||http://x|0", "2|Shine\x85 (1996)|||", ""]
    (tmp_path / "u.item").write_bytes("\n".join(lines).encode("latin-1"))
    assert read_titles(tmp_path / "u.item") == {1: "Misérables, Les (1995)", 2: "Shine\x85 (1996)"}


def test_movies_dat(tmp_path):
    (tmp_path / "movies.dat").write_bytes("1::Matrix, The (1999)::Action\r\n20::M::Drama\n".encode("latin-1"))
    assert read_titles(tmp_path / "movies.dat") == {1: "The Matrix (1999)", 20: "M"}
    (tmp_path / "movies.dat").write_text(f"{2**63 - 1}::Last::Drama\n")
    assert read_titles(tmp_path / "movies.dat") == {2**63 - 1: "Last"}


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("Matrix, The (1999)", "The Matrix (1999)"),
        ("Beautiful Mind, A (2001)", "A Beautiful Mind (2001)"),
        ("American in Paris, An (1951)", "An American in Paris (1951)"),
        ("City of Lost Children, The (Cité, La) (1995)", "The City of Lost Children (Cité, La) (1995)"),
        ("Alien (1979)", "Alien (1979)"),
        ("The", "The"),
        ("Anna", "Anna"),
        (" Jaws ", "Jaws"),
    ],
)
def test_a_trailing_article_goes_to_the_front(published, expected):
    assert readable(published) == expected


def test_a_table_of_titles(tmp_path):
    (tmp_path / "films.csv").write_text('id,name\n007,"Bond, ""James"""\n8,1984\n9,\n,lost\n', encoding="utf-8")
    assert read_titles(tmp_path / "films.csv", item="id", title="name") == {"007": 'Bond, "James"', "8": "1984"}
    (tmp_path / "numbers.csv").write_text("item,title\n1,007\n2,1984\n")
    assert read_titles(tmp_path / "numbers.csv") == {1: "007", 2: "1984"}
    (tmp_path / "films.tsv").write_text("item\ttitle\n7\tAmélie\n", encoding="utf-8")
    assert read_titles(tmp_path / "films.tsv") == {7: "Amélie"}


@pytest.mark.parametrize("separator", [";", "|", "tab"])
def test_a_table_of_titles_is_read_as_it_is_said_to_be_written(tmp_path, separator):
    cells = ["7", "Amélie, die Blaue"], ["8", "Öl"]
    written = "\n".join({"tab": "\t"}.get(separator, separator).join(row) for row in cells)
    (tmp_path / "films.txt").write_text(written, encoding="latin-1")
    found = read_titles(tmp_path / "films.txt", separator=separator, header=False, encoding="latin-1")
    assert found == {7: "Amélie, die Blaue", 8: "Öl"}


def test_a_separator_that_is_of_another_file_does_no_harm(tmp_path):
    (tmp_path / "films.csv").write_text("item,title\n7,Alien\n")
    assert read_titles(tmp_path / "films.csv", separator=";") == {7: "Alien"}


def test_columns_with_plain_names_are_taken_and_said(tmp_path, caplog):
    (tmp_path / "films.csv").write_text("movieId,name,year\n007,Bond,1962\n8,1984,1984\n")
    assert read_titles(tmp_path / "films.csv") == {"007": "Bond", "8": "1984"}
    assert "there is no column 'item': 'movieId' is taken for it" in caplog.text
    assert "there is no column 'title': 'name' is taken for it" in caplog.text


class TestRefusals:
    @pytest.mark.parametrize("name", ["u.item", "movies.dat", "films.csv"])
    def test_a_missing_file(self, tmp_path, name):
        with pytest.raises(DataNotFoundError, match=f"{name} is not a file"):
            read_titles(tmp_path / name)

    @pytest.mark.parametrize(
        "line", ["no separator", "x|Alien|", "²|Alien|", f"{'9' * 19}|Alien|", f"{'9' * 5000}|Alien|"]
    )
    def test_a_line_that_cannot_be_read(self, tmp_path, line):
        (tmp_path / "u.item").write_bytes(f"1|Alien|\n{line}\n".encode("latin-1"))
        with pytest.raises(DataError, match=r"u\.item, line 2: .* is not 'id\|title\|\.\.\.'"):
            movielens_titles(tmp_path / "u.item", "|")

    def test_a_header_that_is_neither_there_nor_not(self, tmp_path):
        with pytest.raises(ArgumentError, match=r"header=None is of type NoneType\. Give True or False"):
            read_titles(tmp_path / "films.csv", header=None)

    @pytest.mark.parametrize("column", ["item", "title"])
    def test_a_missing_column(self, tmp_path, column):
        header = {"item": "number,title", "title": "item,words"}[column]
        (tmp_path / "films.csv").write_text(f"{header}\n1,Alien\n")
        with pytest.raises(DataError, match=rf"column '{column}' is missing from .*films\.csv; the columns are"):
            read_titles(tmp_path / "films.csv")
