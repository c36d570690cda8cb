import pytest

from topple import Vocabulary
from topple.api.faces.parsing import contexts_of, costs_of, history_of, ids_of, settings_of
from topple.errors import QueryError, SettingsError, UnknownIdError

FILMS = Vocabulary(["a", "b=c", "d, e"])


def test_ids():
    assert ids_of("a, b=c,", FILMS) == ("a", "b=c")
    assert ids_of('["d, e", "a"]', FILMS) == ("d, e", "a")
    assert ids_of("[1, 2]", Vocabulary([1, 2])) == (1, 2)
    with pytest.raises(UnknownIdError, match="'x'"):
        ids_of("a,x", FILMS)
    with pytest.raises(QueryError, match=r"begins like a JSON list and is none: .*Write for example \[1, 2\]"):
        ids_of("[a", FILMS)


def test_costs():
    assert costs_of(["a=2.5", " b=c = 1"], FILMS) == {"a": 2.5, "b=c": 1}
    for text in ("a", "a=", "a=much"):
        with pytest.raises(QueryError, match=rf"the item cost '{text}' is not ITEM=COST. Write for example 50=2.5"):
            costs_of([text], FILMS)
    with pytest.raises(UnknownIdError, match="'x'"):
        costs_of(["x=1"], FILMS)


def test_settings():
    assert settings_of(["a = 1", "b=x=y"], a=None, c=3) == {"a": "1", "b": "x=y", "c": 3}
    assert settings_of(None) == {}
    with pytest.raises(SettingsError, match=r"the setting 'epochs' is not key=value\. Write for example epochs=50"):
        settings_of(["epochs"])


def test_histories_with_weights():
    assert history_of("a, b=c", None, FILMS).weights == ()
    history = history_of("a, b=c", "2, 0.5", FILMS)
    assert (history, history.weights) == (("a", "b=c"), (2, 0.5))
    with pytest.raises(QueryError, match=r"the weights '2,many' are not numbers separated by commas"):
        history_of("a, b=c", "2,many", FILMS)
    with pytest.raises(QueryError, match="1 weights for a history of 2 items"):
        history_of("a, b=c", "2", FILMS)


def test_contexts(tmp_path):
    file = tmp_path / "contexts.json"
    file.write_text('{"7": {"age": 3}, "ann": 5, "8": null}')
    assert contexts_of([7, "ann", "bob"], file, None) == {7: {"age": 3}, "ann": 5}
    assert contexts_of(["you"], None, "[1, 2]") == {"you": [1, 2]}
    assert contexts_of([7], None, None) is None
    with pytest.raises(
        QueryError, match=r"--context is what the model is told of one user, and 2 were chosen\. Give --contexts FILE"
    ):
        contexts_of([7, 8], None, "1")
    file.write_text("[]")
    with pytest.raises(QueryError, match=r"contexts\.json holds list and no object\. Give one object: each user id"):
        contexts_of([7], file, None)
    with pytest.raises(
        QueryError, match=r"the contexts '\{' cannot be read as JSON: .*Write for example \{\"region\": \"north\"\}\."
    ):
        contexts_of([7], None, "{")
