"""Every error class of the library.

Each inherits `ToppleError` and the built-in that a caller would expect::

    ToppleError
    ├── DataError            (ValueError)         the data cannot be used: a column, a row, a file's content
    ├── DataNotFoundError    (FileNotFoundError)  a data file is not there, and where to put it
    ├── DownloadError        (OSError)            a download failed or does not match the checksum
    ├── UnknownIdError       (LookupError)        a user or item id that the data does not hold
    ├── UnknownNameError     (LookupError)        a name that the registry does not hold
    ├── QueryError           (ValueError)         a question that cannot be asked
    ├── SettingsError        (ValueError)         a setting that does not exist or is out of range
    ├── CapabilityError      (TypeError)          an explainer that does not fit the recommender
    ├── RecommenderError     (RuntimeError)       a recommender that breaks the scoring contract
    ├── ModelFolderError     (ValueError)         a model folder that is damaged or of another catalogue
    ├── OutputExistsError    (FileExistsError)    an output path that is already there
    ├── OutputError          (OSError)            an output that could not be written; what was there stays
    └── ContractError        (AssertionError)     a part that breaks a contract of the library; raised by topple.testing
"""


class ToppleError(Exception):
    """Base of every error that topple raises on purpose."""


class DataError(ToppleError, ValueError):
    """The data cannot be used as given."""


class DataNotFoundError(ToppleError, FileNotFoundError):
    """A data file is missing; the message says which, and where to put it."""


class DownloadError(ToppleError, OSError):
    """A download failed, was cut short, or does not match the checksum."""


class UnknownIdError(ToppleError, LookupError):
    """A user or item id that is not in the vocabulary."""


class UnknownNameError(ToppleError, LookupError):
    """A name with no row in the registry."""


class QueryError(ToppleError, ValueError):
    """A query that cannot be asked of this recommender."""


class SettingsError(ToppleError, ValueError):
    """A setting that does not exist, or whose value is out of range."""


class CapabilityError(ToppleError, TypeError):
    """An explainer asked for something the recommender does not declare."""


class RecommenderError(ToppleError, RuntimeError):
    """A recommender broke the scoring contract (shape, NaN, device)."""


class ModelFolderError(ToppleError, ValueError):
    """A model folder is damaged, of an unknown version, or of another catalogue."""


class OutputExistsError(ToppleError, FileExistsError):
    """The output path exists and `overwrite` was not given."""


class OutputError(ToppleError, OSError):
    """The output could not be written; a file that was there before is still whole."""


class ContractError(ToppleError, AssertionError):
    """A recommender, explainer, data set or metric breaks the contract of such a class; raised by `topple.testing` alone."""


def how_to_install(extra: str) -> str:
    """Return the command that adds an extra, for messages; `topple` on the package index is another project.

    Example:
        >>> how_to_install("pictures")
        "pip install 'topple-recsys[pictures]', or in a checkout pip install '.[pictures]'"
    """
    return f"pip install 'topple-recsys[{extra}]', or in a checkout pip install '.[{extra}]'"
