"""What is asked of each history: one that cannot be asked does not stop the others."""

from tests.told import NORTH, told_model
from topple.api.answers.asked import queries_about
from topple.api.asking import requests_of
from topple.testing.toy import ANA


def test_a_user_without_a_context_does_not_stop_the_others():
    model = told_model()
    users = {"ann": ANA, "bob": ANA, "cyd": [*ANA, "new"]}
    requests = requests_of(model.catalogue, users, None, {"bob": NORTH, "cyd": NORTH}, k=2, rule="unseen_before")
    queries = queries_about(model, requests, None)
    asked = [(query.user, query.target) for query in queries]
    assert asked == [("ann", None), ("bob", "gattaca"), ("bob", "evita"), ("cyd", None)]
    assert [query.target for query in queries_about(model, requests[:2], ["evita"])] == ["evita", "evita"]
