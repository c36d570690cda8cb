"""Names the planted cause of shown lists: `python -m benchmarks.agreement [--recommenders ease mult-vae als]`.

For each planted cause and each model: how many of the lists are the model's, the mean overlap, and what is named how often. Ten causes
have a name; the lists of the other rows have none, and nothing is to be named for them.
"""

import argparse
import sys

from tests.api.planted import planted
from topple import agreement
from topple.records.agreement import Cause


def main() -> int:
    """Run from the command line; 1 where a cause is missed or another is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recommenders", nargs="+", default=["ease", "mult-vae", "als"])
    failed = 0
    print(f"{'model':<10} {'planted':<34} {'right':<14} same  overlap  named")
    for name in parser.parse_args().recommenders:
        for make in planted(name):
            case = make()
            found = agreement(case.model, case.shown, case.k, **case.told)
            named = ", ".join(f"{cause} {count}" for cause, count in found.causes.items())
            good = {*found.causes} - {Cause.UNKNOWN} == {case.cause} - {Cause.UNKNOWN, None}
            failed += not good
            right = "-" if case.cause is None else case.cause.value
            same = sum(each.cause is None for each in found.lists)
            print(
                f"{name:<10} {case.name:<34} {right:<14} {same:4}  {found.overlap:7.3f}  {named}{'' if good else '   <- wrong'}"
            )
    print(f"{failed} wrong")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
