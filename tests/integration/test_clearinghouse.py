"""The clearinghouse adapter against the payer simulator, over real HTTP; the simulator counts what it took."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from functions.billing.adapters.clearinghouse import RestClearinghouse
from functions.billing.adapters.webhooks import new_webhook_secret
from functions.billing.domain.claims.assemble import assemble
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.eligibility.records import CoverageState, MatchQuality
from functions.billing.domain.errors import (
    ClearinghouseUnavailableError,
    IdempotencyKeyReusedError,
    SignatureError,
    UsageIndicatorError,
)
from functions.billing.domain.intake.transactions import ListedTransaction
from functions.billing.domain.intake.webhooks import Webhook, check_webhook
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import prove
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.domain.submission.inquiry import StatusVerdict, Told
from functions.billing.domain.submission.protocol import Connector, Lookup
from functions.billing.edi.claim_837 import write_claim
from functions.billing.edi.eligibility_270 import Inquiry, read_answer, write_inquiry
from functions.billing.edi.envelopes import WireNumbers
from functions.billing.edi.status_276 import read_status, trace_of, write_status_inquiry
from functions.billing.usecases.fetch_transactions import (
    FetchingPorts,
    FetchTransactions,
    fetch_transactions,
)
from functions.billing.usecases.resolve_submission import ResolveSubmission, resolve_submission
from functions.billing.usecases.scrub_claim import ScrubClaim, scrub_claim
from functions.billing.usecases.sending import RELEASED
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from functions.billing.usecases.submit_file import SubmitFile, submit_file
from tests.builders import (
    CAUSE,
    CLINIC,
    COVERAGE,
    PATIENT,
    SERVICE_DAY,
    VISIT_LINE,
    encounter,
    released_claim,
    rule_set_contents,
    staged_claim,
    store,
)
from tests.fakes import NOON, PARTNER, NamedConnections
from tests.integration.conftest import MEMBER, PAYER, Simulator
from tests.unit.usecases.world import CLAIM, PCN, World

POLICIES = payer_policies(rule_set_contents()["payer_policies"])
POLICY = POLICIES.of("BLUEPEAK")
CONNECTOR = Connector(
    name="simulator",
    idempotency_window_hours=24,
    lookup_is_authoritative=True,
    landing_bound_seconds=5,
    settle_seconds=3,
)
SOMEBODY = {"match": {"member_id": "ABC123456789"}}


def connection(
    url: str, *, api_key: str = "local-key", timeout_seconds: float = 5, claims_per_file: int = 1
) -> RestClearinghouse:
    return RestClearinghouse(
        base_url=url,
        api_key=api_key,
        connector=replace(CONNECTOR, claims_per_file=claims_per_file),
        partner=PARTNER,
        timeout_seconds=timeout_seconds,
    )


@pytest.fixture
def clearinghouse(simulator: Simulator) -> RestClearinghouse:
    return connection(simulator.url)


def claim_body(number: int = 1, pcn: str = PCN) -> bytes:
    """A clean claim as it is frozen."""
    (content,) = assemble(
        encounter(), claim_id=CLAIM, patient_control_number=pcn, signed_on=SERVICE_DAY
    )
    return write_claim(
        content,
        policies=POLICIES,
        numbers=WireNumbers(number, number, 1),
        partner=PARTNER,
        at=NOON,
    )


def fault(kind: str, **details: Any) -> dict[str, Any]:
    return {"name": kind, **SOMEBODY, "submission": [{"kind": kind, **details}]}


# Submitting --------------------------------------------------------------------------------


def test_a_claim_that_is_taken_gets_the_clearinghouses_id(
    clearinghouse: RestClearinghouse, simulator: Simulator
) -> None:
    answer = clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)

    assert (answer.accepted, answer.code) == (True, "200")
    assert answer.clearinghouse_id
    assert simulator.landed == 1


def test_the_same_bytes_under_the_same_key_land_once(
    clearinghouse: RestClearinghouse, simulator: Simulator
) -> None:
    first = clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)
    again = clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)

    assert again == first
    assert simulator.landed == 1


def test_other_bytes_under_the_same_key_are_an_alarm(
    clearinghouse: RestClearinghouse, simulator: Simulator
) -> None:
    clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)

    with pytest.raises(IdempotencyKeyReusedError):
        clearinghouse.submit(claim_body(2), idempotency_key="k1", institutional=False)
    assert simulator.landed == 1


def test_a_request_still_in_progress_says_when_to_look_again(simulator: Simulator) -> None:
    simulator.world(fault("in_progress", retry_after_seconds=7))

    with pytest.raises(ClearinghouseUnavailableError, match="HTTP 409") as caught:
        connection(simulator.url).submit(claim_body(), idempotency_key="k1", institutional=False)

    assert caught.value.retry_after_seconds == 7


def test_a_test_file_is_not_sent_through_a_production_connection(
    clearinghouse: RestClearinghouse, simulator: Simulator
) -> None:
    frozen = claim_body().replace(b"*0*P*:", b"*0*T*:")

    with pytest.raises(UsageIndicatorError):
        clearinghouse.submit(frozen, idempotency_key="k1", institutional=False)
    assert simulator.landed == 0


def test_a_refusal_by_the_clearinghouse_is_known_and_names_its_code(
    clearinghouse: RestClearinghouse, simulator: Simulator
) -> None:
    answer = clearinghouse.submit(
        claim_body().replace(b"IEA*1", b"IEA*2"), idempotency_key="k1", institutional=False
    )

    assert (answer.accepted, answer.code) == (False, "INVALID_X12")
    assert simulator.landed == 0


UNKNOWN = {
    "in progress": (fault("in_progress", retry_after_seconds=1), 0),
    "an error before it was taken": (fault("error_before_accepting", status=503), 0),
    "an error after it was taken": (fault("error_after_accepting", status=500), 1),
    "a bad gateway after it was taken": (fault("error_after_accepting", status=502), 1),
    "no answer and not taken": (fault("timeout_before_accepting", seconds=2), 0),
    "no answer though taken": (fault("timeout_after_accepting", seconds=2), 1),
    "an answer cut off": (fault("answer_lost"), 1),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_whatever_does_not_settle_the_matter_is_unknown_and_the_list_tells(
    simulator: Simulator, what: str
) -> None:
    script, landed = UNKNOWN[what]
    simulator.world(script)
    clearinghouse = connection(simulator.url, timeout_seconds=0.6)

    with pytest.raises(ClearinghouseUnavailableError) as caught:
        clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)

    assert "QUILLFEATHER" not in str(caught.value)
    assert simulator.landed == landed
    expected = Lookup.FOUND if landed else Lookup.NOT_FOUND
    assert connection(simulator.url).look_up(PCN, idempotency_key="k1") is expected


def test_a_wrong_key_says_nothing_about_the_claim(simulator: Simulator) -> None:
    clearinghouse = connection(simulator.url, api_key="somebody else's")

    with pytest.raises(ClearinghouseUnavailableError, match="HTTP 401"):
        clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)
    assert clearinghouse.look_up(PCN, idempotency_key="k1") is Lookup.UNAVAILABLE
    with pytest.raises(ClearinghouseUnavailableError):
        clearinghouse.check_eligibility(inquiry())


def test_a_clearinghouse_nobody_can_reach_is_unavailable() -> None:
    clearinghouse = connection("http://127.0.0.1:9", timeout_seconds=0.5)

    with pytest.raises(ClearinghouseUnavailableError):
        clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)
    assert clearinghouse.look_up(PCN, idempotency_key="k1") is Lookup.UNAVAILABLE


def test_the_list_tells_one_claim_from_another(
    clearinghouse: RestClearinghouse,
) -> None:
    clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)

    assert clearinghouse.look_up(PCN, idempotency_key="k1") is Lookup.FOUND
    assert clearinghouse.look_up(f"{CLAIM}02", idempotency_key="k1") is Lookup.NOT_FOUND


def test_the_list_tells_one_file_from_another(clearinghouse: RestClearinghouse) -> None:
    clearinghouse.submit(claim_body(7), idempotency_key="k1", institutional=False)

    assert clearinghouse.look_up_file(7, idempotency_key="k1") is Lookup.FOUND
    assert clearinghouse.look_up_file(8, idempotency_key="k1") is Lookup.NOT_FOUND


# A proxy in between ------------------------------------------------------------------------


class Proxy(BaseHTTPRequestHandler):
    """Answers everything the same way, as a gateway does that knows nothing of claims."""

    status, page = 200, b"<html>maintenance</html>"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        if self.status in {301, 302, 307}:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    do_GET = do_POST = _answer  # noqa: N815 the names http.server asks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(
    params=[
        (200, b"<html>maintenance</html>"),
        (200, b'["not", "an", "object"]'),
        (200, b"{}"),
        (204, b""),
        (302, b""),
        (307, b""),
        (429, b'{"error": "TOO_MANY"}'),
        (502, b"<html>bad gateway</html>"),
    ],
    ids=lambda case: f"{case[0]} {case[1][:12].decode()}",
)
def proxy(request: pytest.FixtureRequest) -> Iterator[str]:
    status, page = request.param
    handler = type("Handler", (Proxy,), {"status": status, "page": page})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_gateways_page_is_never_taken_for_an_answer(proxy: str) -> None:
    clearinghouse = connection(proxy)

    with pytest.raises(ClearinghouseUnavailableError):
        clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)
    with pytest.raises(ClearinghouseUnavailableError):
        clearinghouse.check_eligibility(inquiry())
    with pytest.raises(ClearinghouseUnavailableError):
        clearinghouse.send_appeal({}, idempotency_key="k1")
    assert clearinghouse.look_up(PCN, idempotency_key="k1") is Lookup.UNAVAILABLE


# Eligibility -------------------------------------------------------------------------------

ASKED = Inquiry(patient=PATIENT, coverage=COVERAGE, provider=CLINIC, service_on=SERVICE_DAY)


def inquiry() -> bytes:
    assert POLICY is not None
    return write_inquiry(
        ASKED, policy=POLICY, numbers=WireNumbers(1, 1, 1), partner=PARTNER, at=NOON
    )


def test_a_member_the_payer_covers_is_found_active_with_the_copay(
    clearinghouse: RestClearinghouse,
) -> None:
    result = read_answer(clearinghouse.check_eligibility(inquiry()), ASKED, at=NOON)

    assert result.state is CoverageState.ACTIVE
    assert result.match_quality is MatchQuality.EXACT
    assert result.errors == ()
    assert 2_500 in {benefit.amount_cents for benefit in result.benefits}


def test_coverage_that_ended_is_found_inactive(
    clearinghouse: RestClearinghouse, simulator: Simulator
) -> None:
    ended = {**MEMBER, "coverage": [{"begins_on": "2025-01-01", "ends_on": "2025-12-31"}]}
    simulator.control("/_sim/members", {"members": [ended]})

    result = read_answer(clearinghouse.check_eligibility(inquiry()), ASKED, at=NOON)

    assert result.state is CoverageState.INACTIVE


def test_a_member_nobody_knows_is_an_error_about_the_patient(
    clearinghouse: RestClearinghouse, simulator: Simulator
) -> None:
    simulator.world(members=[])

    result = read_answer(clearinghouse.check_eligibility(inquiry()), ASKED, at=NOON)

    assert result.state is CoverageState.UNDETERMINED
    assert [error.code for error in result.errors] == ["75"]
    assert not result.is_transient_failure


@pytest.mark.parametrize("how", ["aaa", "http"])
def test_a_payer_that_is_down_is_transient_however_it_says_so(
    clearinghouse: RestClearinghouse, simulator: Simulator, how: str
) -> None:
    simulator.control("/_sim/outage", {"payer_id": "BPK01", "eligibility": how})

    try:
        result = read_answer(clearinghouse.check_eligibility(inquiry()), ASKED, at=NOON)
    except ClearinghouseUnavailableError:
        assert how == "http"
    else:
        assert result.is_transient_failure


# Claim status ------------------------------------------------------------------------------


def told(clearinghouse: RestClearinghouse, number: int = 7) -> Told:
    """What the payer says of the claim that `claim_body` makes."""
    (content,) = assemble(
        encounter(), claim_id=CLAIM, patient_control_number=PCN, signed_on=SERVICE_DAY
    )
    assert POLICY is not None
    numbers = WireNumbers(number, number, 1)
    question = write_status_inquiry(
        content,
        payer_claim_control_number="",
        policy=POLICY,
        numbers=numbers,
        partner=PARTNER,
        at=NOON,
    )
    return read_status(clearinghouse.check_status(question), trace=trace_of(numbers))


def test_a_claim_the_payer_has_not_taken_in_yet_is_not_found_and_later_pending(
    clearinghouse: RestClearinghouse, simulator: Simulator
) -> None:
    simulator.world(payers=[{**PAYER, "status_lag_waves": 1}])
    clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)
    assert told(clearinghouse).verdict is StatusVerdict.NOT_FOUND

    simulator.deliver("acknowledgements")
    answer = told(clearinghouse)

    assert answer.verdict is StatusVerdict.PENDING
    assert answer.payer_claim_control_number


def test_a_paid_claim_is_finalized_with_the_amount(
    clearinghouse: RestClearinghouse, simulator: Simulator
) -> None:
    clearinghouse.submit(claim_body(), idempotency_key="k1", institutional=False)
    simulator.deliver("acknowledgements")
    simulator.deliver("acknowledgements")
    simulator.deliver("remittances")

    answer = told(clearinghouse)

    assert answer.verdict is StatusVerdict.FINALIZED
    assert answer.paid_cents > 0


# A whole life ------------------------------------------------------------------------------


class Life(World):
    """A practice whose clearinghouse is the simulator."""

    def __init__(
        self, simulator: Simulator, *, timeout_seconds: float = 5, claims_per_file: int = 1
    ) -> None:
        super().__init__()
        self.simulator = simulator
        self.clearinghouse = connection(  # type: ignore[assignment]
            simulator.url, timeout_seconds=timeout_seconds, claims_per_file=claims_per_file
        )
        self.connections = NamedConnections(self.clearinghouse)

    def scrub(self) -> str:
        outcome = scrub_claim(
            ScrubClaim(claim_id=CLAIM),
            CAUSE,
            records=self.records,
            rule_sets=self.rule_sets,
            code_tables=self.code_tables,
            clock=self.clock,
        )
        return str(outcome["outcome"])

    def submit(self) -> str:
        return str(submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, self.sending)["outcome"])

    def take_acknowledgements(self) -> None:
        """Every file until no more is scheduled."""
        while True:
            delivered = self.simulator.deliver("acknowledgements")
            for file in delivered["files"]:
                assert self.acknowledge(file["body"], file["name"]) == "recorded"
            if not delivered["pending"]["acknowledgements"]:
                return

    def take_payments(self) -> list[dict[str, Any]]:
        """Every 835 until no more is scheduled; the deposits that go with them."""
        deposits: list[dict[str, Any]] = []
        while True:
            delivered = self.simulator.deliver("remittances")
            for file in delivered["files"]:
                assert self.remit(file["body"], file["name"]) in {"posted", "duplicate"}
            deposits += delivered["deposits"]
            if not delivered["pending"]["remittances"]:
                return deposits

    def take_deposits(self, deposits: list[dict[str, Any]]) -> list[str]:
        return [
            self.deposit(
                deposit["amount_cents"],
                deposit_id=deposit["deposit_id"],
                trace=deposit["trace"],
                payer=deposit["originator"],
            )
            for deposit in deposits
        ]

    def agrees_with_the_payer(self) -> None:
        """To the cent, and counted by the payer."""
        report = self.simulator.report()
        totals, balance = report["totals"], self.balance()
        assert balance.paid_by_payer_cents == totals["paid_cents"]
        shares = (claim["patient_responsibility_cents"] for claim in report["claims"])
        assert balance.patient_cents == sum(shares)
        assert self.account(Account.CASH) == report["deposits_cents"]
        assert self.account(Account.REMITTANCE_CLEARING) == 0
        assert totals["duplicates_at_payer"] == 0
        assert prove(self.postings()).holds


def test_a_clean_claim_lives_from_staging_to_deposit_and_both_sides_agree(
    simulator: Simulator,
) -> None:
    life = Life(simulator)
    staged_claim(life.records)

    assert life.scrub() == "validated"
    assert life.submit() == "submitted"
    life.take_acknowledgements()
    assert life.claim().state is ClaimState.ACCEPTED
    deposits = life.take_payments()
    assert life.take_deposits(deposits) == ["matched"]

    assert life.claim().state is ClaimState.ADJUDICATED
    assert life.balance().contractual_cents == 5_200
    assert life.balance().patient_cents == 2_500
    life.agrees_with_the_payer()
    assert life.open_work() == {}


def test_a_claim_whose_answer_was_lost_is_found_and_paid_once(simulator: Simulator) -> None:
    simulator.world(fault("timeout_after_accepting", seconds=2))
    life = Life(simulator, timeout_seconds=0.6)
    released_claim(life.records)
    assert life.submit() == "unknown"
    life.clock.advance(seconds=4)
    life.clearinghouse = connection(simulator.url)  # type: ignore[assignment]

    outcome = resolve_submission(ResolveSubmission(claim_id=CLAIM), CAUSE, life.sending)
    assert outcome["outcome"] == "submitted"
    life.take_acknowledgements()
    life.take_deposits(life.take_payments())

    assert simulator.landed == 1
    life.agrees_with_the_payer()


def test_a_claim_that_never_arrived_is_sent_again_and_lands_once(simulator: Simulator) -> None:
    simulator.world(fault("error_before_accepting", status=503))
    life = Life(simulator)
    released_claim(life.records)
    assert life.submit() == "unknown"
    life.clock.advance(seconds=4)

    outcome = resolve_submission(ResolveSubmission(claim_id=CLAIM), CAUSE, life.sending)

    assert outcome["outcome"] == "submitted"
    assert simulator.landed == 1


def test_a_file_of_claims_is_taken_acknowledged_claim_by_claim_and_paid(
    simulator: Simulator,
) -> None:
    other = "COTHERCLAIM1"
    answer = {"source": "payer", "category": "A7", "status": "562", "entity": "85"}
    script = {"match": {"patient_control_number": f"{other}01"}, "name": "away"}
    simulator.world(
        {**script, "acknowledgement": {"claim_answers": [answer]}},
        fault("timeout_after_accepting", seconds=2),
    )
    life = Life(simulator, timeout_seconds=0.6, claims_per_file=2)
    dearer = encounter(charges=(replace(VISIT_LINE, charge_cents=20_000),))
    for claim_id, visit in ((CLAIM, encounter()), (other, dearer)):
        claim = released_claim(life.records, visit, claim_id=claim_id)
        store(life.records, replace(claim, due_kind=RELEASED, due_at=life.clock.now()))
    assert submit_file(SubmitFile(), CAUSE, life.sending)["came_to"] == "unknown"
    life.clock.advance(minutes=5)

    assert submit_file(SubmitFile(), CAUSE, life.sending)["came_to"] == "submitted"
    life.take_acknowledgements()
    life.take_deposits(life.take_payments())

    assert simulator.landed == 1
    assert len(simulator.report()["claims"]) == 2
    assert life.claim(other).state is ClaimState.REJECTED
    assert life.claim().state is ClaimState.ADJUDICATED
    life.agrees_with_the_payer()


@pytest.mark.parametrize("level", ["claim", "provider", "receiver"])
def test_a_claim_turned_away_at_the_front_door_is_rejected_at_whatever_level(
    simulator: Simulator, level: str
) -> None:
    answer = {"source": "payer", "category": "A7", "status": "562", "entity": "85", "level": level}
    script = {**SOMEBODY, "name": "away", "acknowledgement": {"claim_answers": [answer]}}
    simulator.world(script)
    life = Life(simulator)
    released_claim(life.records)
    life.submit()

    life.take_acknowledgements()

    assert life.claim().state is ClaimState.REJECTED
    assert set(life.open_work().values()) == {"credentialing"}
    assert simulator.report()["totals"]["rejected_claims"] == 1


def test_a_claim_with_a_syntax_fault_is_rejected_by_its_999(simulator: Simulator) -> None:
    simulator.world({**SOMEBODY, "name": "syntax", "acknowledgement": {"syntax": "rejected"}})
    life = Life(simulator)
    released_claim(life.records)
    life.submit()

    life.take_acknowledgements()

    assert life.claim().state is ClaimState.REJECTED


def test_a_reversal_and_correction_leave_both_sides_with_the_same_balance(
    simulator: Simulator,
) -> None:
    change = {
        "kind": "reversal",
        "after_waves": 1,
        "correction": {"kind": "contract", "allowed_percent_of_charge": 60},
    }
    simulator.world({**SOMEBODY, "name": "change of mind", "follow_ups": [change]})
    life = Life(simulator)
    released_claim(life.records)
    life.submit()
    life.take_acknowledgements()

    life.take_deposits(life.take_payments())

    life.agrees_with_the_payer()


def test_a_file_that_comes_twice_is_posted_once(simulator: Simulator) -> None:
    twice = {"name": "twice", "payer_id": "BPK01", "wave": 1, "kind": "duplicate_file"}
    simulator.world(remittance_script=[twice])
    life = Life(simulator)
    released_claim(life.records)
    life.submit()
    life.take_acknowledgements()

    life.take_deposits(life.take_payments())

    outcomes = sorted(file["outcome"] for file in life.of_kind("ERAFILE"))
    assert outcomes == ["duplicate", "ready"]
    life.agrees_with_the_payer()


def test_a_payers_own_separators_and_byte_order_mark_change_nothing(simulator: Simulator) -> None:
    wire = {
        "element": "|",
        "component": "<",
        "repetition": "^",
        "segment": "~",
        "line_breaks": "\n",
        "byte_order_mark": True,
    }
    simulator.world(payers=[{**PAYER, "wire": wire}])
    life = Life(simulator)
    released_claim(life.records)
    life.submit()
    life.take_acknowledgements()

    life.take_deposits(life.take_payments())

    life.agrees_with_the_payer()


def test_an_appeal_is_taken_once_for_each_level(simulator: Simulator) -> None:
    denied = {
        "name": "denied",
        **SOMEBODY,
        "adjudication": {"kind": "deny", "reason": {"group": "CO", "carc": "50"}},
    }
    simulator.world(denied)
    life = Life(simulator)
    released_claim(life.records)
    life.submit()
    life.take_acknowledgements()
    life.take_payments()
    body = {
        "appeal_id": "P1",
        "payer_id": "BPK01",
        "payer_claim_control_number": life.claim().payer_claim_control_number,
        "level": 1,
        "packet_sha256": "a" * 64,
        "documents": [{"name": "claim", "sha256": "b" * 64}],
    }
    clearinghouse = connection(simulator.url)

    first = clearinghouse.send_appeal(body, idempotency_key="P1-1")

    assert first.accepted
    assert clearinghouse.send_appeal(body, idempotency_key="P1-1") == first
    with pytest.raises(IdempotencyKeyReusedError):
        clearinghouse.send_appeal({**body, "packet_sha256": "c" * 64}, idempotency_key="P1-1")
    unknown = {**body, "appeal_id": "P2", "payer_claim_control_number": "NOBODY"}
    assert not clearinghouse.send_appeal(unknown, idempotency_key="P2-1").accepted


# The clearinghouse's list ------------------------------------------------------------------


def follow(life: Life) -> dict[str, object]:
    ports = FetchingPorts(
        records=life.records,
        intake=life.intake,
        transactions=connection(life.simulator.url),
        clock=life.clock,
    )
    return fetch_transactions(FetchTransactions(), CAUSE, ports)


def test_a_payment_that_was_neither_dropped_nor_announced_is_found_on_the_list(
    simulator: Simulator,
) -> None:
    life = Life(simulator)
    released_claim(life.records)
    life.submit()
    life.take_acknowledgements()
    delivered = simulator.deliver("remittances")

    assert follow(life)["fetched"] == 1
    (key,) = (key for key in life.intake.dropped if key.startswith("remittances/"))
    assert life.intake.fetch(key) == delivered["files"][0]["body"]
    assert life.remit(life.intake.fetch(key), key.removeprefix("remittances/")) == "posted"
    life.take_deposits(delivered["deposits"])
    life.agrees_with_the_payer()


def test_a_list_of_many_pages_is_read_to_its_end(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.billing.adapters.clearinghouse.PAGE_SIZE", 1)
    life = Life(simulator)
    released_claim(life.records)
    life.submit()
    life.take_acknowledgements()
    simulator.deliver("remittances")

    listed = list(connection(simulator.url).since(NOON - timedelta(days=1)))

    assert {"835", "277", "999"} <= {one.transaction_set for one in listed}
    assert len({one.transaction_id for one in listed}) == len(listed)


def test_acknowledgements_nobody_dropped_are_found_on_the_list(simulator: Simulator) -> None:
    life = Life(simulator)
    released_claim(life.records)
    life.submit()
    while simulator.deliver("acknowledgements")["pending"]["acknowledgements"]:
        pass
    transactions = connection(simulator.url)
    ports = FetchingPorts(
        records=life.records, intake=life.intake, transactions=transactions, clock=life.clock
    )

    fetch_transactions(FetchTransactions(), CAUSE, ports)
    for key, body in tuple(life.intake.dropped.items()):
        assert key.startswith("acknowledgements/clearinghouse/")
        assert life.acknowledge(body, key.rpartition("/")[2]) == "recorded"

    assert life.claim().state is ClaimState.ACCEPTED
    assert {ack["transaction_set"] for ack in life.of_kind("ACK")} == {"999", "277CA"}


def test_a_transaction_that_is_gone_is_no_empty_file(simulator: Simulator) -> None:
    entry = ListedTransaction(
        transaction_id="none/../x", transaction_set="835", processed_at=NOON, artifact="output"
    )

    with (
        pytest.raises(ClearinghouseUnavailableError, match="no_verdict"),
        connection(simulator.url).open(entry),
    ):
        pass


def test_a_list_nobody_may_read_is_unavailable_and_not_empty(simulator: Simulator) -> None:
    stranger = connection(simulator.url, api_key="nobody")

    with pytest.raises(ClearinghouseUnavailableError):
        list(stranger.since(NOON))


def test_a_page_that_is_no_list_is_unavailable(proxy: str) -> None:
    with pytest.raises(ClearinghouseUnavailableError):
        list(connection(proxy).since(NOON))


def test_the_simulators_webhook_is_what_our_door_lets_in(simulator: Simulator) -> None:
    secret = new_webhook_secret()
    simulator.world(clearinghouse={"webhook_secret": secret})
    life = Life(simulator)
    released_claim(life.records)
    life.submit()
    life.take_acknowledgements()
    (file,) = simulator.deliver("remittances")["files"]
    at = round(life.clock.now().timestamp())

    sent = simulator.control("/_sim/webhook", {"file_id": file["file_id"], "timestamp": at})

    webhook = Webhook.of(sent["headers"], sent["body"].encode())
    check_webhook(webhook, (secret,), now=life.clock.now())
    with pytest.raises(SignatureError):
        check_webhook(webhook, (new_webhook_secret(),), now=life.clock.now())
