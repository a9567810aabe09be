"""X12 005010 for health care: 837P, 837I, 835, 270, 271, 276, 277, 277CA, 999 and TA1.

The public names are loaded when first used, so a function that only reads an 835 does not pay for
the other transactions. Nothing here needs more than the standard library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .acknowledgement_999 import (
        ElementError as ElementError,
        ImplementationAcknowledgement as ImplementationAcknowledgement,
        InterchangeAcknowledgement as InterchangeAcknowledgement,
        SegmentError as SegmentError,
        TransactionAcknowledgement as TransactionAcknowledgement,
    )
    from .acknowledgements import (
        BatchOutcome as BatchOutcome,
        ClaimAnswer as ClaimAnswer,
        ClaimOutcome as ClaimOutcome,
        GroupOutcome as GroupOutcome,
        InterchangeOutcome as InterchangeOutcome,
        LevelOutcome as LevelOutcome,
        LineOutcome as LineOutcome,
        SyntaxFault as SyntaxFault,
        TransactionOutcome as TransactionOutcome,
        outcome_of_277ca as outcome_of_277ca,
        outcome_of_999 as outcome_of_999,
        outcome_of_ta1 as outcome_of_ta1,
        status_of_277 as status_of_277,
    )
    from .amounts import (
        cents_of as cents_of,
        cents_text as cents_text,
        decimal_of as decimal_of,
    )
    from .benefits_271 import (
        BenefitAnswer as BenefitAnswer,
        Benefits as Benefits,
        Member as Member,
        Rejection as Rejection,
        benefits_of as benefits_of,
    )
    from .claims_837 import (
        ClaimInContext as ClaimInContext,
        DrugIdentification as DrugIdentification,
        InstitutionalBillingProvider as InstitutionalBillingProvider,
        InstitutionalClaim as InstitutionalClaim,
        InstitutionalClaims as InstitutionalClaims,
        InstitutionalLine as InstitutionalLine,
        InstitutionalPatient as InstitutionalPatient,
        InstitutionalSubscriber as InstitutionalSubscriber,
        LineAdjudication as LineAdjudication,
        OtherPayer as OtherPayer,
        OtherSubscriber as OtherSubscriber,
        ProfessionalBillingProvider as ProfessionalBillingProvider,
        ProfessionalClaim as ProfessionalClaim,
        ProfessionalClaims as ProfessionalClaims,
        ProfessionalLine as ProfessionalLine,
        ProfessionalPatient as ProfessionalPatient,
        ProfessionalSubscriber as ProfessionalSubscriber,
        SupportingForm as SupportingForm,
    )
    from .claims_stream import (
        ClaimsEnd as ClaimsEnd,
        ClaimsStart as ClaimsStart,
        stream_837 as stream_837,
    )
    from .eligibility_270 import (
        EligibilityInquiry as EligibilityInquiry,
        EligibilityQuestion as EligibilityQuestion,
        InquiredParty as InquiredParty,
        InquiryDependent as InquiryDependent,
        InquiryReceiver as InquiryReceiver,
        InquirySource as InquirySource,
        InquirySubscriber as InquirySubscriber,
    )
    from .eligibility_271 import (
        EligibilityInformation as EligibilityInformation,
        EligibilityResponse as EligibilityResponse,
        RelatedParty as RelatedParty,
        RequestValidation as RequestValidation,
        ResponseDependent as ResponseDependent,
        ResponseParty as ResponseParty,
        ResponseReceiver as ResponseReceiver,
        ResponseSource as ResponseSource,
        ResponseSubscriber as ResponseSubscriber,
    )
    from .envelope import (
        ControlNumbers as ControlNumbers,
        CountedNumbers as CountedNumbers,
        Envelope as Envelope,
        Group as Group,
        Interchange as Interchange,
        NumberKind as NumberKind,
        Refusal as Refusal,
        TradingPartner as TradingPartner,
        Transaction as Transaction,
        address as address,
    )
    from .errors import (
        X12Error as X12Error,
    )
    from .identifiers import (
        is_npi as is_npi,
    )
    from .loops import (
        Loop as Loop,
        Origin as Origin,
    )
    from .parties import (
        Party as Party,
    )
    from .reader import (
        read as read,
    )
    from .remittance_835 import (
        ClaimBalance as ClaimBalance,
        ClaimGroup as ClaimGroup,
        ClaimPayment as ClaimPayment,
        Payee as Payee,
        Payer as Payer,
        Remittance as Remittance,
        RemittanceBalance as RemittanceBalance,
        RemittanceHeader as RemittanceHeader,
        ServicePayment as ServicePayment,
        UnbalancedClaim as UnbalancedClaim,
        balance_claim as balance_claim,
        balance_remittance as balance_remittance,
    )
    from .remittance_stream import (
        RemittanceEnd as RemittanceEnd,
        RemittanceStart as RemittanceStart,
        parse_835_claims as parse_835_claims,
        stream_835 as stream_835,
    )
    from .separators import (
        DEFAULT_SEPARATORS as DEFAULT_SEPARATORS,
        Separators as Separators,
    )
    from .status_276 import (
        InquiredClaim as InquiredClaim,
        InquiredLine as InquiredLine,
        StatusInquiry as StatusInquiry,
        StatusInquiryDependent as StatusInquiryDependent,
        StatusInquiryProvider as StatusInquiryProvider,
        StatusInquiryReceiver as StatusInquiryReceiver,
        StatusInquirySource as StatusInquirySource,
        StatusInquirySubscriber as StatusInquirySubscriber,
    )
    from .status_277 import (
        ClaimAcknowledgement as ClaimAcknowledgement,
        ClaimStatus as ClaimStatus,
        LineStatus as LineStatus,
        StatusDependent as StatusDependent,
        StatusProvider as StatusProvider,
        StatusReceiver as StatusReceiver,
        StatusResponse as StatusResponse,
        StatusSource as StatusSource,
        StatusSubscriber as StatusSubscriber,
        TracedStatus as TracedStatus,
    )
    from .values import (
        Adjustment as Adjustment,
        Contact as Contact,
        Dated as Dated,
        DatedPeriod as DatedPeriod,
        HealthCode as HealthCode,
        Period as Period,
        Procedure as Procedure,
        ProviderAdjustment as ProviderAdjustment,
        QualifiedAmount as QualifiedAmount,
        QualifiedQuantity as QualifiedQuantity,
        Reference as Reference,
        Segment as Segment,
        StatusCode as StatusCode,
        StatusInformation as StatusInformation,
    )
    from .writer import (
        write as write,
        write_to as write_to,
    )

_HOMES = {
    "acknowledgement_999": (
        "ElementError",
        "ImplementationAcknowledgement",
        "InterchangeAcknowledgement",
        "SegmentError",
        "TransactionAcknowledgement",
    ),
    "acknowledgements": (
        "BatchOutcome",
        "ClaimAnswer",
        "ClaimOutcome",
        "GroupOutcome",
        "InterchangeOutcome",
        "LevelOutcome",
        "LineOutcome",
        "SyntaxFault",
        "TransactionOutcome",
        "outcome_of_277ca",
        "outcome_of_999",
        "outcome_of_ta1",
        "status_of_277",
    ),
    "amounts": (
        "cents_of",
        "cents_text",
        "decimal_of",
    ),
    "benefits_271": (
        "BenefitAnswer",
        "Benefits",
        "Member",
        "Rejection",
        "benefits_of",
    ),
    "claims_837": (
        "ClaimInContext",
        "DrugIdentification",
        "InstitutionalBillingProvider",
        "InstitutionalClaim",
        "InstitutionalClaims",
        "InstitutionalLine",
        "InstitutionalPatient",
        "InstitutionalSubscriber",
        "LineAdjudication",
        "OtherPayer",
        "OtherSubscriber",
        "ProfessionalBillingProvider",
        "ProfessionalClaim",
        "ProfessionalClaims",
        "ProfessionalLine",
        "ProfessionalPatient",
        "ProfessionalSubscriber",
        "SupportingForm",
    ),
    "claims_stream": (
        "ClaimsEnd",
        "ClaimsStart",
        "stream_837",
    ),
    "eligibility_270": (
        "EligibilityInquiry",
        "EligibilityQuestion",
        "InquiredParty",
        "InquiryDependent",
        "InquiryReceiver",
        "InquirySource",
        "InquirySubscriber",
    ),
    "eligibility_271": (
        "EligibilityInformation",
        "EligibilityResponse",
        "RelatedParty",
        "RequestValidation",
        "ResponseDependent",
        "ResponseParty",
        "ResponseReceiver",
        "ResponseSource",
        "ResponseSubscriber",
    ),
    "envelope": (
        "ControlNumbers",
        "CountedNumbers",
        "Envelope",
        "Group",
        "Interchange",
        "NumberKind",
        "Refusal",
        "TradingPartner",
        "Transaction",
        "address",
    ),
    "errors": (
        "X12Error",
    ),
    "identifiers": (
        "is_npi",
    ),
    "loops": (
        "Loop",
        "Origin",
    ),
    "parties": (
        "Party",
    ),
    "reader": (
        "read",
    ),
    "remittance_835": (
        "ClaimBalance",
        "ClaimGroup",
        "ClaimPayment",
        "Payee",
        "Payer",
        "Remittance",
        "RemittanceBalance",
        "RemittanceHeader",
        "ServicePayment",
        "UnbalancedClaim",
        "balance_claim",
        "balance_remittance",
    ),
    "remittance_stream": (
        "RemittanceEnd",
        "RemittanceStart",
        "parse_835_claims",
        "stream_835",
    ),
    "separators": (
        "DEFAULT_SEPARATORS",
        "Separators",
    ),
    "status_276": (
        "InquiredClaim",
        "InquiredLine",
        "StatusInquiry",
        "StatusInquiryDependent",
        "StatusInquiryProvider",
        "StatusInquiryReceiver",
        "StatusInquirySource",
        "StatusInquirySubscriber",
    ),
    "status_277": (
        "ClaimAcknowledgement",
        "ClaimStatus",
        "LineStatus",
        "StatusDependent",
        "StatusProvider",
        "StatusReceiver",
        "StatusResponse",
        "StatusSource",
        "StatusSubscriber",
        "TracedStatus",
    ),
    "values": (
        "Adjustment",
        "Contact",
        "Dated",
        "DatedPeriod",
        "HealthCode",
        "Period",
        "Procedure",
        "ProviderAdjustment",
        "QualifiedAmount",
        "QualifiedQuantity",
        "Reference",
        "Segment",
        "StatusCode",
        "StatusInformation",
    ),
    "writer": (
        "write",
        "write_to",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name from the module that defines it."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(_HOME_OF)
