"""Abuse the service, and see that it lives on in the same memory: `python -m benchmarks.abuse --model FOLDER --minutes 10`.

Fuzzed bodies, huge ids, NaN, deep JSON, packed bodies, slow clients and half-closed connections, beside people who ask as they should.
"""

import argparse
import asyncio
import gzip
import json
import logging
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

PATHS = (
    "explain",
    "recommend",
    "what-if",
    "score",
    "influence",
    "verify",
    "evaluate",
    "agree",
    "explain-many",
    "nothing",
)
VALUES = (
    b"null", b"NaN", b"-Infinity", b"1e999", b"9" * 400, b'"\\ud800"', b"[" * 3000, b"{" * 3000, b'"' + b"x" * 50_000 + b'"',
    b"true", b"-1", b"0.5",
    b'"\\u202e\\u0000<script>"', b"[[]]", b"{}", b'{"a":{"b":[1,2,{}]}}', b"[1,1,1,1]", b'"../../etc/passwd"', b"99999999999999999999",
)  # fmt: skip
FIELDS = ("user", "history", "weights", "k", "rule", "targets", "shown", "goal", "groups", "item_costs", "candidates", "context",
          "method", "settings", "effort", "deadline", "seed", "largest", "sets", "target", "items", "without", "add", "unknown",
          "explanations")  # fmt: skip
KINDS = ("application/json", "application/json; charset=utf-16", "text/plain", "application/x-ndjson", "")


def strange_body(draw: random.Random, good: bytes) -> bytes:
    """Return a body that is wrong in some way, or right."""
    chosen = draw.random()
    if chosen < 0.2:
        return good
    if chosen < 0.4:  # some bytes are others
        broken = bytearray(good)
        for _ in range(draw.randint(1, 8)):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        return bytes(broken)
    fields = draw.sample(FIELDS, draw.randint(1, 6))
    return b"{" + b",".join(b'"' + name.encode() + b'":' + draw.choice(VALUES) for name in fields) + b"}"


def request(draw: random.Random, body: bytes) -> bytes:
    """Return the bytes of a request."""
    path, kind = f"/v1/models/model/{draw.choice(PATHS)}", draw.choice(KINDS[:1] * 8 + KINDS)
    length = len(body) if draw.random() < 0.9 else draw.choice([0, 1, 10**9, -1])
    more = "content-encoding: gzip\r\n" if draw.random() < 0.05 else ""
    if more:
        body = gzip.compress(bytes(10**7), mtime=0)
        length = len(body)
    method = draw.choice(["POST"] * 9 + ["GET", "PUT", "OPTIONS", "X" * 100])
    told = f"host: localhost\r\ncontent-type: {kind}\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n"
    return f"{method} {path} HTTP/1.1\r\n{told}".encode() + body


async def one_shot(port: int, draw: random.Random, good: bytes, told: Counter[str]) -> None:
    """Send one request in one of many ways."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = request(draw, strange_body(draw, good))
    way = draw.random()
    try:
        if way < 0.05:  # a slow client, who leaves at last
            for byte in sent[: draw.randint(1, 30)]:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.1)
        elif way < 0.10:  # leaves at half
            writer.write(sent[: draw.randint(0, len(sent))])
        else:
            writer.write(sent)
            if way < 0.2 and writer.can_write_eof():
                writer.write_eof()  # half closed
            line = await asyncio.wait_for(reader.readline(), 60)
            found = re.match(rb"HTTP/1.1 (\d+)", line)
            told[found[1].decode() if found else "closed"] += 1
            if way > 0.3:
                await asyncio.wait_for(reader.read(), 60)
    except (ConnectionError, TimeoutError) as error:
        told[type(error).__name__] += 1
    finally:
        writer.close()


async def abuse(
    port: int, minutes: float, good: list[bytes], resident: Callable[[], float]
) -> tuple[Counter[str], list[float]]:
    """Abuse the service, and return what it answered and its memory in MB, a number a few seconds."""
    told: Counter[str] = Counter()
    memory: list[float] = []
    until = time.monotonic() + 60 * minutes

    async def keep_on(number: int) -> None:
        draw = random.Random(number)  # noqa: S311
        while time.monotonic() < until:
            try:
                await one_shot(port, draw, draw.choice(good), told)
            except OSError as error:
                told[type(error).__name__] += 1

    async def watch() -> None:
        while time.monotonic() < until:
            memory.append(resident())
            await asyncio.sleep(60 * minutes / 60)

    working: list[Awaitable[None]] = [keep_on(number) for number in range(24)]
    await asyncio.gather(watch(), *working)
    return told, memory


def main() -> None:
    """Abuse, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="a model folder with users")
    parser.add_argument("--minutes", type=float, default=10)
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "topple", "serve", f"model={arguments.model}", "--port", "0"]
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "TOPPLE_SERVE_HEADER_SECONDS": "3",
        "TOPPLE_SERVE_BODY_SECONDS": "5",
    }
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    assert process.stdout is not None
    port = int(re.findall(r":(\d+)/", process.stdout.readline())[0])
    status = Path(f"/proc/{process.pid}/status")

    def resident() -> float:
        return int(re.findall(r"VmRSS:\s+(\d+)", status.read_text())[0]) / 1000

    import topple

    users = list(topple.load_model_split(arguments.model).histories(limit=30))
    good = [json.dumps({"user": user, "k": 3}).encode() for user in users]
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # of connections that are written to after they were closed
    try:
        told, memory = asyncio.run(abuse(port, arguments.minutes, good, resident))
    finally:
        process.terminate()
        process.wait(60)
    count = len(memory)
    early, late = max(memory[count // 6 : count // 3]), max(memory[-count // 6 :])
    failed = {status: number for status, number in told.items() if status.startswith("5") and status != "503"}
    print(f"{sum(told.values())} answers: {dict(told.most_common())}; failures of the service: {failed or 0}")
    print(f"memory after a fifth of the time {early:.0f} MB, at the end {late:.0f} MB ({late / early:.3f})")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
