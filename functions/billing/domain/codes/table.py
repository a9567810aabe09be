"""A code table in the form it is looked up in: one immutable piece of bytes, known by its hash.

Real tables are large (NCCI publishes millions of procedure pairs) and a function's memory is small, so a table is
never read into objects. It is a hash index over fixed-width records, used where it lies: in a mapped file or in
bytes. A look-up touches one place of the index and one short run of records, whatever the table's size, and the
same entries always give the same bytes, so that their hash is the table's version.

Layout: magic, length of the terms (4 bytes, big endian), the terms as canonical JSON, the index (4 bytes for each
bucket: its first record's number, and one more), the records. A record is key, first day, last day, value.
"""

import hashlib
import json
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from mmap import mmap
from zlib import crc32

from functions.billing.domain.errors import RuleSetError

MAGIC = b"CODETABLE\x00\x01\n"
OPEN = date.max
"""The last day of what has no end yet."""

# Days are counted from here in two bytes, which reach to 2149; what is older began "before".
_FIRST_DAY = date(1970, 1, 1).toordinal()
_LAST_COUNT = 0xFFFF
_RECORDS_PER_BUCKET = 4
_PLACE = struct.Struct(">I")
_RUN = struct.Struct(">II")


class TableKind(StrEnum):
    """What a table is about, and so what its keys and values mean."""

    DIAGNOSES = "diagnoses"
    """ICD-10-CM without the dot. Value: 1 billable, 0 a heading."""

    PROCEDURES = "procedures"
    """HCPCS or CPT. Value: 1."""

    PROCEDURE_PAIRS = "procedure_pairs"
    """NCCI PTP: column 1 and column 2. Value: modifier indicator, 0 never together, 1 with a modifier."""

    UNIT_LIMITS = "unit_limits"
    """NCCI MUE by procedure. Value: units times 10, plus the adjudication indicator 1, 2 or 3."""

    PROVIDERS = "providers"
    """NPPES by NPI, in force while active. Value: entity type, 1 a person, 2 an organization."""

    TAXONOMIES = "taxonomies"
    """Provider taxonomy codes. Value: 1."""

    DRUGS = "drugs"
    """National drug codes of eleven digits. Value: 1."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """A record of one kind of table: key, first day, last day, value."""

    key_width: int
    record: struct.Struct


def _layout(key_width: int, value: str = "B") -> _Layout:
    return _Layout(key_width, struct.Struct(f">{key_width}sHH{value}"))


_LAYOUTS = {
    TableKind.DIAGNOSES: _layout(7),
    TableKind.PROCEDURES: _layout(5),
    TableKind.PROCEDURE_PAIRS: _layout(10),
    TableKind.UNIT_LIMITS: _layout(5, "I"),
    TableKind.PROVIDERS: _layout(10),
    TableKind.TAXONOMIES: _layout(10),
    TableKind.DRUGS: _layout(11),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTerms:
    """What a table says of itself.

    Attributes
    ----------
    kind
        What its keys and values mean.
    source
        Where it came from, in a person's words, such as `NCCI PTP practitioner 2026 Q1`.
    is_complete
        Whether a code that is absent does not exist. An excerpt proves nothing by leaving a code out.
    entries
        How many records it holds.
    """

    kind: TableKind
    source: str
    is_complete: bool
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One code, from its first day to its last, both included."""

    key: str
    from_day: date
    to_day: date
    value: int = 1


