"""Requests a second of the service on one core, beside the library in a batch: python -m benchmarks.serve --models FOLDER ...

The service runs on one core, the generator (wrk) on another. Each request asks about one user's top five (with --targets 1, about the first
of it). While the load runs, answers are compared with the library's.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx

import topple
from topple import canonical_json

SCRIPT = """
local bodies, turn = {}, 0
for line in io.lines("%s") do bodies[#bodies + 1] = line end
request = function()
  turn = turn %% #bodies + 1
  return wrk.format("POST", "%s", {["Content-Type"] = "application/json", ["Host"] = "localhost"}, bodies[turn])
end
done = function(summary, latency, requests)
  io.write(string.format(
    "RESULT {\\"requests\\": %%d, \\"seconds\\": %%f, \\"errors\\": %%d, \\"socket\\": %%d, \\"p50\\": %%f, \\"p99\\": %%f}\\n",
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


def library(folder: str, targets: int, users: int) -> tuple[float, float]:
    """Return how many users' lists the library explains a second, in one call on one core, and milliseconds of the processor a user."""
    code = (
        "import topple,time,sys\n"
        "m=topple.load_model(sys.argv[1]);h=topple.load_model_split(sys.argv[1]).histories(limit=int(sys.argv[3]))\n"
        "q=[q for u in h for q in topple.top_k_queries(m,{u:h[u]},k=5)[:int(sys.argv[2])]]\n"
        "run=lambda: topple.explain_queries(m,q,effort='instant',progress=False)\n"
        "run();t=[]\n"
        "for _ in range(3):\n b,c=time.perf_counter(),time.process_time();run()\n"
        " t.append((len(h)/(time.perf_counter()-b),1000*(time.process_time()-c)/len(h)))\n"
        "print(*(sorted(each)[1] for each in zip(*t)))"
    )
    command = ["taskset", "-c", "0", sys.executable, "-c", code, folder, str(targets), str(users)]
    rate, processor = subprocess.run(command, check=True, capture_output=True, text=True, env=ONE).stdout.split()
    return float(rate), float(processor)


ONE = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@contextmanager
def service(folder: str, pool: int, queue: int) -> Iterator[tuple[str, int]]:
    """Serve a model on one core; yield the address and the id of the process."""
    environment = ONE | {"TOPPLE_SERVE_POOL": str(pool), "TOPPLE_SERVE_QUEUE": str(queue)}
    with socket_port() as port:
        command = [
            "taskset",
            "-c",
            "0",
            sys.executable,
            "-m",
            "topple",
            "serve",
            f"model={folder}",
            "--port",
            str(port),
        ]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                if httpx.get(address + "/ready").status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def socket_port() -> Iterator[int]:
    """Yield a port that is free now."""
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        yield found.getsockname()[1]


def load(address: str, bodies: Path, clients: int, seconds: int) -> dict[str, float]:
    """Return what the generator counts."""
    script = bodies.with_suffix(".lua")
    script.write_text(SCRIPT % (bodies, "/v1/models/model/explain"))
    command = [
        "taskset",
        "-c",
        "1",
        "wrk",
        "-t1",
        f"-c{clients}",
        f"-d{seconds}s",
        "--timeout",
        "60s",
        "-s",
        str(script),
        address,
    ]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"RESULT (\{.*\})", told)
    assert found is not None, told
    return json.loads(found[1])


def processor(pid: int) -> float:
    """Return the seconds of the processor that a process has taken, which other work on the machine changes less than the clock."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(address: str, asked: list[str], expected: list[list[str]], end: threading.Event, found: list[bool]) -> None:
    """Ask one request after the other until the end, and note whether each answer is the library's."""
    turn, told = 0, list[tuple[int, str]]()
    with httpx.Client(base_url=address, headers={"content-type": "application/json"}, timeout=60) as client:
        while not end.is_set():
            number = (turn := turn + 7) % len(asked)
            answer = client.post("/v1/models/model/explain", content=asked[number])
            if answer.status_code == 200:
                told.append((number, answer.text))
            else:
                assert answer.status_code in (429, 503), answer.text
    for number, text in told:  # once the load is over, so that these clients ask as often as the others
        texts = [canonical_json(topple.Explanation.from_dict(each)) for each in json.loads(text)["explanations"]]
        found.append(texts == expected[number])


def main() -> None:
    """Measure, and print a row a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", required=True, help="model folders with users")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument(
        "--targets", type=int, default=5, help="1: one target a request; pooling is then compared with none"
    )
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    for folder in arguments.models:
        measure(folder, arguments)


def measure(folder: str, arguments: argparse.Namespace) -> None:
    """Measure one model."""
    model, split = topple.load_model(folder), topple.load_model_split(folder)
    users = split.histories(limit=arguments.users)
    queries = {
        user: topple.top_k_queries(model, {user: history}, k=5)[: arguments.targets] for user, history in users.items()
    }
    flat = [query for several in queries.values() for query in several]
    answers = iter(topple.explain_queries(model, flat, effort="instant", progress=False))
    expected = [[canonical_json(next(answers)) for _ in several] for several in queries.values()]
    asked = [
        json.dumps(
            {"user": user, "k": 5}
            | ({} if arguments.targets == 5 else {"targets": [query.target for query in several]})
        )
        for user, several in queries.items()
    ]
    pools = (64,) if arguments.targets == 5 else (64, 1)
    with tempfile.TemporaryDirectory() as folder_of_bodies:
        bodies = Path(folder_of_bodies) / "bodies.txt"
        bodies.write_text("\n".join(asked) + "\n")
        rows = {pool: [] for pool in pools}
        batch = []
        for _ in range(arguments.rounds):
            batch.append(library(folder, arguments.targets, arguments.users))
            for pool in pools:
                with service(folder, pool, 256) as (address, pid):
                    load(address, bodies, 8, 3)  # warm
                    before = processor(pid)
                    found = load(address, bodies, arguments.clients, arguments.seconds)
                    rows[pool].append(found | {"processor": 1000 * (processor(pid) - before) / found["requests"]})
        for pool, found in rows.items():
            tell(folder, pool, found, batch)
        with service(folder, 64, arguments.clients) as (address, _):
            load(address, bodies, 8, 3)
            end, same = threading.Event(), []
            threads = [threading.Thread(target=compare, args=(address, asked, expected, end, same)) for _ in range(32)]
            for thread in threads:
                thread.start()
            twice = load(address, bodies, 2 * arguments.clients, arguments.seconds)
            end.set()
            for thread in threads:
                thread.join()
    refused = int(twice["errors"])
    print(
        f"{folder}: more clients than may wait: {twice['requests'] - refused:.0f} answered, {refused} refused with 429 or 503, "
        f"{twice['socket']:.0f} lost; {sum(same)} of {len(same)} answers compared meanwhile are the library's"
    )


def tell(folder: str, pool: int, found: list[dict[str, float]], batch: list[tuple[float, float]]) -> None:
    """Print a row: medians over the rounds."""
    rate = median(one["requests"] / one["seconds"] for one in found)
    p50, p99, taken = (median(one[name] for one in found) for name in ("p50", "p99", "processor"))
    of_library, taken_there = map(median, zip(*batch, strict=True))
    errors = sum(one["errors"] + one["socket"] for one in found)
    print(
        f"{folder}: pool of {pool}: {rate:.1f} requests a second, {rate / of_library:.2f} of the library's batch ({of_library:.1f}); "
        f"{taken:.2f} ms of the processor each, {taken_there / taken:.2f} by the library's ({taken_there:.2f}); "
        f"p50 {p50:.0f} ms, p99 {p99:.0f} ms ({p99 / p50:.1f}); {errors:.0f} errors",
        flush=True,
    )


if __name__ == "__main__":
    main()
