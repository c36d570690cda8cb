import json

import pytest

import topple
from tests.audit.conftest import CATALOGUE, append, explained
from topple.audit import AuditStore
from topple.audit.entries import MOST_LISTED
from topple.errors import DataError
from topple.records.answer import Explanation, Status
from topple.records.question import Query
from topple.testing import film_recommender


def test_an_entry_holds_what_was_given_to_whom_and_by_what(store, keys):
    (id,) = append(store, user=42, request_id="r-1", scope="shop", language="de", sentences=["Weil."])
    entry = store.show(id)
    assert (entry.user, entry.user_key) == (keys.newest.pseudonym(42), keys.newest.id)
    assert (entry.shown, entry.agrees, entry.sentence, entry.language) == (("casino", "duel"), True, "Weil.", "de")
    assert (entry.model, entry.catalogue, entry.data) == ("m1", "c1", "d1")
    assert entry.history == explained().query.history_fingerprint
    assert (entry.target, entry.items, entry.status, entry.margin) == ("casino", ("alien",), "found", 0.25)
    assert (entry.version, entry.answered) == ("0.1.0", "2026-11-26T12:00:00+00:00")
    assert entry.verdict["necessary"]
    assert entry.verdict["valid"]
    told = entry.answer
    assert (told["rule"], told["proof"], told["method"], told["seed"]) == ("unseen_before", "minimum", "exact", 0)
    assert told["settings"] == {"largest": 3}
    assert (entry.request_id, entry.scope) == ("r-1", "shop")
    assert entry.title("alien") == "Alien (1979)"
    assert entry.title("unknown") == "unknown"
    assert entry.intact


def test_the_store_holds_no_id_of_a_user(store, path):
    append(store, user="somebody@example.org", answers=[explained("somebody@example.org")])
    store.close()
    for file in path.parent.iterdir():
        assert b"somebody" not in file.read_bytes()


@pytest.mark.parametrize("user", [None, 42, "42", "ä\n"])
def test_the_canonical_json_is_that_of_the_library(store, user):
    (id,) = append(store, user=user, answers=[explained(user)])
    assert store.show(id).canonical_json(user) == topple.canonical_json(explained(user))


def test_an_explanation_of_nobodys_history_stays_so_when_it_is_given_to_a_user(store, keys):
    (id,) = append(store, user=42, answers=[explained(None)])
    assert store.show(id).user == keys.newest.pseudonym(42)
    assert store.show(id).canonical_json(42) == topple.canonical_json(explained(None))


def test_explanations_of_a_model_come_back_equal(store):
    model = film_recommender()
    answers = topple.explain(
        model, {"ann": ["alien", "brazil"], "bob": ["fargo"]}, k=2, progress=False, exclude=["duel"]
    )
    for answer in answers:
        (id,) = append(store, user=answer.query.user, answers=[answer], sentences=[topple.sentence(answer)])
        entry = store.show(id)
        assert entry.canonical_json(answer.query.user) == topple.canonical_json(answer)
        assert entry.sentence == topple.sentence(answer)
        assert list(entry.item_lists.values()) == [["duel"]]
    assert store.verify().ok


def test_long_lists_of_candidates_are_named_and_not_stored(store):
    def about(count):
        return Explanation(Query(("alien",), "brazil", candidates=range(count)), Status.NOT_FOUND)

    few, many = append(store, user=None, answers=[about(MOST_LISTED), about(MOST_LISTED + 1)], sentences=["", ""])
    assert len(store.show(few).item_lists) == 1
    assert store.show(many).item_lists == {}
    assert store.show(many).canonical_json() == topple.canonical_json(about(MOST_LISTED + 1))


@pytest.mark.parametrize(
    "text",
    ["\0", "\x1b[31mred", "<script>alert(1)</script>", "'; DROP TABLE audit_links; --", "\ud800", "\u202e", "%s {0}"],
)
def test_texts_of_any_kind_are_stored_as_they_are(location, keys, text):
    answer = Explanation(
        Query((text, "alien"), text, user=text), Status.INVALID, reason=text, items=(text,), model=text
    )
    with AuditStore.open(location, keys) as store:
        (id,) = append(
            store,
            user=text,
            answers=[answer],
            sentences=[text],
            request_id=text,
            scope="a",
            shown=[text],
            language="en",
        )
        entry = store.show(id)
        assert entry.intact
        assert (entry.sentence, entry.request_id, entry.target, entry.shown) == (text, text, text, (text,))
        assert entry.canonical_json(text) == topple.canonical_json(answer)
        assert [each.id for each in store.entries(user=text, item=text)] == [id]
        assert store.verify().ok
        json.dumps(entry.as_json())


def test_what_no_file_can_hold_is_refused_and_nothing_is_stored(store):
    answers = [explained(), Explanation(Query(({1, 2},), object()), Status.INVALID)]
    with pytest.raises(DataError, match=r"cannot be stored: .*Ask with ids that are texts or whole numbers"):
        append(store, answers=answers)
    assert list(store.entries()) == []


def test_a_question_with_strange_ids_that_a_file_can_hold_is_stored(store):
    answer = Explanation(Query((["x"], "alien"), ["a", 1.5], user=["u"]), Status.INVALID, reason="no")
    (id,) = append(store, user=None, answers=[answer], sentences=[""])
    assert store.show(id).target == ["a", 1.5]
    assert store.show(id).canonical_json(["u"]) == topple.canonical_json(answer)
    assert store.verify().ok


def test_there_is_a_sentence_for_each_explanation(store):
    with pytest.raises(DataError, match="1 sentences for 2 explanations: give one sentence an explanation"):
        store.append([explained()] * 2, CATALOGUE, user=1, shown=None, agrees=None, sentences=[""], language="en")
