"""What the stored models of other libraries share: the name of what was wrapped."""

from topple.settings import Settings


class WrappedSettings(Settings):
    """What a wrapped model was called, such as "implicit:CosineRecommender"."""

    name: str = ""
