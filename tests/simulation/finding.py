"""What can be wrong with the state a schedule ended in."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What kind of wrong it is."""

    DUPLICATE = "duplicate"
    LOST = "lost"
    STUCK = "stuck"
    NEEDLESSLY_PARKED = "needlessly parked"
    EVENT_LOST = "event lost"
    UNBALANCED = "ledger off"
    AUDIT_BROKEN = "audit broken"
    KEY_REUSED = "key reused"
    UNLIKE = "unlike the model"
    TOLD = "patient told"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in a sentence."""

    kind: Kind
    what: str
