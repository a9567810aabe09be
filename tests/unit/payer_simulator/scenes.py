"""Worlds, requests and a checker of the tests' own: nothing here is shared with the simulator.

The X12 of these tests is written by string building and read by splitting, so that a mistake
in the simulator's own reader or writer cannot hide.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from local.payer_simulator.api import Api, Reply, Request
from local.payer_simulator.world import World

HEALTHCARE = "/2024-04-01/change/medicalnetwork"
ELIGIBILITY = f"{HEALTHCARE}/eligibility/v3/raw-x12"
PROFESSIONAL_CLAIMS = f"{HEALTHCARE}/professionalclaims/v3/raw-x12-submission"
INSTITUTIONAL_CLAIMS = f"{HEALTHCARE}/institutionalclaims/v1/raw-x12-submission"
CLAIM_STATUS = f"{HEALTHCARE}/claimstatus/v2/raw-x12"
POLLING = "/2023-08-01/polling/transactions"
APPEALS = "/appeals"

KEY = "local-key"
BILLING_NPI = "1234567893"
RENDERING_NPI = "1558598797"
TODAY = "2026-03-02"
SERVICE_DAY = "2026-02-20"


def payer(payer_id: str = "SIMCO", **more: Any) -> dict[str, Any]:
    return {
        "payer_id": payer_id,
        "name": f"PAYER {payer_id}",
        "tax_id": "412345678",
        "contract": {"allowed_percent_of_charge": 60},
        **more,
    }


def member(member_id: str = "W1001", payer_id: str = "SIMCO", **more: Any) -> dict[str, Any]:
    return {
        "payer_id": payer_id,
        "member_id": member_id,
        "last_name": "ARMSTRONG",
        "first_name": "ADA",
        "birth_date": "1980-05-17",
        "sex": "F",
        "coverage": [{"begins_on": "2025-01-01"}],
        **more,
    }


def scripted(name: str = "scripted", /, match: dict[str, Any] | None = None, **aspects: Any) -> Any:
    return {"name": name, "match": match or {"member_id": "W1001"}, **aspects}


def world(**parts: Any) -> dict[str, Any]:
    return {
        "today": TODAY,
        "api_keys": [KEY],
        "payers": [payer()],
        "members": [member()],
        **parts,
    }


# --- writing requests -----------------------------------------------------------------------


def interchange(
    code: str,
    version: str,
    sets: list[list[str]],
    *,
    control: int = 1,
    usage: str = "P",
    sender: str = "CLINIC",
) -> str:
    """Wrap written segments (without ST and SE) into one interchange."""
    kind = {"HC": "837", "HS": "270", "HR": "276"}[code]
    lines = [
        (
            f"ISA*00*          *00*          *ZZ*{sender:<15}*ZZ*CLEARSIM       "
            f"*260302*0900*^*00501*{control:09d}*0*{usage}*:"
        ),
        f"GS*{code}*{sender}*CLEARSIM*20260302*0900*{control}*X*{version}",
    ]
    for index, segments in enumerate(sets, start=1):
        st02 = f"{index:04d}"
        lines += [f"ST*{kind}*{st02}*{version}", *segments]
        lines.append(f"SE*{len(segments) + 2}*{st02}")
    lines += [f"GE*{len(sets)}*{control}", f"IEA*1*{control:09d}"]
    return "~".join(lines) + "~"


@dataclass
class Line:
    code: str = "99213"
    charge: str = "150"
    units: str = "1"
    modifiers: tuple[str, ...] = ()
    control: str = ""
    extra: tuple[str, ...] = ()


@dataclass
class Sent:
    """A claim to send; the defaults make a clean one."""

    pcn: str = "PCN1"
    member_id: str = "W1001"
    payer_id: str = "SIMCO"
    lines: tuple[Line, ...] = (Line(),)
    day: str = SERVICE_DAY
    frequency: str = "1"
    place: str = "11"
    responsibility: str = "P"
    npi: str = BILLING_NPI
    total: str | None = None
    claim_extra: tuple[str, ...] = ()
    before_lines: tuple[str, ...] = ()
    dependent: tuple[str, ...] = ()
    first_name: str = "ADA"
    last_name: str = "ARMSTRONG"
    control: int = 1

    @property
    def charge(self) -> str:
        return self.total or str(sum(Decimal(line.charge) for line in self.lines))

    def segments(self) -> list[str]:
        day = self.day.replace("-", "")
        own = not self.dependent
        found = [
            f"BHT*0019*00*B{self.control:06d}*20260302*0900*CH",
            "NM1*41*2*CLINIC BILLING*****46*CLINIC01",
            "PER*IC*BILLING DESK*TE*6175550100",
            "NM1*40*2*SIMULATED CLEARINGHOUSE*****46*CLEARSIM",
            "HL*1**20*1",
            "PRV*BI*PXC*207Q00000X",
            f"NM1*85*2*RIVERSIDE CLINIC*****XX*{self.npi}",
            "N3*12 RIVER ROAD",
            "N4*BOSTON*MA*021100001",
            "REF*EI*043456789",
            f"HL*2*1*22*{0 if own else 1}",
            f"SBR*{self.responsibility}*{'18' if own else ''}*******CI",
            f"NM1*IL*1*{self.last_name}*{self.first_name}****MI*{self.member_id}",
            "N3*5 ELM STREET",
            "N4*BOSTON*MA*021100002",
            "DMG*D8*19800517*F",
            f"NM1*PR*2*PAYER*****PI*{self.payer_id}",
            *self.dependent,
            f"CLM*{self.pcn}*{self.charge}***{self.place}:B:{self.frequency}*Y*A*Y*Y",
            *self.claim_extra,
            "HI*ABK:E119*ABF:I10",
            f"NM1*82*1*STONE*SARA****XX*{RENDERING_NPI}",
            *self.before_lines,
        ]
        for number, line in enumerate(self.lines, start=1):
            procedure = ":".join(("HC", line.code, *line.modifiers))
            found += [
                f"LX*{number}",
                f"SV1*{procedure}*{line.charge}*UN*{line.units}***1",
                f"DTP*472*D8*{day}",
                f"REF*6R*{line.control or f'{self.pcn}L{number}'}",
                *line.extra,
            ]
        return found

    def x12(self, **envelope: Any) -> str:
        envelope.setdefault("control", self.control)
        return interchange("HC", "005010X222A1", [self.segments()], **envelope)


@dataclass
class InstitutionalSent(Sent):
    """An institutional claim: an outpatient visit, or a stay when the facility is 11."""

    place: str = "13"
    revenue_codes: tuple[tuple[str, str, str], ...] = (
        ("0450", "99283", "400"),
        ("0250", "", "60.50"),
    )

    def segments(self) -> list[str]:
        day = self.day.replace("-", "")
        head = super().segments()
        start = next(at for at, one in enumerate(head) if one.startswith("CLM*"))
        total = sum(Decimal(one[2]) for one in self.revenue_codes)
        found = [
            *head[:start],
            f"CLM*{self.pcn}*{total}***{self.place}:A:{self.frequency}**A*Y*Y",
            f"DTP*434*RD8*{day}-{day}",
            *([f"DTP*435*DT*{day}0800"] if self.place == "11" else []),
            "CL1*1*7*01",
            "HI*ABK:E119",
            *(["HI*ABJ:E119"] if self.place == "11" else []),
            f"NM1*71*1*STONE*SARA****XX*{RENDERING_NPI}",
        ]
        for number, (revenue, code, charge) in enumerate(self.revenue_codes, start=1):
            procedure = f"HC:{code}" if code else ""
            found += [
                f"LX*{number}",
                f"SV2*{revenue}*{procedure}*{charge}*UN*1",
                f"DTP*472*D8*{day}",
                f"REF*6R*{self.pcn}L{number}",
            ]
        return found

    def x12(self, **envelope: Any) -> str:
        envelope.setdefault("control", self.control)
        return interchange("HC", "005010X223A2", [self.segments()], **envelope)


def inquiry_270(
    member_id: str = "W1001",
    *,
    payer_id: str = "SIMCO",
    last: str = "ARMSTRONG",
    first: str = "ADA",
    born: str = "19800517",
    day: str = "20260302",
    service_type: str = "30",
    dependent: tuple[str, str, str] | None = None,
    usage: str = "P",
) -> str:
    inner = ["TRN*1*TRACE-1*9CLINIC001"] if not dependent else []
    segments = [
        "BHT*0022*13*REF-1*20260302*0900",
        "HL*1**20*1",
        f"NM1*PR*2*PAYER*****PI*{payer_id}",
        "HL*2*1*21*1",
        f"NM1*1P*2*RIVERSIDE CLINIC*****XX*{BILLING_NPI}",
        f"HL*3*2*22*{1 if dependent else 0}",
        *inner,
        f"NM1*IL*1*{last}*{first}****MI*{member_id}",
        f"DMG*D8*{born}",
    ]
    if dependent:
        segments += [
            "HL*4*3*23*0",
            "TRN*1*TRACE-1*9CLINIC001",
            f"NM1*03*1*{dependent[0]}*{dependent[1]}",
            f"DMG*D8*{dependent[2]}",
        ]
    segments += [f"DTP*291*D8*{day}", f"EQ*{service_type}"]
    return interchange("HS", "005010X279A1", [segments], usage=usage)


def inquiry_276(
    member_id: str = "W1001", *, pcn: str = "", days: str = "20260213-20260227", charge: str = ""
) -> str:
    segments = [
        "BHT*0010*13*STATUS-1*20260302*0900",
        "HL*1**20*1",
        "NM1*PR*2*PAYER*****PI*SIMCO",
        "HL*2*1*21*1",
        "NM1*41*2*RIVERSIDE CLINIC*****46*CLINIC01",
        "HL*3*2*19*1",
        f"NM1*1P*2*RIVERSIDE CLINIC*****XX*{BILLING_NPI}",
        "HL*4*3*22*0",
        "DMG*D8*19800517*F",
        f"NM1*IL*1*ARMSTRONG*ADA****MI*{member_id}",
        "TRN*1*TRACE-2",
    ]
    if pcn:
        segments.append(f"REF*EJ*{pcn}")
    if charge:
        segments.append(f"AMT*T3*{charge}")
    segments.append(f"DTP*472*RD8*{days}")
    return interchange("HR", "005010X212", [segments])


# --- talking to the simulator ---------------------------------------------------------------


class Scene:
    """A simulator of one world, spoken to as over HTTP."""

    def __init__(self, parts: dict[str, Any] | None = None, /, **more: Any) -> None:
        self.api = Api(World.model_validate({**world(), **(parts or {}), **more}))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        finish: bool = True,
    ) -> Reply:
        raw = b"" if body is None else json.dumps(body).encode()
        given = {"authorization": KEY, **(headers or {})}
        reply = self.api.handle(Request(method, path, query or {}, given, raw))
        if finish and reply.finish:
            reply.finish()
        return reply

    def send(self, claim: Sent | str, *, key: str | None = None, finish: bool = True) -> Reply:
        text = claim if isinstance(claim, str) else claim.x12()
        headers = {"idempotency-key": key} if key is not None else {}
        body = {"x12": text}
        return self.call("POST", PROFESSIONAL_CLAIMS, body, headers=headers, finish=finish)

    def send_institutional(self, claim: InstitutionalSent) -> Reply:
        return self.call("POST", INSTITUTIONAL_CLAIMS, {"x12": claim.x12()})

    def ask(self, text: str) -> X12:
        reply = self.call("POST", ELIGIBILITY, {"x12": text})
        assert reply.status == 200, reply.body
        return X12(json.loads(reply.body)["x12"])

    def ask_status(self, text: str) -> X12:
        reply = self.call("POST", CLAIM_STATUS, {"x12": text})
        assert reply.status == 200, reply.body
        return X12(json.loads(reply.body)["x12"])

    def deliver(self, *kinds: str, **more: Any) -> Delivery:
        body = {"kinds": list(kinds), **more} if kinds else more
        reply = self.call("POST", "/_sim/deliver", body)
        assert reply.status == 200, reply.body
        return Delivery(json.loads(reply.body))

    def acknowledge(self) -> Delivery:
        return self.deliver("acknowledgements")

    def remit(self) -> Delivery:
        return self.deliver("remittances")

    def report(self) -> dict[str, Any]:
        return dict(json.loads(self.call("GET", "/_sim/report").body))

    def claim(self, pcn: str = "PCN1") -> dict[str, Any]:
        found = [one for one in self.report()["claims"] if one["patient_control_number"] == pcn]
        assert len(found) == 1
        return dict(found[0])

    def appeal(self, number: str, level: int = 1, appeal_id: str = "A1", **more: Any) -> Reply:
        return self.call(
            "POST",
            APPEALS,
            {
                "appeal_id": appeal_id,
                "payer_id": "SIMCO",
                "payer_claim_control_number": number,
                "level": level,
                "packet_sha256": "0" * 64,
                "documents": [{"name": "letter.pdf", "sha256": "1" * 64}],
                **more,
            },
        )


class Delivery:
    """What one delivery brought."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value
        self.files: list[dict[str, Any]] = value["files"]
        self.deposits: list[dict[str, Any]] = value["deposits"]
        self.decisions: list[dict[str, Any]] = value["appeal_decisions"]
        self.pending: dict[str, int] = value["pending"]

    def raw(self, kind: str) -> list[bytes]:
        return [
            base64.b64decode(one["content_base64"]) for one in self.files if one["kind"] == kind
        ]

    def x12(self, kind: str) -> list[X12]:
        return [X12(one.decode("utf-8")) for one in self.raw(kind)]

    def only(self, kind: str) -> X12:
        found = self.x12(kind)
        assert len(found) == 1, [one["name"] for one in self.files]
        return found[0]


