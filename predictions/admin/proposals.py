"""Promotions by two people: proposed on one page, decided on another."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import csrf_protect_m
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from buildings.admin import ReadOnlyAdmin
from buildings.admin.revisions import when
from buildings.figures import figure
from mlmodel.errors import ModelError
from mlmodel.models import Alias, ModelVersion, PromotionProposal, Verdict
from predictions.admin.shown import link
from predictions.services.proposals import promotion_decide, promotion_propose
from predictions.services.staff_log import StaffAction, staff_action_log

OPEN: Final = "open"
_COLOURS: Final = {
    OPEN: "info",
    Verdict.APPROVED.value: "success",
    Verdict.DECLINED.value: "danger",
    Verdict.WITHDRAWN.value: "warning",
}
_ACTIONS: Final = {
    Verdict.APPROVED: StaffAction.APPROVED,
    Verdict.DECLINED: StaffAction.DECLINED,
    Verdict.WITHDRAWN: StaffAction.WITHDRAWN,
}


class StateFilter(admin.SimpleListFilter):
    """Open, or how it was decided."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, _(word)) for word in _COLOURS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == OPEN:
            return queryset.filter(decision__isnull=True)
        if self.value() in Verdict.values:
            return queryset.filter(decision__verdict=self.value())
        return queryset


