"""Jobs under fire: real workers and a real server, killed and frozen at random, and then the sums.

    python -m tests.chaos.driver [--jobs 10000] [--seed 7] [--server valkey] [--without-recovery]

Decisions come from the seed, which is printed; when each falls due depends on how far the jobs are,
so that faults hit a busy queue on a fast machine and on a slow one.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import redis
from kombu.exceptions import OperationalError

from arbitrage.arbitrage_tuning import ArbitrageTuningRunner, TuningConfig
from tests.chaos.fleet import Fleet
from tests.chaos.plain_client import PlainClient
from tests.chaos.plan import Canvas, Fault, Job, Plan
from tests.conftest import quotes_csv
from tests.helpers.inputs.elements import spoilt_element
from tests.helpers.servers.durable import DurableServer, durable_server
from tests.helpers.servers.proxy import Proxy
from worker.client.jobs.sending import send, submission
from worker.ledger.celery_meta import cancelled_meta
from worker.ledger.connection import open_ledger
from worker.ledger.ledger import Ledger, State
from worker.ledger.names import JOB_KEY
from worker.settings import Settings

LEASE_S = 3.0
TIME_LIMIT_S = 6.0  # above any absence of the server, which a job may have to sit out
MAX_ATTEMPTS = 3
MAX_DEATHS = 5
WORKERS = 3
CONCURRENCY = 2
LOW_WATER = 300  # jobs that wait, below which more are sent
STUCK_S = 12.0  # without any outcome: the next fault comes all the same
POISONED = 5  # elements at once
LATER = """for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
redis.call('ZINCRBY', KEYS[1], ARGV[1], id) end"""
SETTLE_S = 90.0  # without any outcome, and nothing to come: what is open now is lost

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
OUTCOMES = (State.SUCCESS, State.ERROR, State.CANCELLED)


@dataclass
class Report:
    """What happened, and what should not have."""

    seed: int
    confirmed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    sent_again: int = 0

    def table(self) -> str:
        """The report for people."""
        kills = sum(count for name, count in self.faults.items() if name.startswith("SIGKILL"))
        rows = [
            ("seed", self.seed),
            ("seconds", round(self.seconds)),
            *sorted(self.faults.items()),
            ("SIGKILLs in all", kills),
            ("jobs confirmed", self.confirmed),
            *((f"  {name}", count) for name, count in sorted(self.ends.items())),
            ("messages that Celery lost", self.sent_again),
            ("jobs lost", len(self.lost)),
            ("promises broken", len(self.broken)),
        ]
        lines = [f"{name:<36}{value:>8}" for name, value in rows]
        return "\n".join([*lines, *self.broken[:20]])


class Chaos:
    """One run."""

    def __init__(
        self, plan: Plan, server: DurableServer, proxy: Proxy, fleet: Fleet, ledger: Ledger
    ) -> None:
        self._plan = plan
        self._server = server
        self._proxy = proxy  # which all workers go through
        self._fleet = fleet
        self._ledger = ledger
        self._client = redis.Redis.from_url(server.url)
        self._plain_client = PlainClient(server.url)
        self.report = Report(plan.seed)
        self.confirmed: list[Job] = []

    def run(self, settle_s: float) -> None:
        """Send the jobs, let the faults fall, and wait until nothing is open."""
        unsent, faults = iter(self._plan.jobs), list(self._plan.faults)
        canvases, pace = iter(self._plan.canvases), LOW_WATER * len(self._plan.canvases)
        every = len(self._plan.jobs) / (len(faults) + 1)
        next_at, moved_at, ended = every, time.monotonic(), 0
        while True:
            self._fleet.tend()
            counts = self._ledger.counts()
            if (now_ended := sum(counts[state] for state in OUTCOMES)) != ended:
                ended, moved_at = now_ended, time.monotonic()
            quiet_s = time.monotonic() - moved_at
            if counts[State.QUEUED] < LOW_WATER:
                self._send(list(islice(unsent, LOW_WATER)))
                self._send_canvases(list(islice(canvases, pace // len(self._plan.jobs) + 1)))
            if faults and (ended >= next_at or quiet_s > STUCK_S):
                next_at += every
                moved_at = time.monotonic()
                self._strike(faults.pop())
            elif not faults and self._is_settled(quiet_s > settle_s):
                return
            time.sleep(0.05)

    def _is_settled(self, is_quiet: bool) -> bool:
        counts = self._ledger.counts()
        open_jobs = counts[State.QUEUED] + counts[State.RUNNING]
        open_jobs += self._client.zcard("arbtune:owed")  # what comes after them
        if len(self.confirmed) < self._plan.job_count or (open_jobs and not is_quiet):
            return False
        again = self._plain_client.send_lost_again(self._ledger)
        self.report.sent_again += again
        return is_quiet or not again

    def _send(self, jobs: list[Job]) -> None:
        """Submit until it is confirmed: a connection may be cut at any time."""
        submissions = [submission(job.config, job.job_id) for job in jobs]
        confirmed: list[str] = []
        while len(confirmed) < len(jobs):
            with suppress(redis.RedisError):
                confirmed = [
                    job_id for batch in send(self._ledger, submissions) for job_id in batch
                ]
        self.confirmed += jobs
        for job in jobs:
            if job.is_cancelled:
                self._ledger.cancel(job.job_id, cancelled_meta(job.job_id))

    def _send_canvases(self, canvases: list[Canvas]) -> None:
        """Send each until the server has it."""
        for canvas in canvases:
            is_sent = False
            while not is_sent:
                with suppress(redis.RedisError, OperationalError, RuntimeError):
                    self._plain_client.send(canvas)
                    is_sent = True
            self.confirmed += canvas.jobs

    def _strike(self, fault: Fault) -> None:
        if self._apply(fault.name, fault.luck):
            self.report.faults[fault.name] += 1

    def _apply(self, name: str, luck: float) -> bool:  # noqa: C901, PLR0912 - a table in code
        match name:
            case "SIGKILL of a child":
                return self._fleet.kill_child(luck)
            case "SIGKILL of a main process":
                self._fleet.kill_main(luck)
            case "SIGKILL of a whole worker":
                self._fleet.kill_whole(luck)
            case "SIGSTOP of a whole worker":
                self._fleet.freeze(luck, LEASE_S * (0.5 + 2 * luck))
            case "SIGTERM of a worker":
                self._fleet.roll_out(luck)
            case "connections cut":
                for kind in ("normal", "pubsub"):
                    self._client.client_kill_filter(_type=kind, skipme=True)
            case "connections silent":
                self._proxy.silence()
            case "server refuses writes":
                self._client.replicaof("127.0.0.1", "1")  # as after a failover
                time.sleep(LEASE_S * luck * 1.5)
                self._client.replicaof("NO", "ONE")
            case "log blocked":
                self._fleet.block_log(luck, LEASE_S * (0.5 + 2 * luck))
            case "server killed and started":
                self._server.kill()
                time.sleep(luck * 2)
                self._server.start()
            case "server paused":
                self._server.signal(signal.SIGSTOP)
                time.sleep(LEASE_S * luck * 1.5)
                self._server.signal(signal.SIGCONT)
            case "server full":
                self._client.config_set("maxmemory", 1)
                time.sleep(1 + luck)
                self._client.config_set("maxmemory", 0)
            case "poison in the queue":
                rng = random.Random(luck)
                poison = [spoilt_element(rng, f"poison-{rng.random()}") for _ in range(POISONED)]
                self._client.rpush("celery", *poison)
            case "clock put back":
                # What waits was published in an hour that is yet to come.
                self._client.eval(LATER, 1, "arbtune:waiting:celery", 3_600_000)
            case "message lost":
                # As when a worker dies between taking it and writing that down.
                return self._client.rpop("celery") is not None
        return True


# -- the sums


def judge(chaos: Chaos, ledger: Ledger, fleet: Fleet, client: redis.Redis) -> Report:
    """Hold the promises against what the ledger, the logs and the keys say after a run."""
    report = chaos.report
    report.confirmed = len(chaos.confirmed)
    dead = set(ledger.dead(len(chaos.confirmed)))
    clean = clean_results(chaos.confirmed)
    for job in chaos.confirmed:
        _judge_job(report, ledger, job, clean, is_dead=job.job_id in dead)
    report.broken += [f"{job_id} is lost" for job_id in report.lost]
    report.broken += doubled_outcomes(fleet.logs)
    report.broken += [f"a worker exited with {status} at SIGTERM" for status in fleet.bad_exits]
    report.broken += over_the_limit(client, chaos.confirmed)
    report.broken += leftovers(client)
    if sum(report.ends.values()) + len(report.lost) != report.confirmed:
        report.broken.append("the ends do not add up to the jobs")
    return report


def _judge_job(
    report: Report, ledger: Ledger, job: Job, clean: dict[float, Any], *, is_dead: bool
) -> None:
    record, [meta] = ledger.record(job.job_id), ledger.results([job.job_id])
    if record is None or record.state not in OUTCOMES or meta is None:
        report.lost.append(job.job_id)
        return
    report.ends["dead" if is_dead else record.state.value] += 1
    if not job.is_expected(record.state, record.error, is_dead=is_dead):
        report.broken.append(f"{job.job_id} ({job.config['tag']}) ended as {record}")
    celery = {"SUCCESS": "success", "FAILURE": "error", "REVOKED": "cancelled"}[meta["status"]]
    if celery != record.state:
        report.broken.append(f"{job.job_id} is {record.state} and its result {celery}")
    if record.state is State.SUCCESS:
        metrics = _comparable(meta["result"])
        if metrics != clean[job.config["min_spread_bps"]]:
            report.broken.append(f"{job.job_id} has other figures than a clean run")


def clean_results(jobs: list[Job]) -> dict[float, Any]:
    """The figures of each kind of job, computed here."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quotes.csv"
        path.write_text(quotes_csv(), encoding="utf-8")
        configs = {job.config["min_spread_bps"]: TuningConfig(**job.config) for job in jobs}
        return {
            spread: _comparable(
                ArbitrageTuningRunner(config, data_path=path).run().model_dump(mode="json")
            )
            for spread, config in configs.items()
        }


