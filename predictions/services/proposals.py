"""Promotions by two people: one proposes, with the comparison on the record; another decides."""

from typing import Final

from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import gettext as _

from mlmodel.errors import (
    ModelError,
    ModelUnavailableError,
    PromotionConflictError,
    PromotionRefusedError,
)
from mlmodel.models import ModelVersion, PromotionDecision, PromotionProposal, Verdict
from mlmodel.selectors import promotion_proposal_open
from mlmodel.services import Decision, model_version_promote
from predictions.services.promotion import Limits, promotion_assess
from predictions.services.serving import log_model_failure

#: What is replayed while somebody waits for the page: half of what the command does.
WEB_LIMITS: Final = Limits(replay=500)


def promotion_propose(
    *,
    version: ModelVersion,
    reason: str,
    proposed_by: User,
    is_against_objections: bool = False,
    limits: Limits = WEB_LIMITS,
) -> PromotionProposal:
    """Propose that a version shall serve, with the comparison of `promote_model` as evidence:
    stored scores, a replay of logged inputs, what the shadow has; nothing is trained.

    Raises PromotionRefusedError without a reason, while another proposal of the version is open,
    and when something speaks against it and it is not `is_against_objections`; and what
    `promotion_assess` raises.
    """
    if not reason.strip():
        raise PromotionRefusedError(_("To propose a promotion takes a reason."))
    if promotion_proposal_open(version=version) is not None:
        raise PromotionRefusedError(_("A proposal to promote this version is open already."))
    assessment = promotion_assess(candidate=version, limits=limits)
    if assessment.objections and not is_against_objections:
        raise PromotionRefusedError("; ".join(assessment.objections))
    return PromotionProposal.objects.create(
        version=version,
        champion=assessment.champion,
        reason=reason.strip(),
        evidence=assessment.as_json(),
        proposed_by=proposed_by,
        proposed_by_name=proposed_by.get_username(),
    )


def promotion_decide(
    *, proposal: PromotionProposal, verdict: Verdict, decided_by: User, note: str = ""
) -> PromotionDecision:
    """Approve, decline or withdraw a proposal, once and for all. An approval is carried out with
    it, by the service that `promote_model` uses: both are on the record, or neither.

    Raises PromotionRefusedError when the wrong person decides or a note is missing,
    PromotionConflictError when it is decided already or the champion is another meanwhile, and what
    `model_version_promote` raises.
    """
    is_own = decided_by.pk == proposal.proposed_by_id
    if is_own != (verdict == Verdict.WITHDRAWN):
        raise PromotionRefusedError(
            _("It takes another to decide on one's own proposal.")
            if is_own
            else _("Only who proposed it can withdraw it.")
        )
    if not note.strip() and verdict != Verdict.WITHDRAWN:
        raise PromotionRefusedError(_("To decide takes a note."))
    with transaction.atomic():
        try:
            with transaction.atomic():
                decision = PromotionDecision.objects.create(
                    proposal=proposal,
                    proposed_by_id=proposal.proposed_by_id,
                    verdict=verdict,
                    note=note.strip(),
                    decided_by=decided_by,
                    decided_by_name=decided_by.get_username(),
                )
        except IntegrityError:
            raise PromotionConflictError(_("The proposal is decided already.")) from None
        if verdict == Verdict.APPROVED:
            _carry_out(decision)
    return decision


def _carry_out(approval: PromotionDecision) -> None:
    proposal = approval.proposal
    decision = Decision(
        reason=proposal.reason,
        is_forced=bool(proposal.objections),
        comparison=proposal.evidence,
        is_against_champion=True,
        champion_id=proposal.champion_id,
        promoted_by=approval.decided_by,
        approval=approval,
    )
    try:
        model_version_promote(version=proposal.version, decision=decision)
    except (ModelError, DatabaseError):
        raise
    except Exception as error:
        log_model_failure(f"promoting {proposal.version}", error)
        raise ModelUnavailableError(
            _("MLflow did not take the promotion, so nothing was changed; see the log.")
        ) from error
