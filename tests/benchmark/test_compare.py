import json
import math

import pytest

import topple
from topple.benchmark.comparing import pieces
from topple.errors import CapabilityError, DataError, OutputExistsError, QueryError, SettingsError
from topple.explainers.greedy import Greedy
from topple.testing import OpaqueRecommender, film_recommender, random_additive
from topple.testing.worlds import split_for

MODEL = random_additive(20)
SPLIT = split_for(MODEL)
QUICK = {"epochs": 1, "tries": 1, "hidden": 4}


def compare(methods=("auto", "greedy", "lime-rs"), models=MODEL, split=SPLIT, **asked):
    return topple.compare(models, methods, split=split, **{"users": 5, "k": 3, "progress": False, **asked})


@pytest.fixture(scope="module")
def compared():
    return compare(("auto", "leave-one-out", "lime-rs"), seeds=(0, 1, 2))


def quality(comparison):
    """Return what a resumed run must have in common with one that was not stopped: all but times."""
    kept = []
    for row in comparison.as_json()["rows"]:
        kept.append({name: value for name, value in row.items() if name not in ("milliseconds", "fit_seconds")})
    return json.dumps(kept)


def test_a_row_is_what_explain_and_evaluate_say(compared):
    explained = topple.explain(MODEL, SPLIT.histories(limit=5), k=3, explainer="leave-one-out", progress=False)
    evaluation = topple.evaluate(MODEL, explained, progress=False)
    row = compared.rows[1]
    assert (row.model, row.method, row.seeds, row.draws) == (MODEL.name, "leave-one-out", (0,), False)
    assert (row.queries, row.invalid) == (evaluation.queries, evaluation.invalid)
    for name, measured in evaluation.measurements[topple.CandidateRule.UNSEEN_BEFORE].items():
        value = row.measured[name].value
        assert value == pytest.approx(measured.value) if not math.isnan(measured.value) else value is None
        assert (row.measured[name].denominator, row.measured[name].of) == (measured.denominator, measured.of)
        assert row.measured[name].spread is None
    assert row.scored.value == pytest.approx(sum(each.cost for each in explained) / evaluation.queries)
    assert row.milliseconds.value > 0


def test_means_and_spreads_are_over_the_seeds(compared):
    row = compared.rows[2]
    assert (row.seeds, row.draws) == ((0, 1, 2), True)
    several = [piece.measured["gini"].value for piece in compared.pieces if piece.cell.method == "lime-rs"]
    assert len(set(several)) == 3
    mean = sum(several) / 3
    assert row.measured["gini"].value == pytest.approx(mean)
    assert row.measured["gini"].spread == pytest.approx(math.sqrt(sum((x - mean) ** 2 for x in several) / 2))


def test_set_methods_have_no_metrics_of_attributions(compared):
    assert "pos" not in compared.rows[0].measured
    assert compared.rows[0].proven.value > 0
    table = compared.to_markdown()
    sets, numbers = table.split("**Attributions**")
    assert "| auto | 1 |" in sets
    assert "| auto | 1 | 15 | - | - |" in numbers


def test_a_method_that_does_not_fit_or_fails_is_a_row_and_the_others_go_on(monkeypatch):
    class Breaks(Greedy):
        def propose(self, *given, **options):
            raise MemoryError("of 5\nGB")

    opaque = film_recommender(OpaqueRecommender)
    found = compare({"g": "greedy", "x": "gradient-x-input", "b": Breaks()}, opaque, split_for(opaque), users=2, k=2)
    assert [bool(row.reason) for row in found.rows] == [False, True, True]
    assert "gradient-x-input needs a recommender that is differentiable" in found.rows[1].reason
    assert found.rows[2].reason == "MemoryError: of 5 GB"
    assert f"- b on {opaque.name}: MemoryError: of 5 GB" in found.to_markdown()
    assert "without figures" in repr(found)


def test_a_method_that_learns_is_fitted_with_each_seed_and_kept(tmp_path):
    asked = {"methods": "lxr", "settings": {"lxr": QUICK}, "seeds": (0, 1), "out": tmp_path / "out"}
    found = compare(**asked)
    row = found.rows[0]
    assert row.seeds == (0, 1)
    assert row.fit_seconds.value > 0
    kept = sorted((tmp_path / "out" / "explainers").iterdir())
    assert [path.name for path in kept] == [f"{MODEL.name} lxr 0", f"{MODEL.name} lxr 1"]
    fitted = topple.load_explainer(kept[1], MODEL)
    assert fitted.settings.seed == 1
    again = compare(**asked, resume=True)
    assert again.rows == found.rows


