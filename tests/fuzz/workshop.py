"""What the cases are made from: one of every file that topple reads, small and good."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

import topple
from topple.api.explaining import make_explainer
from topple.api.faces.resuming import KeptAnswers
from topple.reports.records import write_explanations
from topple.scoring.budget import Budget

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
        keeper = KeptAnswers(self.folder / "kept")
        queries = topple.top_k_queries(self.model, self.histories)
        keeper.explain(self.model, queries, make_explainer("greedy"), Budget())

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
