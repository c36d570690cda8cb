"""Outside ids to indices and back; no other file of the library turns one into the other."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topple.errors import DataError, UnknownIdError, as_list, counted, need, shown
from topple.types import Id, IntArray

_INTEGER = r"^(0|-?[1-9][0-9]*)$"


class Vocabulary:
    """An immutable list of distinct outside ids, all integers or all strings; the index of an id is how many ids come before it.

    Args:
        ids: the ids in index order; a string id is one line of text.
        kind: what the ids name ("user", "item"), for messages.

    Raises:
        DataError: ids mixed in type, missing, empty, of several lines, or repeated.

    Example:
        >>> items = Vocabulary(["alien", "jaws"], kind="item")
        >>> items.encode(["jaws"]).tolist(), items.decode([0])
        ([1], ('alien',))
    """

    def __init__(self, ids: Iterable[Id] | pa.Array, kind: str = "item") -> None:
        self.kind = kind
        ids = ids if isinstance(ids, pa.Array | pa.ChunkedArray) else as_list(ids, "ids", "a list of ids")
        self._ids = id_column(ids, kind)
        if pa.types.is_string(self._ids.type):
            broken = self._ids.filter(pc.match_substring_regex(self._ids, r"^$|[\r\n]"))
            if len(broken):
                raise DataError(
                    f"{kind} id {shown(broken[0].as_py())} is empty or holds a line break; an id is one line of text. Rename it, "
                    "or drop the rows that hold it."
                )
        if len(pc.unique(self._ids)) != len(self._ids):
            counts = pc.value_counts(self._ids)
            repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
            raise DataError(
                f"{kind} id {shown(repeated[0].as_py())} occurs more than once; the ids of a vocabulary are distinct. Drop the repeats."
            )

    @classmethod
    def of(cls, column: Iterable[Id] | pa.Array, kind: str = "item") -> tuple["Vocabulary", IntArray]:
        """Make the sorted vocabulary of a column and return it with the index of each row of the column."""
        values = id_column(column, kind)
        vocabulary = cls(pc.unique(values).sort(), kind)
        return vocabulary, vocabulary.encode(values)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, outside: object) -> bool:
        return _is_in(outside, self._index)

    def holds(self, ids: Sequence[object]) -> bool:
        """Return whether all of the ids are here."""
        plain = {*map(type, ids)} <= {str, int}  # not True, which would be found as 1
        return all(map(self._index.__contains__ if plain else self.__contains__, ids))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self._ids.equals(other._ids)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} {self.kind}s, {self.fingerprint})"

    @property
    def ids(self) -> tuple[Id, ...]:
        """All ids in index order."""
        return tuple(self._listed)

    @property
    def column(self) -> pa.Array:
        """All ids in index order, as an Arrow array of int64 or string."""
        return self._ids

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of the ids and their order."""
        digest = hashlib.blake2b(digest_size=8)
        digest.update(str(self._ids.type).encode())
        digest.update("".join(f"{outside!r}\n" for outside in self._ids.to_pylist()).encode())
        return digest.hexdigest()

    def encode(self, ids: Iterable[Id] | pa.Array) -> IntArray:
        """Return the index of each id.

        Raises:
            UnknownIdError: naming the ids that are not here.
        """
        given = ids if isinstance(ids, pa.Array | pa.ChunkedArray) else list(ids)
        if isinstance(given, list) and (len(given) < 1000 or {*map(type, given)} <= {str, int}):
            return self._encode_few(given)
        try:
            column = id_column(given, self.kind)
        except DataError:
            return self._encode_few(given if isinstance(given, list) else given.to_pylist())
        if column.type != self._ids.type:
            raise UnknownIdError(self._unknown(column[:1].to_pylist()))
        found = pc.index_in(column, self._ids)
        if found.null_count:
            raise UnknownIdError(self._unknown(pc.unique(column.filter(pc.is_null(found)))[:5].to_pylist()))
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)

    def index(self, outside: object) -> int:
        """Return the index of one id.

        Raises:
            UnknownIdError: there is no such id.
        """
        if _is_in(outside, self._index):
            return self._index[outside]
        raise UnknownIdError(self._unknown([outside]))

    def decode(self, indices: Iterable[int] | IntArray) -> tuple[Id, ...]:
        """Return the outside id of each index.

        Raises:
            IndexError: an index outside 0 to the number of ids less 1.
        """
        wanted = indices.tolist() if isinstance(indices, np.ndarray) else [int(index) for index in indices]
        if wanted and min(wanted) < 0:
            raise IndexError(f"{self.kind} index {min(wanted)} is below 0. Indices count from 0.")
        return tuple([self._listed[index] for index in wanted])

    def parse(self, text: str) -> Id:
        """Return the id that a person typed as `text`: an integer where the ids are integers.

        Raises:
            UnknownIdError: there is no such id.
        """
        outside = self.typed(text)
        self.index(outside)
        return outside

    def typed(self, text: str) -> Id:
        """Return what a person typed as an id of this kind, known or not."""
        integers = pa.types.is_integer(self._ids.type)
        return int(text) if integers and re.fullmatch(r"\s*-?(0|[1-9][0-9]{,18})\s*", text) else text

    @cached_property
    def _listed(self) -> list[Id]:
        ids: list[Id] = self._ids.to_pylist()
        return ids

    @cached_property
    def _index(self) -> dict[Id, int]:
        return {outside: index for index, outside in enumerate(self._listed)}

    def _encode_few(self, ids: Sequence[Id]) -> IntArray:
        if {*map(type, ids)} <= {str, int}:  # not True, which would be found as 1
            with suppress(KeyError):
                return np.fromiter(map(self._index.__getitem__, ids), dtype=np.int64, count=len(ids))
        unknown = [outside for outside in ids if not _is_in(outside, self._index)]
        if unknown:
            raise UnknownIdError(self._unknown(unknown[:5]))
        return np.array([self._index[outside] for outside in ids], dtype=np.int64)

    def _unknown(self, ids: Sequence[Any]) -> str:
        kind = "integers" if pa.types.is_integer(self._ids.type) else "strings"
        example = self._ids[0].as_py() if len(self) else None
        return (
            f"unknown {self.kind} id {', '.join(map(shown, ids))}: not among the {len(self):,} {self.kind}s of this "
            f"data. Ids here are {kind}, such as {shown(example)}; check the id and whether it is a number or a text."
        )


