"""Work in chunks that become smaller when memory runs out."""

from collections.abc import Callable

import torch


def in_chunks(total: int, at_once: int, work: Callable[[slice], None]) -> None:
    """Do a few rows at a time; where memory runs out, do the same rows again in halves, down to one row.

    Args:
        total: how many rows there are.
        at_once: how many to begin with, at least 1.
        work: called with the rows to do; doing a row twice must do no harm.
    """
    start = 0
    while start < total:
        rows = slice(start, min(start + at_once, total))
        try:
            work(rows)
            start = rows.stop
        except (MemoryError, RuntimeError) as error:
            at_once = (rows.stop - rows.start) // 2
            if not at_once or not _is_out_of_memory(error):
                raise
            torch.cuda.empty_cache()


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out; on a CPU, torch says so in the text of a RuntimeError alone."""
    return isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or "can't allocate memory" in str(error)