class CodeTable:
    """A compiled table, looked up in place.

    Parameters
    ----------
    content
        The compiled bytes, or a file mapped into memory. It must outlive the table.

    Raises
    ------
    RuleSetError
        `code_table_malformed` if the content is no compiled table, or its parts do not fit together.
    """

    __slots__ = ("_content", "_index_at", "_key_width", "_mask", "_record", "_records_at", "terms")

    def __init__(self, content: bytes | mmap) -> None:
        self._content = content
        self.terms, self._index_at = _terms(content)
        layout = _LAYOUTS[self.terms.kind]
        self._key_width, self._record = layout.key_width, layout.record
        buckets = _bucket_count(self.terms.entries)
        self._mask = buckets - 1
        self._records_at = self._index_at + (buckets + 1) * _PLACE.size
        if len(content) != self._records_at + self.terms.entries * self._record.size:
            raise _malformed("its length does not fit its terms")

    def value(self, key: str, day: date) -> int | None:
        """What the table says of a key on a day, None when nothing.

        Of two entries in force on one day the one that began later counts.
        """
        found: int | None = None
        for _, first, last, value in self._records_of(key):
            if first <= _day_count(day) <= last:
                found = value
        return found

    def knows(self, key: str) -> bool:
        """Whether the table holds the key at any time."""
        return bool(self._records_of(key))

    def _records_of(self, key: str) -> Sequence[tuple[bytes, int, int, int]]:
        """The key's records, by first day."""
        wanted = key.encode().ljust(self._key_width)
        content, size = self._content, self._record.size
        first, end = _RUN.unpack_from(
            content, self._index_at + (crc32(wanted) & self._mask) * _PLACE.size
        )
        stop = self._records_at + end * size
        at = content.find(wanted, self._records_at + first * size, stop)
        if at < 0 or len(wanted) != self._key_width:
            return ()
        found = []
        while at >= 0:
            # The same bytes may also lie across two records.
            if not (at - self._records_at) % size:
                found.append(self._record.unpack_from(content, at))
            at = content.find(wanted, at + 1, stop)
        return found


def compiled(terms: TableTerms, entries: Iterable[Entry]) -> bytes:
    """The bytes of a table; entries may come in any order, an entry twice counts once.

    Raises
    ------
    RuleSetError
        `code_table_malformed` if a key or value does not fit the kind.
    """
    layout = _LAYOUTS[terms.kind]
    width = layout.key_width
    records = sorted({_packed(entry, layout) for entry in entries})
    said = asdict(terms) | {"entries": len(records)}
    head = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    buckets = _bucket_count(len(records))
    numbers = array("L", (crc32(one[:width]) & (buckets - 1) for one in records))
    places = array("L", bytes(array("L").itemsize * (buckets + 1)))
    for number in numbers:
        places[number + 1] += 1
    for bucket in range(buckets):
        places[bucket + 1] += places[bucket]
    # A stable order: within a bucket by key, then by first day.
    records = [records[place] for place in sorted(range(len(records)), key=numbers.__getitem__)]
    index = struct.pack(f">{buckets + 1}I", *places)
    return b"".join((MAGIC, _PLACE.pack(len(head)), head, index, *records))


def version_of(content: bytes) -> str:
    """A compiled table's version: `sha256:` and the digest of its bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _packed(entry: Entry, layout: _Layout) -> bytes:
    key, width = entry.key.encode(), layout.key_width
    if len(key) != len(entry.key) or not 0 < len(key) <= width:
        raise _malformed(f"a key must have 1 to {width} ASCII characters")
    try:
        return layout.record.pack(
            key.ljust(width), _day_count(entry.from_day), _day_count(entry.to_day), entry.value
        )
    except struct.error:
        raise _malformed(f"the value of {entry.key} does not fit") from None


def _day_count(day: date) -> int:
    return min(max(day.toordinal() - _FIRST_DAY, 0), _LAST_COUNT)


def _bucket_count(entries: int) -> int:
    """A power of two, so that a bucket holds a handful of records at most sizes."""
    return 1 << max(entries // _RECORDS_PER_BUCKET, 1).bit_length()


def _terms(content: bytes | mmap) -> tuple[TableTerms, int]:
    head_at = len(MAGIC) + _PLACE.size
    if content[: len(MAGIC)] != MAGIC or len(content) < head_at:
        raise _malformed("it does not begin as one")
    (length,) = _PLACE.unpack_from(content, len(MAGIC))
    try:
        said = json.loads(content[head_at : head_at + length])
        terms = TableTerms(**said | {"kind": TableKind(said["kind"])})
    except (ValueError, TypeError, KeyError):
        raise _malformed("its terms can't be read") from None
    return terms, head_at + length


def _malformed(detail: str) -> RuleSetError:
    return RuleSetError("code_table_malformed", subject="code_table", detail=detail)
