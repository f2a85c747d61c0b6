"""`manage.py promote_model VERSION`: compare a version with the champion, and let it serve."""

from argparse import ArgumentParser
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from mlmodel.comparison import ScoreComparison
from mlmodel.errors import ModelError
from mlmodel.models import Alias, ModelVersion
from mlmodel.selectors import model_version_get
from mlmodel.services import Decision, model_version_promote
from predictions.management.reports import change_lines, shadow_lines
from predictions.services.promotion import Assessment, Limits, promotion_assess, promotion_make

_DEFAULTS: Final = Limits()


class Command(BaseCommand):
    help = (
        "Compares a registered version with the champion, on the same folds and by replaying "
        "logged inputs, and makes it the champion unless something speaks against it. Workers "
        "take it up within seconds, without a restart. With --alias challenger nothing is compared."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", type=int)
        parser.add_argument("--alias", choices=Alias.values, default=Alias.CHAMPION.value)
        parser.add_argument("--reason", default="", help="why; goes on the record")
        parser.add_argument(
            "--force",
            action="store_true",
            help="promote whatever speaks against it; needs --reason",
        )
        parser.add_argument("--dry-run", action="store_true", help="show, and change nothing")
        parser.add_argument(
            "--reevaluate",
            action="store_true",
            help="cross-validate both versions on today's rows if their scores are not of the same "
            "folds; takes minutes",
        )
        parser.add_argument(
            "--replay",
            type=int,
            default=_DEFAULTS.replay,
            metavar="N",
            help=f"re-score the last N distinct logged inputs (default: {_DEFAULTS.replay})",
        )
        parser.add_argument(
            "--threshold",
            type=float,
            default=100 * _DEFAULTS.threshold,
            metavar="PERCENT",
            help="changes larger than this count (default: 10)",
        )
        parser.add_argument(
            "--max-changed",
            type=float,
            default=100 * _DEFAULTS.max_changed,
            metavar="PERCENT",
            help="at most this share of the inputs may change so much (default: 25)",
        )
        parser.add_argument("--user", help="the user who decides (default: who runs the command)")

    def handle(self, *args: Any, **options: Any) -> None:
        limits = _limits(options)
        user = _user(options["user"])
        if options["force"] and not options["reason"].strip():
            raise CommandError("--force needs --reason: it goes on the record.")
        try:
            version = model_version_get(name=settings.SERVED_MODEL_NAME, number=options["version"])
            if options["alias"] == Alias.CHALLENGER:
                self._challenge(version, user, options)
            else:
                self._promote(version, limits, user, options)
        except ModelError as error:
            raise CommandError(str(error)) from None

    def _challenge(self, version: ModelVersion, user: User | None, options: dict[str, Any]) -> None:
        if options["dry_run"]:
            self.stdout.write(f"{version} would become the challenger. Nothing was changed.")
            return
        decision = Decision(reason=options["reason"].strip(), promoted_by=user)
        model_version_promote(version=version, alias=Alias.CHALLENGER, decision=decision)
        self.stdout.write(
            f"{version} is now the challenger: it serves nobody; `manage.py shadow_predictions` "
            "lets it score logged inputs."
        )

    def _promote(
        self, version: ModelVersion, limits: Limits, user: User | None, options: dict[str, Any]
    ) -> None:
        with tqdm(desc="replay", unit=" inputs", disable=None) as bar:
            assessment = promotion_assess(
                candidate=version,
                limits=limits,
                is_reevaluated=options["reevaluate"],
                on_start=lambda count: bar.reset(total=count),
                on_input=bar.update,
            )
        for line in _report(assessment):
            self.stdout.write(line)
        if options["dry_run"]:
            self.stdout.write("\nDry run: nothing was changed.")
            return
        if assessment.objections and not options["force"]:
            raise CommandError(
                f"{version} is not promoted. If it shall serve nevertheless: "
                '--force --reason "…", which goes on the record.'
            )
        event = promotion_make(
            assessment=assessment,
            reason=options["reason"].strip(),
            is_forced=options["force"],
            promoted_by=user,
        )
        by = f"{event.promoted_by_name}{', by force' if event.is_forced else ''}"
        self.stdout.write(
            f"\n{version} is now the champion ({by}). Workers serve it within seconds; "
            "`manage.py rollback_model` takes it back."
        )


def _limits(options: dict[str, Any]) -> Limits:
    if options["replay"] < 0 or options["threshold"] < 0 or options["max_changed"] < 0:
        raise CommandError("--replay, --threshold and --max-changed must not be negative.")
    return Limits(
        replay=options["replay"],
        threshold=options["threshold"] / 100,
        max_changed=options["max_changed"] / 100,
    )


def _user(username: str | None) -> User | None:
    if username is None:
        return None
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist:
        raise CommandError(f"There is no user named {username!r}.") from None


def _report(assessment: Assessment) -> list[str]:
    candidate, champion = assessment.candidate, assessment.champion
    if champion is None:
        return [f"There is no champion yet to compare {candidate} with."]
    lines = [f"{candidate} against the champion, version {champion.version}", ""]
    if assessment.scores:
        lines += _score_lines(assessment, champion)
    if assessment.replay is not None:
        replay = assessment.replay
        lines.append(f"Replay of the last {replay.changes.inputs:,} distinct logged inputs:")
        lines += change_lines(replay.changes, replay.failed)
        if replay.changes.most_changed:
            lines.append("  most changed (prediction, kBtu before, kBtu after):")
            lines += [
                f"    {change.id}  {change.before_kbtu:>14,.0f} {change.after_kbtu:>14,.0f} "
                f"{change.relative:>+8.1%}"
                for change in replay.changes.most_changed
            ]
        lines.append("")
    if assessment.shadow is not None:
        lines.append(f"Shadow: {assessment.shadow.changes.inputs:,} inputs that both answered:")
        lines += [*shadow_lines(assessment.shadow), ""]
    if assessment.objections:
        lines.append("Against it:")
        lines += [f"  - {objection}" for objection in assessment.objections]
    else:
        lines.append("Nothing speaks against it.")
    return lines


def _score_lines(assessment: Assessment, champion: ModelVersion) -> list[str]:
    row = "  {:<11}{:<7}{:>10}{:>11}{:>20}{:>8}{:>9}  {}"
    versions = (f"version {champion.version}", f"version {assessment.candidate.version}")
    head = ("target", "set-up", *versions, "difference", "p", "ΔMdAPE", "")
    return [
        f"R² of log ({assessment.scores_from}):",
        row.format(*head).rstrip(),
        *(row.format(*_score_cells(comparison)) for comparison in assessment.scores),
        "",
    ]


def _score_cells(comparison: ScoreComparison) -> tuple[str, ...]:
    error, p, mdape = comparison.standard_error, comparison.p_value, comparison.mdape_difference
    return (
        comparison.target,
        comparison.set_up,
        f"{comparison.champion:.4f}",
        f"{comparison.candidate:.4f}",
        f"{comparison.difference:+.4f}" + ("" if error is None else f" ± {error:.4f}"),
        "—" if p is None else f"{p:.3f}",
        "—" if mdape is None else f"{mdape:+.4f}",
        comparison.verdict,
    )
