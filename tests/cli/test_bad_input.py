"""What people type and hold by mistake: each ends in one message, with exit code 2."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture(scope="module")
def explained(topple, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad") / "explained"
    assert topple("explain", "--model", model, "--users", 1, "--explainer", "greedy", "--out", folder).exit_code == 0
    return folder


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("user,item\n" + "".join(f"{user},{item}\n" for user in range(30) for item in range(6)))
    return path


@pytest.fixture
def refused(topple):
    """A function that runs a command, which must be refused, and returns the message in one line."""

    def run(*arguments):
        result = topple(*arguments)
        assert result.exit_code == 2, result.output
        assert "Traceback" not in result.output
        return " ".join(result.output.replace("│", " ").split())

    return run


@pytest.fixture
def copy(tmp_path):
    def make(folder):
        return shutil.copytree(folder, tmp_path / "copy")

    return make


class TestJsonThatIsNestedTooDeep:
    def test_of_a_model(self, refused, model, copy):
        folder = copy(model)
        (folder / "model.json").write_text(DEEP)
        assert "model.json is damaged (the JSON is nested too deep to be read)" in refused(
            "recommend", "--model", folder
        )

    def test_of_a_split(self, refused, model, copy):
        folder = copy(model)
        (folder / "split" / "split.json").write_text(DEEP)
        assert "split.json is not a JSON object: the JSON is nested too deep" in refused("recommend", "--model", folder)

    @pytest.mark.parametrize("file", ["explanations.jsonl", "item_lists.json"])
    def test_of_explanations(self, refused, model, explained, copy, file):
        folder = copy(explained)
        (folder / file).write_text(DEEP)
        assert "is damaged: the JSON is nested too deep" in refused(
            "evaluate", folder / "explanations.jsonl", "--model", model
        )

    def test_of_settings_in_a_column(self, refused, model, explained, copy):
        folder = copy(explained)
        table = pq.read_table(folder / "explanations.parquet")
        column = table.column_names.index("settings")
        table = table.set_column(column, table.schema.field(column), pa.array([DEEP] * len(table)))
        pq.write_table(table, folder / "explanations.parquet")
        assert "is damaged: the JSON is nested too deep" in refused("evaluate", folder, "--model", model)

    def test_of_a_run_that_was_interrupted(self, refused, model, tmp_path):
        (tmp_path / "out.partial" / "pieces").mkdir(parents=True)
        (tmp_path / "out.partial" / "run.json").write_text(DEEP)
        told = refused("explain", "--model", model, "--users", 1, "--out", tmp_path / "out", "--resume")
        assert "run.json is damaged (the JSON is nested too deep" in told

    def test_of_a_history(self, refused, model):
        told = refused("recommend", "--model", model, "--history", DEEP)
        assert "begins like a JSON list and is none: the JSON is nested too deep" in told
        assert len(told) < 3_000


class TestNumbers:
    @pytest.mark.parametrize("option", ["--largest", "--sets"])
    def test_beyond_64_bits(self, refused, model, option):
        told = refused("explain", "--model", model, "--users", 1, option, 10**30)
        assert f"{option[2:]}={10**30} is not a whole number of 64 bits of at least 1" in told

    def test_budgets_beyond_64_bits(self, refused, model):
        told = refused("explain", "--model", model, "--scored", 10**30)
        assert f"scored={10**30} is beyond whole numbers of 64 bits. Give a smaller one" in told

    def test_an_id_of_many_digits(self, refused, model):
        assert "unknown user id '9999" in refused("recommend", "--model", model, "--user", "9" * 5_000)

    @pytest.mark.parametrize(
        ("recommender", "setting"),
        [("mult-vae", "hidden"), ("mult-dae", "latent"), ("als", "factors"), ("bpr", "dimensions"), ("lightgcn", "dimensions"),
         ("neumf", "hidden"), ("sasrec", "dimensions"), ("sasrec", "max_length"), ("bpr", "negatives")],
    )  # fmt: skip
    def test_settings_that_ask_for_too_much(self, refused, table, tmp_path, recommender, setting):
        told = refused(
            *("fit", "--interactions", table, "--recommender", recommender, "--out", tmp_path / "m"),
            *("--set", f"{setting}=10000000000000"),
        )
        assert f"{setting}='10000000000000': Input should be less than or equal to" in told

    @pytest.mark.parametrize("cost", ["nan", "inf", "1e400", "-1", "0.0001"])
    def test_the_cost_of_an_item_that_no_history_holds(self, refused, model, cost):
        told = refused("explain", "--model", model, "--users", 1, "--item-cost", f"film-001={cost}")
        assert "is not ITEM=COST" in told or "a cost is a number from 0.001 to 1000" in told


class TestNames:
    LONG = "a" * 300

    @pytest.mark.parametrize(
        "arguments",
        [
            ("fit", "--interactions", LONG, "--out", "m"),
            ("fit", "--interactions", "TABLE", "--titles", LONG, "--out", "m", "--recommender", "ease"),
            ("fit", "--interactions", "TABLE", "--weights", LONG, "--out", "m"),
            ("fit", "--interactions", "TABLE", "--out", LONG),
            ("fit", "--dataset", "ml-100k", "--data-dir", LONG, "--out", "m"),
            ("recommend", "--model", LONG),
            ("evaluate", LONG, "--model", "MODEL"),
            ("explain", "--model", "MODEL", "--out", LONG),
            ("explain", "--model", "MODEL", "--out", "b" * 248),
            ("explain", "--model", "MODEL", "--picture", f"{LONG}.svg"),
            ("explainers", "--for", LONG),
            ("data", "describe", LONG),
            ("data", "describe", f"{LONG}.csv"),
            ("demo", "--out", LONG),
        ],
    )
    def test_longer_than_the_file_system_takes(self, refused, model, table, tmp_path, monkeypatch, arguments):
        monkeypatch.chdir(tmp_path)
        known = {"MODEL": model, "TABLE": table}
        told = refused(*(known.get(argument, argument) for argument in arguments))
        assert "File name too long" in told or "does not hold" in told or "is not one of the datasets" in told

    @pytest.mark.parametrize("option", ["--out", "--picture"])
    def test_outputs_that_are_not_utf_8_are_refused_before_the_work(self, refused, tmp_path, option):
        told = refused("explain", "--model", tmp_path / "no-model", option, f"{tmp_path}/\udcff.svg")
        assert "its name is not UTF-8, or holds a zero character. Choose another path" in told

    def test_inputs_that_are_not_utf_8(self, refused):
        assert r"\udcff.csv has a name that is not UTF-8; rename it" in refused("data", "describe", "\udcff.csv")


class TestTables:
    @pytest.mark.parametrize("separator", ["é", "\udcff", ";;"])
    def test_separators(self, refused, table, tmp_path, separator):
        told = refused("fit", "--interactions", table, "--out", tmp_path / "m", "--separator", separator)
        assert "must be one character of ASCII. Choose one, such as ';'" in told

    def test_a_column_that_no_header_can_have(self, refused, table, tmp_path):
        told = refused("fit", "--interactions", table, "--out", tmp_path / "m", "--user-column", "\udcff")
        assert "holds characters that no header can" in told

    def test_a_header_that_is_not_utf_8(self, refused, tmp_path):
        (tmp_path / "a.csv").write_bytes("usér,item\n1,2\n".encode("latin-1"))
        assert "cannot be read as a table: 'utf-8' codec can't decode" in refused(
            "data", "describe", tmp_path / "a.csv"
        )

    @pytest.mark.parametrize("titles", [[None], [7], [b"\xff"], [["a"]]])
    def test_titles_that_are_no_text(self, refused, model, copy, titles):
        folder = copy(model)
        items = pq.read_table(folder / "items.parquet").select(["item"])
        pq.write_table(items.append_column("title", pa.array(titles * len(items))), folder / "items.parquet")
        told = refused("recommend", "--model", folder)
        assert "is no text of UTF-8. Give every item a text, or no titles at all" in told


@pytest.mark.parametrize(
    ("field", "value"),
    [("items", None), ("items", [[1]]), ("positions", None), ("target", []), ("context_key", {}), ("at_least", "x"), ("seconds", None),
     ("model", 1), ("weights", 5), ("k", 10**30), ("settings", []), ("schema", []), ("attributions", ["x"]), ("within_rounding", 1)],
)  # fmt: skip
def test_fields_of_explanations_of_another_kind(refused, model, explained, tmp_path, field, value):
    row = json.loads((explained / "explanations.jsonl").read_text().splitlines()[0]) | {field: value}
    (tmp_path / "odd.jsonl").write_text(json.dumps(row) + "\n")
    told = refused("evaluate", tmp_path / "odd.jsonl", "--model", model)
    assert f"{field} is {value!r}"[:40] in told or "has schema []" in told
    assert "Make it again" in told


@pytest.mark.parametrize("column", ["weights", "context", "items", "at_least", "settings", "model", "seconds"])
def test_columns_of_explanations_of_another_kind(refused, model, explained, copy, column):
    folder = copy(explained)
    table = pq.read_table(folder / "explanations.parquet")
    odd = table.set_column(table.column_names.index(column), column, pa.array([{"a": 1}] * len(table)))
    pq.write_table(odd.replace_schema_metadata(table.schema.metadata), folder / "explanations.parquet")
    assert "Make it again" in refused("evaluate", folder, "--model", model)


def test_control_characters_of_titles_are_shown_and_not_sent(topple, model, copy):
    folder = copy(model)
    items = pq.read_table(folder / "items.parquet").select(["item"])
    titles = pa.array(["\x1b\x9bred\u202e"] * len(items))
    pq.write_table(items.append_column("title", titles), folder / "items.parquet")
    for command in (("recommend",), ("explain", "--users", "1", "--explainer", "greedy"), ("recommend", "--json")):
        shown = topple(command[0], "--model", folder, *command[1:]).output
        assert "x1b" in shown or "u001b" in shown
        assert not set("\x1b\x9b\u202e") & set(shown)
