"""Settings of the service: from a file, the environment and flags, the later before the earlier."""

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from topple.errors import SettingsError, shown
from topple.inputs import problem
from topple.records.effort import Effort

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Addresses that only the machine itself reaches."""


class ServeSettings(BaseSettings):
    """Settings of `topple serve`: flags go before TOPPLE_SERVE_... in the environment, and these before the file.

    Raises:
        SettingsError: an unknown setting, or a value out of range.
    """

    model_config = SettingsConfigDict(env_prefix="TOPPLE_SERVE_", frozen=True, extra="forbid")
    file: ClassVar[Path | None] = None
    """The file that is read, of a class that `read` makes."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8321, ge=0, le=65535)
    """Port to listen on; 0 for a free one."""
    names: tuple[str, ...] = ()
    """Names that a request may give as its host, such as topple.example.com; those of this machine where there are none."""
    keys: Path | None = None
    """File of the API keys, made by `topple keys add`; without it anybody may ask who reaches the service."""
    open: bool = False
    """Serve without keys on an address that other machines reach."""
    largest_body: int = Field(default=1_000_000, ge=1_000)
    """Most bytes of a request."""
    longest_history: int = Field(default=10_000, ge=1)
    """Most events of a history."""
    longest_matrix: int = Field(default=1_000, ge=1)
    """Most items of a history whose influence on a whole list is asked for: each is taken out alone."""
    largest_k: int = Field(default=100, ge=1)
    """Longest list."""
    queue: int = Field(default=256, ge=1)
    """Most requests that wait; more are refused with 503."""
    pool: int = Field(default=64, ge=1)
    """Most requests that are answered together."""
    rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Most requests a second of each key (without keys, of each address); more are refused with 429."""
    burst: int = Field(default=20, ge=1)
    """Requests that may come at once before the rate counts."""
    effort: Effort = Effort.INSTANT
    """What an answer may cost where the request does not say."""
    most_seconds: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    """Longest deadline that a request may ask for, and that of requests for a proof which name none."""
    header_seconds: float = Field(default=10.0, gt=0)
    """Seconds that a client may take to send the head of a request."""
    body_seconds: float = Field(default=20.0, gt=0)
    """Seconds that a client may take to send a body, and to take each part of an answer."""
    drain_seconds: int = Field(default=30, ge=0)
    """Seconds that requests in progress have to end when the service is stopped."""
    audit: str | None = None
    """File or address of the audit store."""
    audit_keys: Path | None = None
    """File of the keys of the audit store."""
    audit_required: bool = True
    """Answer 503 where an explanation cannot be written to the audit store."""
    page: bool = True
    """Serve the page for people too."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Name the sources, the first goes before the others."""
        sources = (init_settings, env_settings)
        return sources if cls.file is None else (*sources, TomlConfigSettingsSource(settings_cls, cls.file))

    @classmethod
    def read(cls, file: Path | None = None, **flags: Any) -> "ServeSettings":
        """Return the settings of a file, the environment and flags; a flag that is None is not given.

        Raises:
            SettingsError: an unknown setting, a value out of range, or a file that is none.
        """
        wrong = None if file is None else problem(file)
        if wrong:
            raise SettingsError(f"{file} {wrong}. Give a TOML file of settings, such as port = 8321.")
        kind = cls if file is None else type(cls.__name__, (cls,), {"file": file, "__module__": cls.__module__})
        try:
            found: ServeSettings = kind(**{name: value for name, value in flags.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            known = ", ".join(cls.model_fields) if first["type"] == "extra_forbidden" else ""
            hint = f" There are {known}." if known else ""
            raise SettingsError(
                f"{name}={shown(first['input'])}: {first['msg']}.{hint} Change it among the flags, in the environment or in the file."
            ) from error
        except ValueError as error:  # what is no TOML
            raise SettingsError(
                f"{file} is no TOML ({error}). Give a line for each setting, such as port = 8321."
            ) from error

        return found

    @property
    def loopback(self) -> bool:
        """Whether only the machine itself reaches the service."""
        return self.host in LOOPBACK
