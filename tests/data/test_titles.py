import pytest

from topple.data.titles import movielens_titles, read_titles, readable
from topple.errors import DataError, DataNotFoundError


def test_u_item_is_latin_1_and_a_next_line_sign_is_no_line_break(tmp_path):
    lines = ["1|Misérables, Les (1995)|01-Jan-1995||http://x|0", "2|Shine\x85 (1996)|||", ""]
    (tmp_path / "u.item").write_bytes("\n".join(lines).encode("latin-1"))
    assert read_titles(tmp_path / "u.item") == {1: "Misérables, Les (1995)", 2: "Shine\x85 (1996)"}


def test_movies_dat(tmp_path):
    (tmp_path / "movies.dat").write_bytes("1::Matrix, The (1999)::Action\r\n20::M::Drama\n".encode("latin-1"))
    assert read_titles(tmp_path / "movies.dat") == {1: "The Matrix (1999)", 20: "M"}


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


class TestRefusals:
    @pytest.mark.parametrize("name", ["u.item", "movies.dat", "films.csv"])
    def test_a_missing_file(self, tmp_path, name):
        with pytest.raises(DataNotFoundError, match=f"{name} is not a file"):
            read_titles(tmp_path / name)

    @pytest.mark.parametrize("line", ["no separator", "x|Alien|", "²|Alien|"])
    def test_a_line_that_cannot_be_read(self, tmp_path, line):
        (tmp_path / "u.item").write_bytes(f"1|Alien|\n{line}\n".encode("latin-1"))
        with pytest.raises(DataError, match=r"u\.item, line 2: .* is not 'id\|title\|\.\.\.'"):
            movielens_titles(tmp_path / "u.item", "|")

    @pytest.mark.parametrize("column", ["item", "title"])
    def test_a_missing_column(self, tmp_path, column):
        header = {"item": "id,title", "title": "item,name"}[column]
        (tmp_path / "films.csv").write_text(f"{header}\n1,Alien\n")
        with pytest.raises(DataError, match=rf"films\.csv has no column '{column}'; the columns are"):
            read_titles(tmp_path / "films.csv")
