"""The languages of reports and dossiers: each sentence stands in the code in English, and a file tells those of another language.

A language is added by a file `sentences.CODE.json`, and the words of sentences (`topple.reports.words`) and of cards.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from topple.errors import SettingsError, counted

_SWAPPED = str.maketrans(",.", ".,")


@dataclass(frozen=True)
class Language:
    """A language: called with a sentence in English, it returns the sentence with what stands in braces filled in.

    Args:
        code: of the language, such as "de".
        sentences: by the English sentence; one that is missing stays English.
        decimal: what stands before the tenths.

    Example:
        >>> language("en")("{value} of {count}", value=1200, count=3000)
        '1,200 of 3,000'
        >>> language("de")("{value} of {count}", value=1200, count=3000)
        '1.200 von 3.000'
    """

    code: str = "en"
    sentences: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."

    def __call__(self, english: str, **values: object) -> str:
        """Return a sentence; whole numbers have a mark after each three digits."""
        told = {name: self.numeral(f"{value:,}") if type(value) is int else value for name, value in values.items()}
        sentence = self.sentences.get(english, english)
        return sentence.format(**told) if values else sentence

    def numeral(self, text: str) -> str:
        """Return a number that was written as in English."""
        return text if self.decimal == "." else text.translate(_SWAPPED)

    def counted(self, count: int, one: str, several: str = "") -> str:
        """Return so many of a thing, as `topple.errors.counted` does."""
        if not self.sentences:
            return counted(count, one, several)
        return f"{self.numeral(f'{count:,}')} {self(one if count == 1 else several or f'{one}s')}"


ENGLISH = Language()


@cache
def codes() -> tuple[str, ...]:
    """Return the codes of the languages that there are, English first."""
    files = (file.name for file in resources.files(__package__).iterdir())
    return (ENGLISH.code, *sorted(name.split(".")[1] for name in files if name.startswith("sentences.")))


def language(code: str) -> Language:
    """Return a language by code.

    Raises:
        SettingsError: a code that is not known.
    """
    if not isinstance(code, str) or code not in codes():
        raise SettingsError(f"language={code!r:.60} is not one of {', '.join(codes())}. Choose one of these.")
    return _language(code)


@cache
def _language(code: str) -> Language:
    if code == ENGLISH.code:
        return ENGLISH
    told = json.loads(resources.files(__package__).joinpath(f"sentences.{code}.json").read_text(encoding="utf-8"))
    return Language(code, told["sentences"], told["decimal"])
