"""The dashboard and the alert rules ask for what is served, by labels that it has."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import JOB
from worker.client.jobs.sending import submission
from worker.ledger.envelope import JOBS
from worker.ledger.ledger import Ledger
from worker.operating.queue_metrics import QueueMetrics

FOLDER = Path(__file__).resolve().parents[3] / "deploy/grafana"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "arbtune.json").read_text(encoding="utf-8"))
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))[
    "groups"
][0]["rules"]
EXPRESSIONS = {
    **{
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    },
    **{rule["alert"]: rule["expr"] for rule in RULES},
}
OF_PROMETHEUS = {"job"}  # a label that every scrape gets


@pytest.fixture(scope="module")
def served() -> dict[str, set[str]]:
    """The names of all samples, each with its labels, of a queue with a job."""
    client = fakeredis.FakeRedis()
    Ledger(client, result_ttl_s=60, lease_s=15).submit([submission(JOB)], JOBS)
    registry = CollectorRegistry()
    registry.register(QueueMetrics(client))
    found: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            found[sample.name] |= sample.labels.keys()
    return found


def asked(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of an expression, with the labels that are asked of it."""
    for name, matchers in re.findall(r"\b(arbtune_\w+)(?:\{([^}]*)\})?", expression):
        yield name, set(re.findall(r"(\w+)\s*=", matchers))
    for labels, name in re.findall(r"by \((\w+)\) \(\w*\(?(arbtune_\w+)", expression):
        yield name, {labels}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_it_asks_for_what_is_served(name: str, served: dict[str, set[str]]) -> None:
    found = list(asked(EXPRESSIONS[name]))
    assert found
    for metric, labels in found:
        assert metric in served
        assert labels <= served[metric] | OF_PROMETHEUS


def test_all_that_is_served_is_shown(served: dict[str, set[str]]) -> None:
    shown = {metric for expression in EXPRESSIONS.values() for metric, _ in asked(expression)}
    assert {name for name in served if name.startswith("arbtune_")} - shown == {
        name for name in served if name.endswith("_created")
    }


def test_the_data_source_is_the_readers_choice() -> None:
    sources = {
        json.dumps(part["datasource"])
        for panel in DASHBOARD["panels"]
        for part in (panel, *panel["targets"])
    }
    assert sources == {json.dumps({"type": "prometheus", "uid": "${datasource}"})}
    assert [one["name"] for one in DASHBOARD["templating"]["list"]] == ["datasource", "job"]


def test_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_each_alert_says_what_and_what_to_do() -> None:
    for rule in RULES:
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in {"warning", "critical"}
