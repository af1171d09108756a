"""The commands of the first hour: a spec to begin with, the settings, completion in a shell."""

from __future__ import annotations

import json
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from arbitrage.documents.config import NUMERIC_FIELDS
from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.shell.console import run_command
from worker.cli import main
from worker.commands.program import COMMANDS
from worker.commands.setup import completion, config, init
from worker.settings import Settings


def test_a_template_is_a_spec_and_explains_every_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("arbtune init", init, []) == 0
    printed = capsys.readouterr().out
    path = tmp_path / "sweep.yaml"
    assert run_command("arbtune init", init, [str(path), "--data-file", 'od"d ü.csv']) == 0
    assert capsys.readouterr().out.startswith(f"{path} is written: edit it, then arbtune sweep")

    spec = SweepSpec.from_file(path)
    assert spec.data_file == 'od"d ü.csv'
    assert spec.total == 81
    for text in (printed, path.read_text(encoding="utf-8")):
        for name in NUMERIC_FIELDS:
            assert f"{name}:" in text or f"name: {name}" in text


def test_a_template_replaces_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text("mine", encoding="utf-8")

    assert run_command("arbtune init", init, [str(path)]) == 1
    assert "is there already: name another file" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "mine"
    assert run_command("arbtune init", init, [str(path / "deeper")]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_settings_are_shown_with_where_they_come_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARBTUNE_REDIS_URL", "redis://user:hidden-word@example.test:6380/2")
    monkeypatch.setenv("ARBTUNE_LEASE_S", "20")
    monkeypatch.delenv("ARBTUNE_MAX_ROWS", raising=False)

    assert run_command("arbtune config", config, ["show", "--json"]) == 0
    told = capsys.readouterr().out
    shown = json.loads(told)
    assert set(shown) == {
        f"ARBTUNE_{name.upper()}" for name in [f.name for f in fields(Settings)] + ["cache_dir"]
    }
    assert shown["ARBTUNE_LEASE_S"] == {"value": 20.0, "from": "environment"}
    assert shown["ARBTUNE_MAX_ROWS"] == {"value": 1_000_000_000, "from": "default"}
    assert shown["ARBTUNE_REDIS_URL"]["value"] == "redis://example.test:6380/2"
    assert run_command("arbtune config", config, ["show"]) == 0
    told += capsys.readouterr().out
    assert "ARBTUNE_LEASE_S            20.0  (environment)\n" in told
    assert "hidden-word" not in told


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sw"], {"sweep", "sweeps"}),
        (["sweep", "--loc"], {"--local"}),
        (["data", "al"], {"align"}),
        (["jobs", "--state", "qu"], {"queued"}),
    ],
)
def test_bash_completes_commands_and_flags(
    words: list[str], expected: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("arbtune completion", completion, ["bash"]) == 0
    script = capsys.readouterr().out
    typed = " ".join(["arbtune", *words])
    asked = (
        f"{script}\nCOMP_WORDS=({typed}); COMP_CWORD={len(words)}\n"
        "$(complete -p arbtune | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    answer = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) == expected


@pytest.mark.parametrize(
    "option",
    ["sweep_pos_0", "run___data_file", "data_align__o", "data_align___output", "explain___trades"],
)
def test_files_are_completed(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("arbtune completion", completion, ["bash"]) == 0
    assert f"{option}_COMPGEN=_shtab_compgen_files" in capsys.readouterr().out


def test_each_shell_has_its_script(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in completion.SHELLS:
        assert main(["completion", shell]) == 0
        script = capsys.readouterr().out
        for name in COMMANDS:
            assert name in script
    assert main(["completion", "cmd"]) == 1
