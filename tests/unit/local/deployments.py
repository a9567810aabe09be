"""A made-up deployment."""

from local.deployment import Deployment

OUTPUTS = {
    "billing-local-data": {
        "RecordsTable": "records",
        "IntakeBucket": "intake",
        "EvidenceBucket": "evidence",
        "SigningKeySecretArn": "arn:signing",
        "ClearinghouseSecretArn": "arn:clearinghouse",
        "WebhookSecretArn": "arn:webhook",
        "VerificationKeysParameter": "/keys",
        "ExportsOutputFnGetAttSomething": "ignored",
    },
    "billing-local-audit": {"AuditTable": "audit"},
    "billing-local-rules": {
        "AppConfigApplication": "app",
        "AppConfigEnvironment": "env",
        "AppConfigProfile": "rules",
        "AppConfigStaged": "slow",
        "AppConfigAtOnce": "fast",
    },
    "billing-local-billing": {
        "BusName": "bus",
        "WebhookUrl": "https://api/webhooks/clearinghouse",
        "WebhookApiId": "api",
        "FailedInvocationsUrl": "http://q/failed",
        "UnpublishedOutboxUrl": "http://q/unpublished",
        "ClaimInboxUrl": "http://q/claim",
        "ClaimDeadLettersUrl": "http://q/claim-dead",
        "ClaimStateMachineArn": "arn:claim",
        "ScrubClaimFunctionName": "scrub",
    },
}


def deployment() -> Deployment:
    """Its names."""
    return Deployment.from_outputs(OUTPUTS)
