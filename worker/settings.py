"""The settings of the queue with their defaults: time limits, attempts, leases, memory, metrics.

One frozen object, and the one reader of their variables. (`ARBTUNE_CACHE_DIR` is the domain's, and
the variables of traces are their library's.)
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from arbitrage.data.files.data_limits import DataLimits
from arbitrage.errors import ConfigError
from arbitrage.shell.numbers import number, whole_number

PREFIX = "ARBTUNE_"

# A lease is renewed every 1.2 s; one that is shorter than this lapses on a hiccup.
MIN_LEASE_S = 3.0
MAX_PORT = 65_535
# A process of the pool has about half of it before its first job.
MIN_JOB_MEMORY_BYTES = 256 * 2**20

# Options of the Redis URL: those that mean the same to each of the libraries that read it. Their
# values, or none for a file.
_URL_OPTIONS: dict[str, tuple[str, ...]] = {
    "ssl_cert_reqs": ("required", "optional", "none"),
    "ssl_check_hostname": ("true", "false"),
    "ssl_ca_certs": (),
    "ssl_ca_path": (),
    "ssl_certfile": (),
    "ssl_keyfile": (),
}

# The address of a server that Sentinels name, another one after a failover.
SENTINEL_SCHEME = "sentinel://"
SENTINEL_FORM = "sentinel://HOST:PORT,HOST:PORT/DB?master=NAME"
SENTINEL_PORT = 26_379


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Who is asked for the server, the name that they know it by, and how it lets us in."""

    hosts: tuple[tuple[str, int], ...]
    master: str
    database: int
    username: str | None
    password: str | None = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Sentinels:
        """What a URL of the form `SENTINEL_FORM` says.

        User and password are those of the server, and stand before the hosts.

        Raises:
            ValueError: It is not of that form.
        """
        # Not by urlsplit, of which some versions refuse a list of hosts with IPv6 addresses.
        place, _, query = url.removeprefix(SENTINEL_SCHEME).partition("?")
        authority, _, database = place.partition("/")
        userinfo, _, hosts = authority.rpartition("@")
        username, _, password = map(unquote, userinfo.partition(":"))
        options = parse_qs(query, strict_parsing=True)
        [master] = options.pop("master", [""])
        if options or not master or "@" in query:
            raise ValueError(url)
        if database and not (database.isascii() and database.isdecimal()):
            raise ValueError(url)
        return cls(
            tuple(map(_sentinel, hosts.split(","))),
            master,
            int(database or "0"),
            username or None,
            password or None,
        )

    @property
    def place(self) -> str:
        """The URL without user and password."""
        hosts = ",".join(f"{_bracketed(host)}:{port}" for host, port in self.hosts)
        return f"{SENTINEL_SCHEME}{hosts}/{self.database}?master={self.master}"

    @property
    def broker_url(self) -> str:
        """What kombu's transport wants: a URL for each of them, and the name apart."""
        names = (quote(name or "", safe="") for name in (self.username, self.password))
        login = f"{':'.join(names)}@" if self.password else ""
        return ";".join(
            f"{SENTINEL_SCHEME}{login}{_bracketed(host)}:{port}/{self.database}"
            for host, port in self.hosts
        )


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; times in seconds, sizes in bytes."""

    redis_url: str = field(default="redis://127.0.0.1:6379/0", repr=False)  # may hold a password
    data_root: Path = Path()
    results_dir: Path = Path("results")
    job_time_limit_s: float = 300.0
    lease_s: float = 15.0
    max_attempts: int = 3
    max_worker_deaths: int = 5
    shutdown_s: float = 20.0
    max_rows: int = 1_000_000_000
    max_bytes: int = 64 * 2**30
    job_memory_bytes: int | None = None
    result_ttl_s: int = 604_800
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    probe_dir: Path | None = None

    def __post_init__(self) -> None:
        for name in ("job_time_limit_s", "shutdown_s"):
            _require(getattr(self, name) > 0, f"{_variable(name)} must be positive")
        for name in ("max_attempts", "max_worker_deaths", "max_rows", "max_bytes", "result_ttl_s"):
            _require(getattr(self, name) >= 1, f"{_variable(name)} must be at least 1")
        _require(
            self.lease_s >= MIN_LEASE_S, f"{_variable('lease_s')} must be at least {MIN_LEASE_S:g}"
        )
        _require(
            self.result_ttl_s > self.job_time_limit_s,
            f"{_variable('result_ttl_s')} must be longer than {_variable('job_time_limit_s')}: "
            "a result must outlive the job that waits for it",
        )
        _require(
            self.metrics_port is None or 1 <= self.metrics_port <= MAX_PORT,
            f"{_variable('metrics_port')} must be a port from 1 to {MAX_PORT}",
        )
        _require(
            self.job_memory_bytes is None or self.job_memory_bytes >= MIN_JOB_MEMORY_BYTES,
            f"{_variable('job_memory_bytes')} must be at least {MIN_JOB_MEMORY_BYTES}",
        )
        _check_redis_url(self.redis_url)

    @property
    def data_limits(self) -> DataLimits:
        """The bounds on a data file."""
        return DataLimits(max_rows=self.max_rows, max_bytes=self.max_bytes)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings as the environment has them.

        Raises:
            ConfigError: A value that does not parse, or settings that contradict each other.
        """
        parsers: dict[str, Any] = {
            "float": _finite,
            "int": whole_number,
            "int | None": whole_number,
            "Path": Path,
            "Path | None": Path,
        }
        given: dict[str, Any] = {}
        for setting in fields(cls):
            text = environment.get(_variable(setting.name), "")
            if text == "":
                continue
            try:
                given[setting.name] = parsers.get(str(setting.type), str)(text)
            except ValueError:
                kind = "a whole number" if "int" in str(setting.type) else "a number"
                raise ConfigError(
                    f"{_variable(setting.name)} must be {kind}, not {text!r}"
                ) from None
        return cls(**given)

    def by_variable(self) -> dict[str, Any]:
        """Each value as JSON has it, by the name of its variable; the URL without its login."""
        shown: dict[str, Any] = {}
        for setting in fields(self):
            value = getattr(self, setting.name)
            shown[_variable(setting.name)] = str(value) if isinstance(value, Path) else value
        return shown | {_variable("redis_url"): self.redis_place}

    @property
    def sentinels(self) -> Sentinels | None:
        """Who is asked for the server, where the URL names Sentinels."""
        is_sentinel = self.redis_url.startswith(SENTINEL_SCHEME)
        return Sentinels.parse(self.redis_url) if is_sentinel else None

    @property
    def redis_place(self) -> str:
        """Where Redis is, without user and password, for people to read."""
        if self.sentinels is not None:
            return self.sentinels.place
        parts = urlsplit(self.redis_url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}:{parts.port or 6379}{parts.path}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be seen in a log: the password of the Redis URL, as written and decoded."""
        authority = re.split("[/?#]", self.redis_url.partition("://")[2], maxsplit=1)[0]
        password = authority.rpartition("@")[0].partition(":")[2]
        return () if not password else (password, unquote(password))


def _finite(text: str) -> float:
    found = number(text)
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ConfigError(sentence)


def _check_redis_url(url: str) -> None:
    name = _variable("redis_url")
    if url.startswith(SENTINEL_SCHEME):
        try:
            Sentinels.parse(url)
        except ValueError:
            raise ConfigError(f"{name} is not of the form {SENTINEL_FORM}") from None
        return
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ConfigError(f"{name} is not a URL (redis://HOST:PORT/DB)") from None
    # In small letters and from the first character on: so the libraries want it.
    _require(
        url.startswith(("redis://", "rediss://")),
        f"{name} must start with redis:// or rediss://, or with sentinel://",
    )
    _require(bool(parts.hostname), f"{name} names no host (redis://HOST:PORT/DB)")
    database = parts.path.removeprefix("/")
    _require(
        database == "" or (database.isascii() and database.isdecimal()),
        f"{name} must end in a database number",
    )
    _check_url_options(name, parts)


def _check_url_options(name: str, parts: SplitResult) -> None:
    # What follows a ? in a password would be taken for an option, and shown.
    _require(
        "@" not in parts.query,
        f"{name} must write a ? in its password as %3F, and an @ in an option as %40",
    )
    for option, values in parse_qs(parts.query, keep_blank_values=True).items():
        _require(option != "password", f"{name} has its password before the host (:PASSWORD@HOST)")
        _require(
            option in _URL_OPTIONS,
            f"{name} has an unknown option {option!r:.60}: it takes {', '.join(_URL_OPTIONS)}",
        )
        _require(parts.scheme == "rediss", f"{name}: {option} goes with rediss:// only")
        for value in values:
            _check_url_option(f"{name}: {option}", _URL_OPTIONS[option], value)


def _check_url_option(name: str, choices: tuple[str, ...], value: str) -> None:
    if choices:
        _require(value in choices, f"{name} must be {' or '.join(choices)}")
    else:
        is_right_kind = Path(value).is_dir() == name.endswith("_path")
        is_readable = is_right_kind and os.access(value, os.R_OK)
        _require(is_readable, f"{name} names no file that can be read: {value!r}")


def _sentinel(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.path:
        raise ValueError(text)
    return parts.hostname, parts.port or SENTINEL_PORT


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
