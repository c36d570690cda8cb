"""The pool: the questions that wait are answered together, one batch after the other, in threads of their own."""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from topple.api.answering import Answering
from topple.records.answer import Explanation
from topple.scoring.budget import Meter
from topple.web.pooling.questions import How, Question

_Found = TypeVar("_Found")
GATHERED, MOST_GATHERED = 0.2, 0.1
"""Share of the seconds of the last batch, and seconds, that are waited for the questions of the next one at most."""
OnBatch = Callable[[int, int], None]
"""Called with how many requests and queries a batch holds."""


class QueueFullError(Exception):
    """More requests wait than may."""


class StoppedError(Exception):
    """The service is being stopped."""


class Pool:
    """Answers questions: those that wait and go together are one call, in the order of who came first.

    There are two threads: one for what is quick, one for proofs and other long work, so that nobody who asks for a page waits behind a
    paper. What is answered together gets the answers that it would get alone.

    Args:
        most: requests that are answered together at most.
        queue: requests that may wait at most.
        on_batch: told of each batch.
    """

    def __init__(self, most: int = 64, queue: int = 256, on_batch: OnBatch = lambda requests, queries: None) -> None:
        self.most, self.queue = most, queue
        self._on_batch = on_batch
        self._lanes = {quick: _Lane(self, f"topple-{'quick' if quick else 'long'}") for quick in (True, False)}

    @property
    def waiting(self) -> int:
        """How many requests wait or are being answered."""
        return sum(lane.waiting for lane in self._lanes.values())

    @property
    def full(self) -> bool:
        """Whether no more questions of the quick kind are taken at the moment."""
        return self._lanes[True].full

    async def ask(self, question: Question) -> list[list[Explanation]]:
        """Return the answers to a question; where the caller is cancelled, nobody works for it any more.

        Raises:
            QueueFullError: too many wait already.
        """
        self._lanes[question.how.quick].put(question)
        try:
            return await question.answered
        except asyncio.CancelledError:
            question.left = True
            raise

    async def call(self, work: Callable[[], _Found], *, quick: bool = True) -> _Found:
        """Return what a function returns that is called in turn, in the thread of what is quick, or in the other.

        Raises:
            QueueFullError: too many wait already.
        """
        job = _Job(work)
        self._lanes[quick].put(job)
        try:
            found: _Found = await job.answered
        except asyncio.CancelledError:
            job.left = True
            raise
        return found

    def close(self) -> None:
        """End the threads when what they work on is done; what waits is refused."""
        for lane in self._lanes.values():
            lane.close()

    def told(self, batch: Sequence[Question]) -> None:
        """Tell of a batch."""
        self._on_batch(len(batch), sum(each.count for question in batch for each in question.asked))


class _Job:
    """A function that is called in turn."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work, self.left = work, False
        self.answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


class _Lane:
    """A thread, and what waits for it."""

    def __init__(self, pool: Pool, name: str) -> None:
        self._pool = pool
        self._waiting: deque[Question | _Job] = deque()
        self._more, self._working, self._closed = threading.Condition(), 0, False
        self._expected, self._took = 1, 0.0  # requests of the next batch, and seconds of the last
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        return len(self._waiting) + self._working

    @property
    def full(self) -> bool:
        return len(self._waiting) >= self._pool.queue

    def put(self, one: Question | _Job) -> None:
        with self._more:
            if self._closed:
                raise StoppedError
            if self.full:
                raise QueueFullError
            self._waiting.append(one)
            self._more.notify()

    def close(self) -> None:
        with self._more:
            self._closed = True
            self._more.notify()
        self._thread.join(timeout=60)

    def _work(self) -> None:
        while (batch := self._next()) is not None:
            live, began = [one for one in batch if not one.left], time.perf_counter()
            if live:
                try:
                    _answer(self._pool, live)
                except BaseException as error:  # noqa: BLE001 # whoever waits is told, and the thread goes on
                    for one in live:
                        _hand_over(one.answered, error)
            self._working, self._took = 0, time.perf_counter() - began
            self._expected = len(batch) + len(self._waiting)

    def _next(self) -> list[Any] | None:
        """Return what is answered next, together; None at the end."""
        with self._more:
            while not self._waiting:
                if self._closed:
                    return None
                self._more.wait()
            self._gather()
            first = self._waiting.popleft()
            batch: list[Question | _Job] = [first]
            if isinstance(first, Question):
                others = list(self._waiting)
                fit = [one for one in others if isinstance(one, Question) and one.goes_with(first)]
                batch += fit[: self._pool.most - 1]
                chosen = set(map(id, batch))
                self._waiting = deque(one for one in others if id(one) not in chosen)
            self._working = len(batch)
            return batch

    def _gather(self) -> None:
        """Wait a moment for the clients of the last batch, who ask again at once: their questions then go together again.

        Who is alone is never waited for, and nobody waits for longer than a small share of what the last batch took.
        """
        until = time.perf_counter() + min(MOST_GATHERED, GATHERED * self._took)
        while len(self._waiting) < min(self._expected, self._pool.most) and (left := until - time.perf_counter()) > 0:
            self._more.wait(left)


def _answer(pool: Pool, batch: Sequence[Any]) -> None:
    """Answer questions together, or call a function."""
    first = batch[0]
    if isinstance(first, _Job):
        _hand_over(first.answered, first.work())
        return
    pool.told(batch)
    for question, answers in zip(batch, answers_of(batch), strict=True):
        _hand_over(question.answered, answers)


def answers_of(batch: Sequence[Question]) -> list[list[list[Explanation]]]:
    """Return the answers to questions that go together, for each a list a history; the work ends where all have left."""
    how, recommender = batch[0].how, batch[0].model.recommender
    asked = [each for question in batch for each in question.asked]
    answering = Answering(recommender, how.method, _meter(how, batch))
    found = iter(list(answering.answers(asked)))
    return [[next(found) for _ in question.asked] for question in batch]


def _meter(how: How, batch: Sequence[Question]) -> Meter:
    """Return what counts for questions that are answered together: until the first is due, or all have left."""
    left = [seconds for question in batch if (seconds := question.seconds) is not None]
    budget = how.budget.model_copy(update={"total_seconds": min(left)}) if left else how.budget
    return Meter(budget, stopped=lambda: all(question.left for question in batch))


def _hand_over(answered: "asyncio.Future[Any]", found: Any) -> None:
    """Hand an answer, or an error, to who waits in the loop of the service."""

    def settle() -> None:
        if answered.done():
            return
        if isinstance(found, BaseException):
            answered.set_exception(found)
        else:
            answered.set_result(found)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        answered.get_loop().call_soon_threadsafe(settle)
