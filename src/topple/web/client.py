"""A client of the service in Python: the same fields and the same records as the library.

from topple.web.client import Client

with Client("http://127.0.0.1:8321", model="model") as client:
explanations = client.explain(user=42, k=5)
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import ValidationError

from topple import errors
from topple.errors import QueryError, ServiceError, ToppleError, shown
from topple.inputs import json_of
from topple.records.as_json import as_json
from topple.records.explanations import Explanations
from topple.types import Id, JsonObject
from topple.web.asking.bodies import (
    Body,
    EvaluateBody,
    ExplainBody,
    ListBody,
    ScoreBody,
    ShownBody,
    VerifyBody,
    WhatIfBody,
)  # fmt: skip

BODIES: Mapping[str, type[Body]] = {
    "recommend": ListBody,
    "score": ScoreBody,
    "what-if": WhatIfBody,
    "influence": ListBody,
    "explain": ExplainBody,
    "curves": ExplainBody,
    "verify": VerifyBody,
    "evaluate": EvaluateBody,
    "agree": ShownBody,
}
"""What each question to a model holds."""
COME_AGAIN = (429, 503)
"""Statuses after which a request is sent again, when the service says when."""


class Client:
    """Asks a service.

    Args:
        address: of the service, such as "http://127.0.0.1:8321".
        model: key of the model that is asked; None where the service serves one alone.
        key: an API key.
        seconds: to wait for an answer.
        tries: how often a request is sent where the service is busy.
    """

    def __init__(
        self, address: str, model: str | None = None, key: str | None = None, seconds: float = 60.0, tries: int = 5
    ) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=address, headers=headers, timeout=seconds)
        self._tries, self._model = tries, model

    @property
    def model(self) -> str:
        """Key of the model that is asked.

        Raises:
            QueryError: the service serves several, and none was named.
        """
        if self._model is None:
            keys = [each["key"] for each in self.models()]
            if len(keys) != 1:
                raise QueryError(
                    f"the service serves {', '.join(keys)}. Name one of them: Client(address, model={shown(keys[0])})."
                )
            (self._model,) = keys
        return self._model

    def models(self) -> list[JsonObject]:
        """Return what is known of the models that are served."""
        found: list[JsonObject] = self._get("/v1/models")["models"]
        return found

    def items(self, text: str, limit: int = 10) -> list[JsonObject]:
        """Return items whose title holds a text, or whose id it is."""
        found: list[JsonObject] = self._get(f"/v1/models/{self.model}/items", q=text, limit=limit)["items"]
        return found

    def users(self, text: str = "", limit: int = 10) -> list[Id]:
        """Return users whose id begins with a text."""
        found: list[Id] = self._get(f"/v1/models/{self.model}/users", q=text, limit=limit)["users"]
        return found

    def explain(self, **asked: Any) -> Explanations:
        """Explain a list, as `topple.explain` does: user or history, k, targets, effort, and the other fields by name."""
        return Explanations.from_dict(self.ask("explain", **asked)["explanations"])

    def recommend(self, **asked: Any) -> list[JsonObject]:
        """Return the k best items for a user or a history."""
        found: list[JsonObject] = self.ask("recommend", **asked)["list"]
        return found

    def what_if(self, **asked: Any) -> JsonObject:
        """Return the list, and the list of a history without some items, with them only, or with more."""
        return self.ask("what-if", **asked)

    def verify(self, **asked: Any) -> JsonObject:
        """Return what re-ranking says of a set of items."""
        return self.ask("verify", **asked)

    def explain_many(self, questions: Iterable[Mapping[str, Any]]) -> Iterator[JsonObject]:
        """Yield the answer to each question, in order, as they are ready; one that cannot be answered has an `error`.

        Raises:
            ServiceError: the service does not answer.
        """
        lines = (as_json(_checked(ExplainBody, question)).encode() + b"\n" for question in questions)
        path, headers = f"/v1/models/{self.model}/explain-many", {"Content-Type": "application/x-ndjson"}
        with self._http.stream("POST", path, content=lines, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                answer.read()
                raise _error_of(answer)
            for line in answer.iter_lines():
                yield json_of(line)

    def ask(self, verb: str, **asked: Any) -> JsonObject:
        """Return the whole answer to a question of a verb, such as "influence"; fields that are not given are left out.

        Raises:
            ToppleError: as the library raises it: the question cannot be asked.
            ServiceError: the service does not answer.
        """
        return self._send("POST", f"/v1/models/{self.model}/{verb}", json=_checked(BODIES[verb], asked))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _get(self, path: str, **asked: Any) -> JsonObject:
        return self._send("GET", path, params=asked)

    def _send(self, method: str, path: str, **told: Any) -> JsonObject:
        for left in reversed(range(self._tries)):
            try:
                answer = self._http.request(method, path, **told)
            except httpx.HTTPError as error:
                raise ServiceError(
                    f"{self._http.base_url} does not answer ({error}). Is it the address of `topple serve`?"
                ) from error
            if answer.status_code in COME_AGAIN and left and "retry-after" in answer.headers:
                time.sleep(float(answer.headers["retry-after"]))
                continue
            if answer.status_code != httpx.codes.OK:
                raise _error_of(answer)
            found: JsonObject = json_of(answer.text)
            return found
        raise ServiceError("tries=0 asks for nothing. Give at least 1.")


def _checked(kind: type[Body], asked: Mapping[str, Any]) -> JsonObject:
    """Return the fields of a question as JSON.

    Raises:
        QueryError: a field that there is not, or of another kind.
    """
    try:
        return kind(**asked).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        first = error.errors()[0]
        raise QueryError(
            f"{'.'.join(map(str, first['loc']))}={shown(first['input'])}: {first['msg']}. Change it."
        ) from error


def _error_of(answer: httpx.Response) -> ToppleError:
    """Return the error that an answer tells of: the library's own where it is one."""
    try:
        told = json_of(answer.text)["error"]
        kind, message = str(told["kind"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        kind, message = "", f"status {answer.status_code} of {answer.url} and no answer of topple"
    known = getattr(errors, kind, None)
    if (
        isinstance(known, type)
        and issubclass(known, ToppleError)
        and answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR
    ):
        return known(message)
    return ServiceError(message)
