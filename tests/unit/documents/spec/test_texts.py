"""Specs as YAML and as JSON: numbers, dates, and texts that are not specs."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbitrage.documents.spec.sweep_spec import SweepSpec
from arbitrage.errors import ConfigError
from tests.helpers.inputs.sweeps import FIXED
from tests.unit.documents.spec.asked import EXAMPLE


def refusal_of_text(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        SweepSpec.from_text(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_documented_example_loads_as_yaml_and_as_json(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(EXAMPLE, encoding="utf-8")
    sweep = SweepSpec.from_file(tmp_path / "sweep.yaml")
    assert (sweep.total, sweep.combinations) == (50, 483)
    assert sweep.data_file == "data/sample_arbitrage_prices.csv"
    (tmp_path / "sweep.json").write_text(sweep.to_json(), encoding="utf-8-sig")
    again = SweepSpec.from_file(str(tmp_path / "sweep.json"))
    assert again.to_json() == sweep.to_json()
    assert [again.config(i) for i in range(50)] == [sweep.config(i) for i in range(50)]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e3", 1000.0), ("1.5e3", 1500.0), ("+2", 2.0), (".5", 0.5), ("0", 0.0), ("1E-2", 0.01)],
)
def test_numbers_in_yaml_are_those_of_json(text: str, value: float) -> None:
    lines = [f"{name}: {given}" for name, given in FIXED.items() if name != "slippage_bps"]
    sweep = SweepSpec.from_text("\n".join([*lines, f"slippage_bps: {text}"]))
    assert sweep.config(0).slippage_bps == value


@pytest.mark.parametrize(
    "text", ["yes", "on", "010", "0x1F", "0o17", "1_000", "1:30", "2024-01-01", "'5'", "[5]", "="]
)
def test_what_only_looks_like_a_number_is_refused_by_name(text: str) -> None:
    lines = [f"{name}: {given}" for name, given in FIXED.items() if name != "slippage_bps"]
    sentence = refusal_of_text("\n".join([*lines, f"slippage_bps: {text}"]))
    assert "slippage_bps must be a number, not " in sentence


@pytest.mark.parametrize("text", ["true", ".inf", "-.inf", ".nan", "1e999", "", "~"])
def test_no_number_is_refused_by_name(text: str) -> None:
    lines = [f"{name}: {given}" for name, given in FIXED.items() if name != "slippage_bps"]
    assert "slippage_bps must be a" in refusal_of_text("\n".join([*lines, f"slippage_bps: {text}"]))


def test_what_looks_like_a_date_or_an_octal_is_a_tag() -> None:
    lines = [f"{name}: {given}" for name, given in FIXED.items()]
    for text in ("2024-01-01", "007", "yes", "12:30"):
        assert SweepSpec.from_text("\n".join([*lines, f"tag: {text}"])).config(0).tag == text


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "\n".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("slippage_bps: 1\nslippage_bps: 2", "slippage_bps stands twice, line 2"),
        ("grids:\n- {name: a, name: b}", "name stands twice, line 2"),
        ('{"tag": "a", "tag": "b"}', "tag stands twice in one JSON object"),
        (BOMB, "aliases (*a) are not allowed, line 2"),
        ("<<: {tag: a}", "unknown field '<<'"),
        ("tag: !!python/object:os.system x", "tags (!!python/object:os.system) are not allowed"),
        ("tag: !!timestamp 2024-01-01", "tags (!!timestamp) are not allowed, line 1"),
        ("tag: a\nslippage_bps: !!int 010", "tags (!!int) are not allowed, line 2"),
        ("!!map {tag: a}", "tags (!!map) are not allowed, line 1"),
        ("grids: !!seq [1]", "tags (!!seq) are not allowed, line 1"),
        ("!!str tag: a", "tags (!!str) are not allowed, line 1"),
        ("tag: !mine a", "tags (!mine) are not allowed, line 1"),
        ("tag: ! a", "tags (!) are not allowed, line 1"),
        ("%TAG !m! tag:x,2000:\n---\ntag: !m!y a", "tags (tag:x,2000:y) are not allowed, line 3"),
        ("5: 1", "a field's name must be text, not 5, line 1"),
        ("? [1]\n: 2", "a field's name must be text, not [1], line 1"),
        ("tag: [", "not YAML or JSON: expected the node content, but found '<stream end>' (line 1"),
        ('{"tag": ', "not YAML or JSON"),
        ("tag: a\n---\ntag: b", "not YAML or JSON: but found another document (line 2, column 1)"),
        ('tag: "\x01"', "not YAML or JSON: unacceptable character #x0001"),
        ("[" * 1_000, "nested too deeply"),
        ('{"a":' * 12_000, "nested too deeply"),
        ("max_jobs: " + "1" * 5_000, "a number of too many digits"),
        ('{"max_jobs": ' + "1" * 5_000 + "}", "a number of too many digits"),
        ("# " + "x" * 65_536, "at most 65,536 bytes"),
        ("", "the sweep must be a JSON object with the fields of a SweepSpec, not None"),
        ("[1]", "the sweep must be a JSON object with the fields of a SweepSpec, not [1]"),
    ],
    ids=lambda value: value[:40],
)
def test_a_wrong_text_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    assert sentence in refusal_of_text(text)


def test_a_file_that_is_none_is_refused_by_its_path(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_text("# " + "é" * 40_000, encoding="utf-8")
    binary.write_bytes(b"tag: \xff")
    for path, sentence in [
        (tmp_path / "none.yaml", "cannot read the sweep spec: No such file or directory"),
        (tmp_path, "cannot read the sweep spec: Is a directory"),
        (large, "a sweep spec is at most 65,536 bytes"),
        (binary, "the sweep spec is not UTF-8 text"),
    ]:
        with pytest.raises(ConfigError) as caught:
            SweepSpec.from_file(path)
        assert str(caught.value).startswith(f"{path}: {sentence}")
