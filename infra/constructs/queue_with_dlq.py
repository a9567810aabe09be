"""A queue that cannot be had without its dead-letter queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.compliance import acknowledge

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

RETENTION_DAYS = 4
# Longer than the source's: the clock of a standard queue's message starts at its first enqueue.
DEAD_LETTER_RETENTION_DAYS = 14
RECEIVE_COUNT_MAX = 5
# AWS asks for six times the function's time-out, so that no message is seen twice in one batch.
VISIBILITY_PER_TIMEOUT = 6


class DeadLetterQueue(Construct):
    """Where messages rest until a person redrives them.

    Parameters
    ----------
    key
        Encrypts the messages.
    enforce_ssl
        Off on the emulator only, which serves plain HTTP.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, enforce_ssl: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=enforce_ssl,
            retention_period=Duration.days(DEAD_LETTER_RETENTION_DAYS),
            removal_policy=RemovalPolicy.RETAIN if enforce_ssl else RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.queue,
            "Serverless-SQSRedrivePolicy",
            reason="It is a dead-letter queue: its messages wait for a person, not for another "
            "queue.",
        )


class QueueWithDlq(Construct):
    """A queue, its dead-letter queue and the redrive between them.

    Parameters
    ----------
    key
        Encrypts the messages of both queues.
    consumer_timeout_seconds
        Time-out of the function that reads the queue; the visibility follows from it.
    enforce_ssl
        Off on the emulator only, which serves plain HTTP.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        consumer_timeout_seconds: int,
        enforce_ssl: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = DeadLetterQueue(
            self, "DeadLetters", key=key, enforce_ssl=enforce_ssl
        ).queue
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=enforce_ssl,
            retention_period=Duration.days(RETENTION_DAYS),
            visibility_timeout=Duration.seconds(VISIBILITY_PER_TIMEOUT * consumer_timeout_seconds),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=RECEIVE_COUNT_MAX
            ),
        )