def test_a_run_goes_on_and_methods_models_and_seeds_may_join(tmp_path, monkeypatch):
    out = tmp_path / "out"
    compare("greedy", out=out)
    done = []
    measure = pieces.evaluate
    monkeypatch.setattr(pieces, "evaluate", lambda *given, **options: done.append(1) or measure(*given, **options))
    found = compare(["greedy", "lime-rs"], out=out, resume=True, seeds=(0, 1))
    assert len(done) == 2
    assert [row.method for row in found.rows] == ["greedy", "lime-rs"]


def test_answers_that_were_kept_are_not_asked_for_again(tmp_path, monkeypatch):
    out = tmp_path / "out"
    whole = compare("lime-rs", out=out)
    (out / "pieces" / f"cell {MODEL.name} lime-rs 0").unlink()
    monkeypatch.setattr(pieces, "explain_queries", None)
    assert quality(compare("lime-rs", out=out, resume=True)) == quality(whole)
    found = topple.read_explanations(out / "explanations" / f"{MODEL.name} lime-rs 0")
    assert len(found) == 15


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"k": 2}, "k was 3 and is now 2"),
        ({"users": 4}, "users was 5 and is now 4"),
        ({"rule": "unseen_after"}, "rule was 'unseen_before' and is now 'unseen_after'"),
        ({"budget": {"scored": 9}}, "budget.scored was None and is now 9"),
        ({"models": {MODEL.name: random_additive(20, seed=1)}}, f"model {MODEL.name}: fingerprint was"),
        ({"settings": {"lime-rs": {"neighbours": 3}}}, "method lime-rs: settings.neighbours was"),
    ],
)
def test_a_folder_of_another_run_is_left_as_it_is(tmp_path, change, match):
    out = tmp_path / "out"
    compare("lime-rs", out=out)
    with pytest.raises(OutputExistsError, match=match):
        compare(**{"methods": "lime-rs", "out": out, "resume": True, **change})
    assert compare(**{"methods": "lime-rs", "out": out, "overwrite": True, **change}).rows


def test_a_folder_is_not_taken_unasked(tmp_path):
    compare("greedy", out=tmp_path / "out")
    with pytest.raises(OutputExistsError, match=r"holds a comparison. Go on with it \(--resume\)"):
        compare("greedy", out=tmp_path / "out")
    with pytest.raises(QueryError, match="--resume goes on with what is there and --overwrite begins anew"):
        compare("greedy", out=tmp_path / "out", resume=True, overwrite=True)


def test_a_damaged_piece_is_named(tmp_path):
    compare("greedy", out=tmp_path / "out")
    (tmp_path / "out" / "pieces" / f"cell {MODEL.name} greedy 0").write_text('{"cell": 3}')
    with pytest.raises(DataError, match=r"holds no figures .* Delete it; the run makes it anew"):
        compare("greedy", out=tmp_path / "out", resume=True)


def test_several_processes_find_the_same(compared):
    found = compare(("auto", "leave-one-out", "lime-rs"), seeds=(0, 1, 2), workers=2)
    assert quality(found) == quality(compared)


def test_what_no_other_process_can_be_given_is_refused():
    wrapped = topple.wrap(lambda rows: rows, "callable", SPLIT.catalogue, histories="csr")
    with pytest.raises(
        CapabilityError, match=r"cannot be handed to another process: .* Compare in this one: workers=1"
    ):
        compare(("greedy", "auto"), wrapped, workers=2)
    with pytest.raises(SettingsError, match="workers=0 is no number of processes"):
        compare("greedy", workers=0)


def test_users_by_id_and_all_users():
    users = list(SPLIT.histories(limit=4))[1:3]
    found = compare("greedy", users=users)
    assert list(dict.fromkeys(user for user, _ in found.pieces[0].asked)) == users
    assert compare("greedy", users=None).about["people"] == len(SPLIT.histories())


