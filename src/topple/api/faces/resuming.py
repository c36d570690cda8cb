"""Explaining into an output whose answers are kept as they are ready, so that an interrupted run goes on."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path

from topple import __version__
from topple.api.answering import Answering
from topple.api.answers.asked import Asked, asked_by_history
from topple.api.faces.runs import MARKER as RUN
from topple.api.faces.runs import Run, finished_pieces
from topple.data.vocabulary import Catalogue
from topple.errors import DataError, OutputExistsError, QueryError
from topple.explainers.base import Explainer
from topple.files import hold, refuse_existing, remove
from topple.inputs import is_file
from topple.records.answer import Explanation, Status
from topple.records.fields import FIELDS
from topple.records.io import ItemLists, Words, canonical_json, from_row, item_lists_of, to_row
from topple.records.kinds import in_order
from topple.records.question import Query
from topple.reports.progress import queries_bar
from topple.reports.records import MARKER, words_of, write_rows
from topple.scoring.budget import Budget, Meter
from topple.scoring.memory import HISTORIES
from topple.scoring.recommender import Recommender
from topple.types import FilePath, Id, ItemId, JsonObject, UserId

ANSWERS, REPLACE = "answers", "replace"
"""A piece of answers is named `answers FIRST COUNT`; the piece REPLACE says that the run may replace the output."""
FIRST, EVERY = 4, 2.0
"""Histories of the first piece, and the seconds that a piece is to take: so much is lost at most, roughly."""


class KeptAnswers:
    """An output folder of explanations, and beside it, until the folder is written, `OUT.partial` with the finished answers.

    Args:
        out: the folder that `write` makes.
        resume: whether to go on with what an interrupted run kept.
        overwrite: whether to begin anew and replace what is there.
        wording: `because` and `language` of the sentences; None for those of `sentence`.

    Raises:
        OutputExistsError: `out` exists, or an interrupted run kept answers, and neither was asked for; said before any work.
        QueryError: both were asked for.
    """

    def __init__(
        self, out: FilePath, *, resume: bool = False, overwrite: bool = False, wording: Mapping[str, str] | None = None
    ) -> None:
        if resume and overwrite:
            raise QueryError("--resume goes on with what was kept and --overwrite begins anew. Give one of the two.")
        self.out = Path(out)
        if not self.out.absolute().name:
            raise OutputExistsError(f"{self.out} exists and is left as it is. Choose another path.")
        self.partial = self.out.absolute().with_name(f"{self.out.absolute().name}.partial")
        self.total = 0
        self._overwrite, self._wording = overwrite, dict(wording or {})
        self._manifest: JsonObject = {}
        refuse_existing(self.partial, overwrite=True, marker=RUN)
        interrupted = is_file(self.partial / RUN)
        if interrupted and not (resume or overwrite):
            raise OutputExistsError(
                f"{self.partial} holds {self.kept:,} answers of an interrupted run. Go on with it (--resume), begin anew "
                "(--overwrite), or choose another path."
            )
        may_replace = overwrite or (interrupted and REPLACE in finished_pieces(self.partial))
        refuse_existing(self.out, overwrite=may_replace, marker=MARKER)

    @property
    def kept(self) -> int:
        """How many answers are kept."""
        return sum(int(name.split()[2]) for name in _names(finished_pieces(self.partial)))

    def explain(
        self,
        recommender: Recommender,
        queries: Sequence[Query],
        method: Explainer,
        budget: Budget,
        shown: Mapping[UserId, Sequence[ItemId]] | None = None,
        *,
        progress: bool = True,
    ) -> list[Explanation]:
        """Explain queries as `explain_queries` does, those that are not answered yet; each answer is on the disk soon after.

        Args:
            recommender: what recommends.
            queries: what is asked.
            method: the explainer.
            budget: of the run.
            shown: the list as it was shown to each user, where the queries are about that.
            progress: whether to show a bar.

        Raises:
            OutputExistsError: what is kept is of another model, other data, queries or settings; the message says of which.
            OutputError: another process is at work on this output.
            DataError: a kept answer is damaged.
            CapabilityError: before any work starts.
        """
        method.require(recommender)
        self.total = len(queries)
        self._manifest = _manifest(recommender, queries, method, budget, shown) | {"sentences": self._wording}
        locks = []
        try:
            if is_file(self.partial / RUN):
                locks.append(hold(self.partial))
            run = Run(self.partial, self._manifest, overwrite=self._overwrite)
            if self._overwrite:
                run.keep(REPLACE, {})
            if self._overwrite or not locks:
                locks.append(hold(self.partial))  # of the folder that this run has just made
            return self._answers(run, recommender, asked_by_history(queries, shown), method, budget, progress)
        finally:
            for lock in locks:
                os.close(lock)

    def _answers(
        self,
        run: Run,
        recommender: Recommender,
        asked: tuple[Sequence[Asked], Sequence[list[int]]],
        method: Explainer,
        budget: Budget,
        progress: bool,
    ) -> list[Explanation]:
        """Return the answers in the order of the queries: those that are kept, and those that are left, each kept when it is ready.

        Args:
            run: what is kept.
            recommender: what recommends.
            asked: what is asked of each history, and the numbers of the queries of each.
            method: the explainer.
            budget: of the run.
            progress: whether to show a bar.
        """
        rows, lists, spent = _read(run, new=True)
        answers = {number: from_row(row, lists) for number, row in rows.items()}
        meter = Meter(budget, int(spent["scored"]), time.perf_counter() - spent["seconds"])
        left = [
            (request, numbers) for request, numbers in zip(*asked, strict=True) if not answers.keys() >= set(numbers)
        ]
        at_once, words = FIRST, words_of(recommender.catalogue, **self._wording)
        name, done = f"explain ({method.name})", len(answers)
        with queries_bar(name, self.total, done=done) if progress else nullcontext(None) as on_progress:
            answering = Answering(recommender, method, meter, on_progress)
            while left:
                part, left = left[:at_once], left[at_once:]
                started = time.perf_counter()
                several = answering.answers([request for request, _ in part])
                fresh = {
                    number: answer
                    for (_, numbers), found in zip(part, several, strict=True)
                    for number, answer in zip(numbers, found, strict=True)
                }
                _keep(run, fresh, meter, words)
                answers.update(fresh)
                share = EVERY / max(time.perf_counter() - started, EVERY / 2)  # at most twice as many as before
                at_once = max(1, min(HISTORIES, round(len(part) * share)))
        return [answers[number] for number in range(self.total)]

    def write(self, catalogue: Catalogue, **extra: JsonObject) -> list[JsonObject]:
        """Write the output folder, remove what was kept, and return the rows of the output.

        Args:
            catalogue: of the model.
            extra: what is written beside the answers, each object as `<name>.json`.

        Raises:
            OutputExistsError: another process has written `out` meanwhile.
            OutputError: it could not be written; the answers stay kept.
        """
        run = Run(self.partial, self._manifest)
        if REPLACE not in run.finished:
            refuse_existing(self.out, overwrite=False, marker=MARKER)
            run.keep(REPLACE, {})  # killed before what is kept is removed, the run may write its output again
        rows, lists, _ = _read(run)
        written = [row for _, row in sorted(rows.items())]
        named = {name: in_order(ids) for name, ids in lists.items()}
        write_rows(written, named, catalogue, self.out, overwrite=True, **extra)
        self.drop()
        return written

    def drop(self) -> None:
        """Remove what was kept."""
        remove(self.partial)


def _names(pieces: Iterable[str]) -> list[str]:
    """Return the names of the pieces that hold answers."""
    return [name for name in pieces if name.startswith(f"{ANSWERS} ")]


def _keep(run: Run, answers: Mapping[int, Explanation], meter: Meter, words: Words) -> None:
    """Make a piece of answers, by the number of the query, with what was spent in all."""
    run.keep(
        f"{ANSWERS} {min(answers):09} {len(answers)}",
        {
            "rows": {str(number): to_row(answer, words) for number, answer in answers.items()},
            "item_lists": item_lists_of(answers.values()),
            "spent": {"scored": meter.scored, "seconds": time.perf_counter() - meter.started},
        },
    )


def _read(run: Run, *, new: bool = False) -> tuple[dict[int, JsonObject], ItemLists, dict[str, float]]:
    """Return the rows of the kept answers, by the number of the query, their item lists, and what they spent in all.

    Args:
        run: what is kept.
        new: whether the pieces are new to this process, which then looks at each answer.

    Raises:
        DataError: a piece is damaged.
    """
    rows: dict[int, JsonObject] = {}
    lists: dict[str, frozenset[Id]] = {}
    spent: dict[str, float] = {"scored": 0, "seconds": 0.0}
    for name in _names(run.finished):
        piece = run.kept(name)
        try:
            lists |= {list_name: frozenset(ids) for list_name, ids in piece["item_lists"].items()}
            found = {int(number): row for number, row in piece["rows"].items()}
            for row in found.values():
                if new:
                    from_row(row, lists)
                _ = [row[field.name] for field in FIELDS]  # what is derived is written as it is
            spent = {key: max(amount, piece["spent"][key]) for key, amount in spent.items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{run.path(name)} holds no answers ({error!r}). Delete it; the run makes them anew."
            ) from error
        rows |= found
    return rows, lists, spent


def _manifest(
    recommender: Recommender,
    queries: Sequence[Query],
    method: Explainer,
    budget: Budget,
    shown: Mapping[UserId, Sequence[ItemId]] | None,
) -> JsonObject:
    """Return what the answers depend on; what a reader knows by name comes before the fingerprint of the queries."""
    whole = sha256()
    for query in queries:
        listed = () if shown is None or query.user is None else tuple(shown.get(query.user, ()))
        whole.update(canonical_json(Explanation(query, Status.NOT_FOUND, shown=listed)).encode())
    first = queries[0]
    return {
        "run": "explain",
        "version": __version__,
        "model": recommender.fingerprint,
        "catalogue": recommender.catalogue.fingerprint,
        "data": str(recommender.training.get("data", "")),
        "explainer": method.name,
        "settings": method.settings.model_dump(mode="json"),
        "budget": budget.model_dump(mode="json"),
        "k": first.k,
        "rule": str(first.rule),
        "goal": str(first.goal),
        "seed": first.seed,
        "queries": {"count": len(queries), "fingerprint": whole.hexdigest()[:16]},
    }
