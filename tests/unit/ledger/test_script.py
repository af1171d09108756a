"""The calls of the ledger's script: Python and Lua know the same transitions and arguments."""

from __future__ import annotations

import ast
import inspect

import pytest

from arbitrage.documents.config import MAX_JOB_BYTES
from worker.ledger import ledger, retries, script
from worker.ledger.envelope import Route
from worker.ledger.names import MAX_ELEMENT_BYTES

# What is handed over by `**`.
SPREAD = {
    "retries.terms": set(retries.terms()),
    "route._asdict": set(Route._fields),
    "self._cancelling": {"meta", "ttl_s", "lease_ms", "only"},
}


def called() -> dict[str, set[str]]:
    """The transitions that the methods of the ledger call, each with the names it is given."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(ledger))):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="_call" | "call"),
                args=[ast.Constant(value=str(transition)), *each],
                keywords=keywords,
            ):
                names = {given.arg for given in keywords if given.arg is not None}
                for given in keywords:
                    if given.arg is None:
                        names |= SPREAD[ast.unparse(given.value).partition("(")[0]]
                found[transition] = names | ({"..."} if each else set())
    return found


def test_each_transition_is_called_with_the_arguments_that_it_takes() -> None:
    taken = {name: set(arguments) for name, arguments in script.transitions().items()}
    assert called() == taken


def test_arguments_go_in_the_order_of_the_script() -> None:
    in_order = ["renew", "w", 5, "one", "two"]
    assert script.call("renew", "one", "two", lease_ms=5, worker="w") == in_order


@pytest.mark.parametrize(
    ("transition", "each", "arguments"),
    [
        ("settled", (), {}),
        ("settled", (), {"id": "one", "worker": "w"}),
        ("settled", ("one",), {"id": "one"}),
        ("publish", (), {"id": "one", "massage": "text"}),
    ],
)
def test_other_arguments_are_refused_before_the_server_is_asked(
    transition: str, each: tuple[str, ...], arguments: dict[str, str | float]
) -> None:
    with pytest.raises(TypeError, match=f"^{transition} takes "):
        script.call(transition, *each, **arguments)


def test_the_largest_job_fits_into_a_message_however_it_is_spelled() -> None:
    body_bytes = MAX_ELEMENT_BYTES * 3 // 4  # base64
    assert body_bytes > 6 * MAX_JOB_BYTES
