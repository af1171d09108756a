"""The manifests: valid for Kubernetes, in step with the program, and their commands run here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.helpers.commands import arbtune
from worker.settings import Settings

ROOT = Path(__file__).resolve().parents[4]
FOLDERS = [ROOT / "deploy/kubernetes" / name for name in ("workers", "job")]


def manifests(folder: Path) -> list[dict[str, Any]]:
    """What a kustomization lists, in its order."""
    kustomization = yaml.load((folder / "kustomization.yaml").read_bytes(), yaml.CSafeLoader)
    return [
        manifest
        for name in kustomization["resources"]
        for manifest in yaml.load_all((folder / name).read_bytes(), yaml.CSafeLoader)
    ]


ALL = [manifest for folder in FOLDERS for manifest in manifests(folder)]


def one(kind: str, name: str) -> dict[str, Any]:
    [found] = [m for m in ALL if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    return found


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    [only] = manifest["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = only
    return found


WORKER = one("Deployment", "arbtune-worker")
JOB = one("Job", "arbtune-try-1")
SETTINGS: dict[str, str] = one("ConfigMap", "arbtune-settings")["data"]
PODS = [m for m in ALL if m["kind"] in ("Deployment", "Job")]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_file_is_in_the_kustomization(folder: Path) -> None:
    kustomization = yaml.load((folder / "kustomization.yaml").read_bytes(), yaml.CSafeLoader)
    assert sorted(kustomization["resources"]) == sorted(
        path.name for path in folder.iterdir() if path.name != "kustomization.yaml"
    )


@pytest.mark.parametrize("manifest", ALL, ids=lambda m: f"{m['kind']}-{m['metadata']['name']}")
def test_the_schemas_of_kubernetes_accept_it(manifest: dict[str, Any]) -> None:
    if manifest["apiVersion"].startswith("keda.sh/"):
        return  # no package brings its schema; the next test looks
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_keda_scales_the_workers_by_both_queues_and_never_to_none() -> None:
    spec = one("ScaledObject", "arbtune-worker")["spec"]
    assert spec["scaleTargetRef"]["name"] == WORKER["metadata"]["name"]
    assert "replicas" not in WORKER["spec"]
    assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
    [name] = {trigger["authenticationRef"]["name"] for trigger in spec["triggers"]}
    assert one("TriggerAuthentication", name)
    queues = [trigger["metadata"]["listName"] for trigger in spec["triggers"]]
    assert queues == ["celery", "arbtune.chunks"]
    for trigger in spec["triggers"]:
        assert trigger["type"] == "redis"
        assert all(isinstance(value, str) for value in trigger["metadata"].values())


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on the PATH")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_kustomize_builds_it(folder: Path) -> None:
    built = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True
    )
    documents = list(yaml.safe_load_all(built.stdout))
    assert len(documents) == len(manifests(folder))
    images = re.findall(r"image: (\S+)", built.stdout)
    assert set(images) == {f"registry.example/arbtune:{version('arbtune')}"}


def test_the_settings_exist_and_agree_with_each_other() -> None:
    known = {f"ARBTUNE_{field.name.upper()}" for field in fields(Settings)}
    given = {entry["name"] for pod in PODS for entry in container(pod).get("env", [])}
    assert given | set(SETTINGS) <= known
    settings = Settings.from_environment(SETTINGS)
    spec = WORKER["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] >= settings.shutdown_s + 10
    [concurrency] = re.findall(r"--concurrency=(\d+)", " ".join(container(WORKER)["args"]))
    limit = container(WORKER)["resources"]["limits"]["memory"]
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rule = r"^    \(memory of the container - (\d+) MiB\) / concurrency - (\d+) MiB$"
    [(worker_mib, process_mib)] = re.findall(rule, page, flags=re.MULTILINE)
    limit_mib = int(limit.removesuffix("Gi")) * 1024
    job_mib = (limit_mib - int(worker_mib)) // int(concurrency) - int(process_mib)
    assert settings.job_memory_bytes == job_mib * 2**20


def test_the_probes_are_the_documented_ones() -> None:
    documented = re.findall(
        r"^    (test -n .*)$",
        (ROOT / "docs/operations.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    alive, ready = documented
    found = {
        name: container(WORKER)[f"{name}Probe"]["exec"]["command"][-1]
        for name in ("startup", "liveness", "readiness")
    }
    assert found == {"startup": ready, "liveness": alive, "readiness": ready}


@pytest.mark.parametrize("manifest", PODS, ids=lambda m: m["metadata"]["name"])
def test_no_pod_has_more_rights_than_it_needs(manifest: dict[str, Any]) -> None:
    spec = manifest["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    context = container(manifest)["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert container(manifest)["resources"]["limits"]["memory"]
    for mount in container(manifest)["volumeMounts"]:
        assert mount.get("readOnly") or mount["mountPath"] in {"/tmp", "/cache"}  # noqa: S108


def arguments_of_the_job() -> list[str]:
    """Those of its container, with the data here."""
    program, *arguments = container(JOB)["args"]
    assert program == "arbtune"
    return [argument.replace("/data/", f"{ROOT / 'data'}/") for argument in arguments]


def test_the_job_runs_and_its_exit_codes_are_what_its_policy_acts_on() -> None:
    there = arguments_of_the_job()
    ran = subprocess.run(
        [sys.executable, "-m", "worker.cli", *there],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(ran.stdout)["status"] == "success"
    nowhere = [argument.replace("sample_arbitrage_prices", "nowhere") for argument in there]
    missing = arbtune(*nowhere, environment=os.environ)
    by_code = {
        value: rule["action"]
        for rule in JOB["spec"]["podFailurePolicy"]["rules"]
        for value in rule.get("onExitCodes", {}).get("values", [])
    }
    assert by_code[missing.returncode] == "FailJob"
    assert by_code[2] == "Count"
    assert JOB["spec"]["backoffLimit"] >= 1
    assert JOB["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    names = [
        rule["onExitCodes"]["containerName"]
        for rule in JOB["spec"]["podFailurePolicy"]["rules"]
        if "onExitCodes" in rule
    ]
    assert set(names) == {container(JOB)["name"]}


def test_a_deployed_command_is_one_that_the_program_knows() -> None:
    from worker.commands.program import COMMANDS

    for pod in PODS:
        assert container(pod)["args"][0] == "arbtune"
        assert container(pod)["args"][1] in COMMANDS
