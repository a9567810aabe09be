"""The packet of an appeal: which documents it needs, which it has, and a hash over all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from functions.billing.domain.denials.buckets import Bucket
from functions.billing.domain.rules.reading import Reader, content_version

DEFAULT = "default"


class DocumentRole(StrEnum):
    """What a document is there to show."""

    COVER_LETTER = "cover_letter"
    CLAIM = "claim"
    REMITTANCE = "remittance"
    AUTHORIZATION = "authorization"
    PROOF_OF_FILING = "proof_of_filing"
    MEDICAL_RECORD = "medical_record"
    ELIGIBILITY_ANSWER = "eligibility_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketDocument:
    """A document at rest: the packet refers to it and holds its hash, never its content."""

    role: DocumentRole
    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All a packet holds. `sha256` covers all of it, so a changed document is a new packet."""

    appeal_id: str
    claim_id: str
    payer_id: str
    payer_claim_number: str
    level: int
    deadline: date | None
    documents: tuple[PacketDocument, ...]
    missing: tuple[DocumentRole, ...]
    sha256: str

    @property
    def is_complete(self) -> bool:
        """Whether every document the class of denial needs is there."""
        return not self.missing

    def as_json(self) -> dict[str, Any]:
        """The manifest for storage and for the payer: ids, references and hashes only."""
        return {
            **_body(
                self.appeal_id,
                self.claim_id,
                self.payer_id,
                self.payer_claim_number,
                self.level,
                self.deadline,
                self.documents,
            ),
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealDocuments:
    """Which documents each class of denial needs, and how early an appeal should be out."""

    version: str
    lead_days: int
    default: tuple[DocumentRole, ...]
    by_bucket: Mapping[Bucket, tuple[DocumentRole, ...]]

    def needed(self, bucket: Bucket | None) -> tuple[DocumentRole, ...]:
        """The roles a packet about this class must fill."""
        return self.default if bucket is None else self.by_bucket.get(bucket, self.default)


def packet_manifest(
    *,
    appeal_id: str,
    claim_id: str,
    payer_id: str,
    payer_claim_number: str,
    level: int,
    deadline: date | None,
    documents: Iterable[PacketDocument],
    needed: Iterable[DocumentRole],
) -> Manifest:
    """The manifest of the documents at hand, in the order of their roles, and what is missing."""
    roles = tuple(DocumentRole)
    ordered = tuple(sorted(documents, key=lambda one: (roles.index(one.role), one.key)))
    present = {one.role for one in ordered}
    body = _body(appeal_id, claim_id, payer_id, payer_claim_number, level, deadline, ordered)
    return Manifest(
        appeal_id=appeal_id,
        claim_id=claim_id,
        payer_id=payer_id,
        payer_claim_number=payer_claim_number,
        level=level,
        deadline=deadline,
        documents=ordered,
        missing=tuple(role for role in needed if role not in present),
        sha256=content_version(body).removeprefix("sha256:"),
    )


def appeal_documents(content: Mapping[str, Any]) -> AppealDocuments:
    """Read parsed document requirements.

    Raises
    ------
    RuleSetError
        Naming the class or role that is unknown or malformed.
    """
    top = Reader(content, subject="appeal_documents")
    for note in ("$schema", "name", "note"):
        top.text(note, "")
    documents = top.child("documents")
    by_bucket = {
        Bucket(name): _roles(documents, name)
        for name in (member.value for member in Bucket)
        if documents.has(name)
    }
    default = _roles(documents, DEFAULT)
    documents.finish()
    required = AppealDocuments(
        version=content_version(content),
        lead_days=top.integer("lead_days"),
        default=default,
        by_bucket=by_bucket,
    )
    top.finish()
    return required


def _roles(reader: Reader, name: str) -> tuple[DocumentRole, ...]:
    words = reader.texts(name)
    if not set(words) <= {role.value for role in DocumentRole}:
        raise reader.error(name, "holds a word that is not a kind of document")
    return tuple(DocumentRole(word) for word in words)


def _body(
    appeal_id: str,
    claim_id: str,
    payer_id: str,
    payer_claim_number: str,
    level: int,
    deadline: date | None,
    documents: tuple[PacketDocument, ...],
) -> dict[str, Any]:
    return {
        "appeal_id": appeal_id,
        "claim_id": claim_id,
        "payer_id": payer_id,
        "payer_claim_number": payer_claim_number,
        "level": level,
        "deadline": deadline.isoformat() if deadline else None,
        "documents": [
            {
                "role": one.role.value,
                "key": one.key,
                "sha256": one.sha256,
                "size_bytes": one.size_bytes,
            }
            for one in documents
        ],
    }
