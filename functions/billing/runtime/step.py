"""What every step has in common, in one visible place: read the command, act, report, and let no value leak."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from functions.billing.domain.commit import Cause
from functions.billing.domain.errors import (
    BillingError,
    ContractError,
    PermanentError,
    TransientError,
)
from functions.billing.runtime import cold_start
from functions.billing.runtime.bootstrap import Dependencies, dependencies
from functions.billing.runtime.observability import count_outcome, frames_of, logger, meter

C = TypeVar("C")
_QUOTED = re.compile(r" '.*'", re.DOTALL)
Outcome = Mapping[str, Any]
Handler = Callable[[dict[str, Any], Any], Outcome]


class AwsUnavailableError(TransientError):
    """An AWS service throttled, timed out or failed: retry."""


class AwsRefusedError(PermanentError):
    """An AWS service refused the call: a permission or a parameter is wrong."""


class UnexpectedError(PermanentError):
    """A defect. The log holds where it arose, never the values it arose from."""


_TRANSIENT_AWS = frozenset(
    {
        "InternalError",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def billing_step(
    command: type[C],
) -> Callable[[Callable[[C, Cause, Dependencies], Outcome]], Handler]:
    """Make a Lambda handler of a use case.

    The event is `{"cause_id", "cause_type", "correlation_id", "data"}`; `data` becomes the command. Domain errors
    pass through by name, as the state machine's vocabulary; any other becomes one without values in it.
    """

    def decorate(act: Callable[[C, Cause, Dependencies], Outcome]) -> Handler:
        step = act.__module__.split(".")[-2]

        def lambda_handler(event: dict[str, Any], context: Any) -> Outcome:
            logger.structure_logs(append=False)
            logger.append_keys(step=step, request_id=getattr(context, "aws_request_id", ""))
            outcome = "failed"
            try:
                called = _converted(_StepInput, event)
                cause = Cause(called.cause_id, called.cause_type, called.correlation_id)
                logger.append_keys(correlation_id=cause.correlation_id, cause_id=cause.cause_id)
                result = act(_converted(command, called.data), cause, dependencies())
                outcome = str(result["outcome"])
                return result  # noqa: TRY300 the outcome is read inside, so that a missing one is caught
            except Exception as error:  # noqa: BLE001 every error leaves here without values
                clean = without_values(error)
                outcome = clean.code
                logger.error(
                    "step failed", code=clean.code, subject=clean.subject, frames=frames_of(error)
                )
                raise clean from None
            finally:
                logger.info("step done", outcome=outcome, usage=meter.take())
                count_outcome(step, outcome)

        cold_start.finish()
        return lambda_handler

    return decorate


@dataclass(frozen=True, slots=True, kw_only=True)
class _StepInput:
    """What the state machine hands to every step."""

    cause_id: str
    cause_type: str
    correlation_id: str
    data: dict[str, Any]


def _converted(kind: type[C], data: Mapping[str, Any]) -> C:
    try:
        return msgspec.convert(data, type=kind)
    except msgspec.ValidationError as error:
        # msgspec names types and paths; of an enumeration it also quotes the value, which stays here.
        raise ContractError(
            "command_invalid",
            subject=f"command:{kind.__name__.lstrip('_')}",
            detail=_QUOTED.sub("", str(error)),
        ) from None


def without_values(error: Exception) -> BillingError:
    """The error as one that may be logged, stored in a workflow's history and shown in a dead letter."""
    match error:
        case BillingError():
            return error
        case ClientError():
            code = error.response["Error"]["Code"]
            operation = error.operation_name
            family = AwsUnavailableError if code in _TRANSIENT_AWS else AwsRefusedError
            return family("aws_call_failed", subject=f"aws:{operation}", detail=code)
        case ParamValidationError():
            return AwsRefusedError("aws_call_invalid", subject="aws:ParamValidationError")
        case BotoCoreError():
            return AwsUnavailableError("aws_call_failed", subject=f"aws:{type(error).__name__}")
        case _:
            return UnexpectedError("unexpected_error", subject=f"error:{type(error).__name__}")
