"""What each segment of an 835 means for its claims."""

from __future__ import annotations

from functools import cache

from .kinds import PLAIN, STOP, UNKNOWN, Kinds

CLP, SVC, CAS, LX, PLB = range(STOP + 1, STOP + 6)
"""Kinds of segments that have a consequence for the claims."""

_PLAIN_IDS = (
    *("BPR", "TRN", "CUR", "REF", "DTM", "N1", "N3", "N4", "PER", "RDM", "TS2", "TS3", "NM1"),
    *("MIA", "MOA", "AMT", "QTY", "LQ"),
)
_KIND_OF = dict.fromkeys(_PLAIN_IDS, PLAIN) | {
    "CLP": CLP,
    "SVC": SVC,
    "CAS": CAS,
    "LX": LX,
    "PLB": PLB,
}


@cache
def kinds_of_835(cut: str) -> Kinds:
    """Give the kinds for an element separator."""
    return Kinds(cut, _KIND_OF, UNKNOWN)
