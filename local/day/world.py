"""The payers' side of the built-in day: members, what is scripted, and what changes on the way."""

from datetime import date, timedelta
from typing import Any

from local.day.documents import Booking, Insurance
from local.day.practice import PAYER_CODES, PAYERS, WIRE_IDS
from local.day.scenarios import Scenario

API_KEY = "local-key"
WEBHOOK_SECRET = "whsec_bG9jYWwtd2ViaG9vay1zZWNyZXQ="  # noqa: S105 - opens nothing but the local cloud

# An account nobody can explain: money without a remittance, once, from this payer.
STRAY_DEPOSIT_PAYER = "STATECAID"
STRAY_DEPOSIT_CENTS = 7_777

_SEXES = {"female": "F", "male": "M"}


def member(
    booking: Booking, insurance: Insurance, scenario: Scenario, today: date
) -> dict[str, Any]:
    """What the payer knows of the patient, which may differ from what registration knows."""
    ended_days_ago = scenario.member.get("ended_days_ago")
    ends_on = today - timedelta(days=int(ended_days_ago)) if ended_days_ago else insurance.ends_on
    found: dict[str, Any] = {
        "payer_id": WIRE_IDS[insurance.payer_id],
        "member_id": insurance.member_id,
        "last_name": booking.person.family,
        "first_name": booking.person.given,
        "birth_date": booking.person.birth_date.isoformat(),
        "sex": _SEXES[booking.person.sex],
        "group_number": f"G{PAYER_CODES[insurance.payer_id]}77",
        "coverage": [span(insurance.starts_on, ends_on)],
    }
    if insurance is not booking.insurance[0]:
        first = booking.insurance[0]
        found["other_payers"] = [
            {
                "payer_id": WIRE_IDS[first.payer_id],
                "name": first.payer_id,
                "member_id": first.member_id,
                "comes_first": True,
            }
        ]
    return found


def span(begins_on: date, ends_on: date | None) -> dict[str, Any]:
    """A period of active coverage."""
    return {
        "begins_on": begins_on.isoformat(),
        "ends_on": ends_on.isoformat() if ends_on else None,
        "eb01": "1",
    }


def script_entry(scenario: Scenario, insurance: Insurance, ordinal: int) -> dict[str, Any] | None:
    """What the clearinghouse and the payer do to this member's first claim."""
    if not scenario.script:
        return None
    return {
        "name": f"{scenario.name} {ordinal}",
        "match": {
            "payer_id": WIRE_IDS[insurance.payer_id],
            "member_id": insurance.member_id,
            "submission": 1,
        },
        **scenario.script,
    }


def payment_entry(scenario: Scenario, insurance: Insurance, ordinal: int) -> dict[str, Any] | None:
    """What happens to the payment that holds this member's claim alone."""
    if not scenario.payment:
        return None
    return {
        "name": f"{scenario.name} {ordinal}",
        "payer_id": WIRE_IDS[insurance.payer_id],
        "member_ids": [insurance.member_id],
        **scenario.payment,
    }


def simulated_house(today: date) -> dict[str, Any]:
    """What every world file begins with: the clearinghouse and the payers, whoever the members are."""
    return {
        "version": 1,
        "today": today.isoformat(),
        "api_keys": [API_KEY],
        "clearinghouse": {"webhook_secret": WEBHOOK_SECRET},
        "payers": list(PAYERS),
    }


def world(
    today: date,
    members: list[dict[str, Any]],
    script: list[dict[str, Any]],
    payments: list[dict[str, Any]],
) -> dict[str, Any]:
    """The simulator's world file."""
    stray = {
        "name": "money nobody announced",
        "payer_id": WIRE_IDS[STRAY_DEPOSIT_PAYER],
        "wave": 1,
        "kind": "stray_deposit",
        "by_cents": STRAY_DEPOSIT_CENTS,
    }
    return {
        **simulated_house(today),
        "members": members,
        "script": script,
        "remittance_script": [*payments, stray],
    }
