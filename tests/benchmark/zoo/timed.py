import numpy as np
import pandas as pd

import topple


def timed_split():
    random = np.random.default_rng(0)
    rows = [
        (f"u{user}", f"i{item:02d}", max(1, place), 5)
        for user in range(40)
        for place, item in enumerate(random.permutation(30)[: 10 + user % 13])
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "when", "rating"])
    return topple.prepare(topple.read_interactions(frame, rating="rating", timestamp="when"))
