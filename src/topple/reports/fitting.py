"""What a fit read, left out, held out, learned and kept, in lines that a person reads."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from topple.data.interactions import Interactions
from topple.data.splitting import HeldOut, Split
from topple.errors import counted

FEW = 30
"""A mean over fewer users or queries says how many, and that they are few."""


def of_few(count: int, what: str = "user") -> str:
    """Say over how many a mean is, and that they are too few to go by where they are.

    Example:
        >>> of_few(6), of_few(1200, "query")
        ('over 6 users: too few to go by', 'over 1,200 queries')
    """
    several = f"{what[:-1]}ies" if what.endswith("y") else ""
    few = ": too few to go by" if count < FEW else ""
    return f"over {counted(count, what, several)}{few}"


def split_sentences(split: Split) -> list[str]:
    """Say who is trained on, and who is held out."""
    lines = [
        f"Split: {len(split.train_users):,} users to train on, with {split.train.nnz:,} interactions of {len(split.catalogue):,} items; "
        f"{_held(split.validation)} to validate, {_held(split.test)} to test."
    ]
    only_repeats = split.events is not None and split.events.weights is None
    if split.weighted and split.train.nnz and not only_repeats:
        lines.append(f"Weights: from {split.train.data.min():g} to {split.train.data.max():g}.")
    if split.catalogue.titles is not None:
        known = sum(
            title != str(item)
            for title, item in zip(split.catalogue.titles, split.catalogue.vocabulary.ids, strict=True)
        )
        lines.append(f"Titles: {known:,} of {len(split.catalogue):,} items have one.")
    return lines


def lengths_sentence(read: Interactions) -> str:
    """Say how many interactions there are, how long histories are, and from where to where ratings and weights go."""
    lengths = np.bincount(read.user_index, minlength=len(read.users))
    quarters = "/".join(f"{quarter:g}" for quarter in np.quantile(lengths, [0, 0.25, 0.5, 0.75, 1]))
    ranges = [
        f"; {name} from {values.min():g} to {values.max():g}"
        for name, values in (("ratings", read.ratings), ("weights", read.weights))
        if values is not None
    ]
    return f"As read: {len(read):,} interactions; a user has {quarters} (least, quartiles, most){''.join(ranges)}."


def training_sentences(training: Mapping[str, Any]) -> list[str]:
    """Say how long was trained, and why the training ended."""
    if "epochs" not in training:
        return [f"Taken, not trained: the weights of {training.get('weights', 'a file')}."]
    epochs, seconds = training["epochs"], f" in {_time(training['seconds'])}" if "seconds" in training else ""
    if "best_epoch" not in training:
        return [f"Trained{seconds}."]
    best = f"the state of epoch {training['best_epoch']:,} is kept, the best of the validation users"
    told = f"Trained: {counted(epochs, 'epoch')}{seconds}; {best}."
    return [told + _ended(training)]


def quality_sentence(kind: str, quality: Mapping[str, float]) -> str:
    """Say how well held-out items are ranked, and over how many users that is a mean.

    Args:
        kind: of users: "validation" or "test".
        quality: means by name, and the number of "users".
    """
    users = int(quality["users"])
    if not users:
        return f"Quality on {kind} users: not known, none has both a history and held-out items."
    means = ", ".join(f"{_metric(name)} {value:.3f}" for name, value in quality.items() if name != "users")
    return f"Quality on {kind} users: {means}, {of_few(users)}."


def _ended(training: Mapping[str, Any]) -> str:
    """Say why the training ended before the last epoch; nothing where it did not."""
    done, of = training.get("batches_of_last_epoch", (0, 0))
    if training.get("interrupted"):
        return " It was interrupted."
    if training.get("ended") == "max_minutes":
        within = f", after {done:,} of the {of:,} batches of epoch {training['epochs']:,}" if of else ""
        return f" The time was up{within} (--max-minutes)."
    return " No epoch was better for long enough (patience)." if training.get("ended") == "patience" else ""


def _held(part: HeldOut) -> str:
    """Say how many users are held out, and how many of the interactions are to be predicted."""
    whole = part.fold_in.nnz + part.held_out.nnz
    return f"{len(part.users):,} ({part.held_out.nnz:,} of {whole:,} interactions are to be predicted)"


def _metric(name: str) -> str:
    """Return the name of a mean as people write it.

    Example:
        >>> _metric("ndcg_100"), _metric("recall_20")
        ('NDCG@100', 'Recall@20')
    """
    what, _, k = name.partition("_")
    return f"{what.upper() if what == 'ndcg' else what.capitalize()}@{k}"


def _time(seconds: float) -> str:
    """Return a time as people say it.

    Example:
        >>> _time(0.26), _time(75), _time(7300)
        ('0.3 s', '75 s', '122 min')
    """
    if seconds < 10 or math.isnan(seconds):
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
