import torch

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.recommenders.adapters.asking.variations import Variations

ASKED = Variations(
    Catalogue(Vocabulary(["a", "b", "c", "d"])),
    torch.tensor([[3, 1, 0], [2, 0, 0]]),
    torch.tensor([[1.0, 0.5, 1.0], [0.0, 0.0, 0.0]]),
    torch.tensor([[1.0, 1.0, 2.0], [1.0, 0.0, 0.0]]),
)


def test_the_three_forms_say_the_same():
    assert ASKED.lists() == [["d", "b", "a"], []]
    assert ASKED.dense().tolist() == [[2.0, 0.5, 0.0, 1.0], [0.0] * 4]
    assert ASKED.csr().toarray().tolist() == ASKED.dense().tolist()
    assert ASKED.csr().indices.tolist() == [0, 1, 3]
    assert [sequence.tolist() for sequence in ASKED.sequences()] == [[3, 1, 0], []]
    assert ASKED.kept.tolist() == [3, 0]
    assert ASKED[1:].lists() == [[]]


def test_what_is_kept_is_told_by_the_shares_and_not_by_the_weights():
    asked = Variations(
        ASKED.catalogue, torch.tensor([[3, 1, 3]]), torch.tensor([[1.0, 1.0, 1.0]]), torch.tensor([[-2.0, 0.0, 5.0]])
    )
    assert asked.lists() == [["d", "b", "d"]]
    assert asked.kept.tolist() == [3]
    assert asked.dense().tolist() == asked.csr().toarray().tolist() == [[0.0, 0.0, 0.0, 3.0]]
    assert asked.csr().indices.tolist() == [1, 3]
