"""Proofs of what the product promises about itself: the audit trail, the outbox, the permissions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from functions.billing.domain.commit import audit_entry
from local.aws import REGION
from local.cloud import Cloud
from local.store import Store

_STRANGER = "billing-local-stranger"


def audit_problems(store: Store, entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Records whose audit chain is missing, too short or altered: every hash is computed anew."""
    chains: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in entries:
        chains[entry["pk"]].append(entry)
    heads: dict[str, int] = {}
    problems = []
    for subject, chain in sorted(chains.items()):
        head = _head_of(subject, chain)
        if head is None:
            problems.append(f"{subject}: an entry was altered or is missing")
        else:
            heads[head] = len(chain)
    for item in store.items:
        head, version = (
            item.get("audit_head", {}).get("S"),
            int(item.get("version", {}).get("N", 0)),
        )
        if head is not None and heads.get(head) != version:
            problems.append(f"{item['sk']['S']} at version {version}: its last change has no entry")
    return problems


def _head_of(subject: str, chain: list[Mapping[str, Any]]) -> str | None:
    """The chain's last hash, or None when the chain is broken."""
    head = ""
    for sequence, entry in enumerate(sorted(chain, key=lambda one: str(one["sk"])), start=1):
        expected = audit_entry(
            subject=subject, sequence=sequence, previous=head, body=entry["body"]
        )
        if entry.get("previous", "") != head or entry["hash"] != expected.hash:
            return None
        head = expected.hash
    return head


def unpublished(
    store: Store, published_ids: Iterable[str], *, since: datetime
) -> tuple[list[str], int]:
    """Events said since somebody listened that never came over the bus, and how many came more than once."""
    seen = Counter(published_ids)
    outbox = {event.event_id for line, event in store.outbox() if line.at >= since}
    twice = sum(count > 1 for identifier, count in seen.items() if identifier in outbox)
    return sorted(outbox - seen.keys()), twice


def refuses_a_stranger(cloud: Cloud) -> bool:
    """Whether somebody without permissions is kept out of the records table."""
    # boto3 is slow to import; see local.aws.
    import boto3  # noqa: PLC0415
    from botocore.exceptions import ClientError  # noqa: PLC0415

    people = cloud.aws.client("iam")
    people.create_user(UserName=_STRANGER)
    key = people.create_access_key(UserName=_STRANGER)["AccessKey"]
    stranger = boto3.client(
        "dynamodb",
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    try:
        stranger.scan(TableName=cloud.deployment.records_table, Limit=1)
    except ClientError as refusal:
        return refusal.response["Error"]["Code"].startswith("AccessDenied")
    finally:
        people.delete_access_key(UserName=_STRANGER, AccessKeyId=key["AccessKeyId"])
        people.delete_user(UserName=_STRANGER)
    return False
