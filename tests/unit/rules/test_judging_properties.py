"""Whatever a claim holds, judging ends, says the same again, and repeats nothing it was told."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.claims.content import ClaimContent, fingerprint
from functions.billing.domain.records import Authorization, Charge, MissingFact, Sex, UnmappedCode
from functions.billing.domain.rules import (
    EligibilityFact,
    EligibilityState,
    ScrubFacts,
    Severity,
    by_owner,
    failures,
    holds,
    judge,
    warnings,
)
from functions.billing.domain.rules.kinds.identifiers import npi_is_valid
from tests.unit.rules.claims import (
    SERVICE_ON,
    base_rules,
    billing_provider,
    claim,
    code_tables,
    coverage,
    example_policies,
    line,
    location,
    npi_of,
    patient,
    rendering_provider,
)

CANARY = "Zyxwvut"

words = st.one_of(st.just(""), st.just(CANARY), st.text(max_size=12))
codes = st.one_of(
    words,
    st.sampled_from(["99213", "97110", "73721", "80053", "80048", "20610", "J3301", "55700"]),
)
diagnoses = st.one_of(words, st.sampled_from(["I10", "M545", "N401", "O0990", "P599", "W1830XA"]))
days = st.integers(-800, 800).map(lambda count: SERVICE_ON + timedelta(days=count))

lines = st.builds(
    Charge,
    line_id=words,
    procedure=codes,
    charge_cents=st.integers(-(10**6), 10**9),
    units=st.integers(-2, 20),
    service_date=days,
    modifiers=st.lists(st.sampled_from(["25", "59", "GP", "LT", "50", "?"]), max_size=5).map(tuple),
    diagnosis_pointers=st.lists(st.integers(-1, 14), max_size=5).map(tuple),
    place_of_service=st.sampled_from(["", "10", "11", "21", "zz"]),
    ndc=words,
)
authorizations = st.builds(
    Authorization,
    number=words,
    procedures=st.lists(codes, max_size=2).map(tuple),
    starts_on=st.none() | days,
    ends_on=st.none() | days,
    units_left=st.none() | st.integers(0, 5),
)
payers = st.sampled_from(["BLUEPEAK", "CMSNORTH", "STATECAID", "OPENMKT", "NOBODY"])


@st.composite
def claims(draw: st.DrawFn) -> ClaimContent:
    """Any claim at all, sound or not."""
    return replace(
        claim(),
        patient=draw(
            st.none()
            | st.builds(
                lambda born, sex: patient(birth_date=born, sex=sex),
                st.dates(date(1850, 1, 1), date(2030, 1, 1)),
                st.sampled_from(Sex),
            )
        ),
        coverage=draw(
            st.none()
            | st.builds(lambda payer, member: coverage(payer, member_id=member), payers, words)
        ),
        billing_provider=draw(
            st.none() | st.builds(lambda npi: billing_provider(npi=npi, tax_id=npi), words)
        ),
        rendering_provider=draw(
            st.none() | st.builds(lambda text: rendering_provider(npi=text, taxonomy=text), words)
        ),
        location=draw(
            st.none() | st.builds(lambda text: location(place_of_service=text, npi=text), words)
        ),
        diagnoses=draw(st.lists(diagnoses, max_size=14).map(tuple)),
        lines=draw(st.lists(lines, max_size=8).map(tuple)),
        authorizations=draw(st.lists(authorizations, max_size=3).map(tuple)),
        total_charge_cents=draw(st.integers(-(10**6), 10**9)),
        service_from=draw(days),
        service_to=draw(days),
        signed_on=draw(st.none() | days),
        frequency=draw(st.sampled_from(["1", "7", "8", "", "x"])),
        patient_control_number=draw(words),
        is_institutional=draw(st.booleans()),
    )


@st.composite
def all_facts(draw: st.DrawFn) -> ScrubFacts:
    payer_id = draw(payers)
    return ScrubFacts(
        submitted_on=draw(days),
        eligibility=EligibilityFact(draw(st.sampled_from(EligibilityState))),
        policy=example_policies().of(payer_id),
        code_tables=code_tables(),
        unmapped=draw(
            st.just(()) | st.just((UnmappedCode(table="t", system="s", code=CANARY, where="w"),))
        ),
        problems=draw(st.just(()) | st.just((MissingFact(path="p", expected="e"),))),
    )


@given(claims(), all_facts())
def test_judging_twice_gives_the_same_verdicts(content: ClaimContent, known: ScrubFacts) -> None:
    first = judge(content, known, base_rules())

    assert judge(content, known, base_rules()) == first
    assert {one.rule_id for one in first} <= {rule.rule_id for rule in base_rules().rules}


@given(claims(), all_facts())
def test_verdicts_repeat_nothing_the_claim_holds(content: ClaimContent, known: ScrubFacts) -> None:
    assert CANARY not in repr(judge(content, known, base_rules()))


@given(claims(), all_facts())
def test_only_rejects_hold_and_each_has_one_owner(content: ClaimContent, known: ScrubFacts) -> None:
    verdicts = judge(content, known, base_rules())
    owned = [one for group in by_owner(verdicts).values() for one in group]

    assert sorted(map(repr, owned)) == sorted(map(repr, failures(verdicts)))
    assert holds(verdicts) is bool(owned)
    assert all(one.severity is Severity.WARN for one in warnings(verdicts))
    assert all(one.field_path for one in owned)


@given(st.integers(100_000_000, 299_999_999))
def test_exactly_one_check_digit_makes_an_npi(nine: int) -> None:
    valid = [digit for digit in range(10) if npi_is_valid(f"{nine}{digit}")]

    assert [f"{nine}{digit}" for digit in valid] == [npi_of(str(nine))]


@given(st.lists(lines, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_a_fingerprint_sees_the_services_and_not_their_order_or_numbers(
    charges: list[Charge], random: object
) -> None:
    shuffled = list(charges)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = claim(lines=tuple(charges))
    renumbered = tuple(replace(each, line_id=f"n{n}") for n, each in enumerate(shuffled))
    other = claim(lines=renumbered, claim_id="C2", patient_control_number="Z", frequency="7")
    dearer = replace(charges[0], charge_cents=charges[0].charge_cents + 1)

    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint(claim(lines=(dearer, *charges[1:])))
    assert fingerprint(one) != fingerprint(claim(lines=(*charges, charges[0])))


def test_a_fingerprint_tells_apart_siblings_members_payers_and_billers() -> None:
    sibling = patient(birth_date=date(1981, 5, 17))
    marks = {
        fingerprint(content)
        for content in (
            claim(),
            claim(patient=sibling),
            claim(coverage=coverage(member_id="ABC999999999")),
            claim(coverage=coverage("OPENMKT", member_id="ABC123456789")),
            claim(billing_provider=billing_provider(npi=npi_of("199900009"))),
            claim(patient=None),
            claim(coverage=None),
            claim(lines=(line(modifiers=("25",)),)),
        )
    }

    assert len(marks) == 8
