"""The practice of the built-in day and the payers it deals with. All of it is invented.

Contracts and limits are what the payers of `rulesets/payer_policies/example.json` have agreed to,
so that what they pay is what is expected, unless a scenario says otherwise.
"""

from dataclasses import dataclass
from typing import Any

EHR = "https://ehr.northfield.example"
SOURCE = "ehr.northfield"
GROUP = "NMG"

# As the EHR calls them; the mapping table knows who they are.
PAYER_CODES = {
    "BLUEPEAK": "BP",
    "CMSNORTH": "MCR",
    "STATECAID": "MCD",
    "OPENMKT": "MKT",
    "SELFPAY": "SELF",
}

# As the clearinghouse calls them.
WIRE_IDS = {"BLUEPEAK": "BPK01", "CMSNORTH": "CMSN1", "STATECAID": "STMC1", "OPENMKT": "OPMK1"}

PAYER_NAMES = {
    "BLUEPEAK": "Blue Peak Health",
    "CMSNORTH": "Northern Medicare Contractor",
    "STATECAID": "State Medicaid Plan",
    "OPENMKT": "Open Market Exchange",
    "SELFPAY": "The patient",
}


@dataclass(frozen=True, slots=True)
class Practitioner:
    """Someone who treats."""

    code: str
    family: str
    given: str


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere patients are treated."""

    code: str
    name: str


PRACTITIONERS = {
    one.code: one
    for one in (
        Practitioner("P-AMES", "Ames", "Lena"),
        Practitioner("P-BRANDT", "Brandt", "Oskar"),
        Practitioner("P-CHO", "Cho", "Minji"),
        Practitioner("P-DIAZ", "Diaz", "Rafael"),
        Practitioner("P-EKLUND", "Eklund", "Sara"),
        Practitioner("P-FARAH", "Farah", "Nadia"),
    )
}

PLACES = {
    one.code: one
    for one in (
        Place("NORTH", "Northfield Clinic"),
        Place("EAST", "East Street Therapy"),
        Place("RIVER", "Riverside Imaging"),
    )
}

# Codes the EHR keeps of its own, in place of the national ones.
CHARGE_CODES = {
    "99203": "OV-NEW-3",
    "99213": "OV-EST-3",
    "99214": "OV-EST-4",
    "93000": "ECG-12",
    "80053": "LAB-CMP",
    "85025": "LAB-CBC",
    "36415": "LAB-DRAW",
    "97110": "PT-EXERCISE",
    "97140": "PT-MANUAL",
    "97161": "PT-EVAL",
    "71046": "XR-CHEST-2",
    "76700": "US-ABDOMEN",
    "90791": "PSYCH-EVAL",
    "90834": "THERAPY-45",
    "90837": "THERAPY-60",
}

_KNEE_AND_BRAIN = ["70551", "70553", "72148", "73721", "74177"]

# Four payers that behave differently, on the wire and in what they ask of the patient.
PAYERS: tuple[dict[str, Any], ...] = (
    {
        "payer_id": WIRE_IDS["BLUEPEAK"],
        "name": "BLUE PEAK HEALTH",
        "kind": "commercial",
        "tax_id": "411111111",
        "plan_name": "PEAK CHOICE PPO",
        "contract": {
            "allowed_percent_of_charge": 70,
            "fee_schedule_cents": {"99213": 9800, "99214": 14200, "70553": 71000},
        },
        "cost_share": {"copay_cents": 2500},
        "filing_limit_days": 180,
        "authorization_codes": _KNEE_AND_BRAIN,
        "unknown_member": "reject",
        "acknowledgements": "clearinghouse_then_payer",
        "payment_lag_days": 2,
        "claims_per_payment": 40,
        "default_appeal_decision": "upheld",
        "edits": [
            {
                "name": "more than four units of exercise a day",
                "stage": "adjudication",
                "when": {"procedure_codes": ["97110"], "units_over": 4},
                "deny": {"group": "CO", "carc": "151", "rarcs": ["N362"]},
            }
        ],
    },
    {
        "payer_id": WIRE_IDS["CMSNORTH"],
        "remittance_delivery": "list",
        "name": "NORTHERN MEDICARE CONTRACTOR",
        "kind": "medicare",
        "tax_id": "422222222",
        "plan_name": "PART B",
        "contract": {
            "allowed_percent_of_charge": 55,
            "fee_schedule_cents": {
                "99213": 9200,
                "99214": 13000,
                "93000": 1600,
                "97110": 2900,
                "G0438": 16800,
                "G0439": 13200,
            },
        },
        "cost_share": {"coinsurance_percent": 20},
        "filing_limit_days": 365,
        "unknown_member": "reject",
        "acknowledgements": "payer_only",
        "payment_lag_days": 14,
        "wire": {"element": "|", "component": ">", "segment": "~", "line_breaks": "\n"},
    },
    {
        "payer_id": WIRE_IDS["STATECAID"],
        "name": "STATE MEDICAID PLAN",
        "kind": "medicaid",
        "tax_id": "433333333",
        "plan_name": "STATE PLAN",
        "contract": {
            "allowed_percent_of_charge": 40,
            "fee_schedule_cents": {"99213": 5200, "99214": 7600, "90837": 8800},
        },
        "filing_limit_days": 95,
        "authorization_codes": [*_KNEE_AND_BRAIN, "97530"],
        "unknown_member": "reject",
        "member_match": "member_id",
        "echoes_line_control_number": False,
        "payment_method": "CHK",
        "wire": {"byte_order_mark": True, "line_breaks": "\r\n"},
    },
    {
        "payer_id": WIRE_IDS["OPENMKT"],
        "remittance_delivery": "list",
        "name": "OPEN MARKET EXCHANGE",
        "kind": "exchange",
        "tax_id": "444444444",
        "plan_name": "SILVER 70",
        "contract": {"allowed_percent_of_charge": 65},
        "cost_share": {"coinsurance_percent": 30},
        "filing_limit_days": 120,
        "authorization_codes": ["70553", "73721"],
        "unknown_member": "reject",
        "acknowledgements": "clearinghouse_then_payer",
        "wire": {"element": "*", "component": "<", "repetition": "!", "segment": "'"},
        "edits": [
            {
                "name": "no abdominal ultrasound for pain alone",
                "stage": "payer",
                "when": {"procedure_codes": ["76700"], "diagnosis_prefixes": ["R10"]},
                "reject": {"category": "A7", "status": "488"},
            }
        ],
    },
)
