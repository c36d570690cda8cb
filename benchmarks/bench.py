"""All that is measured in one run: quality and speed of the explainers, growth, and where the time goes. One core.

    python -m benchmarks.bench                                     generated films, no data needed
    python -m benchmarks.bench --data-dir FOLDER_OF_ML_100K        trains on MovieLens 100K first
    python -m benchmarks.bench --models FOLDER ...                 model folders with their data, and folders of such

Parts: `quality` of every method on Mult-VAE and EASE (--recommenders, --worlds), the `speed` of every model (with --beside VERSION
next to another version), its `steps`, and the `growth`; each is a tool too, such as `python -m benchmarks.speed`. The world of a model
is the name of the folder above it. Prints tables and writes build/bench.json, from which `python -m benchmarks.figures --write` makes
the figures of README and docs, and the picture.
"""

import argparse
import tempfile
from pathlib import Path

import topple
from benchmarks import growth, quality, results, speed, steps
from benchmarks.methods import BATCHES
from benchmarks.timing import one_core

PARTS = ("quality", "speed", "steps", "growth")


def main() -> None:
    """Measure the parts, one after the other, and write what each found at once."""
    options = arguments()
    one_core()
    with tempfile.TemporaryDirectory() as folder:
        if not options.models:
            options.models = [trained(options, Path(folder))]
        try:
            run(options)
        except speed.VersionError as error:
            raise SystemExit(str(error)) from None
    print(f"written: {results.BUILD}")


def run(options: argparse.Namespace) -> None:
    """Measure the parts of the models."""
    if "quality" in options.parts:
        for world, folder in speed.model_folders(options.models):
            recommender = topple.load_model(folder)
            if recommender.name in options.recommenders and world in (options.worlds or [world]):
                split = topple.load_model_split(folder)
                assert split is not None, f"{folder} holds no data"
                rows = quality.model_rows(world, recommender, split, options)
                quality.show(rows)
                results.keep({"quality": rows})
    if "speed" in options.parts:
        asked = argparse.Namespace(**{**vars(options), "methods": speed.ASKED})
        speed.measure(asked)
    if "steps" in options.parts:
        steps.measure(options.models, options)
    if "growth" in options.parts:
        growth.measure(options.models)


def trained(options: argparse.Namespace, into: Path) -> Path:
    """Train the recommenders on the data that is given, or on generated films, and return the folder of their folders."""
    if options.interactions:
        read = topple.read_interactions(options.interactions, user="user_id", item="movie_id")
        split = topple.prepare(read, topple.Preparation(held_out_users=options.held_out_users))
    else:
        split = topple.load_split("ml-100k" if options.data_dir else "generated", options.data_dir)
    (into / split.name).mkdir()
    for name in options.recommenders:
        topple.save_model(topple.fit(split, name), into / split.name / name, split)
    return into


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--data-dir", type=Path, help="folder of MovieLens 100K as published")
    parser.add_argument(
        "--interactions", type=Path, help="another table, such as MovieLens 1M: columns user_id, movie_id"
    )
    parser.add_argument("--held-out-users", type=int, default=500, help="of --interactions")
    parser.add_argument(
        "--recommenders", nargs="+", default=["mult-vae", "ease"], help="of quality; trained without --models"
    )
    parser.add_argument("--worlds", nargs="+", help="of quality; all without")
    parser.add_argument("--methods", nargs="+", default=BATCHES, choices=BATCHES, help="of quality")
    parser.add_argument("--users", type=int, default=None, help="explain the first so many test users")
    parser.add_argument("--k", type=int, default=5, help="of quality")
    parser.add_argument("--lcer-steps", dest="steps", type=int, default=3000)
    parser.add_argument("--paper-queries", type=int, default=10, help="queries of the paper-style loop, 0 for none")
    speed.add_arguments(parser)
    steps.add_arguments(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
