# A worker, or any other command of arbtune. Targets: `arbtune` (the default) and `flower`.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN ["python", "-m", "venv", "/opt/arbtune"]
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN ["/opt/arbtune/bin/pip", "install", "--require-hashes", "-r", "requirements.lock", "-r", "requirements-build.lock"]
COPY pyproject.toml README.md ./
COPY arbitrage arbitrage
COPY scripts scripts
COPY worker worker
RUN ["/opt/arbtune/bin/pip", "install", "--no-deps", "--no-build-isolation", "--compile", "."]
# For any CPU of this architecture: no worker compiles at its start.
RUN ["/opt/arbtune/bin/python", "-m", "scripts.prepare_kernels", "--shipped"]

FROM build AS build-flower
COPY requirements-flower.lock ./
RUN ["/opt/arbtune/bin/pip", "install", "--require-hashes", "-r", "requirements-flower.lock"]

FROM python:3.13-slim AS base
RUN ["useradd", "--uid", "10001", "--create-home", "--shell", "/usr/sbin/nologin", "arbtune"]
# Prepared data files; a volume that is mounted here takes over its owner.
RUN ["install", "--directory", "--owner=10001", "/cache"]
# The root file system may be read-only: what is compiled was compiled at build.
ENV PATH=/opt/arbtune/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV ARBTUNE_DATA_ROOT=/data ARBTUNE_CACHE_DIR=/cache/arbtune
WORKDIR /data
USER 10001

FROM base AS flower
# Celery's command imports from the current folder first, and /data is the user's.
WORKDIR /
COPY --from=build-flower /opt/arbtune /opt/arbtune
CMD ["celery", "-A", "worker.celery_app", "flower"]

FROM base AS arbtune
COPY --from=build /opt/arbtune /opt/arbtune
CMD ["arbtune", "worker"]
