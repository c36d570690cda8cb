"""Questions that wait are answered together, each as it would be alone; who left is worked for no more."""

import asyncio
import threading
import time

import pytest

import topple
from topple import canonical_json
from topple.api.answers.preparing import asked_about
from topple.records.answer import Status
from topple.records.effort import Effort
from topple.web.models import ServedModel
from topple.web.pooling.pool import Pool, QueueFullError, StoppedError, answers_of
from topple.web.pooling.questions import How, Question


@pytest.fixture
def model(ease, split):
    return ServedModel("films", ease, split)


def question(model, history, how=None, due=None, k=3):
    asked, _ = asked_about(model.recommender, history, k=k, **FIELDS)
    return Question(model, how or How.of(model, effort=Effort.INSTANT), asked, due)


FIELDS = {
    "rule": "unseen_before", "seed": 0, "repeats": "item", "goal": "necessary", "protected": (), "groups": (), "item_costs": (),
    "largest": None, "sets": 1, "candidates": None, "exclude": frozenset(), "unknown": "refuse",
}  # fmt: skip


class Held:
    """Work that is begun and goes on until it is let go."""

    def __init__(self):
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self):
        self.begun.set()
        assert self.go.wait(20)


def test_what_waits_together_is_answered_together_as_alone(model, ease, split):
    batches, held = [], Held()

    async def main():
        pool = Pool(most=4, on_batch=lambda requests, queries: batches.append((requests, queries)))
        first = asyncio.ensure_future(pool.call(held))
        await asyncio.to_thread(held.begun.wait, 20)
        waiting = [asyncio.ensure_future(pool.ask(question(model, {user: history}))) for user, history in users.items()]
        await asyncio.sleep(0)
        assert pool.waiting == 1 + len(users)
        held.go.set()
        await first
        answers = await asyncio.gather(*waiting)
        pool.close()
        return answers

    users = split.histories(limit=6)
    answers = asyncio.run(main())
    assert batches == [(4, 12), (2, 6)]
    expected = topple.explain(ease, users, k=3, effort="instant", progress=False)
    found = [each for several in answers for one in several for each in one]
    assert list(map(canonical_json, found)) == list(map(canonical_json, expected))


def test_a_way_of_asking_is_made_once_and_what_clients_vary_without_end_is_not_kept(model):
    assert How.of(model, effort=Effort.INSTANT) is How.of(model, effort=Effort.INSTANT)
    before = len(model.ways)
    for scored in range(1, 50):
        assert How.of(model, scored=scored).budget.scored == scored
    assert How.of(model, settings={"budget": 7}).method.settings.budget == 7
    assert len(model.ways) == before


def test_only_questions_of_one_kind_go_together(model, split):
    async def main():
        history = next(iter(split.histories(limit=1).values()))
        now = time.perf_counter()
        proof, other = How.of(model, effort=Effort.PROOF), How.of(model, "greedy")
        plain, same = question(model, history), question(model, history)
        assert plain.goes_with(same)
        assert not plain.goes_with(question(model, history, proof))
        assert not plain.goes_with(question(model, history, other))
        assert not plain.goes_with(question(model, history, due=now + 1))
        soon, later, much_later = (question(model, history, due=now + left) for left in (1, 1.5, 30))
        assert soon.goes_with(later)
        assert not soon.goes_with(much_later)

    asyncio.run(main())


def test_who_leaves_is_worked_for_no_more(model, split):
    held, made = Held(), []

    async def main():
        pool = Pool(on_batch=lambda requests, queries: made.append(requests))
        first = asyncio.ensure_future(pool.call(held))
        await asyncio.to_thread(held.begun.wait, 20)
        history = next(iter(split.histories(limit=1).values()))
        leaves, stays = (asyncio.ensure_future(pool.ask(question(model, history))) for _ in range(2))
        await asyncio.sleep(0)
        leaves.cancel()
        await asyncio.sleep(0)
        held.go.set()
        await asyncio.gather(first, stays)
        pool.close()

    asyncio.run(main())
    assert made == [1]


def test_a_search_ends_soon_after_everybody_left(model):
    """A search through sixteen million sets, of hours, ends when nobody waits for it."""

    async def main():
        history = tuple(model.recommender.catalogue.vocabulary.ids[:25])
        how = How.of(model, "exhaustive", settings={"largest": 12, "whole": 0, "budget": 10**8})
        one = question(model, history, how, k=1)
        timer = threading.Timer(0.5, lambda: setattr(one, "left", True))
        timer.start()
        began = time.perf_counter()
        ((answers,),) = await asyncio.to_thread(answers_of, [one])
        assert 0.4 < time.perf_counter() - began < 10
        return answers

    assert {each.status for each in asyncio.run(main())} == {Status.BUDGET_SPENT}


def test_a_deadline_ends_the_search_with_a_verified_answer(model, split):
    async def main():
        history = next(iter(split.histories(limit=1).values()))
        one = question(model, history, How.of(model, effort=Effort.PROOF), due=time.perf_counter() + 0.05)
        ((answers,),) = [await asyncio.to_thread(answers_of, [one])]
        return answers

    for several in asyncio.run(main()):
        for each in several:
            assert each.status in (Status.FOUND, Status.BUDGET_SPENT, Status.IMPOSSIBLE)


def test_more_than_may_wait_is_refused_and_a_closed_pool_takes_nothing(model):
    held = Held()

    async def main():
        pool = Pool(queue=2)
        first = asyncio.ensure_future(pool.call(held))
        await asyncio.to_thread(held.begun.wait, 20)
        waiting = [asyncio.ensure_future(pool.call(int)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await pool.call(int)
        held.go.set()
        await asyncio.gather(first, *waiting)
        pool.close()
        with pytest.raises(StoppedError):
            await pool.call(int)

    asyncio.run(main())


def test_an_error_reaches_who_asked_and_the_thread_goes_on(model):
    async def main():
        pool = Pool()
        with pytest.raises(ZeroDivisionError):
            await pool.call(lambda: 1 / 0)
        assert await pool.call(lambda: 7) == 7
        pool.close()

    asyncio.run(main())


def test_what_is_quick_does_not_wait_behind_a_proof(model):
    held = Held()

    async def main():
        pool = Pool()
        slow = asyncio.ensure_future(pool.call(held, quick=False))
        await asyncio.to_thread(held.begun.wait, 20)
        assert await asyncio.wait_for(pool.call(lambda: 1), 10) == 1
        held.go.set()
        await slow
        pool.close()

    asyncio.run(main())
