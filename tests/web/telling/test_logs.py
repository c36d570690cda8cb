"""A line of JSON a request, without what a history holds."""

import json
import logging
import time

import pytest

from topple.web.telling.logs import Lines, request_id


@pytest.fixture
def lines():
    """What is logged from now on, as lines."""
    found, handler = [], logging.Handler()
    handler.emit = lambda record: found.append(Lines().format(record))
    logger = logging.getLogger("topple.web")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_a_request_is_one_line_without_the_history(client, split, lines):
    user, history = next(iter(split.histories(limit=1).items()))
    typed = "a-title-nobody-may-read"
    answer = client.post("/v1/models/films/recommend", json={"user": user, "k": 2})
    client.post("/v1/models/films/recommend", json={"history": [*history, typed], "k": 2})
    client.get("/v1/models/films/items", params={"q": typed})
    until = time.monotonic() + 10
    while len(lines) < 3 and time.monotonic() < until:  # a line is written once the answer has left
        time.sleep(0.01)
    told = [json.loads(line) for line in lines]
    first = next(each for each in told if each.get("request") == answer.headers["x-request-id"])
    assert (first["route"], first["status"], first["model"]) == ("/v1/models/{key}/recommend", 200, "films")
    assert first["ms"] > 0
    assert [each["status"] for each in told if each["event"] == "request"] == [200, 422, 200]
    assert typed not in "".join(lines)


def test_what_is_logged_is_one_line_of_ascii_whatever_it_holds():
    record = logging.LogRecord("topple.web", logging.INFO, "", 1, "a\nb\x1b[31m\u202eevil %s", ("\ud800",), None)
    token = request_id.set("abc")
    text = Lines().format(record)
    request_id.reset(token)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["request"] == "abc"
