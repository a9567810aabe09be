"""A dependency that is out of reach is left in peace, probed by one caller at a time, and taken up again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.outages.circuit import (
    Circuit,
    CircuitPolicy,
    CircuitState,
    Permit,
    admit,
    family_of,
    watched_kind,
)
from functions.billing.domain.outages.drain import (
    DrainPolicy,
    after_round,
    allowance,
    staggered,
)
from tests.fakes import NOON

POLICY = CircuitPolicy()
RATE = DrainPolicy()
WELL = Circuit(dependency="eligibility:BLUEPEAK")


def opened() -> Circuit:
    circuit = WELL
    for _ in range(POLICY.failures_to_open):
        circuit = circuit.failed(POLICY, NOON, "HTTP 503")
    return circuit


def recovered() -> Circuit:
    circuit = opened()
    assert circuit.due_at is not None
    return admit(circuit, POLICY, circuit.due_at).circuit.succeeded(circuit.due_at)


def test_while_all_is_well_nothing_is_written_down() -> None:
    assert WELL.succeeded(NOON) is WELL
    assert admit(WELL, POLICY, NOON).permit is Permit.GO


def test_failures_in_a_row_open_the_circuit_and_one_answer_between_them_does_not() -> None:
    assert opened().state is CircuitState.OPEN

    circuit = WELL
    for _ in range(10):
        circuit = circuit.failed(POLICY, NOON, "no_answer").failed(POLICY, NOON, "no_answer")
        circuit = circuit.succeeded(NOON)
    assert circuit.state is CircuitState.CLOSED


def test_failures_far_apart_do_not_add_up() -> None:
    circuit, now = WELL, NOON
    for _ in range(10):
        circuit = circuit.failed(POLICY, now, "no_answer")
        now += POLICY.failure_memory + timedelta(seconds=1)
    assert (circuit.state, circuit.failures) == (CircuitState.CLOSED, 1)


def test_an_open_circuit_refuses_until_its_pause_is_over_and_then_grants_one_probe() -> None:
    circuit = opened()
    assert circuit.due_at is not None

    refused = admit(circuit, POLICY, circuit.due_at - timedelta(seconds=1))
    assert (refused.permit, refused.retry_at) == (Permit.REFUSED, circuit.due_at)
    granted = admit(circuit, POLICY, circuit.due_at)
    assert granted.permit is Permit.PROBE
    assert admit(granted.circuit, POLICY, circuit.due_at).is_refused


def test_a_prober_that_died_does_not_keep_the_circuit_shut() -> None:
    circuit = opened()
    assert circuit.due_at is not None
    probing = admit(circuit, POLICY, circuit.due_at).circuit

    assert admit(probing, POLICY, circuit.due_at + POLICY.probe_lease).permit is Permit.PROBE


def test_each_probe_that_fails_doubles_the_pause_up_to_its_limit() -> None:
    circuit, pauses = opened(), []
    for _ in range(8):
        assert circuit.due_at is not None
        now = circuit.due_at
        circuit = admit(circuit, POLICY, now).circuit.failed(POLICY, now, "HTTP 503")
        assert circuit.due_at is not None
        pauses.append(circuit.due_at - now)

    assert pauses[1] > pauses[0]
    assert all(pause <= POLICY.pause_max * 1.25 for pause in pauses)
    assert circuit.opened_at == NOON, "it is still the same outage"


def test_an_answer_that_comes_late_does_not_close_an_open_circuit() -> None:
    assert opened().succeeded(NOON).state is CircuitState.OPEN


def test_two_circuits_do_not_probe_in_step() -> None:
    def first_probe(dependency: str) -> object:
        circuit = Circuit(dependency=dependency)
        for _ in range(POLICY.failures_to_open):
            circuit = circuit.failed(POLICY, NOON, "no_answer")
        return circuit.due_at

    assert len({first_probe(f"eligibility:P{number}") for number in range(20)}) == 20


def test_during_an_outage_one_held_thing_may_go_and_only_to_probe() -> None:
    circuit = opened()
    assert circuit.due_at is not None

    assert allowance(circuit, RATE, NOON) == 0
    assert allowance(circuit, RATE, circuit.due_at) == 1
    probing = admit(circuit, POLICY, circuit.due_at).circuit
    assert allowance(probing, RATE, circuit.due_at) == 0


def test_after_recovery_rounds_begin_small_and_grow_up_to_a_limit() -> None:
    circuit, sizes = recovered(), []
    for _ in range(8):
        assert circuit.due_at is not None
        now = circuit.due_at
        sizes.append(allowance(circuit, RATE, now))
        circuit = after_round(circuit, RATE, now, let_go=sizes[-1])
        assert allowance(circuit, RATE, now) == 0, "rounds keep their distance"

    assert sizes == [5, 10, 20, 40, 80, 80, 80, 80]


def test_a_recovered_circuit_is_watched_for_a_while_though_nothing_is_held() -> None:
    circuit = recovered()
    assert circuit.closed_at is not None

    soon = after_round(circuit, RATE, circuit.closed_at, let_go=0)
    later = after_round(circuit, RATE, circuit.closed_at + RATE.linger, let_go=0)

    assert (soon.due_kind, later.due_kind) == (watched_kind("eligibility"), "")


def test_a_round_begins_spread_out_and_the_same_way_each_time() -> None:
    circuit = recovered()
    names = [f"coverage:{number}" for number in range(50)]

    waits = staggered(names, circuit, RATE)

    assert waits == staggered(names, circuit, RATE)
    assert all(timedelta(0) <= wait < RATE.spread for wait in waits.values())
    assert len(set(waits.values())) == len(names)


@given(st.lists(st.sampled_from(["fail", "succeed", "call"]), max_size=60))
def test_whatever_happens_an_open_circuit_says_when_to_look_again(happenings: list[str]) -> None:
    circuit, now = WELL, NOON
    for happening in happenings:
        now += timedelta(seconds=20)
        match happening:
            case "fail":
                circuit = circuit.failed(POLICY, now, "no_answer")
            case "succeed":
                circuit = circuit.succeeded(now)
            case _:
                circuit = admit(circuit, POLICY, now).circuit
        if circuit.is_out:
            assert circuit.due_at is not None
            assert circuit.due_kind == watched_kind(family_of(circuit.dependency))
            assert circuit.opened_at is not None
