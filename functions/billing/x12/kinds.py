"""What each segment means for the parts of its transaction, as one byte for each segment.

A step in Python for each segment would cost more than cutting the file; the kinds of a whole batch
are told at once, and parts are then found by searching in bytes.
"""

from __future__ import annotations

from functools import cache

BLANKS = " \t\r\n\x1a\x00"
"""What may stand between segments and is no part of X12."""

PLAIN, UNKNOWN, UNEVEN, STOP = range(4)
"""Kinds of every transaction: of no consequence, without a place in it, no proper segment (see
`is_uneven`), and what ends it. Those that have a consequence are numbered on by each."""

ENVELOPE_IDS = ("ISA", "IEA", "GS", "GE", "ST", "SE")
# A file can be full of ever new heads; beyond so many only those with a name are remembered.
_HEADS_MAX = 4_096


class Kinds(dict[str, int]):
    """Kinds by a segment's first four characters, which hold any name that X12 has.

    Parameters
    ----------
    cut
        The element separator.
    by_name
        Kinds by segment name.
    other
        The kind of any other segment.
    """

    def __init__(self, cut: str, by_name: dict[str, int], other: int) -> None:
        super().__init__()
        self._cut = cut
        self._by_name = dict.fromkeys(ENVELOPE_IDS, STOP) | by_name
        self._other = other

    def __missing__(self, head: str) -> int:
        """Work out a kind and remember it."""
        name = head.partition(self._cut)[0]
        kind = self._by_name.get(name)
        if kind is None:
            kind = self._unnamed(head, name)
            if len(self) >= _HEADS_MAX:
                return kind
        self[head] = kind
        return kind

    def _unnamed(self, head: str, name: str) -> int:
        if is_uneven(head):
            return UNEVEN
        # The next interchange's ISA comes with separators of its own.
        return STOP if name.startswith("ISA") and not name[3].isalnum() else self._other


@cache
def kinds_within(cut: str) -> Kinds:
    """Give kinds that only tell where a transaction ends."""
    return Kinds(cut, {}, PLAIN)


def is_uneven(segment: str) -> bool:
    """Say whether something cut off at terminators is empty or begins with a blank."""
    return not segment or segment[0] in BLANKS


def only(*kinds: int) -> bytes:
    """Give a table for `bytes.translate` that leaves a 1 for these kinds and a 0 for all others."""
    return bytes(kind in kinds for kind in range(256))
