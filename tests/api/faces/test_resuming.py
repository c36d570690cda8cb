import json
import os

import pytest

from topple import Budget, canonical_json, fit, read_explanations
from topple.api.asking import top_k_queries
from topple.api.explaining import explain_queries, make_explainer
from topple.api.faces import resuming
from topple.api.faces.resuming import KeptAnswers
from topple.data.sources import source
from topple.errors import DataError, OutputError, OutputExistsError, QueryError
from topple.files import hold

METHOD = make_explainer("greedy")


@pytest.fixture(scope="module")
def world():
    split = source("generated").split()
    model = fit(split, "ease", progress=False)
    return model, top_k_queries(model, split.histories(limit=12), k=3)


@pytest.fixture
def interrupted(world, tmp_path, monkeypatch):
    """A run into `out` that was interrupted after the first piece."""
    model, queries = world
    keep = resuming._keep

    def once(*given):
        keep(*given)
        monkeypatch.setattr(resuming, "_keep", stop)

    def stop(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(resuming, "_keep", once)
    keeper = KeptAnswers(tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        keeper.explain(model, queries, METHOD, Budget())
    monkeypatch.setattr(resuming, "_keep", keep)
    assert (keeper.kept, keeper.total) == (12, 36)
    return tmp_path / "out"


def same(one, other):
    return [canonical_json(each) for each in one] == [canonical_json(each) for each in other]


def run(world, keeper, method=METHOD, budget=None, queries=None):
    explained = keeper.explain(world[0], world[1] if queries is None else queries, method, budget or Budget())
    keeper.write(world[0].catalogue)
    return explained


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_that_is_not_interrupted_leaves_the_output_alone(world, tmp_path):
    explained = run(world, KeptAnswers(tmp_path / "out"))
    assert same(explained, explain_queries(*world, explainer=METHOD, progress=False))
    assert same(explained, read_explanations(tmp_path / "out"))
    assert names(tmp_path) == ["out"]


def test_what_is_kept_is_not_asked_again_and_the_file_is_that_of_one_run(world, interrupted, tmp_path, monkeypatch):
    asked = []
    answers = resuming.Answering.answers

    def counted(self, requests):
        asked.extend(requests)
        return answers(self, requests)

    monkeypatch.setattr(resuming.Answering, "answers", counted)
    run(world, KeptAnswers(interrupted, resume=True))
    assert len(asked) == 8
    run(world, KeptAnswers(tmp_path / "whole"))
    told = [[json.loads(line) for line in (tmp_path / name / "explanations.jsonl").read_text().splitlines()]
            for name in ("out", "whole")]  # fmt: skip
    for row in told[0] + told[1]:
        del row["seconds"], row["at"]
    differing = {key for one, other in zip(*told, strict=True) for key in one if one[key] != other[key]}
    assert not differing
    assert names(tmp_path) == ["out", "whole"]


def test_what_was_kept_is_said_and_neither_deleted_nor_mixed_in(world, interrupted):
    with pytest.raises(OutputExistsError, match=r"out\.partial holds 12 answers .*\(--resume\).*\(--overwrite\)"):
        KeptAnswers(interrupted)
    assert KeptAnswers(interrupted, resume=True).kept == 12


def test_beginning_anew_drops_what_was_kept(world, interrupted):
    explained = run(world, KeptAnswers(interrupted, overwrite=True), queries=world[1][:3])
    assert len(explained) == len(read_explanations(interrupted)) == 3
    assert names(interrupted.parent) == ["out"]


@pytest.mark.parametrize("given", [{"resume": True}, {"overwrite": True}])
def test_an_output_that_another_process_works_on_is_left_to_it(world, interrupted, given):
    lock = hold(interrupted.parent / "out.partial")
    with pytest.raises(OutputError, match=r"out\.partial is in use by another process\. Wait until it ends, or choose"):
        run(world, KeptAnswers(interrupted, **given))
    os.close(lock)
    assert KeptAnswers(interrupted, resume=True).kept == 12
    run(world, KeptAnswers(interrupted, **given))
    assert names(interrupted.parent) == ["out"]


def test_a_running_run_holds_the_output(world, tmp_path, monkeypatch):
    held = []

    def ask(run, *given):
        with pytest.raises(OutputError, match="in use by another process"):
            hold(run.folder)
        held.append(run.folder)

    monkeypatch.setattr(resuming, "_keep", ask)
    for given in ({}, {"resume": True}, {"overwrite": True}):
        KeptAnswers(tmp_path / "out", **given).explain(*world, METHOD, Budget())
    assert len(held) >= 3


def test_the_bar_of_a_run_that_goes_on_starts_at_what_is_done(world, interrupted, monkeypatch):
    bars = []
    bar = resuming.queries_bar
    monkeypatch.setattr(
        resuming, "queries_bar", lambda *given, done: bars.append((*given, done)) or bar(*given, done=done)
    )
    run(world, KeptAnswers(interrupted, resume=True))
    assert bars == [("explain (greedy)", 36, 12)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"queries": slice(0, 6)}, r"queries\.count was 36 and is now 6"),
        ({"queries": slice(None, None, -1)}, r"queries\.fingerprint was '[0-9a-f]{16}' and is now"),
        ({"method": make_explainer("exhaustive")}, r"explainer was 'greedy' and is now 'exhaustive'"),
        ({"budget": Budget(scored=9)}, r"budget\.scored was None and is now 9"),
    ],
)
def test_another_run_is_refused_with_what_differs(world, interrupted, change, words):
    given = {**change, "queries": world[1][change.get("queries", slice(None))]}
    with pytest.raises(
        OutputExistsError, match=rf"holds another run \({words}.*Choose another folder, or .*--overwrite"
    ):
        run(world, KeptAnswers(interrupted, resume=True), **given)
    assert KeptAnswers(interrupted, resume=True).kept == 12


