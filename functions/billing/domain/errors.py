"""The vocabulary of failure: the class names are what state machines retry and catch.

Two families, two queues. A `TransientError` is infrastructure: retry, then dead letter, engineering.
A `PermanentError` is data quality or a broken promise: no retry. Messages carry codes and identifiers,
never the offending value, because they end in logs and in workflow histories.
"""


class BillingError(Exception):
    """Something the system refuses or could not do, told without protected health information.

    Parameters
    ----------
    code
        A stable word a machine can match, such as `stale_record`.
    subject
        The surrogate id of what it concerns (`claim:…`, `remittance:…`), never a name.
    detail
        One sentence for a person: what was expected and what to do next.
    """

    def __init__(self, code: str, *, subject: str = "", detail: str = "") -> None:
        self.code = code
        self.subject = subject
        self.detail = detail
        super().__init__(": ".join(part for part in (code, subject, detail) if part))


class TransientError(BillingError):
    """May succeed if tried again later, with the same input."""


class PermanentError(BillingError):
    """Will fail the same way until data or code changes."""


class StaleRecordError(TransientError):
    """Another writer moved the record since it was read: read again, decide again."""


class RetryLaterError(TransientError):
    """The step may not act yet (a lease or a settle time is running)."""


class ClearinghouseUnavailableError(TransientError):
    """The clearinghouse or payer gave no answer that can be relied on.

    Parameters
    ----------
    retry_after_seconds
        How long it asked to be left alone, 0 when it did not say.
    """

    def __init__(
        self, code: str, *, subject: str = "", detail: str = "", retry_after_seconds: int = 0
    ) -> None:
        super().__init__(code, subject=subject, detail=detail)
        self.retry_after_seconds = retry_after_seconds


class RecordNotFoundError(PermanentError):
    """The record named in the command does not exist."""


class ForbiddenTransitionError(PermanentError):
    """The lifecycle table does not allow this move."""


class ContractError(PermanentError):
    """An event or document breaks its published contract."""


class SignatureError(PermanentError):
    """An event is unsigned, forged, altered or replayed."""


class MoneyError(PermanentError):
    """An amount is not exact cents, or entries do not sum to zero."""


class RuleSetError(PermanentError):
    """A rule set or mapping table is malformed or missing."""


class SegregationError(PermanentError):
    """The person who changed a claim may not also release it."""


class UsageIndicatorError(PermanentError):
    """What is marked as a test would go out as production, or the other way round (ISA15)."""


class IdempotencyKeyReusedError(PermanentError):
    """The clearinghouse holds other bytes under our key: the frozen bytes were not sent as frozen."""
