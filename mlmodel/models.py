"""Which model versions there are, what is in their files, and which one serves."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

#: The tables of this app that PostgreSQL keeps insert-only.
INSERT_ONLY_TABLES: Final = (
    "mlmodel_modelpromotion",
    "mlmodel_promotionproposal",
    "mlmodel_promotiondecision",
)
#: Codename of the permission to predict with a version that never was the champion.
PREDICT_WITH_ANY_VERSION: Final = "predict_with_any_version"


class Alias(models.TextChoices):
    """The part a version plays; the champion serves."""

    CHAMPION = "champion", "champion"
    CHALLENGER = "challenger", "challenger"


class ModelVersion(models.Model):
    """One registered version of the served model: provenance, digests and metrics. Only its alias
    ever changes."""

    name = models.CharField(max_length=100, help_text="Registered model, in MLflow too.")
    version = models.PositiveIntegerField(help_text="Version in the MLflow registry.")
    alias = models.CharField(max_length=16, choices=Alias, null=True, blank=True)  # noqa: DJ001 -- null: no part
    run_id = models.CharField(max_length=64, blank=True, help_text="MLflow run that made it.")
    artifact_uri = models.CharField(max_length=500, help_text="Where its files came from.")
    artifact_digest = models.CharField(
        max_length=64, help_text="SHA-256 over the sorted file digests."
    )
    file_digests = models.JSONField(help_text="SHA-256 of every artifact file, by relative path.")
    size_bytes = models.PositiveBigIntegerField()
    signature = models.JSONField(help_text="Inputs and outputs, as MLflow stores them.")
    parameters = models.JSONField(default=dict)
    metrics = models.JSONField(
        default=dict, help_text="Cross-validated; see the model's documentation."
    )
    data_fingerprint = models.JSONField(
        default=dict,
        help_text="Training data: SHA-256 of each import, row count, digest of the rows.",
    )
    code_version = models.CharField(
        max_length=64, blank=True, help_text="Project version and git commit."
    )
    created_at = models.DateTimeField(db_default=Now())
    promoted_at = models.DateTimeField(null=True, blank=True)
    promoted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("name", "-version")
        permissions = [
            (PREDICT_WITH_ANY_VERSION, "Can predict with versions that never were the champion"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="modelversion_version_unique"),
            models.UniqueConstraint(fields=["name", "alias"], name="modelversion_alias_unique"),
            models.CheckConstraint(
                condition=Q(alias__in=Alias.values) | Q(alias__isnull=True),
                name="modelversion_alias_known",
            ),
            models.CheckConstraint(
                condition=Q(artifact_digest__regex=r"^[0-9a-f]{64}$"),
                name="modelversion_digest_hex",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class PromotionKind(models.TextChoices):
    """What an event in the life of a version was."""

    PROMOTION = "promotion", "promotion"
    ROLLBACK = "rollback", "rollback"
    CHALLENGE = "challenge", "became challenger"


class ModelPromotion(models.Model):
    """One move of an alias: which version got it, from which, when, by whom, why, and what was
    known then. Insert-only (migration 0002)."""

    version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        related_name="promotions",
        help_text="The version that got the alias.",
    )
    replaced_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The version that had the alias until then; null: none had.",
    )
    alias = models.CharField(
        max_length=16, choices=Alias, help_text="The part that the version plays from then on."
    )
    kind = models.CharField(
        max_length=16,
        choices=PromotionKind,
        help_text="A promotion, a rollback to the former champion, or a new challenger.",
    )
    reason = models.TextField(
        blank=True, help_text="Why, in the words of who did it; needed if forced or rolled back."
    )
    is_forced = models.BooleanField(
        default=False, help_text="Whether it was done although the comparison spoke against it."
    )
    comparison = models.JSONField(
        default=dict,
        help_text="What stood at the decision: scores on the same folds, replay, shadow, "
        "objections.",
    )
    promoted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The user who did it, if one is known.",
    )
    promoted_by_name = models.CharField(
        max_length=150,
        help_text="That user's name at the time, or the operating system's name of who ran the "
        "command.",
    )
    decision = models.OneToOneField(
        "PromotionDecision",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="promotion",
        help_text="The decision of two people that it carries out; none: done from the shell.",
    )
    proposed_by_name = models.CharField(
        max_length=150,
        blank=True,
        db_default="",
        help_text="Name at the time of the user who proposed it, if it was proposed.",
    )
    created_at = models.DateTimeField(db_default=Now(), help_text="When the alias moved.")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(alias__in=Alias.values), name="modelpromotion_alias_known"
            ),
            models.CheckConstraint(
                condition=Q(kind=PromotionKind.CHALLENGE, alias=Alias.CHALLENGER)
                | Q(
                    kind__in=[PromotionKind.PROMOTION, PromotionKind.ROLLBACK],
                    alias=Alias.CHAMPION,
                ),
                name="modelpromotion_kind_known",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") | Q(is_forced=False) & ~Q(kind=PromotionKind.ROLLBACK),
                name="modelpromotion_reason_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_kind_display()}"


class PromotionProposal(models.Model):
    """That a version shall serve: who wants it, why, and how it compared with the champion then.
    Insert-only; what became of it is its decision."""

    version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        related_name="proposals",
        help_text="The version that shall serve.",
    )
    champion = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The champion that it was compared with; none: no version served.",
    )
    reason = models.TextField(help_text="Why it shall serve, in the words of who proposes it.")
    evidence = models.JSONField(
        help_text="The comparison when it was proposed: scores on the same folds, replay, shadow, "
        "objections."
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The user who proposed it.",
    )
    proposed_by_name = models.CharField(max_length=150, help_text="That user's name at the time.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was proposed.")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="promotionproposal_reason_given"),
            models.CheckConstraint(
                condition=Q(champion__isnull=True) | ~Q(champion=F("version")),
                name="promotionproposal_not_champion",
            ),
            # What a decision's copy of the proposer refers to (migration 0004).
            models.UniqueConstraint(
                fields=["id", "proposed_by"], name="promotionproposal_proposer_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} ({self.proposed_by_name})"

    @property
    def objections(self) -> list[str]:
        """What speaks against it, one sentence each."""
        return list(self.evidence.get("objections", []))


class Verdict(models.TextChoices):
    """What became of a proposal."""

    APPROVED = "approved", "approved"
    DECLINED = "declined", "declined"
    WITHDRAWN = "withdrawn", "withdrawn"


class PromotionDecision(models.Model):
    """What became of a proposal, once and for all. Insert-only. Four eyes: nobody approves or
    declines what is one's own, and nobody withdraws what is another's."""

    proposal = models.OneToOneField(
        PromotionProposal,
        on_delete=models.PROTECT,
        related_name="decision",
        help_text="The proposal; it is decided once.",
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who proposed it, as the proposal says: PostgreSQL compares them.",
    )
    verdict = models.CharField(max_length=16, choices=Verdict, help_text="What was decided.")
    note = models.TextField(
        blank=True, help_text="Why, in the words of who decided; needed unless it was withdrawn."
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The user who decided.",
    )
    decided_by_name = models.CharField(max_length=150, help_text="That user's name at the time.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was decided.")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict=Verdict.WITHDRAWN, decided_by=F("proposed_by"))
                | Q(verdict__in=[Verdict.APPROVED, Verdict.DECLINED])
                & ~Q(decided_by=F("proposed_by")),
                name="promotiondecision_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(note="") | Q(verdict=Verdict.WITHDRAWN),
                name="promotiondecision_note_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} ({self.decided_by_name})"
