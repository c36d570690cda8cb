"""What is measured is there to be read."""


def test_requests_batches_and_answers_are_counted(client, split):
    user = next(iter(split.histories(limit=1)))

    def read():
        lines = [line for line in client.get("/metrics").text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    route = 'topple_requests_total{method="POST",route="/v1/models/{key}/explain",status="200"}'
    before = read()
    for _ in range(3):
        client.post("/v1/models/films/explain", json={"user": user, "k": 2})
    client.get("/no/such/path/" + "x" * 50)
    after = read()
    assert after[route] - before.get(route, 0) == 3
    assert after["topple_queries_total"] - before.get("topple_queries_total", 0) == 6
    assert after["topple_batch_requests_count"] - before.get("topple_batch_requests_count", 0) == 3
    assert sum(value for name, value in after.items() if name.startswith("topple_answers_total")) >= 6
    assert "xxx" not in "".join(after)
    assert after['topple_model_loaded_seconds{model="films"}'] > 1e9
