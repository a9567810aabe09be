"""What AWS would charge for what was counted: a formula over counts and a dated price list."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from functions.billing.domain.errors import MoneyError
from functions.billing.domain.kpis.measures import Kpi, KpiName, Tally


class CostItem(StrEnum):
    """What is counted. Each name is a field of `UsageCounts`."""

    TRANSITIONS = "transitions"
    EXPRESS_REQUESTS = "express_requests"
    EXPRESS_GB_SECONDS = "express_gb_seconds"
    INVOCATIONS = "invocations"
    LAMBDA_GB_SECONDS = "lambda_gb_seconds"
    WRITE_UNITS = "write_units"
    READ_UNITS = "read_units"
    EVENTS = "events"
    PIPE_REQUESTS = "pipe_requests"
    QUEUE_REQUESTS = "queue_requests"
    OBJECT_PUTS = "object_puts"
    OBJECT_GETS = "object_gets"
    KEY_REQUESTS = "key_requests"
    CONFIGURATIONS = "configurations"
    LOG_BYTES = "log_bytes"
    TRACES = "traces"


class Service(StrEnum):
    """The service an item is billed by."""

    STEP_FUNCTIONS = "step_functions"
    LAMBDA = "lambda"
    DYNAMODB = "dynamodb"
    MESSAGING = "eventbridge_and_sqs"
    STORAGE_AND_KEYS = "s3_and_kms"
    CONFIGURATION = "appconfig"
    LOGS_AND_TRACES = "logs_and_traces"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """USD for one of each item, on demand, without free tier or discount."""

    name: str
    as_of: date
    region: str
    usd: Mapping[CostItem, Decimal]


US_EAST_1_2026 = PriceList(
    name="us-east-1 on demand, Lambda arm64",
    as_of=date(2026, 3, 14),
    region="us-east-1",
    usd={
        CostItem.TRANSITIONS: Decimal("0.000025"),
        CostItem.EXPRESS_REQUESTS: Decimal("0.000001"),
        CostItem.EXPRESS_GB_SECONDS: Decimal("0.00001667"),
        CostItem.INVOCATIONS: Decimal("0.0000002"),
        CostItem.LAMBDA_GB_SECONDS: Decimal("0.0000133334"),
        CostItem.WRITE_UNITS: Decimal("0.000000625"),
        CostItem.READ_UNITS: Decimal("0.000000125"),
        CostItem.EVENTS: Decimal("0.000001"),
        CostItem.PIPE_REQUESTS: Decimal("0.0000004"),
        CostItem.QUEUE_REQUESTS: Decimal("0.0000004"),
        CostItem.OBJECT_PUTS: Decimal("0.000005"),
        CostItem.OBJECT_GETS: Decimal("0.0000004"),
        CostItem.KEY_REQUESTS: Decimal("0.000003"),
        CostItem.CONFIGURATIONS: Decimal("0.0008"),
        CostItem.LOG_BYTES: Decimal("0.0000000005"),
        CostItem.TRACES: Decimal("0.000005"),
    },
)
"""Published prices; the newest of their sources is of `as_of`. Storage is not in it."""

_SERVICES: Mapping[CostItem, Service] = {
    CostItem.TRANSITIONS: Service.STEP_FUNCTIONS,
    CostItem.EXPRESS_REQUESTS: Service.STEP_FUNCTIONS,
    CostItem.EXPRESS_GB_SECONDS: Service.STEP_FUNCTIONS,
    CostItem.INVOCATIONS: Service.LAMBDA,
    CostItem.LAMBDA_GB_SECONDS: Service.LAMBDA,
    CostItem.WRITE_UNITS: Service.DYNAMODB,
    CostItem.READ_UNITS: Service.DYNAMODB,
    CostItem.EVENTS: Service.MESSAGING,
    CostItem.PIPE_REQUESTS: Service.MESSAGING,
    CostItem.QUEUE_REQUESTS: Service.MESSAGING,
    CostItem.OBJECT_PUTS: Service.STORAGE_AND_KEYS,
    CostItem.OBJECT_GETS: Service.STORAGE_AND_KEYS,
    CostItem.KEY_REQUESTS: Service.STORAGE_AND_KEYS,
    CostItem.CONFIGURATIONS: Service.CONFIGURATION,
    CostItem.LOG_BYTES: Service.LOGS_AND_TRACES,
    CostItem.TRACES: Service.LOGS_AND_TRACES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCounts:
    """What a run used, counted and not estimated. GB-seconds are exact decimals.

    Raises
    ------
    MoneyError
        If a count is negative or a float.
    """

    transitions: int = 0
    """State transitions of Standard workflows; Express workflows have none to pay."""
    express_requests: int = 0
    express_gb_seconds: Decimal = Decimal(0)
    invocations: int = 0
    lambda_gb_seconds: Decimal = Decimal(0)
    write_units: Decimal = Decimal(0)
    read_units: Decimal = Decimal(0)
    events: int = 0
    pipe_requests: int = 0
    queue_requests: int = 0
    object_puts: int = 0
    object_gets: int = 0
    key_requests: int = 0
    configurations: Decimal = Decimal(0)
    """What AppConfig sent: one for each cold start of a function that judges by rules."""
    log_bytes: int = 0
    traces: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be a count."""
        for field in fields(self):
            count = getattr(self, field.name)
            if not isinstance(count, int | Decimal) or count < 0:
                raise MoneyError("usage_not_a_count", subject=field.name)

    def of(self, item: CostItem) -> Decimal:
        """The count of one item."""
        return Decimal(getattr(self, item.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCost:
    """One line of the breakdown. `usd_per_1000` is per 1,000 claims."""

    item: CostItem
    service: Service
    count: Decimal
    usd: Decimal
    usd_per_1000: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """What a run would have cost. The figures per 1,000 claims are None without claims."""

    claims: int
    prices: PriceList
    total_usd: Decimal
    usd_per_1000: Decimal | None
    items: tuple[ItemCost, ...]
    by_service: Mapping[Service, Decimal]
    """USD of the run, by service."""

    def as_kpi(self) -> Kpi:
        """Cost per claim as a measure, counted in millionths of a dollar."""
        micro_usd = int((self.total_usd * 1_000_000).to_integral_value(ROUND_HALF_UP))
        return Kpi(
            name=KpiName.COST_PER_CLAIM,
            total=Tally(micro_usd, self.claims * 1_000_000),
            count=self.claims,
            by_segment={},
        )


def cost_of(counts: UsageCounts, claims: int, prices: PriceList = US_EAST_1_2026) -> CostReport:
    """Price what was counted, item by item.

    Raises
    ------
    MoneyError
        If the number of claims is negative.
    """
    if claims < 0:
        raise MoneyError("claims_negative")
    items: list[ItemCost] = []
    by_service: dict[Service, Decimal] = dict.fromkeys(Service, Decimal(0))
    for item in CostItem:
        usd = counts.of(item) * prices.usd[item]
        service = _SERVICES[item]
        by_service[service] += usd
        items.append(
            ItemCost(
                item=item,
                service=service,
                count=counts.of(item),
                usd=usd,
                usd_per_1000=usd * 1000 / claims if claims else Decimal(0),
            )
        )
    total_usd = sum((one.usd for one in items), Decimal(0))
    return CostReport(
        claims=claims,
        prices=prices,
        total_usd=total_usd,
        usd_per_1000=total_usd * 1000 / claims if claims else None,
        items=tuple(items),
        by_service=by_service,
    )
