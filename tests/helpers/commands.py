"""Commands in the process of the test: the start of an interpreter costs more than most of them."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

from worker.cli import main


def arbtune(
    *arguments: str, environment: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `arbtune` with this environment and no other: its status, and what it wrote."""
    output, errors = _stream(), _stream()
    with (
        patch.dict(os.environ, environment, clear=True),
        patch("sys.stdin", _stream(stdin)),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        status = _status_of(list(arguments))
    return subprocess.CompletedProcess(arguments, status, _text_of(output), _text_of(errors))


def _status_of(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as ended:  # argparse ends after a help
        return int(ended.code or 0)


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)


def _text_of(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
