"""X12 005010 for health care: 837P, 837I, 835, 270, 271, 276, 277, 277CA, 999 and TA1.

The public names are loaded when first used, so a function that only reads an 835 does not pay for
the other transactions. Nothing here needs more than the standard library.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False

if TYPE_CHECKING:
    from .acknowledgement_999 import (
        ElementError as ElementError,
    )
    from .acknowledgement_999 import (
        ImplementationAcknowledgement as ImplementationAcknowledgement,
    )
    from .acknowledgement_999 import (
        InterchangeAcknowledgement as InterchangeAcknowledgement,
    )
    from .acknowledgement_999 import (
        SegmentError as SegmentError,
    )
    from .acknowledgement_999 import (
        TransactionAcknowledgement as TransactionAcknowledgement,
    )
    from .acknowledgements import (
        BatchOutcome as BatchOutcome,
    )
    from .acknowledgements import (
        ClaimAnswer as ClaimAnswer,
    )
    from .acknowledgements import (
        ClaimOutcome as ClaimOutcome,
    )
    from .acknowledgements import (
        GroupOutcome as GroupOutcome,
    )
    from .acknowledgements import (
        InterchangeOutcome as InterchangeOutcome,
    )
    from .acknowledgements import (
        LevelOutcome as LevelOutcome,
    )
    from .acknowledgements import (
        LineOutcome as LineOutcome,
    )
    from .acknowledgements import (
        SyntaxFault as SyntaxFault,
    )
    from .acknowledgements import (
        TransactionOutcome as TransactionOutcome,
    )
    from .acknowledgements import (
        outcome_of_277ca as outcome_of_277ca,
    )
    from .acknowledgements import (
        outcome_of_999 as outcome_of_999,
    )
    from .acknowledgements import (
        outcome_of_ta1 as outcome_of_ta1,
    )
    from .acknowledgements import (
        status_of_277 as status_of_277,
    )
    from .addressing import (
        ControlNumbers as ControlNumbers,
    )
    from .addressing import (
        CountedNumbers as CountedNumbers,
    )
    from .addressing import (
        NumberKind as NumberKind,
    )
    from .addressing import (
        TradingPartner as TradingPartner,
    )
    from .addressing import (
        address as address,
    )
    from .amounts import (
        cents_of as cents_of,
    )
    from .amounts import (
        cents_text as cents_text,
    )
    from .amounts import (
        decimal_of as decimal_of,
    )
    from .benefits_271 import (
        BenefitAnswer as BenefitAnswer,
    )
    from .benefits_271 import (
        Benefits as Benefits,
    )
    from .benefits_271 import (
        Member as Member,
    )
    from .benefits_271 import (
        Rejection as Rejection,
    )
    from .benefits_271 import (
        benefits_of as benefits_of,
    )
    from .claims_837 import (
        ClaimInContext as ClaimInContext,
    )
    from .claims_837 import (
        DrugIdentification as DrugIdentification,
    )
    from .claims_837 import (
        InstitutionalBillingProvider as InstitutionalBillingProvider,
    )
    from .claims_837 import (
        InstitutionalClaim as InstitutionalClaim,
    )
    from .claims_837 import (
        InstitutionalClaims as InstitutionalClaims,
    )
    from .claims_837 import (
        InstitutionalLine as InstitutionalLine,
    )
    from .claims_837 import (
        InstitutionalPatient as InstitutionalPatient,
    )
    from .claims_837 import (
        InstitutionalSubscriber as InstitutionalSubscriber,
    )
    from .claims_837 import (
        LineAdjudication as LineAdjudication,
    )
    from .claims_837 import (
        OtherPayer as OtherPayer,
    )
    from .claims_837 import (
        OtherSubscriber as OtherSubscriber,
    )
    from .claims_837 import (
        ProfessionalBillingProvider as ProfessionalBillingProvider,
    )
    from .claims_837 import (
        ProfessionalClaim as ProfessionalClaim,
    )
    from .claims_837 import (
        ProfessionalClaims as ProfessionalClaims,
    )
    from .claims_837 import (
        ProfessionalLine as ProfessionalLine,
    )
    from .claims_837 import (
        ProfessionalPatient as ProfessionalPatient,
    )
    from .claims_837 import (
        ProfessionalSubscriber as ProfessionalSubscriber,
    )
    from .claims_837 import (
        SupportingForm as SupportingForm,
    )
    from .claims_stream import (
        ClaimsEnd as ClaimsEnd,
    )
    from .claims_stream import (
        ClaimsStart as ClaimsStart,
    )
    from .claims_stream import (
        stream_837 as stream_837,
    )
    from .eligibility_270 import (
        EligibilityInquiry as EligibilityInquiry,
    )
    from .eligibility_270 import (
        EligibilityQuestion as EligibilityQuestion,
    )
    from .eligibility_270 import (
        InquiredParty as InquiredParty,
    )
    from .eligibility_270 import (
        InquiryDependent as InquiryDependent,
    )
    from .eligibility_270 import (
        InquiryReceiver as InquiryReceiver,
    )
    from .eligibility_270 import (
        InquirySource as InquirySource,
    )
    from .eligibility_270 import (
        InquirySubscriber as InquirySubscriber,
    )
    from .eligibility_271 import (
        EligibilityInformation as EligibilityInformation,
    )
    from .eligibility_271 import (
        EligibilityResponse as EligibilityResponse,
    )
    from .eligibility_271 import (
        RelatedParty as RelatedParty,
    )
    from .eligibility_271 import (
        RequestValidation as RequestValidation,
    )
    from .eligibility_271 import (
        ResponseDependent as ResponseDependent,
    )
    from .eligibility_271 import (
        ResponseParty as ResponseParty,
    )
    from .eligibility_271 import (
        ResponseReceiver as ResponseReceiver,
    )
    from .eligibility_271 import (
        ResponseSource as ResponseSource,
    )
    from .eligibility_271 import (
        ResponseSubscriber as ResponseSubscriber,
    )
    from .envelope import (
        Envelope as Envelope,
    )
    from .envelope import (
        Group as Group,
    )
    from .envelope import (
        Interchange as Interchange,
    )
    from .envelope import (
        Refusal as Refusal,
    )
    from .envelope import (
        Transaction as Transaction,
    )
    from .errors import (
        X12Error as X12Error,
    )
    from .identifiers import (
        is_npi as is_npi,
    )
    from .loops import (
        Loop as Loop,
    )
    from .origins import (
        Origin as Origin,
    )
    from .origins import (
        Trace as Trace,
    )
    from .parties import (
        Party as Party,
    )
    from .reader import (
        read as read,
    )
    from .remittance_835 import (
        ClaimBalance as ClaimBalance,
    )
    from .remittance_835 import (
        ClaimGroup as ClaimGroup,
    )
    from .remittance_835 import (
        ClaimPayment as ClaimPayment,
    )
    from .remittance_835 import (
        Payee as Payee,
    )
    from .remittance_835 import (
        Payer as Payer,
    )
    from .remittance_835 import (
        Remittance as Remittance,
    )
    from .remittance_835 import (
        RemittanceBalance as RemittanceBalance,
    )
    from .remittance_835 import (
        RemittanceHeader as RemittanceHeader,
    )
    from .remittance_835 import (
        ServicePayment as ServicePayment,
    )
    from .remittance_835 import (
        UnbalancedClaim as UnbalancedClaim,
    )
    from .remittance_835 import (
        balance_claim as balance_claim,
    )
    from .remittance_835 import (
        balance_remittance as balance_remittance,
    )
    from .remittance_stream import (
        RemittanceEnd as RemittanceEnd,
    )
    from .remittance_stream import (
        RemittanceStart as RemittanceStart,
    )
    from .remittance_stream import (
        parse_835_claims as parse_835_claims,
    )
    from .remittance_stream import (
        stream_835 as stream_835,
    )
    from .separators import (
        DEFAULT_SEPARATORS as DEFAULT_SEPARATORS,
    )
    from .separators import (
        Separators as Separators,
    )
    from .status_276 import (
        InquiredClaim as InquiredClaim,
    )
    from .status_276 import (
        InquiredLine as InquiredLine,
    )
    from .status_276 import (
        StatusInquiry as StatusInquiry,
    )
    from .status_276 import (
        StatusInquiryDependent as StatusInquiryDependent,
    )
    from .status_276 import (
        StatusInquiryProvider as StatusInquiryProvider,
    )
    from .status_276 import (
        StatusInquiryReceiver as StatusInquiryReceiver,
    )
    from .status_276 import (
        StatusInquirySource as StatusInquirySource,
    )
    from .status_276 import (
        StatusInquirySubscriber as StatusInquirySubscriber,
    )
    from .status_277 import (
        ClaimAcknowledgement as ClaimAcknowledgement,
    )
    from .status_277 import (
        ClaimStatus as ClaimStatus,
    )
    from .status_277 import (
        LineStatus as LineStatus,
    )
    from .status_277 import (
        StatusDependent as StatusDependent,
    )
    from .status_277 import (
        StatusProvider as StatusProvider,
    )
    from .status_277 import (
        StatusReceiver as StatusReceiver,
    )
    from .status_277 import (
        StatusResponse as StatusResponse,
    )
    from .status_277 import (
        StatusSource as StatusSource,
    )
    from .status_277 import (
        StatusSubscriber as StatusSubscriber,
    )
    from .status_277 import (
        TracedStatus as TracedStatus,
    )
    from .streams import (
        stream as stream,
    )
    from .values import (
        Adjustment as Adjustment,
    )
    from .values import (
        Contact as Contact,
    )
    from .values import (
        Dated as Dated,
    )
    from .values import (
        DatedPeriod as DatedPeriod,
    )
    from .values import (
        HealthCode as HealthCode,
    )
    from .values import (
        Period as Period,
    )
    from .values import (
        Procedure as Procedure,
    )
    from .values import (
        ProviderAdjustment as ProviderAdjustment,
    )
    from .values import (
        QualifiedAmount as QualifiedAmount,
    )
    from .values import (
        QualifiedQuantity as QualifiedQuantity,
    )
    from .values import (
        Reference as Reference,
    )
    from .values import (
        Segment as Segment,
    )
    from .values import (
        StatusCode as StatusCode,
    )
    from .values import (
        StatusInformation as StatusInformation,
    )
    from .writer import (
        write as write,
    )
    from .writer import (
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
    "addressing": (
        "ControlNumbers",
        "CountedNumbers",
        "NumberKind",
        "TradingPartner",
        "address",
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
        "Envelope",
        "Group",
        "Interchange",
        "Refusal",
        "Transaction",
    ),
    "errors": ("X12Error",),
    "identifiers": ("is_npi",),
    "loops": ("Loop",),
    "origins": (
        "Origin",
        "Trace",
    ),
    "parties": ("Party",),
    "reader": ("read",),
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
    "streams": ("stream",),
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
