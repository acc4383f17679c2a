# The image of a Python service:
#
#   docker build -f deploy/docker/service.Dockerfile --build-arg SERVICE=tasks -t todochat/tasks:0.1.0 .
#
# SERVICE is auth-session, tasks, todo-agent or chat-gateway. See README.md in this folder.
# Dependabot updates only a literal FROM. BASE may name another image.
ARG BASE=base
ARG SERVICE

FROM python:3.11.16-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b AS base

# hadolint ignore=DL3006
FROM ${BASE} AS tools
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements.lock deploy/docker/locked.sh ./
RUN --mount=type=secret,id=index sh locked.sh tools hatchling

# The service's third-party dependencies. Changes with the lock or a pyproject.toml.
FROM tools AS dependencies
ARG SERVICE
COPY pyproject.toml ./
COPY packages/durable-chatkit/pyproject.toml packages/durable-chatkit/
COPY packages/model-client/pyproject.toml packages/model-client/
COPY packages/task-phrases/pyproject.toml packages/task-phrases/
COPY packages/task-tools/pyproject.toml packages/task-tools/
COPY packages/offline-assistant/pyproject.toml packages/offline-assistant/
COPY packages/todochat/pyproject.toml packages/todochat/
COPY services/${SERVICE}/pyproject.toml services/${SERVICE}/
RUN --mount=type=secret,id=index sh locked.sh service "${SERVICE}"

FROM dependencies AS code
ARG SERVICE
COPY packages/durable-chatkit/src packages/durable-chatkit/src
COPY packages/model-client/src packages/model-client/src
COPY packages/task-phrases/src packages/task-phrases/src
COPY packages/task-tools/src packages/task-tools/src
COPY packages/offline-assistant/src packages/offline-assistant/src
COPY packages/todochat/src packages/todochat/src
COPY services/${SERVICE}/src services/${SERVICE}/src
RUN sh locked.sh code "${SERVICE}"

# hadolint ignore=DL3006
FROM ${BASE} AS runtime
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
RUN groupadd --gid 10001 todochat \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home \
        --home-dir /nonexistent --shell /usr/sbin/nologin todochat
# All addresses: in a container only its networks can reach them.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AUTH_SESSION_HOST=0.0.0.0 \
    TASKS_HOST=0.0.0.0 \
    TODO_AGENT_HOST=0.0.0.0 \
    TODO_AGENT_WORKER_HOST=0.0.0.0 \
    CHAT_GATEWAY_HOST=0.0.0.0
COPY deploy/docker/healthy.py /opt/healthy.py
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=code /opt/todochat /opt/todochat
# For deploy/compose/try.yaml, which has no other file.
COPY deploy/compose/make_secrets.py /opt/make_secrets.py
LABEL org.opencontainers.image.title="todochat/${SERVICE}" \
      org.opencontainers.image.description="A service of todochat, a self-hosted ChatKit" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
WORKDIR /tmp
STOPSIGNAL SIGTERM
USER 10001:10001

FROM runtime AS auth-session
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/opt/healthy.py", "/health/ready", "AUTH_SESSION_PORT=8001"]
ENTRYPOINT ["python", "-m", "auth_session"]
CMD ["serve"]

FROM runtime AS tasks
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/opt/healthy.py", "/health/ready", "TASKS_PORT=8002"]
ENTRYPOINT ["python", "-m", "tasks_service"]
CMD ["serve"]

# Checks whichever command runs, `api` or `worker`.
FROM runtime AS todo-agent
EXPOSE 8003 8013
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/opt/healthy.py", "/health/ready", "TODO_AGENT_PORT=8003", "TODO_AGENT_WORKER_PORT=8013"]
ENTRYPOINT ["python", "-m", "todo_agent"]
CMD ["api"]

FROM runtime AS chat-gateway
EXPOSE 8004
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/opt/healthy.py", "/health/ready", "CHAT_GATEWAY_PORT=8004"]
ENTRYPOINT ["python", "-m", "chat_gateway"]
CMD ["serve"]

# hadolint ignore=DL3006
FROM ${SERVICE}
