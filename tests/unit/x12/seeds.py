"""One valid file of every kind, from which the fuzz starts."""

from __future__ import annotations

from functions.billing.x12 import Separators, address, write

from .examples import (
    NOON,
    PARTNER,
    claim_acknowledgement,
    eligibility_inquiry,
    interchange,
    numbers,
    professional_claim,
    professional_claims,
    remittance,
    status_inquiry,
    stc,
    transaction,
)
from .test_claims import institutional_claims
from .test_questions_and_answers import ACTIVE, COPAYS, claim_status, response, status_response


def seeds() -> list[bytes]:
    made = [
        professional_claims(professional_claim("C1"), professional_claim("C2")),
        institutional_claims(),
        eligibility_inquiry(),
        status_inquiry(),
        claim_acknowledgement(claim_status("A2"), claim_status("A7", action="U")),
        claim_acknowledgement(provider=stc("A3", "24", "U")),
    ]
    files = [
        write(address([body], partner=PARTNER, numbers=numbers(), created=NOON, usage="P"))
        for body in made
    ]
    read_before = [
        ("HB", "271*005010X279A1", response(*ACTIVE, *COPAYS, dependent=True)),
        ("HN", "277*005010X212", status_response("TRN*2*C1", "STC*F1:65*20260302**200*120")),
    ]
    files += [
        interchange(transaction(st, body.segments), functional_id=functional_id)
        for functional_id, st, body in read_before
    ]
    acknowledged = [
        "AK1*HC*7*005010X222A1",
        "AK2*837*0001*005010X222A1",
        "IK3*NM1*22*2310*8",
        "CTX*CLM01:C1",
        "IK4*9:1*67*I10*X",
        "IK5*R*5",
        "AK9*P*2*2*1",
    ]
    return [
        *files,
        interchange(transaction("999*005010X231A1", acknowledged), functional_id="FA"),
        *[remittance()] * 6,
        remittance(separators=Separators("*", "^", ":", "~", "\r\n")),
        remittance(separators=Separators("|", "^", ">", "\n")),
        remittance() + remittance(number=2),
    ]
