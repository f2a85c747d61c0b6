"""Promotions by two people: who may what, what is on the record, and what PostgreSQL refuses."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from mlmodel import registry
from mlmodel.errors import PromotionConflictError, PromotionRefusedError
from mlmodel.models import (
    ModelPromotion,
    ModelVersion,
    PromotionDecision,
    PromotionProposal,
    Verdict,
)
from mlmodel.services import model_version_promote
from predictions.services.accounts import groups_ensure
from predictions.services.proposals import promotion_decide, promotion_propose
from predictions.services.staff_log import StaffAction
from tests.mlmodel.test_comparison import folds, metrics
from tests.predictions.factories import make_user
from tests.predictions.test_promotion import (  # noqa: F401 -- fixtures
    Registry,
    ask,
    candidate,
    champion,
    champion_now,
    make,
    mlflow,
    promote,
)

pytestmark = pytest.mark.django_db(transaction=True)

ADD = "admin:mlmodel_promotionproposal_add"


def one_of(group: str) -> User:
    groups_ensure()
    user = make_user(is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def ann() -> User:
    return one_of("data_scientist")


@pytest.fixture
def ben() -> User:
    return one_of("approver")


@pytest.fixture
def proposal(candidate: ModelVersion, ann: User) -> PromotionProposal:  # noqa: F811
    ask(10_000.0, 20_000.0)
    return promotion_propose(version=candidate, reason="better", proposed_by=ann)


def decide(client: Client, proposal: PromotionProposal, **form: str) -> Any:
    address = reverse("admin:mlmodel_promotionproposal_decide", args=[proposal.pk])
    return client.post(address, form, follow=True)


# -- proposing ----------------------------------------------------------------------------------


def test_a_proposal_holds_the_comparison_and_changes_nothing(
    proposal: PromotionProposal,
    candidate: ModelVersion,  # noqa: F811
    champion: ModelVersion,  # noqa: F811
) -> None:
    assert champion_now() == champion
    assert proposal.champion == champion
    assert proposal.evidence["replay"]["inputs"] == 2
    assert {one["verdict"] for one in proposal.evidence["scores"]} == {"better"}
    assert proposal.objections == []


def test_what_is_not_to_be_proposed_is_said(
    candidate: ModelVersion,  # noqa: F811
    champion: ModelVersion,  # noqa: F811
    ann: User,
) -> None:
    with pytest.raises(PromotionRefusedError, match="takes a reason"):
        promotion_propose(version=candidate, reason=" ", proposed_by=ann)
    with pytest.raises(PromotionConflictError, match="champion already"):
        promotion_propose(version=champion, reason="r", proposed_by=ann)
    worse = make(metrics=metrics(folds(0.75)))
    with pytest.raises(PromotionRefusedError, match="worse in set-up"):
        promotion_propose(version=worse, reason="r", proposed_by=ann)
    forced = promotion_propose(
        version=worse, reason="r", proposed_by=ann, is_against_objections=True
    )
    assert forced.objections
    with pytest.raises(PromotionRefusedError, match="open already"):
        promotion_propose(version=worse, reason="r", proposed_by=ann, is_against_objections=True)


def test_it_is_proposed_from_the_page_of_a_version(
    client: Client,
    candidate: ModelVersion,  # noqa: F811
    ann: User,
) -> None:
    client.force_login(ann)
    page = client.get(reverse("admin:mlmodel_modelversion_change", args=[candidate.pk]))
    address = f"{reverse(ADD)}?version={candidate.pk}"
    assert address in page.content.decode()
    form = client.get(address).content.decode()
    assert f'value="{candidate.pk}" selected' in form
    refused = client.post(address, {"version": candidate.pk, "reason": ""})
    assert refused.status_code == 200
    assert not PromotionProposal.objects.exists()
    made = client.post(address, {"version": candidate.pk, "reason": "<script>alert(1)</script>"})
    assert made.status_code == 302
    stored = PromotionProposal.objects.get()
    assert (stored.proposed_by, stored.version) == (ann, candidate)
    page = client.get(reverse("admin:mlmodel_promotionproposal_change", args=[stored.pk]))
    said = page.content.decode()
    assert "&lt;script&gt;" in said
    assert "<script>alert" not in said
    assert "Withdraw" in said
    assert "Approve" not in said
    assert LogEntry.objects.filter(user=ann, action_flag=StaffAction.ADDED).count() == 1


def test_objections_are_shown_before_one_proposes_against_them(
    client: Client,
    champion: ModelVersion,  # noqa: F811
    ann: User,
) -> None:
    worse = make(metrics=metrics(folds(0.75)))
    client.force_login(ann)
    form = {"version": worse.pk, "reason": "r"}
    assert b"worse in set-up" in client.post(reverse(ADD), form).content
    client.post(reverse(ADD), {**form, "is_against_objections": "on"})
    assert PromotionProposal.objects.get().objections


# -- deciding -----------------------------------------------------------------------------------


def test_another_approves_and_both_are_on_the_record(
    client: Client,
    proposal: PromotionProposal,
    candidate: ModelVersion,  # noqa: F811
    champion: ModelVersion,  # noqa: F811
    ann: User,
    ben: User,
) -> None:
    client.force_login(ben)
    listed = client.get(
        reverse("admin:mlmodel_promotionproposal_changelist"), {"state": "open"}
    ).content.decode()
    assert str(candidate) in listed
    answer = decide(client, proposal, verdict="approved", note="looks right")
    assert "is the champion now" in answer.content.decode()
    assert champion_now() == candidate
    event = ModelPromotion.objects.latest("id")
    assert (event.proposed_by_name, event.promoted_by_name) == (ann.username, ben.username)
    assert (event.promoted_by, event.replaced_version) == (ben, champion)
    assert (event.reason, event.is_forced) == ("better", False)
    assert event.comparison == proposal.evidence
    assert event.decision == PromotionDecision.objects.get()
    entry = LogEntry.objects.get(action_flag=StaffAction.APPROVED)
    assert (entry.user, entry.change_message) == (ben, "looks right")
    again = decide(client, proposal, verdict="declined", note="no")
    assert "decided already" in again.content.decode()
    assert PromotionDecision.objects.get().verdict == Verdict.APPROVED


def test_a_declined_one_may_be_proposed_again(
    client: Client,
    proposal: PromotionProposal,
    champion: ModelVersion,  # noqa: F811
    ann: User,
    ben: User,
) -> None:
    client.force_login(ben)
    assert b"with a note" in decide(client, proposal, verdict="").content
    assert b"takes a note" in decide(client, proposal, verdict="declined", note=" ").content
    decide(client, proposal, verdict="declined", note="not now")
    assert champion_now() == champion
    assert PromotionDecision.objects.get().note == "not now"
    promotion_propose(version=proposal.version, reason="now", proposed_by=ann)


def test_nobody_decides_on_ones_own_superusers_included(
    client: Client,
    candidate: ModelVersion,  # noqa: F811
    champion: ModelVersion,  # noqa: F811
) -> None:
    root = make_user(is_staff=True, is_superuser=True)
    own = promotion_propose(version=candidate, reason="r", proposed_by=root)
    client.force_login(root)
    answer = decide(client, own, verdict="approved", note="fine")
    assert "takes another" in answer.content.decode()
    assert champion_now() == champion
    assert not PromotionDecision.objects.exists()
    assert LogEntry.objects.filter(action_flag=StaffAction.REFUSED, user=root).count() == 1
    decide(client, own, verdict="withdrawn")
    assert PromotionDecision.objects.get().verdict == Verdict.WITHDRAWN


@pytest.mark.parametrize(
    ("group", "verdict", "status"),
    [
        ("auditor", "approved", 403),
        ("operator", "approved", 403),
        ("data_scientist", "approved", 403),
        ("auditor", "withdrawn", 403),
        ("approver", "withdrawn", 200),
    ],
)
def test_others_decide_nothing(
    client: Client, proposal: PromotionProposal, group: str, verdict: str, status: int
) -> None:
    client.force_login(one_of(group))
    assert decide(client, proposal, verdict=verdict, note="n").status_code == status
    assert not PromotionDecision.objects.exists()


def test_an_approval_that_cannot_be_carried_out_is_none(
    client: Client,
    mlflow: Registry,  # noqa: F811
    proposal: PromotionProposal,
    champion: ModelVersion,  # noqa: F811
    ben: User,
) -> None:
    mlflow.broken.add(proposal.version.version)
    client.force_login(ben)
    answer = decide(client, proposal, verdict="approved", note="go")
    assert "is not the file that was registered" in answer.content.decode()
    assert not PromotionDecision.objects.exists()
    assert champion_now() == champion
    mlflow.broken.clear()
    other = make(metrics=metrics(folds(0.9)))
    model_version_promote(version=other)
    answer = decide(client, proposal, verdict="approved", note="go")
    assert "has become the champion" in answer.content.decode()
    assert champion_now() == other


def test_an_mlflow_that_does_not_answer_leaves_everything_as_it_was(
    client: Client,
    proposal: PromotionProposal,
    champion: ModelVersion,  # noqa: F811
    ben: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: str, wanted: dict[str, int]) -> None:
        raise ConnectionError("secret.host: no route")

    monkeypatch.setattr(registry, "set_aliases", refuse)
    client.force_login(ben)
    answer = decide(client, proposal, verdict="approved", note="go")
    assert "MLflow did not take the promotion" in answer.content.decode()
    assert b"secret.host" not in answer.content
    assert not PromotionDecision.objects.exists()
    assert champion_now() == champion


def test_the_shell_promotes_alone_and_says_who(
    candidate: ModelVersion,  # noqa: F811
) -> None:
    promote(candidate, "--reason", "night")
    event = ModelPromotion.objects.latest("id")
    assert (event.decision, event.proposed_by_name) == (None, "")
    assert event.promoted_by_name


# -- PostgreSQL ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "verdict", "refused"),
    [
        ("ann", "approved", "four_eyes"),
        ("ann", "declined", "four_eyes"),
        ("ben", "withdrawn", "four_eyes"),
        ("ben", "perhaps", "four_eyes"),
    ],
)
def test_four_eyes_are_held_by_the_table(
    proposal: PromotionProposal, ann: User, ben: User, who: str, verdict: str, refused: str
) -> None:
    user = {"ann": ann, "ben": ben}[who]
    with pytest.raises(IntegrityError, match=refused):
        PromotionDecision.objects.create(
            proposal=proposal,
            proposed_by=ann,
            verdict=verdict,
            note="n",
            decided_by=user,
            decided_by_name="x",
        )


def test_a_decision_cannot_name_another_proposer(
    proposal: PromotionProposal, ann: User, ben: User
) -> None:
    """By which one would decide on one's own."""
    with pytest.raises(IntegrityError, match="of_its_proposer"):
        PromotionDecision.objects.create(
            proposal=proposal,
            proposed_by=ben,
            verdict="approved",
            note="n",
            decided_by=ann,
            decided_by_name="x",
        )


def test_proposals_and_decisions_stay_as_they_are(proposal: PromotionProposal, ben: User) -> None:
    promotion_decide(proposal=proposal, verdict=Verdict.DECLINED, decided_by=ben, note="n")
    for rows in (PromotionProposal.objects.all(), PromotionDecision.objects.all()):
        for change in (lambda of: of.update(id=5), lambda of: of._raw_delete("default")):
            with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
                change(rows)
