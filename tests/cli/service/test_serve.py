"""`topple serve`, as it is started, asked and stopped by the installed command."""

import signal
import sys
import threading

import httpx
import pytest

import topple as library
from tests.cli.service.starting import start, stop
from topple import canonical_json
from topple.audit import AuditKeys


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_service_answers_as_the_library_keeps_what_it_gives_and_ends_when_told(model, tmp_path):
    AuditKeys.create(tmp_path / "audit.keys")
    store = tmp_path / "audit.sqlite"
    process, address, told, reading = start(f"films={model}", "--audit", store, "--audit-keys", tmp_path / "audit.keys")
    try:
        users = httpx.get(f"{address}/v1/models/films/users").json()["users"]
        answer = httpx.post(f"{address}/v1/models/films/explain", json={"user": users[0], "k": 2}, timeout=60).json()
        assert httpx.get(f"{address}/").status_code == 200
        asked = {"user": users[1], "effort": "proof", "method": "auto", "k": 5}
        statuses = []

        def ask():
            statuses.append(httpx.post(f"{address}/v1/models/films/explain", json=asked, timeout=60).status_code)

        slow = threading.Thread(target=ask)
        slow.start()
        while slow.is_alive() and not httpx.get(f"{address}/ready").json()["waiting"]:
            pass
    finally:
        status = stop(process, reading)
    slow.join(60)
    assert statuses == [200]  # what was in progress was answered
    assert status in (0, -signal.SIGTERM)
    recommender, split = library.load_model(model), library.load_model_split(model)
    expected = library.explain(recommender, split.histories([users[0]]), k=2, effort="instant", progress=False)
    assert [canonical_json(library.Explanation.from_dict(each)) for each in answer["explanations"]] == list(
        map(canonical_json, expected)
    )
    assert len(answer["audit"]) == 2
    assert not [line for line in told if "Traceback" in line]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere", "--port", "0"], "is not a model folder"),
        (["a=nowhere", "--host", "192.0.2.1"], "topple keys add"),
        (["a=nowhere", "--host", "192.0.2.1", "--open"], "cannot be listened on"),
        (["a=nowhere", "--port", "70000"], "port=70000"),
        (["a=nowhere", "--port", "0", "--config", "no.toml"], "no.toml is not a file"),
        (["a=nowhere", "--port", "0", "--keys", "no.json"], "nowhere"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_listens(topple, arguments, told):
    result = topple("serve", *arguments)
    assert result.exit_code == 2, result.output
    assert told in result.output.replace("\n", " ")