def are_texts(values: Sequence[object]) -> bool:
    """Return whether all values are texts that can be written as UTF-8."""
    try:
        "".join(values).encode()  # type: ignore[arg-type] # what is no text is refused by the join
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def _is_in(outside: object, index: dict[Id, int]) -> TypeGuard[Id]:
    return isinstance(outside, str | int | np.integer) and not isinstance(outside, bool) and outside in index


def id_column(ids: Iterable[Id] | pa.Array, kind: str) -> pa.Array:
    """Return `ids` as an Arrow array of int64 or string.

    Raises:
        DataError: a missing id, or ids that are not all integers or all strings.
    """
    try:
        array = ids if isinstance(ids, pa.Array | pa.ChunkedArray) else pa.array(ids)
        if pa.types.is_uint64(array.type):
            array = array.cast(pa.int64())
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeError) as error:
        raise DataError(
            f"{kind} ids must be all integers (of 64 bits) or all strings: {error}. Convert the column first."
        ) from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.null_count:
        row = pc.index(pc.is_null(array), pa.scalar(True)).as_py()
        raise DataError(
            f"{kind} id is missing in row {row + 1} of {len(array):,}. Every row needs one; drop such rows."
        )
    if len(array) == 0:
        return pa.array([], type=pa.int64() if pa.types.is_integer(array.type) else pa.string())
    if pa.types.is_integer(array.type):
        return array.cast(pa.int64())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        return array.cast(pa.string())
    raise DataError(f"{kind} ids of type {array.type} are not integers or strings. Convert the column first.")


def typed_ids(texts: pa.Array) -> pa.Array:
    """Return ids that were read as text as integers where every one is written like an integer, else as they are.

    "007" is not written like an integer: as 7 it could not be told from "7".

    Example:
        >>> typed_ids(pa.array(["7", "12"])).to_pylist(), typed_ids(pa.array(["007", "12"])).to_pylist()
        ([7, 12], ['007', '12'])
    """
    if pc.all(pc.match_substring_regex(texts, _INTEGER)).as_py():
        with suppress(pa.ArrowInvalid):
            return pc.cast(texts, pa.int64())
    return texts


@dataclass(frozen=True, repr=False)
class Catalogue:
    """The items that can be recommended: their ids, and their titles where they are known.

    Args:
        vocabulary: the item ids.
        titles: one title an item in index order, or None.
    """

    vocabulary: Vocabulary
    titles: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        need(self.vocabulary, Vocabulary, "vocabulary", "a Vocabulary of item ids")
        need(self.titles, Sequence | None, "titles", "one title an item, or None")
        if self.titles is not None and len(self.titles) != len(self.vocabulary):
            raise DataError(
                f"{len(self.titles):,} titles for {len(self.vocabulary):,} items: give one title an item, in the items' order."
            )
        for index, title in enumerate(() if are_texts(self.titles or ()) else self.titles or ()):
            if not are_texts([title]):
                raise DataError(
                    f"the title {shown(title)} of item {shown(self.vocabulary.decode([index])[0])} is no text of UTF-8. Give every item a "
                    "text, or no titles at all."
                )

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __repr__(self) -> str:
        first = self.vocabulary.decode([0]) if len(self) else ()
        example = f", such as {shown(first[0])}" if first else ""
        title = f" ({shown(self.titles[0])})" if first and self.titles is not None else ""
        return f"<Catalogue of {counted(len(self), 'item')}{example}{title}>"

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the item ids and their order."""
        return self.vocabulary.fingerprint

    def title(self, item: Id | None) -> str:
        """Return the title of an item, or the id as text where no title is known (unknown items too); no text for None."""
        if item is None or self.titles is None or item not in self.vocabulary:
            return "" if item is None else str(item)
        return self.titles[self.vocabulary.index(item)]

    def with_titles(self, titles: dict[Id, str]) -> "Catalogue":
        """Return the same items with titles looked up by id (7 or "7"); an item without a title has the id as title."""
        need(titles, Mapping, "titles", "a mapping of item ids to titles")
        by_text = {str(item): title for item, title in titles.items()}
        return Catalogue(self.vocabulary, tuple(by_text.get(str(item), str(item)) for item in self.vocabulary.ids))

    def subset(self, indices: IntArray) -> "Catalogue":
        """Return the catalogue of the items at `indices`, in that order."""
        vocabulary = Vocabulary(self.vocabulary.column.take(pa.array(indices)), self.vocabulary.kind)
        return Catalogue(vocabulary, None if self.titles is None else tuple(self.titles[i] for i in indices))
