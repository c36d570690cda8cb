import json
import math
from dataclasses import replace

import pytest

import topple
from tests.data.prepared import played_split
from topple import registry
from topple.benchmark import recommenders as bench
from topple.benchmark.recommenders import Row, compare_recommenders, entrants, manifest, source_of
from topple.benchmark.zoo import ZOO
from topple.errors import SettingsError, UnknownNameError
from topple.explainers.auto import Auto

FEW = bench.RecommendersSettings(users=3, k=2)


@pytest.fixture(scope="module")
def split():
    return topple.load_split("generated")


def compare(split, *names, settings=FEW, **options):
    return compare_recommenders(split, names, settings, progress=False, **options)


def test_the_rows_are_every_native_recommender_and_every_adapter():
    names = entrants()
    native = registry.names("recommenders")
    assert tuple(names[: len(native)]) == native
    assert {source_of(name) for name in names[len(native) :]} == set(registry.names("adapters"))
    assert [source_of(name) for name in ("ease", "cornac:ease")] == ["native", "cornac"]
    assert entrants(adapters=False) == list(native)
    assert entrants(native=False) == names[len(native) :]
    assert set(ZOO) <= set(names)


def test_only_names_rows_or_libraries():
    assert entrants(only=["implicit", "ease"]) == ["ease", "implicit:als", "implicit:cosine"]
    assert entrants(only=["cornac:ease", "ease"], native=False) == ["cornac:ease"]
    with pytest.raises(
        UnknownNameError, match=r"'eese' is not one of the rows: mult-vae, .*cornac:vaecf.*or a library"
    ):
        entrants(only=["eese"])


def test_a_row_holds_what_explaining_and_judging_says(split):
    row = compare(split, "ease")[0]
    model = topple.fit(split, "ease", progress=False)
    explained = topple.explain(model, split.histories(limit=3), k=2, progress=False)
    assert (row.recommender, row.source, row.model) == ("ease", "native", "ease")
    assert row.ndcg_100 == pytest.approx(topple.held_out_quality(model, split.test)["ndcg_100"])
    assert (row.queries, row.invalid, row.statuses) == (6, 0, {"found": 6})
    assert (row.coverage, row.validity, row.pn) == (1, 1, 1)
    assert row.mean_size == pytest.approx(sum(len(e.items) for e in explained) / 6)
    assert row.proven == sum(e.proof is topple.Proof.MINIMUM for e in explained) / 6 == 1
    assert row.ms_a_query > 0
    assert row.fit_seconds > 0
    assert row.measured
    assert not row.refuted


def test_a_function_gets_the_figures_of_the_model_that_it_is(split):
    function, native = compare(split, "callable:ease", "ease")
    assert function.model == "callable:EASE"
    assert function.ndcg_100 == pytest.approx(native.ndcg_100)
    assert function.mean_size == pytest.approx(native.mean_size)


def test_what_cannot_be_toppled_is_proven_so_and_has_no_size(split):
    row = compare(split, "popularity")[0]
    assert (row.coverage, row.validity, row.proven) == (0, 0, 1)
    assert row.statuses == {"impossible": 6}
    assert row.pn is None
    assert row.mean_size is None
    json.dumps(row.as_json(), allow_nan=False)
    assert Row.of_json(row.as_json()) == row


def test_rule_budget_and_seconds_reach_the_explainer(split, monkeypatch):
    seen = []
    monkeypatch.setattr(
        bench, "explain_queries", lambda *given, **options: seen.append((given[1], options)) or topple.explain_queries(*given, **options)
    )  # fmt: skip
    settings = bench.RecommendersSettings(users=1, k=2, rule="unseen_after", budget=0, seconds=0.5, seed=3)
    row = compare(split, "callable:ease", settings=settings)[0]
    queries, options = seen[0]
    assert {(query.rule, query.seed, query.k) for query in queries} == {("unseen_after", 3, 2)}
    assert options["explainer"].settings.budget == 0
    assert options["budget"] == {"seconds": 0.5}
    assert row.proven < 1 or row.mean_size == 1