def test_another_model_is_refused(world, interrupted):
    split = source("generated").split()
    other = fit(split, "ease", settings={"lam": 7.0}, progress=False)
    with pytest.raises(OutputExistsError, match=r"holds another run \(model was '\w+' and is now '\w+'\)"):
        run((other, world[1]), KeptAnswers(interrupted, resume=True))


def test_going_on_and_beginning_anew_are_not_asked_for_together(tmp_path):
    with pytest.raises(QueryError, match=r"--resume goes on .*--overwrite begins anew\. Give one of the two"):
        KeptAnswers(tmp_path / "out", resume=True, overwrite=True)


def test_an_output_is_replaced_only_where_the_run_was_begun_to_replace_it(world, interrupted, monkeypatch):
    run(world, KeptAnswers(interrupted.parent / "whole"))
    (interrupted.parent / "whole").rename(interrupted)
    with pytest.raises(OutputExistsError, match=r"out exists and is left as it is"):
        KeptAnswers(interrupted, resume=True)
    monkeypatch.setattr(resuming, "_keep", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(world, KeptAnswers(interrupted, overwrite=True))
    monkeypatch.undo()
    assert len(read_explanations(interrupted)) == 36
    run(world, KeptAnswers(interrupted, resume=True))
    assert names(interrupted.parent) == ["out"]


def test_a_kill_between_writing_and_removing_what_was_kept_can_be_gone_on_with(world, tmp_path, monkeypatch):
    monkeypatch.setattr(resuming, "remove", lambda path: None)
    run(world, KeptAnswers(tmp_path / "out"))
    monkeypatch.undo()
    assert names(tmp_path) == ["out", "out.partial"]
    run(world, KeptAnswers(tmp_path / "out", resume=True))
    assert names(tmp_path) == ["out"]


def test_what_was_spent_of_a_budget_in_all_stays_spent(world, tmp_path):
    budget = Budget(total_scored=300)
    KeptAnswers(tmp_path / "out").explain(*world, METHOD, budget)
    first, *later = sorted((tmp_path / "out.partial" / "pieces").iterdir())
    for piece in later:
        piece.unlink()
    told = json.loads(first.read_text())
    assert 0 < told["spent"]["scored"] < 300
    first.write_text(json.dumps({**told, "spent": {"scored": 300, "seconds": 1.0}}))
    again = KeptAnswers(tmp_path / "out", resume=True).explain(*world, METHOD, budget)
    assert {each.status for each in again[12:]} == {"budget_spent"}


@pytest.mark.parametrize(
    "text", ["{}", '{"rows": {"a": 1}, "item_lists": {}, "spent": {}}', '{"rows": 1, "item_lists": 2}']
)
def test_a_damaged_piece_is_said(world, interrupted, text):
    (piece,) = (interrupted.parent / "out.partial" / "pieces").iterdir()
    piece.write_text(text)
    with pytest.raises(DataError, match=r"answers 000000000 12 holds no answers .*Delete it; the run makes them anew"):
        run(world, KeptAnswers(interrupted, resume=True))


def test_the_root_of_the_file_system_is_no_output():
    with pytest.raises(OutputExistsError, match=r"/ exists and is left as it is\. Choose another path"):
        KeptAnswers("/", overwrite=True)
