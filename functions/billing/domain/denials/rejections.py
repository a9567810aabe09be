"""Front-door rejections: what a 999 or 277CA refusal is about.

A rejection is not a denial: the payer never judged the claim, there is no appeal, and no remittance
will come. For trends it carries the same nine classes, counted apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.denials.buckets import Bucket
from functions.billing.domain.rules.reading import Reader, content_version
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item

# X12 277CA STC01-1: unprocessable, missing, invalid, relational. A4 is an answer to an inquiry.
REJECTING_CATEGORIES = frozenset({"A3", "A4", "A6", "A7", "A8"})

_COMPOSITE_PAIR = 2

# A 999 or TA1 speaks of the file's form, which no status code describes.
_SYNTAX_LEVELS = frozenset({"syntax", "interchange"})

_READ_ACKNOWLEDGEMENT = "Read the acknowledgement, correct the claim and send it again."


@dataclass(frozen=True, slots=True)
class StatusReason:
    """One STC composite: category, status and, where given, the entity it speaks of."""

    category: str
    status: str
    entity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionClass:
    """What a rejection is about, who corrects it, and how. `bucket` None: nobody knows the code."""

    bucket: Bucket | None
    sub_reason: str
    queue: Queue
    recommended_action: str
    matched: StatusReason | None
    table_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    bucket: Bucket
    sub_reason: str
    queue: Queue
    recommended_action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionTable:
    """Entries by status and entity, under one content-addressed version."""

    version: str
    entries: Mapping[tuple[str, str], _Entry]
    unmapped_queue: Queue
    unmapped_action: str


def classify_rejection(reasons: Sequence[StatusReason], table: RejectionTable) -> RejectionClass:
    """The class of a rejection's reasons.

    A reason that names its entity counts before one that doesn't, a rejecting category before
    another, then the payer's order.
    """
    rejecting = [one for one in reasons if one.category in REJECTING_CATEGORIES] or list(reasons)
    named = [one for one in rejecting if (one.status, one.entity) in table.entries and one.entity]
    known = [one for one in rejecting if (one.status, "") in table.entries]
    for reason in (*named, *known):
        entry = table.entries.get((reason.status, reason.entity))
        entry = entry or table.entries[reason.status, ""]
        return RejectionClass(
            bucket=entry.bucket,
            sub_reason=entry.sub_reason,
            queue=entry.queue,
            recommended_action=entry.recommended_action,
            matched=reason,
            table_version=table.version,
        )
    return RejectionClass(
        bucket=None,
        sub_reason="status_unknown",
        queue=table.unmapped_queue,
        recommended_action=table.unmapped_action,
        matched=None,
        table_version=table.version,
    )


def status_reasons(codes: Iterable[str]) -> tuple[StatusReason, ...]:
    """The status composites among an acknowledgement's codes, written `A7:562:85`."""
    split = (code.split(":") for code in codes)
    return tuple(
        StatusReason(parts[0], parts[1], parts[2] if len(parts) > _COMPOSITE_PAIR else "")
        for parts in split
        if len(parts) >= _COMPOSITE_PAIR
    )


def rejection_work(
    claim: Claim,
    level: str,
    codes: Sequence[str],
    *,
    at: datetime,
    table: RejectionTable | None = None,
) -> WorkItem:
    """The work item for a claim the front door refused.

    Parameters
    ----------
    claim
        The refused claim.
    level
        Where the refusal stood: `syntax`, `interchange`, or a level of the 277CA.
    codes
        The refusal's codes; 277CA composites are written `A7:562:85`.
    at
        When it was heard.
    table
        What the codes mean; without it the item goes to billing, unclassified.
    """
    queue, reason, action = Queue.BILLING, f"rejected_{level}", _READ_ACKNOWLEDGEMENT
    if table is not None and level not in _SYNTAX_LEVELS:
        found = classify_rejection(status_reasons(codes), table)
        queue, action = found.queue, found.recommended_action
        reason = f"rejected_{found.sub_reason}"
    return open_work_item(
        queue=queue,
        reason=reason,
        about=claim.subject,
        recommended_action=action,
        at=at,
        fields=tuple(codes),
        payer_id=claim.payer_id,
        amount_cents=claim.charge_cents,
        occurrence=str(claim.revision),
    )


def rejection_table(content: Mapping[str, Any]) -> RejectionTable:
    """Read parsed rejection data.

    Raises
    ------
    RuleSetError
        Naming the status and the field that is missing or malformed.
    """
    top = Reader(content, subject="rejection_table")
    for note in ("$schema", "name", "note"):
        top.text(note, "")
    unmapped = top.child("unmapped")
    queue = unmapped.choice("queue", Queue)
    action = unmapped.text("recommended_action")
    unmapped.finish()
    entries: dict[tuple[str, str], _Entry] = {}
    for reader in top.children("statuses"):
        status, entity = reader.text("status"), reader.text("entity", "")
        reader.subject, reader.path = f"claim_status:{status}/{entity or 'any'}", ""
        if (status, entity) in entries:
            raise reader.error("entity", "stands there twice")
        entries[status, entity] = _Entry(
            bucket=reader.choice("bucket", Bucket),
            sub_reason=reader.text("sub_reason"),
            queue=reader.choice("queue", Queue),
            recommended_action=reader.text("recommended_action"),
        )
        reader.finish()
    top.finish()
    return RejectionTable(
        version=content_version(content),
        entries=entries,
        unmapped_queue=queue,
        unmapped_action=action,
    )
