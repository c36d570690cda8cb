"""Who may ask, from where, how much, how fast."""

import socket
import time

import httpx
import pytest

from tests.web.served import serving
from topple.web.guarding.keys import add_key, remove_key
from topple.web.models import ServedModel
from topple.web.settings import ServeSettings

ASK = "/v1/models/films/recommend"


@pytest.fixture
def user(split):
    return next(iter(split.histories(limit=1)))


@pytest.fixture
def limited(ease, split):
    """Start a service with settings, and return a client of it."""
    opened = []

    def start(**settings):
        running = serving([ServedModel("films", ease, split)], ServeSettings(**settings))
        _, address = running.__enter__()
        found = httpx.Client(base_url=address, timeout=30)
        opened.append((running, found))
        return found

    yield start
    for running, found in opened:
        found.close()
        running.__exit__(None, None, None)


def test_every_answer_has_the_headers_of_safety_and_an_id(client):
    for path in ("/health", "/ready", "/v1/models", "/nothing", "/v1/models/x"):
        headers = client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert len(headers["x-request-id"]) == 16
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:1"}, 200),
        ({"host": "[::1]"}, 200),
        ({"host": "evil.example"}, 421),
        ({"host": "localhost.evil.example"}, 421),
        ({"host": "127.0.0.1.evil.example:80"}, 421),
        ({"host": ""}, 421),
        ({"host": "[::"}, 421),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "application/x-ndjson"}, 415),  # lines are for the path that reads them
        ({"content-encoding": "gzip"}, 415),
    ],
)
def test_a_page_elsewhere_does_not_reach_a_service_without_keys(client, user, headers, status):
    answer = client.post(ASK, json={"user": user}, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["x-request-id"]


def test_a_preflight_of_another_page_is_not_allowed(client):
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = client.options(ASK, headers=asked)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(limited, user):
    found = limited(largest_body=1_000)
    large = b'{"user": "' + b"x" * 2_000 + b'"}'
    said = found.post(ASK, content=large, headers={"content-type": "application/json"})
    unsaid = found.post(ASK, content=iter([large[:500], large[500:]]), headers={"content-type": "application/json"})
    assert (said.status_code, unsaid.status_code) == (413, 413)
    assert "1,000 bytes" in unsaid.json()["error"]["message"]
    assert found.post(ASK, json={"user": user}).status_code == 200


def test_a_history_and_a_list_that_are_too_long_are_refused(limited, user, split):
    found = limited(longest_matrix=2)
    answer = found.post(ASK.replace("recommend", "influence"), json={"user": user})
    assert "this service works out that of 2" in answer.json()["error"]["message"]
    found = limited(longest_history=3, largest_k=4)
    assert "3. Give fewer" in found.post(ASK, json={"user": user}).json()["error"]["message"]
    assert "at most 4" in found.post(ASK, json={"history": split.history(user)[:2], "k": 5}).json()["error"]["message"]


def test_keys_open_what_their_scopes_say_and_are_refused_when_removed(limited, user, tmp_path):
    file = tmp_path / "keys.json"
    explains, asks, runs = (add_key(file, scope, [scope]) for scope in ("explain", "what-if", "admin"))
    found = limited(keys=file)
    paths = {ASK: {"user": user}, ASK.replace("recommend", "what-if"): {"user": user, "without": []}}
    told = {
        key: [
            found.post(path, json=body, headers={"authorization": f"Bearer {key}"}).status_code
            for path, body in paths.items()
        ]
        for key in (explains, asks, runs, "topple.explain.wrong", "x", "topple.nobody.wrong")
    }
    assert told[explains][0] == 200
    assert told[explains][1] == told[asks][0] == told[runs][0] == 403
    assert told[asks][1] == 200
    assert [told[key] for key in ("topple.explain.wrong", "x", "topple.nobody.wrong")] == [[401, 401]] * 3
    metrics = [
        found.get("/metrics", headers={"authorization": f"Bearer {key}"}).status_code for key in (runs, explains)
    ]
    assert metrics == [200, 403]
    assert found.get("/health").status_code == found.get("/ready").status_code == 200
    assert found.get("/v1/models", headers={"authorization": f"bearer {asks}"}).status_code == 200
    time.sleep(0.02)  # the file gets another time
    remove_key(file, "explain")
    assert found.post(ASK, json={"user": user}, headers={"authorization": f"Bearer {explains}"}).status_code == 401


def test_who_asks_too_fast_is_told_when_to_come_again(limited, user, tmp_path):
    file = tmp_path / "keys.json"
    slow, fast = add_key(file, "slow", ["explain"], 0.5), add_key(file, "fast", ["explain"])
    found = limited(keys=file, burst=3)
    answers = [found.post(ASK, json={"user": user}, headers={"authorization": f"Bearer {slow}"}) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 3
    assert found.post(ASK, json={"user": user}, headers={"authorization": f"Bearer {fast}"}).status_code == 200


def raw(client, *parts, pause=0.0):
    """Send bytes, and return what comes back until the service closes, with the seconds that took."""
    began = time.monotonic()
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        found = b""
        while piece := connection.recv(65536):
            found += piece
    return found, time.monotonic() - began


def test_slow_clients_are_let_go(limited):
    found = limited(header_seconds=0.3, body_seconds=0.4)
    assert raw(found)[1] < 3
    assert raw(found, b"GET /health HT")[1] < 3
    head = f"POST {ASK} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n".encode()
    told, seconds = raw(found, head, b'{"us')
    assert b"408" in told.split(b"\r\n")[0]
    assert seconds < 3
    assert found.get("/health").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET /health HTTP/1.1\r\n" + b"x: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/models HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"GET /%00%ff/../../etc/passwd HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    ],
)
def test_what_is_no_request_gets_a_clear_no(limited, sent):
    found = limited(header_seconds=0.5)
    told, _ = raw(found, sent)
    assert told.split(b" ")[1][:1] == b"4", told[:200]
    assert found.get("/health").status_code == 200


def test_a_client_that_leaves_at_half_is_forgotten(limited, user):
    found = limited()
    for _ in range(20):
        with socket.create_connection((found.base_url.host, found.base_url.port), timeout=10) as connection:
            body = f'{{"user": "{user}"}}'.encode()
            head = f"POST {ASK} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            connection.shutdown(socket.SHUT_WR)
    until = time.monotonic() + 10
    while found.get("/ready").json()["waiting"] and time.monotonic() < until:
        time.sleep(0.05)
    assert found.get("/ready").json()["waiting"] == 0
