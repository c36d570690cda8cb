"""The lists that topple explains are those that implicit shows, with weights, on drawn purchases."""

import re

import numpy as np
import pytest

pytest.importorskip("implicit", reason="implicit is not installed here", exc_type=ImportError)

from benchmarks.shop import histories_of, main, purchases


def test_purchases_have_a_long_tail_and_counts():
    bought = purchases(3000, 2000)
    pairs = np.sort(np.asarray((bought > 0).sum(0)).ravel())[::-1]
    assert pairs[:200].sum() > 0.4 * pairs.sum()
    assert (bought.data > 1).mean() > 0.3
    assert (np.diff(bought.indptr) >= 1).all()
    (history,) = histories_of(bought, [7]).values()
    assert dict(zip(history, history.weights, strict=True)) == dict(
        zip(bought[[7]].indices, bought[[7]].data, strict=True)
    )


@pytest.mark.parametrize("options", [["--items", "20"], ["--batch", "0"], ["--users", "-5"]])
def test_sizes_that_measure_nothing_are_refused(options, capsys):
    with pytest.raises(SystemExit):
        main(options)
    assert "--users and --items are at least 100, the other counts at least 1" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_the_lists_with_factors_solved_for_anew_are_those_explained(capfd):
    sizes = {"users": 800, "items": 400, "lists": 100, "requests": 5, "batch": 10, "factors": 16}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    assert main([*options, "--efforts", "instant"]) == 0
    told = capfd.readouterr().out
    shares = [float(share) for share in re.findall(r"(\d\.\d{3}) are those explained", told)]
    assert shares[0] >= 0.99
    assert shares[1] < shares[0]
    assert re.search(r"a request, instant +5 users, top-5 .* p50 \d+ ms, p95 \d+ ms \(processor \d+ and \d+\): ", told)
    assert re.search(r"a batch, instant +50 queries", told)
