import numpy as np
import pytest
import torch

import topple
from tests.told import NORTH, SOUTH, ByRegion, told_model
from topple.errors import RecommenderError
from topple.recommenders.adapters.asking.contexts import batched, few_contexts, probe_of
from topple.records.question import Request
from topple.testing.toy import FILMS

CATALOGUE = told_model().catalogue


def told(contexts, precision=torch.float32):
    return batched(contexts, "model", precision, torch.device("cpu"))


def test_numbers_become_tensors_and_words_stay_words():
    found = told(
        [
            {"age": 31, "share": 0.5, "place": [1.0, 2.0], "region": "north", "member": True},
            {"age": 40, "share": 1.5, "place": [3.0, 4.0], "region": "south", "member": False},
        ]
    )
    assert found["age"].tolist() == [31, 40]
    assert (found["age"].dtype, found["share"].dtype, found["member"].dtype) == (torch.int64, torch.float32, torch.bool)
    assert found["place"].tolist() == [[1, 2], [3, 4]]
    assert found["region"] == ["north", "south"]


@pytest.mark.parametrize(
    "contexts",
    [
        [torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])],
        [np.array([1, 2], dtype=np.float64), np.array([3, 4], dtype=np.float32)],
        [(1.0, 2.0), [3.0, 4.0]],
        [[np.float64(1), 2.5 - 0.5], [3.0, 4.0]],
    ],
)
def test_vectors_of_any_kind_become_one_tensor_in_the_precision_of_the_rows(contexts):
    found = told(contexts, torch.float64)
    assert found.dtype is torch.float64
    assert found.tolist() == [[1, 2], [3, 4]]


def test_a_context_that_comes_again_is_turned_into_numbers_once():
    class Counted(dict):
        reads = 0

        def __getitem__(self, key):
            Counted.reads += 1
            return super().__getitem__(key)

    one, other = Counted(age=1), Counted(age=2)
    assert told([one, one, other, one])["age"].tolist() == [1, 1, 2, 1]
    assert Counted.reads == 2


def test_the_answer_is_no_part_of_the_tensor_that_was_given():
    given = torch.tensor([1.0, 2.0])
    told([given]).zero_()
    assert given.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("contexts", "match"),
    [
        (
            [[1.0], [1.0, 2.0]],
            r"model: contexts with the shapes \(1,\) and \(2,\) cannot be told to a module in one batch",
        ),
        ([{"age": 1}, {"region": 2}], r"contexts with the keys \['age'\] and \['region'\] cannot be told"),
        ([[[1.0], [1.0, 2.0]]], r"numbers that are no array"),
        (
            [],
            r"model is told contexts, and none are known to try it out with\. In the place of contexts=True give a few",
        ),
    ],
)
def test_contexts_that_are_no_batch_are_refused(contexts, match):
    with pytest.raises(RecommenderError, match=match):
        told(contexts)


def test_a_few_contexts_are_taken_of_many():
    assert few_contexts(True, "model") == few_contexts(False, "model") == []
    assert few_contexts({"ann": NORTH, "bob": SOUTH}, "model") == [NORTH, SOUTH]
    assert few_contexts(iter(range(1000)), "model") == list(range(64))


@pytest.mark.parametrize("contexts", ["north", 5, [], {}])
def test_what_holds_no_contexts_is_refused(contexts):
    with pytest.raises(
        RecommenderError, match=r"is neither True nor False, and holds no contexts to try callable:by_region out with"
    ):
        told_model(contexts)


def test_the_probe_has_the_contexts_in_turn_and_those_of_requests_first():
    assert probe_of(None, [], CATALOGUE) is None
    drawn = probe_of(None, [NORTH, SOUTH], CATALOGUE)
    assert list(drawn.contexts[:3]) == [NORTH, SOUTH, NORTH]
    mixed = probe_of([["alien"], Request(history=["duel"], context={"bonus": 9})], [NORTH, SOUTH], CATALOGUE)
    assert list(mixed.contexts) == [NORTH, {"bonus": 9}]
    assert mixed.histories == [[0], [3]]


def test_a_model_that_is_told_contexts_and_knows_none_says_what_to_give():
    with pytest.raises(
        RecommenderError, match=r"It was told no context, for none was known: in the place of contexts=True give a few"
    ):
        told_model(contexts=True)
    with pytest.raises(
        RecommenderError, match=r"torch:ByRegion is told contexts, and none are known to try it out with"
    ):
        topple.wrap(ByRegion(), "torch", list(FILMS), contexts=True)
