"""A batch whose disk is full stops with one clear error, and goes on after there is space."""

import os
import resource
import subprocess
from pathlib import Path

from benchmarks.chaotic.world import World, environment

LARGE = 1 << 30
MOUNT, UNMOUNT = "/bin/mount", "/bin/umount"


def full_disk(world: World) -> tuple[list[str], list[str]]:
    """Fill the disk in the first pass, and while shards are written; return what the batch said, and what is wrong."""
    told, wrong = [], []
    for moment, size in (("the first pass", 40 << 10), ("a shard", _largest_of_shard(world) // 2)):
        out = world.folder / f"full-{size}"
        with_tmpfs = moment == "the first pass" and _mounted(out, size)
        found = world.command(out) if with_tmpfs else _limited(world, out, size)
        lines = [line for line in found.stderr.splitlines() if line.strip()]
        told.append(f"{moment} ({'a full tmpfs' if with_tmpfs else 'a limit of the size of files'}): {' '.join(lines)}")
        if found.returncode != 2 or len(lines) != 1 or not lines[0].startswith("error: writing"):
            wrong.append(f"{moment}: exit code {found.returncode}, {len(lines)} lines: {found.stderr[-600:]}")
        if with_tmpfs:
            subprocess.run([MOUNT, "-o", f"remount,size={LARGE}", str(out)], check=True)
        again = world.command(out, "--resume")
        wrong += [f"{moment}: {each}" for each in ([again.stderr] if again.returncode else world.wrong(out))]
        if with_tmpfs:
            subprocess.run([UNMOUNT, str(out)], check=True)
    return told, wrong


def _largest_of_shard(world: World) -> int:
    return max(path.stat().st_size for path in (world.undisturbed / "explanations").glob("*.parquet"))


def _mounted(out: Path, size: int) -> bool:
    """Return whether a file system of a size could be mounted at a folder."""
    if os.geteuid() != 0 or not Path(MOUNT).exists():
        return False
    out.mkdir()
    return subprocess.run([MOUNT, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(out)], check=False).returncode == 0


def _limited(world: World, out: Path, size: int) -> subprocess.CompletedProcess[str]:
    """Run a batch that may write no file beyond a size: the error is another one, what it hits is the same."""
    return subprocess.run(
        world.arguments(out), capture_output=True, text=True, check=False, env=environment(NUMBA_DISABLE_CACHING="1"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )  # fmt: skip
