"""The zoo: one sensible model or two of each library that has an adapter, trained on a split and wrapped.

Settings are the libraries' defaults or near them; nothing is tuned. Every model is given the items in the catalogue's order, so
that the columns are those of the split. A library is imported when its model is trained, and not before.
"""

from collections.abc import Mapping
from types import MappingProxyType

from topple.benchmark.zoo import callable as function
from topple.benchmark.zoo import cornac, implicit, lenskit, recbole, rectools, sklearn, torch
from topple.benchmark.zoo.base import Effort, Train

__all__ = ["ZOO", "Effort", "Train"]

ZOO: Mapping[str, Train] = MappingProxyType(
    {
        "callable:ease": function.ease,
        "torch:autoencoder": torch.autoencoder,
        "sklearn:svd": sklearn.svd,
        "implicit:als": implicit.als,
        "implicit:cosine": implicit.cosine,
        "lenskit:ease": lenskit.ease,
        "lenskit:implicit-mf": lenskit.implicit_mf,
        "rectools:ease": rectools.ease,
        "rectools:als": rectools.als,
        "rectools:sasrec": rectools.sasrec,
        "cornac:ease": cornac.ease,
        "cornac:vaecf": cornac.vaecf,
        "recbole:ease": recbole.ease,
        "recbole:sasrec": recbole.sasrec,
    }
)
"""Library and model to how it is trained."""
