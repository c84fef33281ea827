# Two images from one build:
#
#   docker build --target serve  -t nagaya .          serves, migrates, runs every verb that needs no PostgreSQL client
#   docker build --target worker -t nagaya-worker .   the same with pg_dump and psql, for `nagaya worker`: backups and drills
#
# Both run as an ordinary user on a read-only root file system; they write to /data (embedded engine), /backups and /tmp alone.
ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ormconfig.ts ./
COPY scripts/build.mjs scripts/
COPY migrations migrations
COPY src src
COPY clients/typescript/src clients/typescript/src
# Source maps stay: a stack in the log then names the lines of src/.
RUN node scripts/build.mjs && npm prune --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE} AS serve
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 NAGAYA_DATA_DIR=/data NAGAYA_BACKUP_TO=/backups
WORKDIR /app
# Whoever the container runs as must not be able to change what it runs: these files are root's.
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
# npm is not needed to run, and is the part of the base image that scanners complain about most.
RUN rm -rf /usr/local/lib/node_modules/npm /usr/local/bin/npm /usr/local/bin/npx \
  && install -d -o node -g node -m 0700 /data /backups
USER node
VOLUME ["/data", "/backups"]
EXPOSE 3000
# For engines that know no readiness probe. Liveness and not readiness: a database that is away is no reason to restart this process.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between: SIGTERM reaches the process that drains.
ENTRYPOINT ["node", "--enable-source-maps", "dist/src/cli.js"]
CMD ["start"]

FROM serve AS worker
USER root
# pg_dump must not be older than the server. For a server of another version take that version's client.
ARG POSTGRES_CLIENT=postgresql-client-17
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ${POSTGRES_CLIENT} \
  && rm -rf /var/lib/apt/lists/*
USER node
# The worker listens on nothing that could be asked.
HEALTHCHECK NONE
CMD ["worker"]