class X12:
    """A file read by splitting, with the envelope counts checked."""

    def __init__(self, text: str) -> None:
        text = text.removeprefix("\ufeff")
        assert text.startswith("ISA")
        self.element, self.component, self.terminator = text[3], text[104], text[105]
        self.repetition = text[82]
        pieces = [one.strip("\r\n") for one in text.split(self.terminator)]
        assert pieces[-1] == ""
        self.segments = [one.split(self.element) for one in pieces[:-1]]
        self.usage = self.segments[0][15]
        self.sets = self._checked_sets()

    def _checked_sets(self) -> list[list[list[str]]]:
        sets: list[list[list[str]]] = []
        for one in self.segments:
            if one[0] == "ST":
                sets.append([])
            if sets and one[0] not in {"GE", "IEA"}:
                sets[-1].append(one)
            if one[0] == "SE":
                assert int(one[1]) == len(sets[-1]), "SE01"
                assert one[2] == sets[-1][0][2], "SE02"
        ge, iea = self.segments[-2], self.segments[-1]
        assert ge[0] == "GE"
        assert int(ge[1]) == len(sets)
        assert ge[2] == self.segments[1][6]
        assert iea == ["IEA", "1", self.segments[0][13]]
        return sets

    def all(self, name: str, *qualifiers: str) -> list[list[str]]:
        return [
            one
            for one in self.segments
            if one[0] == name and one[1 : 1 + len(qualifiers)] == list(qualifiers)
        ]

    def one(self, name: str, *qualifiers: str) -> list[str]:
        found = self.all(name, *qualifiers)
        assert len(found) == 1, found
        return found[0]


