from benchmarks.methods import outcome


def test_invalid_queries_are_in_no_denominator_and_impossible_is_proven():
    answers = [
        ["found", 2, "minimum"],
        ["found", 4, "minimal"],
        ["found", 3, None],
        ["impossible", 0, None],
        ["invalid", 0, None],
    ]
    assert outcome(answers) == {"found": 0.75, "minimal": 2 / 3, "proven": 0.5, "size": 3.0}


def test_nothing_has_no_shares():
    assert outcome([]) == {"found": None, "minimal": None, "proven": None, "size": None}
