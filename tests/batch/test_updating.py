"""A batch that is brought up to date: what changed is explained again, and nothing else."""

import pyarrow.parquet as pq
import pytest

import topple
from tests.batch.conftest import canonical, run_batch, write_events
from topple.batch.erasing import erase_users
from topple.errors import DataError, OutputExistsError

pytestmark = pytest.mark.usefixtures("inline")


def by_user(out):
    found: dict = {}
    for each in topple.scan_explanations(out):
        found.setdefault(each.query.user, []).append(each)
    return found


def test_only_users_of_whom_something_changed_are_explained_again(world, histories, tmp_path):
    events, out = tmp_path / "events.parquet", tmp_path / "why"
    run_batch(world, out, write_events(histories, events))
    before = by_user(out)
    changed, gone, weighted, *_ = histories
    items = world[2].catalogue.vocabulary.ids
    now = {user: history for user, history in histories.items() if user != gone}
    now[changed] = topple.History(
        sorted([*histories[changed], next(item for item in items if item not in histories[changed])])
    )
    now[weighted] = topple.History(histories[weighted], [2] * len(histories[weighted]))
    now["newcomer"] = topple.History(histories[changed])
    found = run_batch(world, out, write_events(now, events), update=True)
    assert found["users"] == len(now)
    assert found["kept"] == len(now) - 3
    after = by_user(out)
    assert canonical(topple.scan_explanations(out)) == canonical(topple.explain(world[1], now, k=3, progress=False))
    for user in now:
        same = [each.seconds for each in after[user]] == [each.seconds for each in before.get(user, [])]
        assert same == (user not in (changed, weighted, "newcomer"))


def test_another_model_or_other_settings_explain_all_again(world, histories, tmp_path):
    events, out = write_events(histories, tmp_path / "events.parquet"), tmp_path / "why"
    run_batch(world, out, events)
    assert run_batch(world, out, events, update=True)["kept"] == 0  # nothing to do: what is there stays
    assert run_batch(world, out, events, asked={"k": 2}, update=True)["kept"] == 0
    assert {each.query.k for each in topple.scan_explanations(out)} == {2}


def test_lists_by_user_count_as_a_change(world, histories, tmp_path):
    import pyarrow as pa

    events, out = write_events(histories, tmp_path / "events.parquet"), tmp_path / "why"
    run_batch(world, out, events)
    user = next(iter(histories))
    first = by_user(out)[user][0].query.target
    limits = {"exclude": pa.table({"user": [str(user)], "item": [first]})}
    found = run_batch(world, out, events, beside=limits, update=True)
    assert found["kept"] == len(histories) - 1
    assert first not in {each.query.target for each in by_user(out)[user]}
    kept_lists = by_user(out)[user][0].query.exclude
    assert kept_lists == {first}


def test_a_delisted_item_explains_again_those_whom_it_touches(world, histories, tmp_path):
    events, out = write_events(histories, tmp_path / "events.parquet"), tmp_path / "why"
    run_batch(world, out, events)
    before = by_user(out)
    told = {
        user: {item for each in answers for item in (each.query.target, *each.replacements, *each.query.history)}
        for user, answers in before.items()
    }  # fmt: skip
    item = min(
        world[2].catalogue.vocabulary.ids,
        key=lambda one: (
            not any(one in items for items in told.values()),
            sum(one in items for items in told.values()),
        ),
    )
    touched = {user for user, items in told.items() if item in items}
    assert 0 < len(touched) < len(before)
    found = run_batch(world, out, events, asked={"exclude": [item]}, touched=[item], update=True)
    assert found["kept"] == len(before) - len(touched)
    fresh = topple.explain(world[1], histories, k=3, exclude=[item], progress=False)
    for each in fresh:  # sets and proofs of the others hold all the same
        stored = next(one for one in by_user(out)[each.query.user] if one.query.target == each.query.target)
        assert (stored.status, stored.items, stored.proof) == (each.status, each.items, each.proof)


def test_an_update_for_delisted_items_that_is_stopped_goes_on_and_other_changes_are_refused(
    world, histories, tmp_path, monkeypatch
):
    events, out = write_events(histories, tmp_path / "events.parquet"), tmp_path / "why"
    run_batch(world, out, events)
    item = world[2].catalogue.vocabulary.ids[0]
    with pytest.raises(OutputExistsError, match=r"more than lists changed \(k was 3 and is now 2\)"):
        run_batch(world, out, events, asked={"exclude": [item], "k": 2}, touched=[item], update=True)
    whole = run_batch(world, tmp_path / "again", events)
    assert whole["kept"] == 0
    expected = run_batch(world, tmp_path / "again", events, asked={"exclude": [item]}, touched=[item], update=True)
    with monkeypatch.context() as patch:
        patch.setattr("tests.batch.conftest.explain", stop_at(1))
        with pytest.raises(KeyboardInterrupt):
            run_batch(world, out, events, asked={"exclude": [item]}, touched=[item], update=True)
    found = run_batch(world, out, events, asked={"exclude": [item]}, touched=[item], update=True)
    assert found["kept"] == expected["kept"] > 0
    assert canonical(topple.scan_explanations(out)) == canonical(topple.scan_explanations(tmp_path / "again"))


def test_an_update_that_is_stopped_goes_on(world, histories, tmp_path, monkeypatch):
    events, out = tmp_path / "events.parquet", tmp_path / "why"
    run_batch(world, out, write_events(histories, events))
    now = {user: topple.History([*history][:-1]) for user, history in histories.items()}
    write_events(now, events)
    with monkeypatch.context() as patch:
        patch.setattr("tests.batch.conftest.explain", stop_at(1))
        with pytest.raises(KeyboardInterrupt):
            run_batch(world, out, events, update=True)
    run_batch(world, out, events, update=True)
    assert canonical(topple.scan_explanations(out)) == canonical(topple.explain(world[1], now, k=3, progress=False))


def stop_at(number):
    from topple.batch.executors.local import explain

    def explained(job, shard):
        if shard == number:
            raise KeyboardInterrupt
        return explain(job, shard)

    return explained


def test_a_user_is_erased_from_every_file(world, histories, tmp_path):
    out = tmp_path / "why"
    named = {f"person-{user}": history for user, history in histories.items()}
    run_batch(world, out, write_events(named, tmp_path / "events.parquet"))
    rows = len(topple.scan_explanations(out))
    user = next(iter(named))
    assert erase_users(out, [user]) == 3
    assert len(topple.scan_explanations(out)) == rows - 3
    assert topple.scan_explanations(out).of(user) == []
    for file in out.rglob("*.parquet"):
        assert user not in str(pq.read_table(file).to_pylist())
    with pytest.raises(DataError, match="holds none of the users"):
        erase_users(out, ["nobody"])
    with pytest.raises(DataError, match="holds no batch"):
        erase_users(tmp_path, [user])
