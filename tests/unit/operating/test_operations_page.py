"""What `docs/operations.md` and the manifests name is there: metrics, keys, events, commands."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import fakeredis
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from worker.cli import main
from worker.commands.program import COMMANDS
from worker.ledger import names
from worker.ledger.retries import RETRY_BASE_MS, RETRY_CAP_MS
from worker.operating.queue_metrics import QueueMetrics

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
MANIFESTS = [path for path in (ROOT / "deploy").rglob("*") if path.is_file()]
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in chain((ROOT / "worker").rglob("*.py"), (ROOT / "worker").rglob("*.lua"))
)


@pytest.fixture(scope="module")
def served() -> dict[str, set[str]]:
    """The labels of each sample that an exporter serves, by its name; of a histogram by its own."""
    registry = CollectorRegistry()
    registry.register(QueueMetrics(fakeredis.FakeRedis()))
    text = generate_latest(registry).decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        names = {sample.name for sample in family.samples}
        if family.type == "histogram":
            names.add(family.name)
        for name in names:
            found[name] = {label for sample in family.samples for label in sample.labels} - {"le"}
    return found


def test_every_metric_that_is_named_is_served(served: dict[str, set[str]]) -> None:
    for path in [ROOT / "docs/operations.md", ROOT / "README.md", *MANIFESTS]:
        named = re.findall(r"\barbtune_[a-z_]*[a-z]\b", path.read_text(encoding="utf-8"))
        assert set(named) <= set(served), path
    assert re.search(r"max\(arbtune_oldest_waiting_seconds\)", PAGE)


def test_every_metric_that_is_served_is_in_the_table_with_its_labels(
    served: dict[str, set[str]],
) -> None:
    rows = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `arbtune_"))
    table = dict(re.findall(r"`(arbtune_[a-z_]+)(?:\{([a-z]+)\})?`", rows))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in served}
    assert set(table) == families
    for name, label in table.items():
        assert served[name] == ({label} if label else set()), name


def test_every_event_and_key_that_is_named_is_in_the_program() -> None:
    events = re.findall(r"`((?:job|worker|redis|leases|reconciler)\.[a-z_]+)`", PAGE)
    assert len(events) > 8
    assert [name for name in events if f'"{name}"' not in SOURCES] == []
    table = PAGE.split("## Keys in Redis")[1].split("## Running workers")[0]
    keys = re.findall(r"`(arbtune:(?:jobs|[a-z]+))", table)
    assert len(keys) > 8
    assert [key for key in keys if key not in SOURCES] == []


def test_every_name_in_redis_is_in_the_table() -> None:
    table = PAGE.split("## Keys in Redis")[1].split("## Running workers")[0]
    held = {name: value for name, value in vars(names).items() if name.endswith(("_KEY", "_QUEUE"))}
    assert len(held) > 12
    missing = [name for name, value in held.items() if f"`{value.removesuffix('{}')}" not in table]
    assert missing == []


def test_the_pauses_between_attempts_are_those_of_the_ledger() -> None:
    first, longest = (f"{ms / 1000:g} s" for ms in (RETRY_BASE_MS, RETRY_CAP_MS))
    sentence = f"next attempt is {first} and doubles with each attempt, up to {longest};"
    assert sentence in " ".join(PAGE.split())


def test_every_command_and_flag_that_is_named_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    lines = re.findall(r"(?:^|`|\s)arbtune ([a-z]+(?: [^`|\n#]*)?)", PAGE)
    named = [line.split() for line in lines if line.split()[0] in COMMANDS]
    assert len(named) > 8
    for name, *rest in named:
        action = rest[:1] if name == "dead" else []
        with pytest.raises(SystemExit):
            main([name, *action, "--help"])
        told = capsys.readouterr().out
        assert "usage" in told
        for flag in (word for word in rest if re.fullmatch(r"--[a-z-]+", word)):
            assert flag in told, (name, flag)


def test_the_secret_that_is_created_has_the_keys_that_the_manifests_want() -> None:
    manifests = "\n".join(
        path.read_text(encoding="utf-8") for path in MANIFESTS if path.suffix == ".yaml"
    )
    wanted = re.findall(r"name: arbtune-redis, key: ([a-z.-]+)", manifests)
    wanted += re.findall(r"items: \[\{key: ([a-z.-]+)", manifests)
    created = re.findall(r"--from-(?:literal|file)=([a-z.-]+)=", PAGE)
    assert len(created) == len(set(created))
    assert set(wanted) == set(created)
    namespace = PAGE.index("kubectl apply -f deploy/kubernetes/workers/namespace.yaml")
    assert namespace < PAGE.index("kubectl create secret generic arbtune-redis --namespace arbtune")


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(r"\b(?:deploy|docs|data|worker|tests)/[a-z0-9_./-]*[a-z0-9]", PAGE)
    assert len(named) > 5
    for path in named:
        assert (ROOT / path).exists(), path