class ProposalForm(forms.ModelForm):
    """Which version, why, and whether to propose it whatever speaks against it."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="Why it shall serve. The approver reads it, and it goes on the record.",
    )
    is_against_objections = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        label="Propose it whatever speaks against it",
        help_text="Scores that are worse, or answers that change much, are shown to the approver.",
    )

    class Meta:
        model = PromotionProposal
        fields = ("version", "reason")

    #: Set by the page.
    user: Any = None

    def clean(self) -> None:
        """Compares, and stores the proposal: nothing is left to be done by the form."""
        super().clean()
        if self.errors:
            return
        try:
            self.proposed = promotion_propose(
                version=self.cleaned_data["version"],
                reason=self.cleaned_data["reason"],
                is_against_objections=self.cleaned_data["is_against_objections"],
                proposed_by=self.user,
            )
        except ModelError as error:
            self.add_error(None, str(error))


class DecisionForm(forms.Form):
    """What is decided, and why."""

    verdict = forms.ChoiceField(choices=Verdict.choices)
    note = forms.CharField(required=False, max_length=2000)


@admin.register(PromotionProposal)
class PromotionProposalAdmin(ReadOnlyAdmin):
    """Proposals, the open ones first to be decided; each with its evidence and its end."""

    form = ProposalForm
    change_form_outer_after_template = "predictions/admin/decide.html"
    list_display = ("created_at", "version", "proposed_by_name", "state", "against", "decided_by")
    list_filter = (StateFilter, "created_at")
    list_select_related = ("version", "decision")
    search_fields = ("reason", "proposed_by_name", "decision__note", "decision__decided_by_name")
    search_help_text = "Reason, note, or who proposed or decided"
    date_hierarchy = "created_at"
    fieldsets = (
        ("What", {"fields": ("version_link", "champion_link", "state")}),
        ("Why", {"fields": ("proposed_by_name", "created_at", "reason")}),
        ("How it compared", {"fields": ("objected", "scores", "replay", "shadow")}),
        ("Decision", {"fields": ("decided_by", "decided_at", "note", "promotion")}),
    )
    add_fieldsets = ((None, {"fields": ("version", "reason", "is_against_objections")}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return ModelAdmin.has_add_permission(self, request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide_view)
        name = "mlmodel_promotionproposal_decide"
        urls: list[URLPattern] = super().get_urls()
        return [path("<int:proposal_id>/decide/", view, name=name), *urls]

    # Proposing

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if obj is not None:
            return super().get_form(request, obj, **{"form": forms.ModelForm, **kwargs})
        form = super().get_form(request, obj, **kwargs)
        return type("ProposalFormOf", (form,), {"user": request.user})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "version":
            kwargs["queryset"] = ModelVersion.objects.exclude(alias=Alias.CHAMPION).order_by(
                "name", "-version"
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Any:
        return form.proposed

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Nothing is left to do: the form's service stored it."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """A proposal has nothing of the kind."""

    # Deciding

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 -- Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context["verdicts"] = self._verdicts(request, obj)
            context["is_own"] = obj.proposed_by_id == request.user.pk
        response: HttpResponse = super().render_change_form(
            request, context, add, change, form_url, obj
        )
        return response

    @staticmethod
    def _verdicts(request: HttpRequest, proposal: PromotionProposal) -> list[Verdict]:
        """What this user may decide: of one's own to withdraw it, of another's the rest."""
        if hasattr(proposal, "decision"):
            return []
        if proposal.proposed_by_id == request.user.pk:
            return [Verdict.WITHDRAWN]
        if request.user.has_perm("mlmodel.add_promotiondecision"):
            return [Verdict.APPROVED, Verdict.DECLINED]
        return []

    @csrf_protect_m
    def decide_view(self, request: HttpRequest, proposal_id: int) -> HttpResponse:
        """Takes the decision of the form on a proposal's page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        proposal = get_object_or_404(
            PromotionProposal.objects.select_related("version", "champion", "decision"),
            pk=proposal_id,
        )
        may_decide = request.user.has_perm("mlmodel.add_promotiondecision")
        if not may_decide and proposal.proposed_by_id != request.user.pk:
            raise PermissionDenied
        back = HttpResponseRedirect(
            reverse("admin:mlmodel_promotionproposal_change", args=[proposal.pk])
        )
        form = DecisionForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Approve or decline it, with a note."))
            return back
        verdict = Verdict(form.cleaned_data["verdict"])
        if verdict != Verdict.WITHDRAWN and not may_decide:
            raise PermissionDenied
        user: Any = request.user
        try:
            promotion_decide(
                proposal=proposal,
                verdict=verdict,
                decided_by=user,
                note=form.cleaned_data["note"],
            )
        except ModelError as error:
            said = f"{verdict}: {error}"
            staff_action_log(user=user, action=StaffAction.REFUSED, target=proposal, said=said)
            messages.error(request, str(error))
            return back
        said = form.cleaned_data["note"]
        staff_action_log(user=user, action=_ACTIONS[verdict], target=proposal, said=said)
        if verdict == Verdict.APPROVED:
            done = _("%(version)s is the champion now; workers serve it within seconds.")
            messages.success(request, done % {"version": proposal.version})
        else:
            messages.success(request, _("That is on the record."))
        return back

    # What is shown

    @display(description="state", label=_COLOURS)
    def state(self, proposal: PromotionProposal) -> str:
        decision = getattr(proposal, "decision", None)
        return OPEN if decision is None else str(decision.verdict)

    @display(description="against it")
    def against(self, proposal: PromotionProposal) -> int:
        return len(proposal.objections)

    @display(description="decided by", ordering="decision__decided_by_name")
    def decided_by(self, proposal: PromotionProposal) -> str:
        decision = getattr(proposal, "decision", None)
        return "—" if decision is None else decision.decided_by_name

    @display(description="decided at")
    def decided_at(self, proposal: PromotionProposal) -> str:
        return when(getattr(getattr(proposal, "decision", None), "created_at", None))

    @display(description="note")
    def note(self, proposal: PromotionProposal) -> str:
        return getattr(getattr(proposal, "decision", None), "note", "") or "—"

    @display(description="promotion")
    def promotion(self, proposal: PromotionProposal) -> str:
        event = getattr(getattr(proposal, "decision", None), "promotion", None)
        return "—" if event is None else link("mlmodel_modelpromotion", event.pk, event)

    @display(description="version")
    def version_link(self, proposal: PromotionProposal) -> str:
        return link("mlmodel_modelversion", proposal.version_id, proposal.version)

    @display(description="compared with")
    def champion_link(self, proposal: PromotionProposal) -> str:
        if proposal.champion is None:
            return _("no version served")
        return link("mlmodel_modelversion", proposal.champion_id, proposal.champion)

    @display(description="what speaks against it")
    def objected(self, proposal: PromotionProposal) -> str:
        if not proposal.objections:
            return _("nothing")
        items = format_html_join("", "<li>{}</li>", ((one,) for one in proposal.objections))
        return format_html('<ul class="list-disc pl-4">{}</ul>', items)

    @display(description="scores: R² of log")
    def scores(self, proposal: PromotionProposal) -> str:
        found = proposal.evidence.get("scores") or []
        if not found:
            return "—"
        heads = (_("target"), _("known"), _("champion"), _("this version"), _("verdict"))
        names = ("target", "set_up", "champion", "candidate", "verdict")
        return _table(heads, ([_cell(one[name]) for name in names] for one in found))

    @display(description="replay of logged inputs")
    def replay(self, proposal: PromotionProposal) -> str:
        return _changes(proposal.evidence.get("replay"))

    @display(description="shadow")
    def shadow(self, proposal: PromotionProposal) -> str:
        return _changes(proposal.evidence.get("shadow"))


def _changes(found: dict[str, Any] | None) -> str:
    """What a replay or the shadow says, in a sentence."""
    if not found:
        return "—"
    said = _("%(inputs)s inputs; %(share)s change by more than %(threshold)s; %(failed)s fail")
    return said % {
        "inputs": found.get("inputs", 0),
        "share": _share(found.get("changed_share")),
        "threshold": _share(found.get("threshold")),
        "failed": found.get("failed", 0),
    }


def _table(heads: tuple[str, ...], rows: Any) -> str:
    return format_html(
        '<table class="text-left"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        format_html_join("", '<th class="pr-6 font-semibold">{}</th>', ((head,) for head in heads)),
        format_html_join(
            "",
            "<tr>{}</tr>",
            (
                (format_html_join("", '<td class="pr-6">{}</td>', ((cell,) for cell in row)),)
                for row in rows
            ),
        ),
    )


def _cell(value: float | str | None) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else figure(value, ".4f")


def _share(value: float | None) -> str:
    return "—" if value is None else figure(value, ".1%")
