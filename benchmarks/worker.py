"""One version of topple in a process of its own: reads a line of JSON, does it, answers with a line of JSON.

It is started by `benchmarks.versions` and uses only what all versions since aafc62b have.
"""

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.timing import one_core, peak, timed

K = 5


class Worker:
    """Holds a model and its queries between commands."""

    def __init__(self) -> None:
        import topple

        one_core()
        self.topple = topple
        self.model: Any = None
        self.histories: dict[Any, tuple[Any, ...]] = {}
        self.queries: dict[str, list[Any]] = {}

    def start(self) -> dict[str, Any]:
        """Say which source this is, and what memory it takes before anything was done: in all, and of it numba."""
        before = peak()
        if find_spec("topple.compiled") is not None:
            importlib.import_module("topple.compiled")
        return {"source": str(Path(self.topple.__file__).parent), "gib": peak(), "compiler_gib": peak() - before}

    def load(self, folder: str, histories: str) -> dict[str, Any]:
        """Hold a model, and the histories that a file has."""
        self.queries = {}
        try:
            loaded, how = self.topple.load_model(folder), "read"
            self.model = getattr(loaded, "recommender", loaded)
        except self.topple.ToppleError:
            self.model, how = self._of_arrays(Path(folder)), "made of the arrays"
        listed = json.loads(Path(histories).read_text(encoding="utf-8"))
        self.histories = {user: tuple(items) for user, items in listed}
        return {"how": how, "items": len(self.model.catalogue)}

    def batch(self, users: int, answers: bool = False, **method: Any) -> dict[str, Any]:
        """Explain the lists of the first so many users in one call."""
        asked = self._queries(users, method)
        found, seconds, clock = timed(lambda: self._explain(asked, method))
        told = {"seconds": seconds, "clock": clock, "queries": len(asked)}
        return told | ({"answers": [_answer(each) for each in found]} if answers else {})

    def requests(self, users: int, answers: bool = False, **method: Any) -> dict[str, Any]:
        """Explain the list of each of the first so many users in a call each."""
        names = {key: method[key] for key in ("rule", "goal", "explainer", "settings", "budget")}
        found, each = [], []
        for user in list(self.histories)[:users]:
            history = self.histories[user]
            answered, seconds, _ = timed(
                lambda history=history: self.topple.explain(self.model, history, k=K, progress=False, **names)
            )
            found += answered
            each.append(seconds)
        told = {"each": each, "seconds": sum(each), "queries": len(found)}
        return told | ({"answers": [_answer(each) for each in found]} if answers else {})

    def recommend(self, users: int) -> dict[str, Any]:
        """List the top-k of each of the first so many users in a call each."""
        histories = list(self.histories.values())[:users]
        each = [
            timed(lambda history=history: self.topple.recommend(self.model, history, K)).seconds
            for history in histories
        ]
        return {"each": each, "seconds": sum(each), "queries": len(each)}

    def fit(self, recommender: str, dataset: str, data_dir: str | None, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Fit a recommender on a data set."""
        split = self.topple.load_split(dataset, data_dir)
        call = timed(lambda: self.topple.fit(split, recommender, settings=settings, progress=False))
        return {"seconds": call.seconds, "clock": call.clock}

    def memory(self) -> dict[str, Any]:
        """Say what memory this process has held at most."""
        return {"gib": peak()}

    def _queries(self, users: int, method: Mapping[str, Any]) -> list[Any]:
        key = json.dumps([users, method["rule"], method["goal"]])
        if key not in self.queries:
            histories = {user: self.histories[user] for user in list(self.histories)[:users]}
            self.queries[key] = self.topple.top_k_queries(
                self.model, histories, k=K, rule=method["rule"], goal=method["goal"]
            )
        return self.queries[key]

    def _explain(self, queries: Sequence[Any], method: Mapping[str, Any]) -> list[Any]:
        found: list[Any] = self.topple.explain_queries(
            self.model,
            queries,
            explainer=method["explainer"],
            settings=method["settings"],
            budget=method["budget"],
            progress=False,
        )
        return found

    def _of_arrays(self, folder: Path) -> Any:
        """Return the model of a folder that this version does not read: from its arrays, which have not changed."""
        import pyarrow.parquet as pq
        from safetensors.numpy import load_file

        from topple import registry

        about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        items = pq.read_table(folder / "items.parquet")["item"].combine_chunks()
        kind: Any = registry.load("recommenders", about["recommender"])
        known = kind.settings_type.model_fields
        settings = kind.settings_type.parse({key: value for key, value in about["settings"].items() if key in known})
        catalogue = self.topple.Catalogue(self.topple.Vocabulary(items))
        return kind.from_arrays(load_file(folder / "weights.safetensors"), catalogue, settings)


def _answer(explanation: Any) -> list[Any]:
    """Return user, target, status, size and proof, of any version's record."""
    items = explanation.items if hasattr(explanation, "items") else explanation.removed
    proof = explanation.proof.value if explanation.proof else None
    query = explanation.query
    return [str(query.user), str(query.target), explanation.status.value, len(items), proof]


def main() -> None:
    """Answer until the input ends; what else is printed goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    worker = Worker()
    commands = {name: getattr(worker, name) for name in dir(Worker) if not name.startswith("_")}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            told = commands[asked.pop("do")](**asked)
        except Exception as error:  # noqa: BLE001 # the other process says what went wrong
            told = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
