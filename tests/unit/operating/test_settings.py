"""The settings: defaults, what is refused, and what is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbitrage.errors import ConfigError
from worker.cli import main
from worker.operating.misspelt_settings import misnamed_settings
from worker.settings import Settings


def test_the_defaults_are_the_documented_ones() -> None:
    assert Settings.from_environment({}) == Settings(
        redis_url="redis://127.0.0.1:6379/0",
        data_root=Path(),
        results_dir=Path("results"),
        job_time_limit_s=300.0,
        lease_s=15.0,
        max_attempts=3,
        max_worker_deaths=5,
        shutdown_s=20.0,
        max_rows=10**9,
        max_bytes=64 * 2**30,
        job_memory_bytes=None,
        result_ttl_s=604_800,
        metrics_port=None,
        metrics_host="127.0.0.1",
        probe_dir=None,
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("redis_url", "rediss://u:p@h:1/2", "rediss://u:p@h:1/2"),
        ("data_root", "/data", Path("/data")),
        ("results_dir", "/out", Path("/out")),
        ("job_time_limit_s", "1.5", 1.5),
        ("lease_s", "3", 3.0),
        ("max_attempts", "1", 1),
        ("max_worker_deaths", "2", 2),
        ("shutdown_s", "5", 5.0),
        ("max_rows", "10", 10),
        ("max_bytes", "11", 11),
        ("job_memory_bytes", "268435456", 2**28),
        ("result_ttl_s", "3600", 3600),
        ("metrics_port", "9000", 9000),
        ("metrics_host", "0.0.0.0", "0.0.0.0"),  # noqa: S104 - what containers set
        ("probe_dir", "/run/x", Path("/run/x")),
    ],
)
def test_each_is_read_from_its_variable(name: str, text: str, value: object) -> None:
    assert getattr(Settings.from_environment({f"ARBTUNE_{name.upper()}": text}), name) == value


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"LEASE_S": "soon"}, "ARBTUNE_LEASE_S must be a number, not 'soon'"),
        ({"LEASE_S": "2.9"}, "ARBTUNE_LEASE_S must be at least 3"),
        ({"LEASE_S": "nan"}, "ARBTUNE_LEASE_S must be a number, not 'nan'"),
        ({"JOB_TIME_LIMIT_S": "inf"}, "ARBTUNE_JOB_TIME_LIMIT_S must be a number, not 'inf'"),
        ({"MAX_ATTEMPTS": "1.5"}, "ARBTUNE_MAX_ATTEMPTS must be a whole number, not '1.5'"),
        ({"MAX_ATTEMPTS": "1_0"}, "ARBTUNE_MAX_ATTEMPTS must be a whole number, not '1_0'"),
        ({"LEASE_S": "1_0"}, "ARBTUNE_LEASE_S must be a number, not '1_0'"),
        ({"LEASE_S": "٣٤"}, "ARBTUNE_LEASE_S must be a number, not '٣٤'"),
        ({"MAX_ATTEMPTS": "0"}, "ARBTUNE_MAX_ATTEMPTS must be at least 1"),
        ({"JOB_TIME_LIMIT_S": "0"}, "ARBTUNE_JOB_TIME_LIMIT_S must be positive"),
        ({"RESULT_TTL_S": "300"}, "ARBTUNE_RESULT_TTL_S must be longer than ARBTUNE_JOB_TIME"),
        ({"METRICS_PORT": "70000"}, "ARBTUNE_METRICS_PORT must be a port from 1 to 65535"),
        ({"REDIS_URL": "http://h"}, "ARBTUNE_REDIS_URL must start with redis:// or rediss://"),
        ({"REDIS_URL": "redis://"}, "ARBTUNE_REDIS_URL names no host"),
        ({"REDIS_URL": "redis://h:port"}, "ARBTUNE_REDIS_URL is not a URL"),
        ({"REDIS_URL": "REDIS://h"}, "ARBTUNE_REDIS_URL must start with redis:// or rediss://"),
        ({"REDIS_URL": " redis://h"}, "ARBTUNE_REDIS_URL must start with redis:// or rediss://"),
        ({"REDIS_URL": "redis://h/0/"}, "ARBTUNE_REDIS_URL must end in a database number"),
        (
            {"REDIS_URL": "rediss://h/0?ssl_ca_certs=/"},
            "ARBTUNE_REDIS_URL: ssl_ca_certs names no file that can be read: '/'",
        ),
        ({"REDIS_URL": "redis://h/x"}, "ARBTUNE_REDIS_URL must end in a database number"),
        ({"REDIS_URL": "redis://h/٣"}, "ARBTUNE_REDIS_URL must end in a database number"),
        ({"REDIS_URL": "redis://h/0?password=x"}, "ARBTUNE_REDIS_URL has its password before"),
        ({"REDIS_URL": "rediss://h/0?ssl_cert_reqs=CERT_NONE"}, "ARBTUNE_REDIS_URL: ssl_cert_reqs"),
        ({"REDIS_URL": "redis://h/0?foo=1"}, "ARBTUNE_REDIS_URL has an unknown option 'foo': it"),
        ({"REDIS_URL": "redis://h/0?foo"}, "ARBTUNE_REDIS_URL has an unknown option 'foo': it"),
        ({"REDIS_URL": "redis://h/0?db=1"}, "ARBTUNE_REDIS_URL has an unknown option 'db': it"),
        (
            {"REDIS_URL": "redis://h/0?socket_timeout=abc"},
            "ARBTUNE_REDIS_URL has an unknown option 'socket_timeout': it takes ssl_cert_reqs, ",
        ),
        (
            {"REDIS_URL": "redis://h/0?ssl_ca_certs=/"},
            "ARBTUNE_REDIS_URL: ssl_ca_certs goes with rediss:// only",
        ),
        (
            {"REDIS_URL": "rediss://h/0?ssl_ca_certs=/no/such.crt"},
            "ARBTUNE_REDIS_URL: ssl_ca_certs names no file that can be read: '/no/such.crt'",
        ),
        (
            {"REDIS_URL": "rediss://h/0?ssl_check_hostname=maybe"},
            "ARBTUNE_REDIS_URL: ssl_check_hostname must be true or false",
        ),
        *(
            (
                {"REDIS_URL": f"sentinel://{rest}"},
                "ARBTUNE_REDIS_URL is not of the form sentinel://",
            )
            for rest in (
                "h:1",
                "h:1/0",
                "?master=m",
                "h:1,/0?master=m",
                "h:x/0?master=m",
                "h:1/x?master=m",
                "h:1/0?master=",
                "h:1/0?master=m&password=x",
                "h:1/0?master=m&master=n",
            )
        ),
        ({"REDIS_URL": "redis://h:99999/0"}, "ARBTUNE_REDIS_URL is not a URL"),
        ({"REDIS_URL": "unix:///run/redis.sock"}, "ARBTUNE_REDIS_URL must start with redis://"),
        ({"JOB_MEMORY_BYTES": "1000"}, "ARBTUNE_JOB_MEMORY_BYTES must be at least 268435456"),
    ],
)
def test_wrong_and_contradicting_settings_are_refused(
    environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_environment({f"ARBTUNE_{name}": text for name, text in environment.items()})
    assert str(caught.value).startswith(sentence)


def test_a_password_is_known_as_a_secret_and_shown_nowhere() -> None:
    settings = Settings(redis_url="redis://ann:p%40ss@example.org:7000/3")
    assert settings.secrets == ("p%40ss", "p@ss")
    assert settings.redis_place == "redis://example.org:7000/3"
    assert "ss" not in repr(settings).replace("class", "")


@pytest.mark.parametrize(
    "url",
    [
        "redis://ann:hush@host/x",
        "redis://ann:hush@host:port/0",
        "redis://ann:hush@host/0?foo=1",
        "redis://ann:1?hush@host/0",
        "redis://ann:1?foo=1&hush@host/0",
        "redis://:hush#1@host/0",
        "http://:hush@host/0",
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(redis_url=url)
    assert "hush" not in str(caught.value)


def test_a_url_may_say_how_certificates_are_checked() -> None:
    options = f"ssl_cert_reqs=required&ssl_check_hostname=false&ssl_ca_certs={__file__}"
    url = f"rediss://h/0?{options}&ssl_ca_path=/&ssl_certfile={__file__}&ssl_keyfile={__file__}"
    assert Settings(redis_url=url).redis_url == url


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REDIS_ULR", "redis://h:1/0", "did you mean ARBTUNE_REDIS_URL?"),
        ("CACHEDIR", "/c", "did you mean ARBTUNE_CACHE_DIR?"),
        ("METRIC_PORT", "9000", "did you mean ARBTUNE_METRICS_PORT?"),
        ("ZZZ", "1", "it changes nothing"),
    ],
)
def test_a_variable_that_is_not_a_setting_is_told_with_the_nearest_one(
    name: str, value: str, said: str
) -> None:
    told = [f"ARBTUNE_{name} is not a setting ({said})"]
    assert list(misnamed_settings({f"ARBTUNE_{name}": value})) == told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ARBTUNE_CACHE_DIR", "/c"),
        ("ARBTUNE_LEASE_S", "15"),
        ("ARB_TUNE", "1"),
        ("ARBTUNE_REDIS_SERVICE_PORT", "6379"),
        ("ARBTUNE_REDIS_PORT", "tcp://10.0.0.1:6379"),
        ("ARBTUNE_REDIS_PORT_6379_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_settings_and_what_kubernetes_makes_of_a_service_are_not_told(
    name: str, value: str
) -> None:
    assert list(misnamed_settings({name: value})) == []


def test_a_command_warns_of_it_on_stderr_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARBTUNE_CACHEDIR", "/c")
    assert main(["run", "--data-file=nope"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == (
        "arbtune: warning: ARBTUNE_CACHEDIR is not a setting (did you mean ARBTUNE_CACHE_DIR?)"
    )


def test_the_url_of_sentinels_says_whom_to_ask_for_what() -> None:
    url = "sentinel://us%40er:p%3Aw@h1:1,h2,[::1]:3/2?master=mymaster"
    settings = Settings(redis_url=url)
    found = settings.sentinels
    assert found is not None
    assert found.hosts == (("h1", 1), ("h2", 26_379), ("::1", 3))
    assert (found.master, found.database) == ("mymaster", 2)
    assert (found.username, found.password) == ("us@er", "p:w")
    assert settings.redis_place == "sentinel://h1:1,h2:26379,[::1]:3/2?master=mymaster"
    assert settings.secrets == ("p%3Aw", "p:w")
    assert "p:w" not in repr(found)
    assert found.broker_url.split(";")[1] == "sentinel://us%40er:p%3Aw@h2:26379/2"
    assert Settings(redis_url="redis://h:1/0").sentinels is None
