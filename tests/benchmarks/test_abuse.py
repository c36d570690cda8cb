"""What the service is abused with is of many kinds, and the same for the same seed."""

import json
import random

from benchmarks.abuse import request, strange_body

GOOD = b'{"user": 1, "k": 3}'


def drawn(seed):
    draw = random.Random(seed)  # noqa: S311
    return [request(draw, strange_body(draw, GOOD)) for _ in range(500)]


def is_json(body):
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def test_requests_are_of_many_kinds_and_the_same_for_a_seed():
    found = drawn(3)
    assert found == drawn(3) != drawn(4)
    bodies = [each.partition(b"\r\n\r\n")[2] for each in found]
    assert any(GOOD in each for each in bodies)
    assert {is_json(each) for each in bodies} == {True, False}
    assert any(b"gzip" in each for each in found)
