"""What each segment of an 835 means for its claims, as one byte for each segment."""

from __future__ import annotations

from functools import cache

from .bodies import ENVELOPE_IDS
from .tokens import is_uneven

PLAIN, UNKNOWN, UNEVEN, CLP, SVC, CAS, LX, PLB, STOP = range(9)
"""Kinds: of no consequence for the claims, without a place in an 835, no proper segment (see
`tokens.is_uneven`), those that have a consequence, and what ends the transaction."""

_PLAIN_IDS = (
    *("BPR", "TRN", "CUR", "REF", "DTM", "N1", "N3", "N4", "PER", "RDM", "TS2", "TS3", "NM1"),
    *("MIA", "MOA", "AMT", "QTY", "LQ"),
)
_KIND_OF = (
    dict.fromkeys(_PLAIN_IDS, PLAIN)
    | dict.fromkeys(ENVELOPE_IDS, STOP)
    | {"CLP": CLP, "SVC": SVC, "CAS": CAS, "LX": LX, "PLB": PLB}
)


class Kinds(dict[str, int]):
    """Kinds by a segment's first four characters, which hold any name that X12 has."""

    def __init__(self, cut: str) -> None:
        super().__init__()
        self._cut = cut

    def __missing__(self, head: str) -> int:
        """Work out a kind, and keep it if it is one: there are few, and many ways to be unknown."""
        name = head.partition(self._cut)[0]
        kind = _KIND_OF.get(name)
        if kind is not None:
            self[head] = kind
            return kind
        if is_uneven(head):
            return UNEVEN
        # The next interchange's ISA comes with separators of its own.
        return STOP if name.startswith("ISA") and not name[3].isalnum() else UNKNOWN


@cache
def kinds_by_head(cut: str) -> Kinds:
    """Give the kinds for an element separator."""
    return Kinds(cut)


def only(*kinds: int) -> bytes:
    """Give a table for `bytes.translate` that leaves a 1 for these kinds and a 0 for all others."""
    return bytes(kind in kinds for kind in range(256))
