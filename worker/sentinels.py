"""`sentinel://`: the address of a server that Sentinels name, another one after a failover."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote, urlsplit

SCHEME = "sentinel://"
FORM = "sentinel://HOST:PORT,HOST:PORT/DB?master=NAME"
DEFAULT_PORT = 26_379


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
        """What a URL of the form `FORM` says; user and password of the server before the hosts.

        Raises:
            ValueError: It is not of that form.
        """
        parts = urlsplit(url)
        userinfo, _, hosts = parts.netloc.rpartition("@")
        username, _, password = map(unquote, userinfo.partition(":"))
        options = parse_qs(parts.query, strict_parsing=True)
        [master] = options.pop("master", [""])
        if options or not master or "@" in parts.query:
            raise ValueError(url)
        database = parts.path.removeprefix("/") or "0"
        if not (database.isascii() and database.isdecimal()):
            raise ValueError(url)
        return cls(
            tuple(map(_host, hosts.split(","))),
            master,
            int(database),
            username or None,
            password or None,
        )

    @property
    def place(self) -> str:
        """The URL without user and password."""
        hosts = ",".join(f"{_bracketed(host)}:{port}" for host, port in self.hosts)
        return f"{SCHEME}{hosts}/{self.database}?master={self.master}"

    @property
    def broker_url(self) -> str:
        """What kombu's transport wants: a URL for each of them, and the name apart."""
        login = f"{quote(self.username or '', safe='')}:{quote(self.password or '', safe='')}@"
        return ";".join(
            f"{SCHEME}{login if self.password else ''}{_bracketed(host)}:{port}/{self.database}"
            for host, port in self.hosts
        )


def _host(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.path:
        raise ValueError(text)
    return parts.hostname, parts.port or DEFAULT_PORT


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