def _comparable(metrics: dict[str, Any]) -> dict[str, Any]:
    """All but the time that it took, and the tag, which is another for each job."""
    summary = {name: value for name, value in metrics["config_summary"].items() if name != "tag"}
    return {**metrics, "runtime_seconds": None, "config_summary": summary}


def doubled_outcomes(logs: list[Path]) -> list[str]:
    """Jobs for which more than one outcome was taken, by the words of the workers."""
    taken: Counter[str] = Counter()
    for log in logs:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError):
                event = json.loads(line)
                if event["event"] == "job.finished" and event["outcome"] in OUTCOMES:
                    taken[event["job_id"]] += 1
    return [f"{job_id} had {count} outcomes" for job_id, count in taken.items() if count > 1]


def over_the_limit(client: redis.Redis, jobs: list[Job]) -> list[str]:
    """Jobs that were started more often than they may be."""
    found = []
    for job in jobs:
        fields = ("starts", "returned", "deaths")
        values: Any = client.hmget(JOB_KEY.format(job.job_id), *fields)
        starts, returned, deaths = (int(value or 0) for value in values)
        # The last of the deaths that end a job is not counted as one.
        if starts - returned - deaths > MAX_ATTEMPTS or deaths >= MAX_DEATHS:
            found.append(f"{job.job_id}: {starts} starts, {returned} returned, {deaths} deaths")
    return found


