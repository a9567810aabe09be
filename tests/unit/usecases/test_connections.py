"""Which connection a claim goes through: its payer's, and for one that was sent, the one it was sent through."""

import pytest

from functions.billing.adapters.clearinghouse import RestClearinghouse
from functions.billing.adapters.connections import DeclaredConnections
from functions.billing.adapters.file_exchange import FileExchange
from functions.billing.domain.errors import RuleSetError
from functions.billing.usecases.resolve_submission import ResolveSubmission, resolve_submission
from functions.billing.usecases.sending import SendingPorts
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from tests.builders import CAUSE, released_claim, rule_set_contents
from tests.fakes import FixedRuleSets, NamedConnections, ScriptedClearinghouse
from tests.unit.usecases.world import CLAIM, World

PARTNER = {
    "submitter_id": "CLINIC1",
    "submitter_name": "EXAMPLE CLINICS",
    "submitter_phone": "5550100000",
    "receiver_id": "HOUSE1",
    "receiver_name": "CLEARINGHOUSE",
    "usage": "P",
    "idempotency_window_hours": 24,
    "lookup_authoritative": True,
    "landing_bound_seconds": 60,
    "settle_seconds": 75,
    "claims_per_file": 1,
    "file_wait_minutes": 10,
}
REST = {
    **PARTNER,
    "name": "house",
    "kind": "rest",
    "url": "https://house.example",
    "timeout_seconds": 20,
}
FILES = {**PARTNER, "name": "folder", "kind": "files", "usage": "no"}


class TwoHouses(World):
    """A practice with two clearinghouses; the payer's policy names one of them."""

    def __init__(self, connector: str) -> None:
        super().__init__()
        self.second = ScriptedClearinghouse(self.clock, name="second")
        self.use(connector)

    def use(self, connector: str) -> None:
        contents = rule_set_contents()
        payers = [
            {**payer, **({"connector": connector} if connector else {})}
            for payer in contents["payer_policies"]["payers"]
        ]
        contents["payer_policies"] = {**contents["payer_policies"], "payers": payers}
        self.rule_sets = FixedRuleSets(contents)

    @property
    def sending(self) -> SendingPorts:
        return SendingPorts(
            records=self.records,
            evidence=self.evidence,
            connections=NamedConnections(self.clearinghouse, self.second),
            control_numbers=self.control_numbers,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )

    def submit(self) -> str:
        released_claim(self.records, claim_id=CLAIM)
        return str(submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, self.sending)["outcome"])

    def resolve(self) -> str:
        command = ResolveSubmission(claim_id=CLAIM)
        return str(resolve_submission(command, CAUSE, self.sending)["outcome"])


def test_a_claim_goes_through_the_connection_its_payers_policy_names() -> None:
    world = TwoHouses("second")

    assert world.submit() == "submitted"
    assert (len(world.clearinghouse.received), len(world.second.received)) == (0, 1)
    assert world.only("ATTEMPT")["connector"] == "second"


def test_a_policy_that_names_none_takes_the_first() -> None:
    world = TwoHouses("")

    world.submit()
    assert (len(world.clearinghouse.received), len(world.second.received)) == (1, 0)


def test_a_lost_answer_is_asked_for_where_the_claim_was_sent() -> None:
    world = TwoHouses("second")
    world.second.faults = ["lost_answer"]
    world.submit()
    world.use("scripted")
    world.clock.advance(seconds=91)

    assert world.resolve() == "submitted"
    assert world.clearinghouse.received == []


def test_control_numbers_do_not_repeat_between_connections() -> None:
    world = TwoHouses("second")
    world.submit()
    first = world.only("ATTEMPT")["group_control_number"]
    world.use("scripted")
    released_claim(world.records, claim_id="COTHERCLAIM1")
    submit_claim(SubmitClaim(claim_id="COTHERCLAIM1"), CAUSE, world.sending)

    numbers = [attempt["group_control_number"] for attempt in world.of_kind("ATTEMPT")]
    assert first in numbers
    assert len(set(numbers)) == 2


def declared(*declarations: dict[str, object]) -> DeclaredConnections:
    return DeclaredConnections(
        declarations,
        api_keys=lambda: {"house": "a key"},
        client=lambda _: None,
        bucket=lambda: "intake",
    )


def test_each_declaration_becomes_a_connection_of_its_kind() -> None:
    connections = declared(FILES, REST)

    assert isinstance(connections.named("house"), RestClearinghouse)
    assert isinstance(connections.named(""), FileExchange)
    assert connections.real_time() is connections.named("house")


def test_only_an_explicit_p_is_production() -> None:
    connections = declared(REST, FILES)

    assert connections.named("house").partner.usage == "P"
    assert connections.named("folder").partner.usage == "T"


def test_a_name_nobody_declared_is_refused() -> None:
    with pytest.raises(RuleSetError, match="connector_not_declared"):
        declared(REST).named("elsewhere")
    with pytest.raises(RuleSetError, match="answers at once"):
        declared(FILES).real_time()


def test_where_files_alone_are_exchanged_nobody_lists_anything() -> None:
    assert declared(FILES).listing() is None
    assert declared(FILES, REST).listing() is not None
