import pytest

from topple.benchmark.journal import Journal
from topple.benchmark.recommenders import Row
from topple.errors import OutputError, OutputExistsError

EASE = Row("ease", "native", model="ease", queries=6, coverage=1.0, statuses={"found": 6})
FAILED = Row("cornac:ease", "cornac", reason="cornac cannot be imported")


def test_rows_come_back_and_the_last_of_a_name_counts(tmp_path):
    journal = Journal(tmp_path / "out", "a")
    assert journal.rows == []
    journal.append(FAILED)
    journal.append(EASE)
    assert Journal(tmp_path / "out", "a").rows == journal.rows == [FAILED, EASE]
    again = Row("cornac:ease", "cornac", coverage=0.5)
    journal.append(again)
    assert journal.rows == [again, EASE]
    assert Journal(tmp_path / "out", "a").rows == [again, EASE]


@pytest.mark.parametrize("torn", ['{"run": "a", "recomm', '{"run": "a"}', "[1]"])
def test_a_line_that_was_cut_short_is_lost_alone(tmp_path, torn):
    Journal(tmp_path, "a").append(EASE)
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write(torn)
    Journal(tmp_path, "a").append(FAILED)
    assert Journal(tmp_path, "a").rows == [EASE, FAILED]


def test_rows_of_another_run_are_not_mixed_in(tmp_path):
    Journal(tmp_path, "a").append(EASE)
    with pytest.raises(OutputExistsError, match=r"holds rows of other data, options or another version.*--overwrite"):
        Journal(tmp_path, "b")
    assert Journal(tmp_path, "a").rows == [EASE]
    assert Journal(tmp_path, "b", overwrite=True).rows == []
    Journal(tmp_path, "b").append(FAILED)
    assert Journal(tmp_path, "b").rows == [FAILED]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_something_else_is_left_alone(tmp_path, overwrite):
    (tmp_path / "thesis.tex").write_text("all of it")
    with pytest.raises(OutputExistsError, match="is a folder of something else"):
        Journal(tmp_path, "a", overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        Journal(tmp_path / "file", "a")
