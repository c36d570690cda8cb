"""What the stored models of other libraries share: the name of what was wrapped, and whether weights count."""

from topple.settings import Settings


class WrappedSettings(Settings):
    """What a wrapped model was called, such as "implicit:CosineRecommender", and what it was trained on."""

    name: str = ""
    uses_weights: bool = True
    """Whether it was trained on the weights of interactions, and is asked with those of a history."""