def test_tests_pair_the_queries(compared):
    sizes = {piece.cell.seed: piece.values["mean_size"] for piece in compared.pieces if piece.cell.method == "lime-rs"}
    auto = next(piece.values["mean_size"] for piece in compared.pieces if piece.cell.method == "auto")
    both = [n for n in range(15) if auto[n] is not None and all(each[n] is not None for each in sizes.values())]
    found = compared.test("auto", "lime-rs", "mean_size")
    assert found.queries == len(both)
    by_hand = sum(auto[n] - sum(each[n] for each in sizes.values()) / 3 for n in both) / len(both)
    assert found.difference == pytest.approx(by_hand) == pytest.approx(found.mean_first - found.mean_second)
    assert found.low <= found.difference <= found.high
    assert found.mcnemar is None or set(auto) <= {0, 1, None}
    assert found.holm is None
    assert compared.test("auto", "lime-rs", "mean_size") == found
    share = compared.test("lime-rs", "leave-one-out", "validity")
    assert share.mcnemar is not None
    assert share.queries == 15


def test_tests_that_are_made_together_are_corrected(compared):
    found = compared.tests(["mean_size", "pos"], against="leave-one-out")
    assert [(each.first, each.second, each.metric) for each in found] == [
        ("leave-one-out", "auto", "mean_size"),
        ("leave-one-out", "lime-rs", "mean_size"),
        ("leave-one-out", "lime-rs", "pos"),
    ]
    assert all(each.holm >= each.p for each in found)
    table = compared.to_markdown(tests=found)
    assert "**Paired tests**" in table
    assert "corrected by Holm for 3 tests" in table
    assert "bootstrap over users" in table


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (("auto", "greedy", "validity"), "'greedy' is not one of the methods with figures"),
        (("auto", "auto", "validity"), "auto would be tested against itself"),
        (("auto", "lime-rs", "sizes"), "metric='sizes' is not one that has a value for each query: coverage"),
        (("auto", "lime-rs", "pos"), "no query has a value of pos for both auto and lime-rs"),
    ],
)
def test_what_cannot_be_tested_is_said(compared, given, match):
    with pytest.raises(QueryError, match=match):
        compared.test(*given)


def test_a_model_is_named_where_there_are_several(compared):
    with pytest.raises(QueryError, match="model='other' is not one of the models"):
        compared.test("auto", "lime-rs", "validity", model="other")
    with pytest.raises(QueryError, match="level=1 is no level"):
        compared.test("auto", "lime-rs", "validity", level=1)
    with pytest.raises(QueryError, match="'none' is not one of the methods"):
        compared.tests(["validity"], against="none")
    with pytest.raises(QueryError, match="metric='sizes' is not one"):
        compared.tests(["sizes"])


def test_frames_have_a_row_a_method_or_a_query(compared):
    methods = compared.to_frame()
    assert list(methods["method"]) == ["auto", "leave-one-out", "lime-rs"]
    assert methods["gini_spread"][2] == pytest.approx(compared.rows[2].measured["gini"].spread)
    queries = compared.to_frame("polars", rows="queries")
    assert queries.shape[0] == 15 * 5
    assert {"model", "method", "seed", "user", "target", "scored", "seconds", "mean_size", "pos"} <= set(
        queries.columns
    )
    with pytest.raises(SettingsError, match="rows='users' is not one of methods, queries"):
        compared.to_frame(rows="users")
    with pytest.raises(SettingsError, match="library='numpy' is not one of pandas, polars"):
        compared.to_frame("numpy")


def test_deletion_curves_begin_with_every_target_listed(compared):
    curves = compared.curves()
    assert set(curves) == {(MODEL.name, "leave-one-out"), (MODEL.name, "lime-rs")}
    for curve in curves.values():
        assert len(curve) == 11
        assert curve[0] == 1
    pos = compared.rows[1].measured["pos"].value
    assert sum(curves[MODEL.name, "leave-one-out"]) / 11 == pytest.approx(pos)


def test_csv_and_json_hold_every_number(compared):
    lines = compared.to_csv().splitlines()
    assert len(lines) == 4
    assert "gini,gini_spread,gini_of" in lines[0]
    json.dumps(compared.as_json(), allow_nan=False)
