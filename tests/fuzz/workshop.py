"""What the cases are made from: one of every file that topple reads, small and good."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

import topple
from tests.told import NORTH, SOUTH, told_model, told_module
from topple.api.explaining import make_explainer
from topple.api.faces.resuming import KeptAnswers
from topple.reports.records import write_explanations
from topple.scoring.budget import Budget
from topple.testing.toy import ANA

TINY = {"epochs": 1, "hidden": 8, "latent": 4}


class Workshop:
    """Files in a folder, made once; a case works on copies.

    Args:
        folder: an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.scratch = folder, folder / "scratch"
        self.table = self._table()
        self.split = topple.prepare(topple.read_interactions(self.table, timestamp="time", title="title"))
        self.model = topple.fit(self.split, "ease", progress=False)
        self.network = topple.fit(self.split, "mult-vae", settings=TINY, progress=False)
        self.histories = self.split.histories(limit=2)
        self.explained = topple.explain(self.model, self.histories, k=2, explainer="greedy", progress=False)
        self.told, self.told_module = told_model(), told_module()
        self.told_histories, self.contexts = {"ann": ANA, "bob": ANA}, {"ann": SOUTH, "bob": NORTH}
        self._write()

    def _table(self) -> pa.Table:
        draw = np.random.default_rng(0)
        rows = [(user, f"i{item:02}") for user in range(60) for item in draw.permutation(20)[:7]]
        users, items = map(list, zip(*rows, strict=True))
        return pa.table(
            {
                "user": users,
                "item": items,
                "rating": draw.integers(4, 6, len(rows)).astype(float),
                "time": draw.integers(10**9, 2 * 10**9, len(rows)),
                "title": [f"Film {item}" for item in items],
            }
        )

    def _write(self) -> None:
        pa_csv.write_csv(self.table, self.folder / "table.csv")
        pq.write_table(self.table, self.folder / "table.parquet")
        with pa.CompressedOutputStream(str(self.folder / "table.csv.gz"), "gzip") as packed:
            packed.write((self.folder / "table.csv").read_bytes())
        titles = self.table.select(["item", "title"]).slice(0, 12)
        pa_csv.write_csv(titles, self.folder / "titles.csv")
        (self.folder / "movies.dat").write_text("1::Film (1999)::x\n2::Two, The (2000)::y\n")
        np.savez(self.folder / "weights.npz", **{name: array.numpy() for name, array in self.model.arrays().items()})
        topple.save_model(self.model, self.folder / "model", self.split)
        topple.save_model(self.network, self.folder / "network", self.split)
        write_explanations(self.explained, self.model.catalogue, self.folder / "explained")
        topple.write_split(self.split, self.folder / "split")
        topple.save_model(self.told, self.folder / "told")
        self._write_lists()
        keeper = KeptAnswers(self.folder / "kept")
        queries = topple.top_k_queries(self.model, self.histories)
        keeper.explain(self.model, queries, make_explainer("greedy"), Budget())

    def _write_lists(self) -> None:
        """Write lists that were shown, the events of the users they were shown to, and what a model was told of them."""
        listed = [(user, item, rank) for user in self.histories for rank, item in enumerate(("i01", "i05"), start=1)]
        films = [(user, item, rank) for user in ("ann", "bob") for rank, item in enumerate(("evita", "fargo"), start=1)]
        events = [(user, item, time) for user, items in self.told_histories.items() for time, item in enumerate(items)]
        for name, last, rows in (("shown", "rank", listed), ("shown-films", "rank", films), ("seen", "time", events)):
            lines = [f"user,item,{last}", *(",".join(map(str, row)) for row in rows)]
            (self.folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
        (self.folder / "contexts.json").write_text(json.dumps(self.contexts))

    def copy(self, name: str) -> Path:
        """Return a copy of a file or folder in an empty scratch folder."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        source, target = self.folder / name, self.scratch / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
        return target
