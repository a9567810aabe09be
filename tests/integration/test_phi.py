"""No name, number, date or address of a patient leaves the claim, its coverage, and the documents, on any path.

Every field that holds such a thing carries a canary of its own; then every function runs, well and badly, and all that
it lets out is searched for every canary in every disguise a careless line might give it.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from pydantic import BaseModel, ValidationError

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.x12 import X12Error
from functions.billing.x12 import read as read_x12
from tests.builders import read, store
from tests.integration.stage import STEPS, Stage, on_stage
from tests.unit.usecases.ehr_documents import (
    APPOINTMENT,
    COVERAGE,
    appointment_document,
    encounter_document,
    insurance_document,
)
from tests.unit.usecases.payer_files import (
    PAYER_NUMBER,
    TRACE,
    Answered,
    Paid,
    Said,
    benefits_file,
    front_door_file,
    remittance_file,
    syntax_file,
)
from tests.unit.usecases.world import batches_of

CANARIES = {
    "family": "ZZQFAMILY",
    "given": "ZZQGIVEN",
    "member": "ZZQ731904652",
    "former member": "ZZQ555000111",
    "birth date": "1941-07-23",
    "street": "71 ZZQSTREET",
    "city": "ZZQCITY",
    "postal code": "71934-0417",
    "group": "ZZQGROUP",
    "plan holder": "ZZQHOLDER",
}
# Where such things may rest: what is billed, what is covered, and the documents themselves.
MAY_HOLD = {"CONTENT", "COVERAGE"}


def disguises(canary: str) -> set[str]:
    """As it stands, and as a log, a URL or a hash might show it."""
    forms = {canary, canary.upper(), canary.lower(), canary.title(), quote(canary)}
    forms |= {canary.replace("-", ""), canary.replace(" ", "")}
    if canary.count("-") == 2:
        year, month, day = canary.split("-")
        forms |= {f"{year}{month}{day}", f"{month}/{day}/{year}", f"{day}.{month}.{year}"}
        forms |= {f"({int(year)}, {int(month)}, {int(day)})"}
    forms |= {base64.b64encode(form.encode()).decode().rstrip("=") for form in set(forms)}
    forms |= {hashlib.sha256(form.encode()).hexdigest() for form in set(forms)}
    return forms


def found_in(text: str) -> set[str]:
    """Names of the canaries that sing in a text."""
    return {
        name for name, canary in CANARIES.items() if any(form in text for form in disguises(canary))
    }


def with_canaries(document: bytes) -> bytes:
    """The same document about somebody who can be recognized anywhere."""
    content = json.loads(document)
    for entry in content["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "Patient":
            resource["name"] = [
                {"use": "official", "family": CANARIES["family"], "given": [CANARIES["given"]]}
            ]
            resource["birthDate"] = CANARIES["birth date"]
            resource["address"] = [
                {
                    "line": [CANARIES["street"]],
                    "city": CANARIES["city"],
                    "state": "MA",
                    "postalCode": CANARIES["postal code"],
                }
            ]
        if resource["resourceType"] == "Coverage":
            resource["subscriberId"] = CANARIES["member"]
            resource["class"][0]["value"] = CANARIES["group"]
    return json.dumps(content).encode()


def as_x12(body: bytes) -> bytes:
    """A payer's file about the same person."""
    replaced = (
        ("QUILLFEATHER", CANARIES["family"]),
        ("ADA", CANARIES["given"]),
        ("ABC123456789", CANARIES["member"]),
        ("19800517", CANARIES["birth date"].replace("-", "")),
    )
    for plain, canary in replaced:
        body = body.replace(plain.encode(), canary.encode())
    return body


