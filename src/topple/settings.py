"""Strict settings: frozen, typed, and an unknown key is an error that names the known ones."""

import difflib
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from topple.errors import SettingsError, shown

MOST = 2**63 - 1
"""The largest whole number that a setting may be."""


class Settings(BaseModel):
    """Base of every settings class; `parse` adds the named presets.

    Raises:
        SettingsError: an unknown key, or a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Named sets of values, such as those a paper published for a data set."""

    def __init__(self, **values: Any) -> None:
        known = type(self).model_fields
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f" Did you mean {shown(near[0])}?" if near else ""
                raise SettingsError(
                    f"{shown(key)} is not a setting of {type(self).__name__}: {', '.join(known) or 'there are none'}.{hint}"
                )
            if isinstance(values[key], int) and not -MOST <= values[key] <= MOST:
                raise SettingsError(
                    f"{key}={shown(values[key])} is beyond whole numbers of 64 bits. Give a smaller one."
                )
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or type(self).__name__
            raise SettingsError(
                f"{key}={shown(first['input'])}: {first['msg']}. Change it in {type(self).__name__}."
            ) from error

    @classmethod
    def parse(cls, values: Mapping[str, Any] | None = None, preset: str | None = None) -> Self:
        """Check `values`, which go before those of the named preset, and return frozen settings.

        Raises:
            SettingsError: an unknown preset or key, or a value out of range.
        """
        if preset is not None and preset not in cls.presets:
            raise SettingsError(
                f"preset={shown(preset)} is not one of {cls.__name__}'s presets: {', '.join(sorted(cls.presets)) or 'none'}. "
                "Choose one, or give the values themselves."
            )
        if not isinstance(values, Mapping | None) or not all(isinstance(key, str) for key in values or ()):
            raise SettingsError(
                f"{shown(values)} are no settings of {cls.__name__}. Give a mapping of names to values."
            )
        return cls(**{**(cls.presets[preset] if preset else {}), **(values or {})})

    @classmethod
    def checked(cls, settings: "Settings | None", owner: str) -> Self:
        """Return the settings given to `owner`, the defaults where there are none.

        Raises:
            SettingsError: settings of another class.
        """
        if settings is None:
            return cls()
        if not isinstance(settings, cls):
            raise SettingsError(
                f"{type(settings).__name__} given to {owner}, which takes {cls.__name__}. Make {cls.__name__}(...)."
            )
        return settings
