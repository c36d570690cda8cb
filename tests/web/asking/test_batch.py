"""A stream of questions is answered line by line."""

import json

import topple
from topple import canonical_json

LINES = {"content-type": "application/x-ndjson"}


def asked(client, lines):
    answer = client.post("/v1/models/films/explain-many", content="\n".join(lines), headers=LINES)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_stream_gets_the_answers_of_the_library_in_order(client, ease, split):
    users = split.histories()
    expected = topple.explain(ease, users, k=2, effort="instant", progress=False)
    found = asked(client, [json.dumps({"user": user, "k": 2}) for user in users])
    assert [each["line"] for each in found] == list(range(1, len(users) + 1))
    rows = [topple.Explanation.from_dict(row) for each in found for row in each["explanations"]]
    assert list(map(canonical_json, rows)) == list(map(canonical_json, expected))


def test_a_bad_line_stops_no_other(client, split):
    user = next(iter(split.histories(limit=1)))
    good = json.dumps({"user": user, "k": 1})
    bad = [
        "{",
        "[1]",
        "null",
        '{"user": "nobody"}',
        '{"k": "x"}',
        "[" * 100_000,
        '{"user": 1, "k": 1' + "9" * 5_000 + "}",
        "\x00",
    ]
    found = asked(client, [line for one in bad for line in (one, "", good)])
    assert ["error" in each for each in found] == [True, False] * len(bad)
    assert all(each["error"]["message"] for each in found[::2])
