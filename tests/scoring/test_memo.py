import copy
import pickle
import threading
import time

import torch

from topple.scoring.memo import Memo, version_of


def test_a_value_is_worked_out_once_whichever_threads_ask():
    memo, made = Memo(), []

    def make():
        time.sleep(0.01)
        made.append(1)
        return len(made)

    threads = [threading.Thread(target=lambda: memo.get("now", make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memo.get("now", make) == 1
    assert memo.get("later", make) == 2


def test_a_value_that_was_put_there_stays_in_copies():
    memo = Memo(3)
    for copied in (memo, copy.deepcopy(memo), pickle.loads(pickle.dumps(memo))):  # noqa: S301
        assert copied.known == 3
        assert copied.get("any", lambda: 4) == 3
    memo.put(5)
    assert memo.get("any", lambda: 4) == 5


def test_a_copy_works_out_what_was_not_put_there():
    memo = Memo()
    memo.get(1, lambda: 2)
    assert copy.deepcopy(memo).known is None
    assert copy.deepcopy(memo).get(1, lambda: 3) == 3


def test_a_tensor_made_in_inference_mode_serves_outside_of_it():
    memo, weight = Memo(), torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        kept = memo.get(0, lambda: torch.ones(2))
    (kept * weight).sum().backward()
    assert weight.grad.tolist() == [1, 1]


def test_the_version_tells_changes_in_place_and_other_arrays():
    array = torch.zeros(3)
    before = version_of(array)
    assert version_of(array) == before
    array[0] = 1
    assert version_of(array) != before
    with torch.inference_mode():
        assert version_of(torch.zeros(1))
