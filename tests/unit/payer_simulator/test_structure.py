"""pyx12 knows the public structure of these transactions: its maps judge what is written."""

import io
import json
import logging
from typing import Any

import pytest

from tests.unit.payer_simulator.scenes import (
    InstitutionalSent,
    Line,
    Scene,
    Sent,
    member,
    payer,
    scripted,
)

pyx12_document = pytest.importorskip("pyx12.x12n_document")
pyx12_params = pytest.importorskip("pyx12.params")


def _complaints(raw: bytes) -> list[str]:
    """Return every error pyx12 has with a file."""
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    found = io.StringIO()
    text = io.StringIO(raw.decode().removeprefix("\ufeff"))
    pyx12_document.x12n_document(pyx12_params.params(), text, None, None, fd_json=found)
    complaints: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if "err_str" in value:
                complaints.append(value["err_str"])
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(json.loads(found.getvalue()))
    return complaints


def test_the_claims_these_tests_send_are_well_formed() -> None:
    assert _complaints(Sent().x12().encode()) == []


def test_the_oracle_sees_what_is_wrong() -> None:
    assert _complaints(Sent().x12().replace("~HI*ABK:E119*ABF:I10", "").encode()) != []


STORIES: list[dict[str, Any]] = [
    {},
    {"adjudication": {"kind": "deny", "reason": {"group": "CO", "carc": "16", "rarcs": ["MA130"]}}},
    {
        "adjudication": {
            "kind": "deny", "claim_level": True, "reason": {"group": "CO", "carc": "29"},
        }
    },
    {"adjudication": {"kind": "downcode", "paid_as": "99212"}},
    {"adjudication": {"kind": "zero_pay"}},
    {
        "adjudication": {
            "kind": "claim_level", "amount_cents": 1000, "reason": {"group": "OA", "carc": "94"},
        }
    },
    {"follow_ups": [{"kind": "reversal"}, {"kind": "interest", "amount_cents": 55}]},
    {"follow_ups": [{"kind": "takeback", "amount_cents": 99999}]},
    {
        "acknowledgement": {
            "syntax": "rejected",
            "syntax_finding": {"element_position": 9, "element_code": "1"},
        }
    },
    {"acknowledgement": {"syntax": "accepted_with_errors"}},
    {
        "acknowledgement": {
            "claim_answers": [{"category": "A7", "status": "562", "entity": "85"}]
        }
    },
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("method", ["ACH", "CHK"])
def test_what_is_delivered_is_well_formed(story: dict[str, Any], method: str) -> None:
    share = {"copay_cents": 2000, "coinsurance_percent": 20, "deductible_cents": 3000}
    scene = Scene(
        payers=[
            payer(
                acknowledgements="clearinghouse_then_payer",
                payment_method=method,
                cost_share=share,
            )
        ],
        members=[member("W2002", former_member_ids=["W1001"])],
        script=[scripted(match={"patient_control_number": "PCN1"}, **story)],
    )
    scene.send(Sent(lines=(Line("99214", "200"), Line("93000", "80.50", modifiers=("26", "59")))))
    scene.send(Sent(pcn="PCN2", npi="1234567890", control=2))
    seen = set()
    for _ in range(4):
        delivery = scene.deliver()
        for kind in ("999", "277CA", "835"):
            for raw in delivery.raw(kind):
                seen.add(kind)
                assert _complaints(raw) == [], raw.decode()
    assert {"999", "277CA"} <= seen


@pytest.mark.parametrize("facility", ["13", "11"])
def test_institutional_claims_and_their_remittances_are_well_formed(facility: str) -> None:
    claim = InstitutionalSent(place=facility)
    assert _complaints(claim.x12().encode()) == []
    reason = {"group": "CO", "carc": "16", "rarcs": ["MA130", "MA66", "N657"]}
    scene = Scene(script=[scripted(adjudication={"kind": "deny", "lines": [2], "reason": reason})])
    assert scene.send_institutional(claim).status == 200
    delivery = scene.deliver()
    for kind in ("999", "277CA", "835"):
        (raw,) = delivery.raw(kind)
        assert _complaints(raw) == [], raw.decode()
