"""How to run it again."""

from __future__ import annotations

import json
import shlex
from importlib import metadata

import yaml

from arbitrage.documents.config import TuningConfig
from arbitrage.results.report.known import Known, setting
from arbitrage.results.report.page.parts import Copied, Section, Table
from arbitrage.results.verdict.verdict import Verdict
from arbitrage.results.walk_forward.durations import duration_flag
from arbitrage.results.walk_forward.outcome import WalkForward


def reproduce_section(known: Known) -> Section:
    """The versions, the spec, and the commands of all that the report shows."""
    description = known.sweep.description
    rows = [
        ("sweep", known.sweep.sweep_id),
        ("configs with a row", f"{known.sweep.done:,} of {known.spec.total:,}"),
        ("data file", known.spec.data_file),
        ("SHA-256 of the data", description.data_sha256),
        ("engine version", description.engine_version),
        ("arbtune", metadata.version("arbtune")),
    ]
    copied = [
        Copied(
            "The spec: save it as sweep.yaml, then arbtune sweep sweep.yaml --local", _spec(known)
        )
    ]
    if known.verdict is not None:
        copied.append(Copied("The verdict, after the sweep", _verdict_command(known.verdict)))
    if known.walk is not None:
        copied.append(Copied("Walk-forward, by the spec", _walk_command(known.walk)))
    if known.config is not None:
        copied.append(Copied("The best config alone", _command(known.config)))
    return Section(
        "reproduce",
        "How to repeat it",
        sentences=["The same data and the same engine give the same figures to the last bit."],
        tables=[Table("What was run", ("what", "value"), rows)],
        copied=copied,
    )


def _spec(known: Known) -> str:
    """The spec as YAML, without what is not set."""
    fields = {
        name: value for name, value in json.loads(known.spec.to_json()).items() if value is not None
    }
    filters = {name: limit for name, limit in fields["filters"].items() if limit is not None}
    return yaml.safe_dump(
        {**fields, "filters": filters}, sort_keys=False, default_flow_style=None, allow_unicode=True
    )


def _verdict_command(verdict: Verdict) -> str:
    """The command line of the test, with all that it depends on."""
    flags = [f"--seed {verdict.seed}", f"--replicates {verdict.n_bootstrap}"]
    if verdict.test is not None and verdict.test["is_block_given"]:
        flags.append(f"--block {setting(verdict.test['mean_block'])}")
    if verdict.also_tried:
        flags.append(f"--also-tried {verdict.also_tried}")
    return " ".join(["arbtune verdict", verdict.sweep_id, *flags])


def _walk_command(walk: WalkForward) -> str:
    train, test = map(duration_flag, (walk.train_seconds, walk.test_seconds))
    folds = f"--folds {len(walk.folds)}"
    return f"arbtune walk-forward sweep.yaml {folds} --train {train} --test {test}"


def _command(config: TuningConfig) -> str:
    """The command line of one run, as a shell takes it."""
    given = config.model_dump(mode="json", exclude_defaults=True)
    flags = [
        f"--{name.replace('_', '-')} {shlex.quote(_text(value))}" for name, value in given.items()
    ]
    return " \\\n  ".join(["arbtune run", *flags])


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, dict) else setting(value)  # type: ignore[arg-type]
