"""Which servers pass as safe, by their version."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from worker.operating.deployment import (
    Check,
    Deployment,
    _append_only,
    _clock,
    _data_root,
    _redis_version,
)
from worker.settings import Settings


def version_check(version: str, server: str = "redis") -> Check:
    info: dict[str, Any] = {f"{server}_version": version, "server_name": server}
    return _redis_version(Deployment(Settings(), None, info))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("server", "version", "safe"),
    [
        ("redis", "7.4.8", False),
        ("redis", "7.4.9", True),
        ("redis", "8.0.6", False),
        ("redis", "8.2.5", False),
        ("redis", "8.2.6", True),
        ("redis", "8.6.2", False),
        ("redis", "8.6.3", True),
        ("redis", "8.8.0", True),
        ("valkey", "7.2.4", False),
        ("valkey", "8.1.7", True),
        ("valkey", "9.0.3", False),
        ("valkey", "9.1.2", True),
    ],
)
def test_a_branch_is_safe_from_its_first_mended_release_on(
    server: str, version: str, safe: bool
) -> None:
    check = version_check(version, server)
    assert check.ok is safe
    assert check.found.endswith(version)
    assert safe or "CVE-2026-23631" in (check.remedy or "")


def test_the_remedy_names_newer_releases_only() -> None:
    remedy = version_check("8.2.1").remedy or ""
    assert "upgrade to 8.2.6 or 8.4.3 or 8.6.3" in remedy


def test_what_is_too_old_is_too_old() -> None:
    assert version_check("6.2.21").remedy == "use Redis 7 or later, or Valkey"


@pytest.mark.parametrize(
    ("ahead_s", "told", "ok"),
    [(-0.04, "+0.0 s", True), (0.04, "+0.0 s", True), (-6, "-6.0 s", False)],
)
def test_the_clocks_are_compared(
    ahead_s: float, told: str, ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_000.0)
    seconds, microseconds = divmod(round((1_000.0 + ahead_s) * 1e6), 10**6)
    client = SimpleNamespace(time=lambda: (seconds, microseconds))
    check = _clock(Deployment(Settings(), client, {}))  # type: ignore[arg-type]
    assert check.found == f"the server's is {told} from ours"
    assert check.ok is ok


def test_an_append_only_file_that_cannot_be_written_is_none() -> None:
    info = {"aof_enabled": 1, "aof_last_write_status": "err"}
    check = _append_only(Deployment(Settings(), None, info))  # type: ignore[arg-type]
    assert not check.ok
    assert "disk" in (check.remedy or "")


def test_a_data_root_that_is_none_is_found(tmp_path: Path) -> None:
    settings = Settings(data_root=tmp_path / "nowhere")
    check = _data_root(Deployment(settings, None, {}))  # type: ignore[arg-type]
    assert not check.ok
    assert "ARBTUNE_DATA_ROOT" in (check.remedy or "")
