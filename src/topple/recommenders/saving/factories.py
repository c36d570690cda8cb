"""A model that is no arrays is built again by a function that the user names: package.module:function."""

from importlib import import_module

from topple.errors import ModelFolderError
from topple.scoring.recommender import Recommender

EXAMPLE = "Give package.module:function, a function without arguments that returns the wrapped model, such as my_models:build."


def made_by(factory: str) -> Recommender:
    """Import the function that the user named, call it and return the recommender.

    The name comes from the user, on the command line or in a call, and never from a file.

    Args:
        factory: "package.module:function"; the function takes nothing.

    Raises:
        ModelFolderError: there is no such function, it failed, or it returned something else.
    """
    module, colon, name = factory.partition(":")
    if not (module and colon and name) or not all(part.isidentifier() for part in [*module.split("."), name]):
        raise ModelFolderError(f"factory={factory!r} is not the name of a function. {EXAMPLE}")
    try:
        function = getattr(import_module(module), name)
    except ImportError as error:
        raise ModelFolderError(
            f"factory={factory!r}: {module} cannot be imported ({error}). Is it where Python looks (PYTHONPATH, or installed)?"
        ) from error
    except AttributeError as error:
        raise ModelFolderError(f"factory={factory!r}: {module} has no {name!r}. {EXAMPLE}") from error
    try:
        found = function()
    except Exception as error:
        raise ModelFolderError(
            f"factory={factory!r} raised {type(error).__name__}: {error}. It is called without arguments; call it yourself to see."
        ) from error
    if not isinstance(found, Recommender):
        raise ModelFolderError(
            f"factory={factory!r} returned {type(found).__name__}, not a recommender. Return what topple.wrap returns."
        )
    return found
