"""What a folder of a batch says of itself: the manifest, which shards are whole, what came of them."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from topple.batch.job import shard_name
from topple.batch.storage import Folder
from topple.errors import DataError, shown
from topple.inputs import json_of
from topple.records.shards.reading import DONE, FORMAT, MANIFEST
from topple.types import JsonObject


def manifest_of(folder: Folder) -> JsonObject | None:
    """Return the manifest of a batch; None where there is none.

    Raises:
        DataError: it is damaged, or of another format.
    """
    if not folder.exists(MANIFEST):
        return None
    try:
        found = dict(json_of(folder.read(MANIFEST)))
    except (TypeError, ValueError) as error:
        raise DataError(f"{folder.address}/{MANIFEST} is damaged ({error}). Begin anew with --overwrite.") from error
    if found.get("format") != FORMAT:
        raise DataError(
            f"{folder.address}/{MANIFEST} is of format {shown(found.get('format'))}, and this version of topple reads {FORMAT!r}. Begin "
            "anew with --overwrite."
        )
    return found


def summaries(folder: Folder, manifest: JsonObject, wanted: Collection[int] | None = None) -> Iterator[JsonObject]:
    """Yield the summaries of the shards that are whole, by number.

    Args:
        folder: of the batch.
        manifest: of the batch.
        wanted: the numbers of shards that are asked about; None: all.
    """
    for name in folder.names(DONE):
        if wanted is not None and int(name.removesuffix(".json")) not in wanted:
            continue
        try:
            found = dict(json_of(folder.read(f"{DONE}/{name}")))
        except ValueError:  # of a worker that was killed, at an address where files are not put in place in one step
            continue
        if found["where"] == manifest["where"]:
            yield found


def missing(folder: Folder, manifest: JsonObject) -> list[int]:
    """Return the numbers of the shards that are left."""
    done = {each["shard"] for each in summaries(folder, manifest)}
    return [number for number in range(manifest["input"]["shards"]) if number not in done]


def whole_shards(folder: Folder, part: str) -> list[str]:
    """Return the names of the Parquet files of the shards that are whole, of explanations or users.

    Raises:
        DataError: the folder is no batch.
    """
    manifest = manifest_of(folder)
    if manifest is None:
        raise DataError(
            f"{folder.address} holds no batch (there is no {MANIFEST} in it). Give the folder that `topple batch` wrote."
        )
    return [f"{part}/{shard_name(each['shard'])}.parquet" for each in summaries(folder, manifest)]


def total(folder: Folder, manifest: JsonObject, failed: Sequence[JsonObject] = ()) -> JsonObject:
    """Return what came of a batch: counts over all shards that are whole, and the shards that failed."""
    found = list(summaries(folder, manifest))
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("statuses", "proofs", "sizes")}
    for summary in found:
        for name, counter in counts.items():
            counter.update(summary[name])
    sums = {name: sum(each[name] for each in found) for name in ("users", "rows", "kept", "cpu_seconds")}
    return {
        "shards": manifest["input"]["shards"], "done": len(found), "failed": list(failed), "events": manifest["input"]["events"], **sums,
        **{name: dict(counter) for name, counter in counts.items()},
        "aside": {"rows": manifest["input"]["aside"], "users": sum(each["aside"] for each in found)},
        "left_out": sum(each["left_out"]["events"] for each in found), "workers": len({each["worker"] for each in found}),
        "peak_bytes": max((each["peak_bytes"] or 0 for each in found), default=0),
    }  # fmt: skip
