"""The users of a shared worker run where it runs, or each process of a run would start it."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="all run in one process")
@pytest.mark.xdist_group("one_group")
def test_the_runner_knows_of_groups(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@one_group")