# --- balancing ------------------------------------------------------------------------------


def cents(text: str) -> int:
    value = Decimal(text or "0") * 100
    assert value == int(value)
    return int(value)


@dataclass
class ClaimSums:
    pcn: str
    status: str
    charge: int
    paid: int
    responsibility: int
    own_adjustments: int = 0
    line_adjustments: int = 0
    line_charges: int = 0
    line_paid: int = 0
    lines: int = 0
    patient: int = 0
    codes: list[tuple[str, str, int]] = field(default_factory=list)


def imbalances(file: X12) -> list[str]:
    """Return what does not balance in an 835, at line, claim and transaction level."""
    return [trouble for one in file.sets for trouble in _set_imbalances(one)]


def claims_of(segments: list[list[str]]) -> list[ClaimSums]:
    return _sums(segments)[0]


def _sums(  # noqa: C901 - one branch per segment
    segments: list[list[str]],
) -> tuple[list[ClaimSums], list[str], int, int]:
    claims: list[ClaimSums] = []
    trouble: list[str] = []
    line: list[int] | None = None
    payment = adjusted = 0

    def close_line() -> None:
        if line is not None and line[0] - line[2] != line[1]:
            trouble.append(f"line of {claims[-1].pcn}")

    for one in segments:
        if one[0] in {"SVC", "CLP", "PLB", "SE"}:
            close_line()
            line = None
        match one[0]:
            case "BPR":
                payment = cents(one[2])
            case "CLP":
                responsibility = cents(one[5]) if len(one) > 5 else 0
                claims.append(
                    ClaimSums(one[1], one[2], cents(one[3]), cents(one[4]), responsibility)
                )
            case "SVC":
                line = [cents(one[2]), cents(one[3]), 0]
                claims[-1].lines += 1
                claims[-1].line_charges += line[0]
                claims[-1].line_paid += line[1]
            case "CAS":
                assert len(one) <= 2 + 18
                for at in range(2, len(one), 3):
                    value = cents(one[at + 1])
                    claims[-1].codes.append((one[1], one[at], value))
                    if one[1] == "PR":
                        claims[-1].patient += value
                    if line is None:
                        claims[-1].own_adjustments += value
                    else:
                        line[2] += value
                        claims[-1].line_adjustments += value
            case "PLB":
                assert len(one) <= 3 + 12
                adjusted += sum(cents(one[at]) for at in range(4, len(one), 2))
    return claims, trouble, payment, adjusted


def _set_imbalances(segments: list[list[str]]) -> list[str]:
    claims, trouble, payment, adjusted = _sums(segments)
    for one in claims:
        if one.charge - one.own_adjustments - one.line_adjustments != one.paid:
            trouble.append(f"claim {one.pcn}")
        if one.lines and one.line_charges != one.charge:
            trouble.append(f"line charges of {one.pcn}")
        if one.patient != one.responsibility:
            trouble.append(f"patient responsibility of {one.pcn}")
    if sum(one.paid for one in claims) - adjusted != payment:
        trouble.append("transaction")
    return trouble
