"""The audit trail: append-only, each entry carrying the hash of the one before it (I4)."""

import hashlib
import json
from typing import ClassVar

from django.db import models

FIRST_HASH = "0" * 64


class AuditEntry(models.Model):
    """Who did what to which record, when, from which state to which.

    The actor is a number and a name, not a foreign key: an entry outlives the account, and a row
    that may never change cannot follow one that is deleted.
    """

    number = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=40)
    target_name = models.CharField(max_length=250)
    department = models.CharField(max_length=100, blank=True)  # a slug; empty for the portal itself
    data = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [
            models.Index(fields=["target_type", "target_id", "-number"]),
            models.Index(fields=["department", "-number"]),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action} {self.target_type} {self.target_id}"

    def computed_hash(self) -> str:
        """SHA-256 over everything the entry says, the previous entry's hash included."""
        said = [
            self.previous_hash,
            self.number,
            self.at.isoformat(),
            self.action,
            self.actor_id,
            self.actor_name,
            self.target_type,
            self.target_id,
            self.target_name,
            self.department,
            self.data,
        ]
        canonical = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


class ChainHead(models.Model):
    """The end of the chain. Its row lock puts writers in order; its hash shows a cut-off tail."""

    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=FIRST_HASH)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(pk=1), name="audit_one_chain_head"),
        ]

    def __str__(self) -> str:
        return str(self.number)