def test_figures_are_those_of_the_rule_that_was_asked(split):
    before, after = (
        compare(split, "ease", settings=bench.RecommendersSettings(users=6, k=2, rule=rule))[0]
        for rule in ("unseen_before", "unseen_after")
    )
    assert before.pn == after.pn == 1
    assert after.mean_size < before.mean_size


def test_a_time_limit_ends_trainings(split):
    short = bench.RecommendersSettings(users=1, k=1, max_minutes=1e-6)
    row = compare(split, "mult-vae", settings=short)[0]
    assert row.measured
    assert row.fit_seconds < 5


def test_a_model_that_fails_becomes_a_row_and_the_others_go_on(split, monkeypatch):
    def no_memory(split, effort):
        raise MemoryError("of 5\nGB")

    def other_items(split, effort):
        return topple.wrap(lambda rows: rows, "callable", ["a", "b", "c"], histories="csr")

    monkeypatch.setattr(bench, "ZOO", {**ZOO, "torch:big": no_memory, "torch:other": other_items})
    rows = compare(split, "torch:big", "torch:other", "popularity")
    assert [row.measured for row in rows] == [False, False, True]
    assert rows[0] == Row("torch:big", "torch", reason="MemoryError: of 5 GB")
    assert "has another catalogue than generated" in rows[1].reason


def test_an_adapter_without_a_model_in_the_zoo_says_so(split, monkeypatch):
    monkeypatch.setitem(registry.BUILT_IN["adapters"], "mine", "topple.recommenders.adapters.callable:wrap")
    registry.rows.cache_clear()
    try:
        assert entrants(only=["mine"]) == ["mine"]
        row = compare(split, "mine")[0]
    finally:
        monkeypatch.undo()
        registry.rows.cache_clear()
    assert (row.source, row.reason) == (
        "mine",
        "no model of mine is trained here: train one and give it to topple.wrap.",
    )


def test_a_claim_that_is_not_true_shows(split, monkeypatch):
    honest = Auto.propose

    def claims_one_item(self, *given, **options):
        claims = honest(self, *given, **options)
        claims.sets[:] = False
        claims.sets[:, 0] = True
        return claims

    monkeypatch.setattr(Auto, "propose", claims_one_item)
    row = compare(split, "ease")[0]
    assert row.refuted
    assert row.coverage == 1
    assert row.validity == row.pn < 1


def test_an_interrupt_stops_the_run_and_not_the_training_alone(split, monkeypatch):
    def interrupted(split, name, **given):
        model = topple.fit(split, "popularity", progress=False)
        model.training["interrupted"] = True
        return model

    monkeypatch.setattr(bench, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compare(split, "mult-vae")


def test_rows_are_handed_on_as_they_come(split):
    seen = []
    rows = compare(split, "popularity", "ease", on_row=seen.append)
    assert seen == rows


def test_the_fingerprint_follows_data_settings_and_version(split, monkeypatch):
    own = manifest(split, FEW)
    assert own == manifest(topple.load_split("generated"), bench.RecommendersSettings(users=3, k=2))
    assert own != manifest(split, bench.RecommendersSettings(users=3, k=2, seconds=2))
    assert own != manifest(topple.load_split("generated", seed=2), FEW)
    turned = replace(split, test=replace(split.test, fold_in=split.test.fold_in[::-1]))
    assert own != manifest(turned, FEW)
    monkeypatch.setattr(bench, "__version__", "9")
    assert own != manifest(split, FEW)


def test_settings_are_checked():
    with pytest.raises(SettingsError, match="users=0"):
        bench.RecommendersSettings(users=0)


def test_a_number_that_is_none_is_left_empty(split, monkeypatch):
    monkeypatch.setattr(bench, "held_out_quality", lambda *given, **options: {"ndcg_100": math.nan})
    assert compare(split, "popularity")[0].ndcg_100 is None


def test_weights_are_left_out_with_a_word(caplog):
    played = played_split()
    weighted, plain = (compare(split, "ease", "sklearn:svd")[0] for split in (played, played.unweighted()))
    assert caplog.text.count("the comparison leaves the weights of matrix out") == 1
    assert (weighted.ndcg_100, weighted.mean_size) == (plain.ndcg_100, plain.mean_size)