def leftovers(client: redis.Redis) -> list[str]:
    """What is still open, and keys that would stay for ever without being meant to."""
    indexes = ("jobs:queued", "jobs:running", "due", "owed", "waiting:celery")
    found = [f"arbtune:{name} is not empty" for name in indexes if client.zcard(f"arbtune:{name}")]
    letters: Any = client.zrange("arbtune:dead", 0, -1)
    dead = {f"arbtune:job:{member.decode()}" for member in letters}
    permanent = permanent_keys()
    for raw in client.scan_iter(count=1000):
        key = raw.decode()
        if client.ttl(key) == -1 and key not in dead and not permanent.fullmatch(key):
            found.append(f"{key} has no lifetime and is not documented as permanent")
    return found


def permanent_keys() -> re.Pattern[str]:
    """The keys that the operator is told stay for ever, by the table that tells it."""
    table = OPERATIONS.read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`.*`) \|.*\| permanent[^|]* \|$", table, flags=re.MULTILINE)
    names = [re.escape(name) for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    return re.compile("|".join(names).replace("QUEUE", ".*").replace(r"\*", ".*"))


# -- the run as a whole


def run(
    plan: Plan, *, server_kind: str = "valkey", recovers: bool = True, settle_s: float = SETTLE_S
) -> Report:
    """Bring everything up, run the plan, take everything down, and judge."""
    with tempfile.TemporaryDirectory(prefix="arbtune-chaos-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        (folder / "data" / "quotes.csv").write_text(quotes_csv(), encoding="utf-8")
        (folder / "server").mkdir()
        with (
            durable_server(server_kind, folder / "server") as server,
            Proxy.before(server.url) as proxy,
        ):
            environment = {
                "ARBTUNE_REDIS_URL": proxy.url,
                "ARBTUNE_DATA_ROOT": str(folder / "data"),
                "ARBTUNE_LEASE_S": str(LEASE_S),
                "ARBTUNE_JOB_TIME_LIMIT_S": str(TIME_LIMIT_S),
                "ARBTUNE_MAX_ATTEMPTS": str(MAX_ATTEMPTS),
                "ARBTUNE_MAX_WORKER_DEATHS": str(MAX_DEATHS),
            }
            if not recovers:
                environment["ARBTUNE_TEST_WITHOUT_RECOVERY"] = "1"
            ledger = open_ledger(Settings(redis_url=server.url))
            with fleet_of(environment, folder) as fleet:
                chaos = Chaos(plan, server, proxy, fleet, ledger)
                started = time.monotonic()
                chaos.run(settle_s)
                chaos.report.seconds = time.monotonic() - started
                fleet.stop()
                return judge(chaos, ledger, fleet, redis.Redis.from_url(server.url))


@contextmanager
def fleet_of(environment: dict[str, str], folder: Path) -> Iterator[Fleet]:
    """Workers that end with the block, whatever ended it."""
    fleet = Fleet(WORKERS, CONCURRENCY, environment, folder)
    try:
        yield fleet
    finally:
        fleet.kill()


def main() -> int:
    """Run the long form; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--server", choices=["valkey", "redis"], default="valkey")
    parser.add_argument("--without-recovery", action="store_true")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    plan = Plan.draw(arguments.seed, arguments.jobs, scale=arguments.jobs / 10_000, mean_job_s=0.2)
    report = run(plan, server_kind=arguments.server, recovers=not arguments.without_recovery)
    print(report.table())
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
