"""Every error class of the library.

Each inherits `ToppleError` and the built-in that a caller would expect::

    ToppleError
    ├── ArgumentError        (TypeError)          an argument of a type that the function does not take
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
    ├── ExplainerFolderError (ValueError)         a folder of a fitted explainer that is damaged or of another model
    ├── OutputExistsError    (FileExistsError)    an output path that is already there
    ├── OutputError          (OSError)            an output that could not be written; what was there stays
    ├── ServiceError         (OSError)            a service that does not answer, or fails
    ├── AuditError           (OSError)            an audit store that is down, locked, of other keys or broken
    └── ContractError        (AssertionError)     a part that breaks a contract of the library; raised by topple.testing
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 2_000
"""Most characters of a message."""
LONGEST_WORD = 240
"""Most characters of a message between two spaces: a value, a path."""
_WORD = re.compile(rf"[^ \n]{{{LONGEST_WORD + 1},}}")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal would obey or cannot show: control characters but tabs and ends of lines, directions of writing, halves of characters."""


class ToppleError(Exception):
    """Base of every error that topple raises on purpose.

    The message is cut to a readable length, and control characters in it are shown, not sent.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(cut(escaped(cut(str(message)))))


class ArgumentError(ToppleError, TypeError):
    """An argument is of a type that the function does not take."""


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


class ExplainerFolderError(ToppleError, ValueError):
    """A folder of a fitted explainer is damaged, of an unknown version, or of another model."""


class OutputExistsError(ToppleError, FileExistsError):
    """The output path exists and `overwrite` was not given."""


class OutputError(ToppleError, OSError):
    """The output could not be written; a file that was there before is still whole."""


class ServiceError(ToppleError, OSError):
    """A service does not answer, is busy for too long, or failed."""


class AuditError(ToppleError, OSError):
    """The audit store cannot be used: it is down, locked or full, of other keys, or not as it was written."""


class ContractError(ToppleError, AssertionError):
    """A recommender, explainer, data set or metric breaks the contract of such a class; raised by `topple.testing` alone."""


def need(value: object, kinds: Any, name: str, give: str) -> None:
    """Refuse an argument of another type.

    Args:
        value: of the argument.
        kinds: what it may be.
        name: of the argument.
        give: what to give in place of it.

    Raises:
        ArgumentError: it is of another type.
    """
    if not isinstance(value, kinds):
        raise ArgumentError(f"{name}={shown(value)} is of type {type(value).__name__}. Give {give}.")


def as_list(values: Any, name: str, give: str) -> list[Any]:
    """Return the values of an argument as a list.

    Raises:
        ArgumentError: it holds no values, or is a text.
    """
    try:
        return list(None if isinstance(values, str | bytes) else values)  # type: ignore[arg-type] # refused as a text is
    except TypeError as error:  # of an array without dimensions too
        raise ArgumentError(f"{name}={shown(values)} is of type {type(values).__name__}. Give {give}.") from error


def is_list(values: Any) -> bool:
    """Return whether a value holds values in turn, as a list does: no text, no mapping, no array without dimensions."""
    return (
        isinstance(values, Iterable)
        and not isinstance(values, str | bytes | Mapping)
        and getattr(values, "ndim", 1) > 0
    )


def shown(value: object) -> str:
    """Return how a value is written in a message: cut, and its type alone where it cannot be written.

    Example:
        >>> shown([1, 2])
        '[1, 2]'
    """
    try:
        return cut(repr(value), LONGEST_WORD)
    except Exception:  # noqa: BLE001 # a message about a value never fails, whatever the value does
        return f"a value of type {type(value).__name__}"


def counted(count: int, what: str, several: str = "") -> str:
    """Return so many of a thing in words.

    Example:
        >>> counted(1, "row"), counted(1200, "row"), counted(2, "history", "histories")
        ('1 row', '1,200 rows', '2 histories')
    """
    return f"{count:,} {what if count == 1 else several or f'{what}s'}"


def escaped(text: str) -> str:
    r"""Return a text with control characters written out, so that none reaches a terminal.

    Example:
        >>> escaped("\x1b[31mred")
        '\\x1b[31mred'
    """
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def cut(text: str, longest: int = LONGEST) -> str:
    """Return a text cut to a readable length: long words, then the middle; the end, which says what to do, stays.

    Example:
        >>> cut("a" * 9 + "b" * 9, longest=10)
        'aaaaaa ... (8 characters) ... bbbb'
    """
    if longest == LONGEST:
        text = _WORD.sub(lambda found: _middle_out(found[0], LONGEST_WORD), text)
    return _middle_out(text, longest)


def _middle_out(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    head = longest * 6 // 10
    return f"{text[:head]} ... ({len(text) - longest:,} characters) ... {text[head - longest :]}"


def how_to_install(extra: str) -> str:
    """Return the command that adds an extra, for messages; `topple` on the package index is another project.

    Example:
        >>> how_to_install("pictures")
        "pip install 'topple-recsys[pictures]', or in a checkout pip install '.[pictures]'"
    """
    return f"pip install 'topple-recsys[{extra}]', or in a checkout pip install '.[{extra}]'"
