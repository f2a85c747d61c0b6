"""The alert rules and the dashboard: what they name is what the service exposes."""

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from config import metrics
from config.env import BASE_DIR
from tests.fakes import FakeServedModel

ALERTS: dict[str, Any] = yaml.safe_load((BASE_DIR / "deploy" / "alerts.yml").read_text())
DASHBOARD: dict[str, Any] = json.loads((BASE_DIR / "deploy" / "dashboard.json").read_text())
GUIDE = (BASE_DIR / "docs" / "how-to" / "observe.md").read_text(encoding="utf-8")
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]


def labels_exposed() -> dict[str, set[str]]:
    """Each sample that there may be, with its labels."""
    found: dict[str, set[str]] = {}
    collectors: list[Any] = list(REGISTRY._collector_to_names)
    for each in collectors:
        if isinstance(each, MetricWrapperBase):
            suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
            for suffix in suffixes.get(str(each._type), [""]):
                found[f"{each._name}{suffix}"] = set(each._labelnames)
    for family in metrics._Database().collect():
        found[family.name] = {name for sample in family.samples for name in sample.labels}
    return {name: labels for name, labels in found.items() if name.startswith("futurisys_")}


@pytest.fixture
def exposed(served: FakeServedModel) -> dict[str, set[str]]:
    from django.utils import timezone

    from mlmodel.models import ModelVersion

    ModelVersion.objects.update(promoted_at=timezone.now())
    return labels_exposed()


def test_every_metric_and_label_exists(exposed: dict[str, set[str]]) -> None:
    for expression in EXPRESSIONS:
        names = re.findall(r"\bfuturisys_\w+", expression)
        assert names, expression
        for name in names:
            assert name in exposed, name
        labels = {"le"}.union(*(exposed[name] for name in names))
        asked = set(re.findall(r'(\w+)\s*(?:=~|!=|=)\s*"', expression))
        for group in re.findall(r"by \(([^)]*)\)", expression):
            asked |= {label.strip() for label in group.split(",")}
        assert asked <= labels, expression


def test_every_metric_is_described(exposed: dict[str, set[str]]) -> None:
    for name in exposed:
        family = re.sub(r"_(bucket|count|sum)$", "", name)
        assert f"`{family}`" in GUIDE, f"docs/how-to/observe.md: {family}"
    assert set(re.findall(r"`(futurisys_\w+)`", GUIDE)) <= {
        re.sub(r"_(bucket|count|sum)$", "", name) for name in exposed
    }


def test_expressions_are_balanced() -> None:
    for expression in EXPRESSIONS:
        for left, right in ("()", "{}", "[]"):
            assert expression.count(left) == expression.count(right), expression


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+[mh]", rule["for"])
        assert rule["labels"]["severity"] in {"page", "warn", "info"}
        assert rule["annotations"]["summary"].endswith(".")
        assert f"| `{rule['alert']}` |" in GUIDE


def test_the_dashboard_is_one_that_grafana_can_import() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    (source,) = DASHBOARD["templating"]["list"]
    places = set()
    for panel in panels:
        assert panel["datasource"]["uid"] == f"${{{source['name']}}}"
        places.add((panel["gridPos"]["x"], panel["gridPos"]["y"]))
    assert len(places) == len(panels)


def test_labels_have_few_values(exposed: dict[str, set[str]]) -> None:
    """None that grows with callers, requests or inputs."""
    allowed = {"route", "method", "status", "model", "version", "channel", "outcome", "format"}
    allowed |= {"problem", "state", "digest", "release"}
    assert set().union(*exposed.values()) <= allowed
