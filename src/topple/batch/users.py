"""The answers about the users of a shard, as tables, and what comes of them."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topple.api.answering import Answering
from topple.api.answers.asked import Asked
from topple.api.answers.preparing import asked_about
from topple.api.limits import LeftOut
from topple.batch.earlier import Earlier
from topple.batch.input.histories import Known
from topple.batch.job import Job
from topple.errors import ToppleError, cut
from topple.explainers.base import Explainer
from topple.records.answer import Explanation
from topple.records.io import Words, item_lists_of
from topple.records.kinds import IdTypes
from topple.records.shards.columns import table_of
from topple.reports.records import words_of
from topple.scoring.budget import Budget, Meter
from topple.scoring.recommender import Recommender
from topple.types import Id, JsonObject, UserId

logger = logging.getLogger(__name__)

AT_ONCE = 256
"""Users that are answered together and held at once."""


class Answers:
    """Answers the users of one shard, and counts what comes of it.

    Args:
        job: what is asked.
        recommender: the model.
        method: the explainer.
        budget: of a query.
        ids: the types of the ids.
        earlier: answers that may be kept.
    """

    def __init__(
        self,
        job: Job,
        recommender: Recommender,
        method: Explainer,
        budget: Budget,
        ids: IdTypes,
        earlier: Earlier | None,
    ) -> None:
        self.job, self.recommender, self.ids, self.earlier = job, recommender, ids, earlier
        self._answering = Answering(recommender, method, Meter(budget))
        self._left_out = LeftOut(recommender.catalogue.vocabulary)
        self._words: Words | None = words_of(recommender.catalogue, **job.sentences) if job.sentences else None
        self._shown_as = renaming(job.pseudonyms)
        limits: JsonObject = {
            name: frozenset(job.asked[name]) for name in ("candidates", "exclude") if name in job.asked
        }
        self._asked_of_all = {**job.asked, **limits}
        self._counts: dict[str, Counter[Any]] = {name: Counter() for name in ("statuses", "proofs", "sizes")}
        self._users = self._rows = self._kept = 0
        self._lists: dict[str, list[Id]] = {} if earlier is None else dict(earlier.lists)
        self._logged = False
        self.known: list[JsonObject] = []
        self.aside: list[JsonObject] = []

    def summary(self) -> JsonObject:
        """Return what came of the users: how many, how many rows, how they ended."""
        told = {name: {str(key): counts[key] for key in sorted(counts)} for name, counts in self._counts.items()}
        counts = {"users": self._users, "rows": self._rows, "kept": self._kept, "aside": len(self.aside)}
        return {**counts, **told, "left_out": self._left_out.as_json()}

    def lists(self) -> dict[str, list[Id]]:
        """Return the candidates and excluded items that the answers name, by name; of earlier answers those that were there too."""
        return self._lists

    def tables(self, users: Sequence[Known]) -> Iterator[pa.Table]:
        """Yield the explanations of users, in their order, some at a time."""
        waiting = iter(users)
        while part := list(islice(waiting, AT_ONCE)):
            shown = [str(self._shown_as(known.user)) for known in part]
            fresh = [number for number, known in enumerate(part) if not self._is_kept(shown[number], known)]
            explained = self._explained([part[number] for number in fresh]) if fresh else []
            names = [shown[number] for number, answers in zip(fresh, explained, strict=True) for _ in answers]
            table = table_of(list(chain.from_iterable(explained)), self.ids, self._words)
            if self.job.pseudonyms is not None:
                table = table.set_column(0, table.schema.field(0), pa.array(names, pa.string()))
            rows = dict(zip(fresh, map(len, explained), strict=True))
            self._lists |= item_lists_of(chain.from_iterable(explained))
            if len(fresh) < len(part):
                table, rows = self._with_kept(shown, table, rows)
            self._count(part, shown, table, rows)
            yield table

    def _is_kept(self, shown: str, known: Known) -> bool:
        """Return whether the answers about a user are kept, as nothing changed."""
        return self.earlier is not None and self.earlier.digests.get(shown) == known.digest

    def _with_kept(self, shown: Sequence[str], made: pa.Table, rows: dict[int, int]) -> tuple[pa.Table, dict[int, int]]:
        """Return the answers of all users in their order, and how many rows are about each, by number.

        Args:
            shown: what each user is called.
            made: the answers that were made.
            rows: how many of them are about each user of whom some were made.
        """
        assert self.earlier is not None  # noqa: S101 - else no answers are kept
        kept = [number for number in range(len(shown)) if number not in rows]
        found, counts = self.earlier.of([shown[number] for number in kept])
        self._kept += len(kept)
        numbers, all_rows = [*rows, *kept], [*rows.values(), *counts]
        order = np.argsort(np.repeat(numbers, all_rows), kind="stable")
        table = pa.concat_tables([made, found.cast(made.schema)]).combine_chunks()
        return table.take(pa.array(order)), dict(zip(numbers, all_rows, strict=True))

    def _explained(self, part: Sequence[Known]) -> list[list[Explanation]]:
        """Return the answers about users; one that breaks what should not break is set aside, and the others are answered."""
        wrong = [known for known in part if known.wrong]
        if wrong:
            good = iter(self._explained([known for known in part if not known.wrong]))
            for known in wrong:
                self._set_aside(known, known.wrong)
            return [[] if known.wrong else next(good) for known in part]
        found = self._answers_or_error(part)
        if not isinstance(found, Exception):
            return found
        if len(part) > 1:
            middle = len(part) // 2
            return [*self._explained(part[:middle]), *self._explained(part[middle:])]
        told = isinstance(found, ToppleError)
        if not told and not self._logged:  # one of many that may be the same
            logger.error("a user is set aside", exc_info=found)
            self._logged = True
        self._set_aside(part[0], str(found) if told else f"{type(found).__name__}: {found}")
        return [[]]

    def _answers_or_error(self, part: Sequence[Known]) -> list[list[Explanation]] | Exception:
        """Return the answers about users, or what was raised instead."""
        try:
            return list(self._answering.answers(self._asked(part)))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 # whatever it is, it must not stop the others
            return error

    def _set_aside(self, known: Known, reason: str) -> None:
        """Keep why there are no answers about a user."""
        shown = str(self._shown_as(known.user))
        self.aside.append({"source": "explain", "row": None, "user": shown, "item": None, "reason": cut(reason, 500)})

    def _asked(self, part: Sequence[Known]) -> list[Asked]:
        """Return what is asked about users."""
        histories = {known.user: known.history for known in part}
        beside: dict[str, Any] = {}
        for name in ("shown", "candidates", "exclude", "context"):
            told = {known.user: known.beside[name] for known in part if name in known.beside}
            if told:
                beside["contexts" if name == "context" else name] = told
        return asked_about(self.recommender, histories, unknown=self._left_out, **{**self._asked_of_all, **beside})[0]

    def _count(self, part: Sequence[Known], shown: Sequence[str], table: pa.Table, rows: Mapping[int, int]) -> None:
        """Count the answers about users."""
        self._users += len(part)
        self._rows += table.num_rows
        self.known += [
            {"user": user, "digest": known.digest, "rows": rows[number]}
            for number, (user, known) in enumerate(zip(shown, part, strict=True))
        ]
        self._counts["statuses"].update(table.column("status").to_pylist())
        proven = table.filter(pc.is_valid(table.column("proof")))
        self._counts["proofs"].update(proven.column("proof").to_pylist())
        self._counts["sizes"].update(pc.list_value_length(proven.column("items")).to_pylist())


def renaming(file: str | None) -> Callable[[UserId], UserId]:
    """Return what names a user in the output: the pseudonym by the newest key of a file, or the id."""
    if file is None:
        return lambda user: user
    from topple.audit.keys import AuditKeys  # only where users are renamed

    return AuditKeys.read(file).newest.pseudonym