class Leaks:
    """Everything that leaves the functions, and may not hold a canary."""

    def __init__(self, stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
        self._stage, self._capsys = stage, capsys

    def sinks(self) -> Iterator[tuple[str, str]]:
        stage = self._stage
        printed = self._capsys.readouterr()
        yield "stdout and metrics", printed.out
        yield "stderr", printed.err
        yield "logs", stage.log.getvalue()
        yield "errors, as workflows and dead letters keep them", json.dumps(stage.errors)
        yield "answers, as workflows keep them", json.dumps(stage.answers)
        yield "started workflows", json.dumps(stage.workflows.started)
        yield "published events", json.dumps(stage.publisher.published)
        yield "audit trail", json.dumps(stage.records.tables.plain_items("audit"))
        yield "evidence keys", json.dumps(list(stage.evidence.kept))
        for item in stage.records.tables.plain_items("records"):
            kept = dict(item)
            if item["kind"] in MAY_HOLD:
                kept = {name: item[name] for name in ("pk", "sk", "kind", "ref") if name in item}
            yield f"records of kind {item['kind']}", json.dumps(kept)

    def none(self) -> None:
        """Fail for every sink in which a canary sings."""
        leaks = {where: names for where, text in self.sinks() if (names := found_in(text))}
        assert leaks == {}


@pytest.fixture
def leaks(stage: Stage, capsys: pytest.CaptureFixture[str]) -> Leaks:
    return Leaks(stage, capsys)


# The search itself -------------------------------------------------------------------------


@pytest.mark.parametrize("name", CANARIES)
def test_a_canary_is_recognized_in_every_disguise(name: str) -> None:
    for form in disguises(CANARIES[name]):
        assert name in found_in(f"before {form} after")


def test_the_canaries_do_reach_the_records_that_may_hold_them(stage: Stage) -> None:
    life(stage)

    held = json.dumps(
        [item for kind in MAY_HOLD for item in stage.of_kind(kind)], ensure_ascii=False
    )
    assert {"family", "given", "member", "birth date", "street", "city"} <= found_in(held)
    assert "family" in found_in(stage.intake.fetch("ehr/enc/1.json").decode())
    assert any("member" in found_in(body.decode()) for body in stage.evidence.kept.values())


# A whole life ------------------------------------------------------------------------------


BY_THE_CLOCK = (
    "fetch_transactions",
    "release_held",
    "watch_roll_outs",
    "check_reconciliation",
    "measure_kpis",
)


def life(stage: Stage) -> str:
    """Every step of a claim, from the booking to a lost appeal; the claim's id."""
    book(stage)
    claim_id = bill(stage)
    number = read(stage.records, claim_id).patient_control_number
    drop(stage, "acknowledgements/999.x12", as_x12(syntax_file("2")))
    stage.run("record_acknowledgement", {"file_key": "acknowledgements/999.x12"})
    drop(stage, "acknowledgements/277.x12", as_x12(front_door_file(Said(number, "A2:20", "ICN1"))))
    stage.run("record_acknowledgement", {"file_key": "acknowledgements/277.x12"})
    line = Paid(charge_cents=14_500, split={"CO-50": 14_500}, line_id="1")
    remit(stage, "era.x12", Answered(pcn=number, pccn="ICN1", status="4", lines=(line,)))
    denial_id = stage.only("DENIAL")["denial_id"]
    stage.run("classify_denial", {"denial_id": denial_id})
    stage.run("respond_to_denial", {"denial_id": denial_id})
    appeal = {"appeal_id": stage.only("APPEAL")["appeal_id"]}
    for level in (1, 2):
        stage.run("assemble_appeal", appeal)
        stage.run("submit_appeal", appeal)
        decision = {**appeal, "level": level, "decision": "upheld", "decided_on": "2026-03-20"}
        stage.run("decide_appeal", decision)
    stage.run(
        "match_deposit",
        {
            "deposit_id": "D1",
            "trace_number": TRACE,
            "payer_identifier": PAYER_NUMBER,
            "amount_cents": 100,
            "deposited_on": "2026-03-09",
        },
    )
    adjustment = {"adjustment_id": "A1", "encounter_id": "enc", "amount_cents": 14_500}
    stage.run("adjust_balance", {**adjustment, "reason_code": "denial_accepted"})
    stage.run("inquire_status", {"claim_id": claim_id}, "reconciliation.due")
    stage.run("bill_next_payer", {"claim_id": claim_id}, "claim.adjudicated")
    for step in BY_THE_CLOCK:
        stage.run(step, {}, "reconciliation.due")
    stage.publish()
    return claim_id


def drop(stage: Stage, key: str, body: bytes) -> str:
    return stage.intake.drop(key, body)


def document(stage: Stage, key: str, body: bytes) -> dict[str, Any]:
    digest = drop(stage, key, body)
    return {
        "document_key": key,
        "document_sha256": digest,
        "occurred_at": "2026-03-02T12:00:00Z",
        "patient_id": "pat",
    }


def book(stage: Stage, answer: bytes | None = None) -> None:
    stage.clearinghouse.eligibility_answer = as_x12(benefits_file()) if answer is None else answer
    data = document(stage, "ehr/app/1.json", with_canaries(appointment_document()))
    stage.run("verify_eligibility", {**data, "appointment_id": APPOINTMENT}, "appointment.created")


def bill(stage: Stage, **of_document: Any) -> str:
    body = with_canaries(encounter_document(**of_document))
    data = {**document(stage, "ehr/enc/1.json", body), "encounter_id": "enc"}
    stage.run("assemble_claim", data, "encounter.signed")
    claim_id = str(stage.answers[-1]["claims"][0]["claim_id"])
    stage.run("scrub_claim", {"claim_id": claim_id})
    stage.run("submit_claim", {"claim_id": claim_id})
    return claim_id


def remit(stage: Stage, name: str, *claims: Answered, **of_payment: Any) -> dict[str, Any]:
    drop(stage, f"remittances/{name}", as_x12(remittance_file(*claims, **of_payment)))
    reading = stage.run("read_remittance", {"file_key": f"remittances/{name}"})
    for batch in batches_of(reading):
        stage.run("post_remittance", batch)
    if reading.get("remittances"):
        stage.run("reconcile_remittance", {"remittances": reading["remittances"]})
    return reading


def test_a_claims_whole_life_lets_nothing_out(stage: Stage, leaks: Leaks) -> None:
    life(stage)

    assert stage.errors == []
    assert len(stage.answers) > 20
    leaks.none()


def test_every_step_but_those_for_people_took_part_in_that_life(stage: Stage) -> None:
    life(stage)

    took_part = {line["step"] for line in stage.lines("step done")} - {"publish_outbox"}
    assert set(STEPS) - took_part == {
        "assign_answer",
        "decide_approval",
        "find_rechecks",
        "read_deposits",
        "record_submitted_outside",
        "release_remittance",
        "resolve_submission",
        "roll_out_rules",
        "submit_file",
        "sweep_submissions",
    }


def test_an_approval_and_a_recheck_let_nothing_out(stage: Stage, leaks: Leaks) -> None:
    book(stage)
    claim_id = bill(stage, dollars=6_000)
    assert read(stage.records, claim_id).state is ClaimState.AWAITING_APPROVAL
    decision = {"claim_id": claim_id, "decision": "reject", "actor": "kay", "reason": "too high"}
    stage.run("decide_approval", decision, "approval")
    stage.clock.advance(days=3)
    rechecks = stage.run("find_rechecks", {})["rechecks"]
    for recheck in rechecks:
        stage.run("verify_eligibility", recheck, "recheck.due")

    assert rechecks
    assert stage.errors == []
    leaks.none()


def test_a_lost_answer_and_its_resolution_let_nothing_out(stage: Stage, leaks: Leaks) -> None:
    stage.clearinghouse.faults = ["lost_answer"]
    claim_id = bill(stage)
    stage.clock.advance(hours=1)
    stage.run("resolve_submission", {"claim_id": claim_id})

    assert stage.answers[-1]["outcome"] == "submitted"
    leaks.none()


def test_a_file_of_claims_lets_nothing_out(stage: Stage, leaks: Leaks) -> None:
    stage.clearinghouse.connector = replace(
        stage.clearinghouse.connector, claims_per_file=2, file_wait_minutes=0
    )
    stage.clearinghouse.faults = ["lost_answer"]
    bill(stage)
    stage.run("submit_file", {})
    stage.clock.advance(hours=1)
    stage.run("submit_file", {})

    assert [answer.get("came_to") for answer in stage.answers[-2:]] == ["unknown", "submitted"]
    assert stage.errors == []
    leaks.none()


# What goes wrong with the data -------------------------------------------------------------

DOCUMENTS = {
    "no name": (b'"family": "ZZQFAMILY"', b'"family": 7'),
    "a birth date that is none": (b'"1941-07-23"', b'"23rd of July, ZZQFAMILY"'),
    "a state that is none": (b'"state": "MA"', b'"state": "ZZQCITY"'),
    "a member number with a line break": (b'"ZZQ731904652"', b'"ZZQ731904652\\nZZQHOLDER"'),
    "a member number X12 cannot carry": (b'"ZZQ731904652"', b'"ZZQ731904652~*"'),
    "a family name X12 cannot carry": (b'"ZZQFAMILY"', b'"ZZQFAMILY~ST*"'),
    "a price that is none": (b'"value": 145', b'"value": "ZZQFAMILY"'),
    "a code nobody mapped": (b'"code": "99213"', b'"code": "ZZQFAMILY"'),
    "a date of service that is none": (b"2026-03-02T09:00:00-05:00", b"ZZQFAMILY"),
    "a payer nobody mapped": (b'"value": "A"', b'"value": "ZZQHOLDER"'),
    "no encounter": (b'"id": "enc"', b'"id": "ZZQFAMILY"'),
    "cut off": (b'"Claim"', b'"Claim'),
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_broken_document_is_told_by_its_place_and_never_by_its_value(
    stage: Stage, leaks: Leaks, what: str
) -> None:
    before, after = DOCUMENTS[what]
    body = with_canaries(encounter_document())
    assert before in body
    data = {
        **document(stage, "ehr/enc/1.json", body.replace(before, after)),
        "encounter_id": "enc",
    }
    stage.run("assemble_claim", data, "encounter.signed")
    for claim in (stage.answers or [{}])[-1].get("claims", []):
        stage.run("scrub_claim", claim)
        stage.run("submit_claim", claim)

    leaks.none()


@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_broken_booking_is_told_by_its_place_and_never_by_its_value(
    stage: Stage, leaks: Leaks, what: str
) -> None:
    stage.clearinghouse.eligibility_answer = as_x12(benefits_file())
    body = with_canaries(appointment_document()).replace(*DOCUMENTS[what])
    data = document(stage, "ehr/app/1.json", body)
    stage.run("verify_eligibility", {**data, "appointment_id": APPOINTMENT}, "appointment.created")

    leaks.none()


def test_updated_insurance_lets_nothing_out(stage: Stage, leaks: Leaks) -> None:
    book(stage)
    for version, body in enumerate((insurance_document(), b"{", b"[]"), start=2):
        made = with_canaries(body) if version == 2 else body
        data = {**document(stage, "ehr/ins.json", made), "resource_version": version}
        stage.run("verify_eligibility", data, "insurance.updated")

    leaks.none()


ANSWERS = {
    "another member number": as_x12(benefits_file(member_id=CANARIES["former member"])),
    "an unknown member": as_x12(benefits_file(errors=("75",))),
    "a wrong birth date": as_x12(benefits_file(errors=("71",))),
    "coverage that ended": as_x12(benefits_file("6")),
    "another payer": as_x12(benefits_file(other_payer="OTHER1")),
    "cut off": as_x12(benefits_file())[:-70],
    "a page": b"<html>ZZQFAMILY</html>",
    "a date that is none": as_x12(benefits_file()).replace(b"*D8*20250101", b"*D8*ZZQFAMILY"),
    "an amount that is none": as_x12(benefits_file()).replace(b"*27*25*", b"*27*ZZQFAMILY*"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_whatever_a_payer_answers_about_a_member_lets_nothing_out(
    stage: Stage, leaks: Leaks, what: str
) -> None:
    book(stage)
    stage.clearinghouse.eligibility_answer = ANSWERS[what]
    stage.clock.advance(minutes=2)
    stage.run("verify_eligibility", {"coverage_id": COVERAGE}, "recheck.due")

    leaks.none()


PAYER_FILES = {
    "a payment that does not balance": remittance_file(Answered(lines=(Paid(short_cents=100),))),
    "a payment for nobody": remittance_file(Answered(pcn="ZZQFAMILY", pccn="ZZQHOLDER")),
    "an amount that is none": remittance_file(Answered()).replace(b"*150*150*", b"*ZZQCITY*150*"),
    "a payment that is cut off": remittance_file(Answered())[:-80],
    "a payment without its trace": remittance_file(Answered()).replace(TRACE.encode(), b""),
}


@pytest.mark.parametrize("what", PAYER_FILES)
def test_a_broken_remittance_lets_nothing_out(stage: Stage, leaks: Leaks, what: str) -> None:
    drop(stage, "remittances/x.x12", as_x12(PAYER_FILES[what]))
    reading = stage.run("read_remittance", {"file_key": "remittances/x.x12"})
    for batch in batches_of(reading):
        stage.run("post_remittance", batch)

    leaks.none()


FRONT_DOOR_FILES = {
    "a 999 that quotes the bad value": syntax_file("1", result="R").replace(
        b"IK4*9**7~", b"IK4*9**7*ZZQFAMILY~"
    ),
    "a 277CA with a message": front_door_file(Said("C1", "A7:562:85")).replace(
        b"*U*150~", b"*U*150********ZZQFAMILY IS UNKNOWN~"
    ),
    "a 277CA about somebody else": front_door_file(Said("ZZQFAMILY", "A2:20")),
    "a 277CA cut off": front_door_file(Said("C1", "A2:20"))[:-70],
    "no X12 at all": b"ZZQFAMILY ZZQGIVEN",
}


@pytest.mark.parametrize("what", FRONT_DOOR_FILES)
def test_whatever_the_front_door_says_lets_nothing_out(
    stage: Stage, leaks: Leaks, what: str
) -> None:
    bill(stage)
    drop(stage, "acknowledgements/x.x12", as_x12(FRONT_DOOR_FILES[what]))
    stage.run("record_acknowledgement", {"file_key": "acknowledgements/x.x12"})

    leaks.none()


def test_a_clearinghouses_refusal_in_its_own_words_lets_nothing_out(
    stage: Stage, leaks: Leaks
) -> None:
    stage.clearinghouse.faults = ["down"]
    bill(stage)

    leaks.none()


# What goes wrong with events ---------------------------------------------------------------

EVENT = {
    "encounter_id": "enc",
    "patient_id": "pat",
    "document_key": "ehr/1.json",
    "document_sha256": "a" * 64,
}


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("encounter.signed", {**EVENT, "surname": "ZZQFAMILY"}),
        ("encounter.signed", {**EVENT, "patient_id": "ZZQFAMILY ZZQGIVEN, 71 ZZQSTREET"}),
        ("encounter.signed", {**EVENT, "document_sha256": "ZZQFAMILY"}),
        ("ZZQFAMILY ZZQGIVEN", EVENT),
    ],
)
def test_an_event_that_carries_what_it_may_not_is_refused_and_kept_out_of_everything(
    stage: Stage, leaks: Leaks, type_: str, data: dict[str, Any]
) -> None:
    stage.receive(stage.message(type_, data), stage.message("encounter.signed", EVENT)[:-9])

    assert len(stage.of_kind("REFUSED")) == 2
    stage.publish()
    leaks.none()


# What goes wrong in the code ---------------------------------------------------------------


class Registration(BaseModel):
    """A model somebody wrote without thinking of its errors."""

    member: int


def pydantic_error() -> ValidationError:
    try:
        Registration.model_validate({"member": CANARIES["member"]})
    except ValidationError as error:
        return error
    raise AssertionError


def x12_error() -> X12Error:
    body = as_x12(remittance_file(Answered())).replace(b"*150*150*", b"*ZZQCITY*150*")
    (item,) = read_x12(body, name="x")
    try:
        _ = item.body.groups[0].claims[0].charge_cents  # type: ignore[union-attr]
    except X12Error as error:
        return error
    raise AssertionError


SENTENCE = " ".join(CANARIES.values())
DEFECTS = {
    "KeyError": KeyError(SENTENCE),
    "ValueError": ValueError(f"invalid literal for int(): {SENTENCE}"),
    "UnicodeDecodeError": UnicodeDecodeError("utf-8", SENTENCE.encode(), 0, 1, SENTENCE),
    "pydantic": pydantic_error(),
    "X12Error": x12_error(),
    "ClientError": ClientError(
        {"Error": {"Code": "ValidationException", "Message": SENTENCE}, "Item": SENTENCE},  # type: ignore[typeddict-unknown-key]
        "PutItem",
    ),
    "ParamValidationError": ParamValidationError(report=SENTENCE),
}


class Broken:
    """A part of the world in which everything fails in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def fail(*_: object, **__: object) -> None:
            raise self._error from RuntimeError(SENTENCE)

        return fail


COMMANDS: dict[str, dict[str, Any]] = {
    "adjust_balance": {
        "adjustment_id": "A",
        "encounter_id": "E",
        "amount_cents": 1,
        "reason_code": "r",
    },
    "assemble_appeal": {"appeal_id": "P"},
    "assemble_claim": {
        "encounter_id": "E",
        "document_key": "k",
        "document_sha256": "a",
        "occurred_at": "2026-03-02T12:00:00Z",
    },
    "record_submitted_outside": {"claim_id": "C", "actor": "a", "reason": "r"},
    "submit_file": {},
    "sweep_submissions": {},
    "bill_next_payer": {"claim_id": "C"},
    "inquire_status": {"claim_id": "C"},
    "release_held": {},
    "roll_out_rules": {
        "move": "roll_back",
        "rule_set": "scrub",
        "actor": "a",
        "reason": "r",
    },
    "watch_roll_outs": {},
    "assign_answer": {
        "remittance_id": "R",
        "ordinal": 1,
        "claim_id": "C",
        "actor": "a",
        "reason": "r",
    },
    "check_reconciliation": {},
    "classify_denial": {"denial_id": "D"},
    "decide_appeal": {
        "appeal_id": "P",
        "level": 1,
        "decision": "upheld",
        "decided_on": "2026-03-02",
    },
    "decide_approval": {"claim_id": "C", "decision": "approve", "actor": "a", "reason": "r"},
    "find_rechecks": {},
    "match_deposit": {
        "deposit_id": "D",
        "trace_number": "T",
        "payer_identifier": "P",
        "amount_cents": 1,
        "deposited_on": "2026-03-02",
    },
    "fetch_transactions": {},
    "measure_kpis": {},
    "post_remittance": {
        "manifest_key": "manifests/E/M.txt",
        "batch": 0,
    },
    "read_deposits": {"file_key": "deposits/x"},
    "read_remittance": {"file_key": "remittances/x"},
    "reconcile_remittance": {"remittances": ["R"]},
    "release_remittance": {"remittance_id": "Q", "decision": "approve", "actor": "ben"},
    "record_acknowledgement": {"file_key": "acknowledgements/x"},
    "resolve_submission": {"claim_id": "C"},
    "respond_to_denial": {"denial_id": "D"},
    "scrub_claim": {"claim_id": "C"},
    "submit_appeal": {"appeal_id": "P"},
    "submit_claim": {"claim_id": "C"},
    "verify_eligibility": {"coverage_id": "C"},
}


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("step", STEPS)
def test_a_defect_in_any_step_lets_nothing_out(
    stage: Stage, capsys: pytest.CaptureFixture[str], step: str, defect: str
) -> None:
    ports = [
        "records",
        "intake",
        "evidence",
        "clearinghouse",
        "connections",
        "control_numbers",
        "rule_sets",
        "code_tables",
        "roll_outs",
        "transactions",
        "clock",
    ]
    broken = SimpleNamespace(**dict.fromkeys(ports, Broken(DEFECTS[defect])))

    with on_stage(broken, stage.log):
        error = stage.fail(step, COMMANDS[step])

    assert error["errorType"] in {"UnexpectedError", "AwsRefusedError"}
    Leaks(stage, capsys).none()


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_in_an_inbox_or_the_outbox_lets_nothing_out(
    stage: Stage, capsys: pytest.CaptureFixture[str], defect: str
) -> None:
    bill(stage)
    body = stage.message("encounter.signed", EVENT)
    parts = ["records", "evidence", "verifier", "workflows", "clock", "publisher", "signer"]
    broken = SimpleNamespace(**dict.fromkeys(parts, Broken(DEFECTS[defect])))

    with on_stage(broken, stage.log):
        assert len(stage.receive(body)["batchItemFailures"]) == 1
        assert len(stage.publish()["batchItemFailures"]) == 1

    Leaks(stage, capsys).none()


def test_a_rival_writer_is_told_of_without_the_record(stage: Stage, leaks: Leaks) -> None:
    claim_id = bill(stage)
    stale = read(stage.records, claim_id)
    store(stage.records, stale)
    get = stage.records.get

    def older(kind: Any, key: Any) -> Any:
        found = get(kind, key)
        return (
            stale
            if found and getattr(found, "claim_id", "") == claim_id and kind is type(stale)
            else found
        )

    stage.records.get = older  # type: ignore[method-assign]
    number = stale.patient_control_number
    drop(stage, "acknowledgements/x.x12", as_x12(front_door_file(Said(number, "A2:20"))))
    error = stage.fail("record_acknowledgement", {"file_key": "acknowledgements/x.x12"})

    assert error["errorType"] == "StaleRecordError"
    leaks.none()
