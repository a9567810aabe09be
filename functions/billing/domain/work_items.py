"""Work for people: an owner, a due time, what is wrong and what to do about it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from functions.billing.domain.keys import Key, derived_id


class Queue(StrEnum):
    """Who owns the work. Engineering gets failures of machines, everyone else those of data."""

    FRONT_DESK = "front_desk"
    AUTHORIZATION = "authorization"
    CODING = "coding"
    BILLING = "billing"
    CREDENTIALING = "credentialing"
    FINANCE = "finance"
    ENGINEERING = "engineering"


class WorkState(StrEnum):
    """Open until a person or an event resolves it."""

    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One field to mend: where it stands, why, what was expected there, what to do. Never a value."""

    field_path: str
    reason: str
    recommended_action: str
    expected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One thing a person must do. `fields` are paths into the record, never values.

    `corrections` say of each field why and how to mend it, where more than one thing is wrong.
    """

    kind: ClassVar[str] = "WORK"

    work_item_id: str
    queue: Queue
    reason: str
    about: str
    recommended_action: str
    opened_at: datetime
    due_at: datetime | None = None
    fields: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    payer_id: str = ""
    amount_cents: int = 0
    state: WorkState = WorkState.OPEN
    resolved_at: datetime | None = None
    resolved_by: str = ""
    resolution: str = ""
    due_kind: str = ""
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(work_item_id: str) -> Key:
        """Where a work item rests."""
        return Key(f"WORK#{work_item_id}", "WORK")

    @property
    def key(self) -> Key:
        """Where this work item rests."""
        return self.key_of(self.work_item_id)

    @property
    def ref(self) -> str:
        """Open items are found by what they are about, so that an event can resolve them."""
        return f"WORK#{self.about}" if self.state is WorkState.OPEN else ""

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"work_item:{self.work_item_id}"

    def resolved(self, *, at: datetime, by: str, resolution: str) -> Self:
        """Closed, and so out of the due index."""
        return replace(
            self,
            state=WorkState.RESOLVED,
            resolved_at=at,
            resolved_by=by,
            resolution=resolution,
            due_kind="",
        )


def open_work_item(  # noqa: PLR0913 an item is made of these
    *,
    queue: Queue,
    reason: str,
    about: str,
    recommended_action: str,
    at: datetime,
    due_days: int = 3,
    fields: tuple[str, ...] = (),
    corrections: tuple[Correction, ...] = (),
    payer_id: str = "",
    amount_cents: int = 0,
    occurrence: str = "",
) -> WorkItem:
    """A new item, named by what it is about: the same trouble reported twice is one item.

    `occurrence` tells a second trouble of the same kind (a later revision, another file) from a redelivery.
    """
    return WorkItem(
        work_item_id=derived_id("W", queue, reason, about, occurrence),
        queue=queue,
        reason=reason,
        about=about,
        recommended_action=recommended_action,
        opened_at=at,
        due_at=at + timedelta(days=due_days),
        fields=fields or tuple(dict.fromkeys(one.field_path for one in corrections)),
        corrections=corrections,
        payer_id=payer_id,
        amount_cents=amount_cents,
        due_kind=f"WORK#{queue}",
    )
