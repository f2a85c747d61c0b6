"""Is a candidate as good as the champion, and what would change? Plain arithmetic; no Django."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

#: A mean R² of log energy lower by more than this is a regression, whatever chance may say.
TOLERATED_LOSS: Final = 0.01
#: A lower mean is one too if differences like it come about by chance less often than this.
SIGNIFICANCE: Final = 0.05
#: What decides; the other is shown beside it.
_DECIDING: Final = "r2_log"
_SHOWN: Final = "mdape"
#: Figures of versions from before targets and populations were told apart.
_ONLY_TARGET: Final = "energy"
_HEADLINE: Final = "non_residential"
_EVERYBODY: Final = "all"
#: A change is relative to at least this energy, so that one from nothing is a finite number.
_LEAST_KBTU: Final = 1.0
_MOST_CHANGED: Final = 10

Metrics = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreComparison:
    """One target and set-up: mean R² of log of both, and what their difference is worth.

    `standard_error` and `p_value` (two-sided) are None without scores of single folds.
    `mdape_difference` is positive where the candidate's median error is larger.
    """

    target: str
    set_up: str
    champion: float
    candidate: float
    difference: float
    standard_error: float | None
    p_value: float | None
    mdape_difference: float | None

    @property
    def is_significant(self) -> bool:
        return self.p_value is not None and self.p_value < SIGNIFICANCE

    @property
    def verdict(self) -> str:
        """`worse` is a regression; `better` is significantly better; else `alike`."""
        if not self.difference >= -TOLERATED_LOSS:  # NaN is worse
            return "worse"
        if self.is_significant and self.difference < 0:
            return "worse"
        return "better" if self.is_significant and self.difference > 0 else "alike"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


def incomparable(candidate: Metrics, champion: Metrics) -> str:
    """Why the stored scores of two versions cannot be compared fold by fold; "" if they can.

    Takes `ModelVersion.metrics` of both.
    """
    for who, metrics in (("candidate", candidate), ("champion", champion)):
        if not metrics.get("folds") or not metrics.get("protocol"):
            return f"no scores of single folds are stored for the {who}"
    ours, theirs = candidate["protocol"], champion["protocol"]
    differing = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
    if differing:
        words = ", ".join("training rows" if key == "rows_sha256" else key for key in differing)
        return f"they were cross-validated with different {words}"
    return ""


def compare_scores(candidate: Metrics, champion: Metrics) -> list[ScoreComparison]:
    """Every target and set-up that the champion has scores for.

    Pairs the folds where both have them: the caller knows that they are the same folds
    (`incomparable`). A score that the candidate lacks is NaN, and worse.
    """
    folds = _protocol_folds(candidate)
    candidate_scores = headline_scores(candidate)
    compared = []
    for key, theirs in headline_scores(champion).items():
        ours = candidate_scores.get(key, {})
        before = _paired_folds(champion, key, _DECIDING)
        after = _paired_folds(candidate, key, _DECIDING)
        is_paired = len(before) == len(after) >= 2
        mean = math.fsum(after) / len(after) if is_paired else ours.get(_DECIDING, math.nan)
        former = math.fsum(before) / len(before) if is_paired else theirs[_DECIDING]
        standard_error, p_value = (
            corrected_resampled_t(np.subtract(after, before).tolist(), folds=folds)
            if is_paired
            else (None, None)
        )
        has_shown = _SHOWN in ours and _SHOWN in theirs
        compared.append(
            ScoreComparison(
                target=key[0],
                set_up=key[1],
                champion=former,
                candidate=mean,
                difference=mean - former,
                standard_error=standard_error,
                p_value=p_value,
                mdape_difference=ours[_SHOWN] - theirs[_SHOWN] if has_shown else None,
            )
        )
    return compared


def corrected_resampled_t(differences: Sequence[float], *, folds: int) -> tuple[float, float]:
    """Standard error of the mean of paired differences over repeated k-fold cross-validation, and
    the two-sided p-value of its t.

    Folds share training data, so their variance is inflated by the ratio of test to training rows,
    1 / (folds - 1): Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning
    52 (2003). Needs two differences and two folds.
    """
    from scipy.special import stdtr  # late: only who compares pays for the import

    values = np.asarray(differences, dtype=np.float64)
    mean, variance = float(values.mean()), float(values.var(ddof=1))
    standard_error = math.sqrt((1 / len(values) + 1 / (folds - 1)) * variance)
    if standard_error == 0:
        return 0.0, 1.0 if mean == 0 else 0.0
    return standard_error, float(2 * stdtr(len(values) - 1, -abs(mean) / standard_error))


def headline_scores(metrics: Metrics) -> dict[tuple[str, str], Mapping[str, float]]:
    """Mean scores by target and set-up, of the headline population, in either layout of
    `ModelVersion.metrics`."""
    if "scores" in metrics:
        by_target = metrics["scores"].get(_HEADLINE, {})
        return {
            (target, set_up): scores
            for target, by_set_up in by_target.items()
            for set_up, scores in by_set_up.items()
        }
    return {
        (_ONLY_TARGET, set_up): scores
        for set_up, scores in metrics.items()
        if isinstance(scores, Mapping) and _DECIDING in scores
    }


def promised_scores(metrics: Metrics) -> tuple[str, dict[str, Mapping[str, float]]]:
    """What cross-validation promises of energy: the population, and its mean scores by set-up.

    All buildings if they were cross-validated, since anybody may ask; else the headline population.
    """
    scores = metrics.get("scores", {}).get(_EVERYBODY, {}).get(_ONLY_TARGET)
    if scores:
        return _EVERYBODY, dict(scores)
    headline = headline_scores(metrics).items()
    return _HEADLINE, {set_up: of for (target, set_up), of in headline if target == _ONLY_TARGET}


def _paired_folds(metrics: Metrics, key: tuple[str, str], metric: str) -> Sequence[float]:
    target, set_up = key
    values: Sequence[float] = (
        metrics.get("folds", {}).get(target, {}).get(set_up, {}).get(metric, ())
    )
    return values


def _protocol_folds(metrics: Metrics) -> int:
    return int(metrics.get("protocol", {}).get("folds", 2))


@dataclass(frozen=True, slots=True)
class Change:
    """One input: what was answered before and after, kBtu a year."""

    id: str
    before_kbtu: float
    after_kbtu: float

    @property
    def relative(self) -> float:
        """After by before, less 1: .1 is 10 % more."""
        return (self.after_kbtu - self.before_kbtu) / max(self.before_kbtu, _LEAST_KBTU)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSummary:
    """How much a number of answers change, without regard to sign; shares and changes as ratios.

    `changed_share` of them change by more than `threshold`. `most_changed` are the ten that change
    most. With no inputs everything is 0.
    """

    inputs: int
    threshold: float
    changed: int
    changed_share: float
    median: float
    p90: float
    largest: float
    most_changed: tuple[Change, ...]

    def as_json(self) -> dict[str, Any]:
        facts = asdict(self)
        facts["most_changed"] = [
            {**asdict(change), "change": change.relative} for change in self.most_changed
        ]
        return facts


def summarise_changes(changes: Iterable[Change], *, threshold: float) -> ChangeSummary:
    """Count and distribution of the changes; `threshold` is a ratio (.1 is 10 %)."""
    ranked = sorted(changes, key=lambda change: (-abs(change.relative), change.id))
    sizes = np.array([abs(change.relative) for change in ranked])
    changed = int((sizes > threshold).sum())
    return ChangeSummary(
        inputs=len(ranked),
        threshold=threshold,
        changed=changed,
        changed_share=changed / len(ranked) if ranked else 0.0,
        median=float(np.median(sizes)) if ranked else 0.0,
        p90=float(np.quantile(sizes, 0.9)) if ranked else 0.0,
        largest=float(sizes[0]) if ranked else 0.0,
        most_changed=tuple(ranked[:_MOST_CHANGED]),
    )
