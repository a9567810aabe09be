"""Documents as an EHR drops them, with mapping tables that know their codes."""

import json
from typing import Any

from tests.unit.fhir.bundles import (
    bundle,
    changed,
    claim,
    coverage,
    insurer,
    item,
    location,
    mapping_content,
    organization,
    patient,
    practitioner,
    visit,
)

ENCOUNTER, APPOINTMENT, PATIENT, COVERAGE = "enc", "app", "pat", "cov"
MEMBER = "ABC123456789"


def mapping() -> dict[str, Any]:
    """The FHIR tests' own tables, for the payers that have a policy."""
    text = json.dumps(mapping_content())
    for theirs, ours in (("ACME", "BLUEPEAK"), ("MCARE", "CMSNORTH"), ("MCAID", "STATECAID")):
        text = text.replace(theirs, ours)
    content: dict[str, Any] = json.loads(text)
    return content


def encounter_document(
    *,
    lines: int = 1,
    dollars: int = 145,
    procedure: str = "99213",
    self_pay: bool = False,
    **of_coverage: Any,
) -> bytes:
    """A signed visit; `lines` services of it, at `dollars` each."""
    price = {"value": dollars, "currency": "USD"}
    items = [item(number, procedure, net=price) for number in range(1, lines + 1)]
    resources = visit(claim(*items), without=("Claim",))
    resources = changed(resources, "Coverage", **{"subscriberId": MEMBER, **of_coverage})
    if self_pay:
        resources = changed(
            resources,
            "Coverage",
            payor=[{"display": "NO_INSURANCE"}],
        )
    return json.dumps(bundle(*resources)).encode()


def appointment_document(*, member_id: str = MEMBER, start: str = "2026-03-05T14:00:00Z") -> bytes:
    """A booked visit with one planned service."""
    planned = {
        "resourceType": "Appointment",
        "id": APPOINTMENT,
        "status": "booked",
        "start": start,
        "basedOn": [{"reference": "ServiceRequest/order"}],
        "participant": [
            {"actor": {"reference": "Patient/pat"}},
            {"actor": {"reference": "Practitioner/doc"}},
            {"actor": {"reference": "Location/main"}},
        ],
    }
    order = {
        "resourceType": "ServiceRequest",
        "id": "order",
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}]},
    }
    place = {**location(), "managingOrganization": {"reference": "Organization/group"}}
    insured = {**coverage(), "subscriberId": member_id}
    return json.dumps(
        bundle(patient(), insured, insurer(), organization(), practitioner(), place, planned, order)
    ).encode()


def insurance_document(*, member_id: str = MEMBER, payer: str = "A") -> bytes:
    """What registration knows of the patient's insurance."""
    company = insurer()
    company["identifier"][0]["value"] = payer
    return json.dumps(
        bundle(patient(), {**coverage(), "subscriberId": member_id}, company)
    ).encode()
