#!/bin/bash
# Starts PostgreSQL: makes the data directory the first time, with POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA" /run/postgresql
        find "$PGDATA" /run/postgresql \! -user postgres -exec chown -h postgres:postgres {} +
        chmod 0700 "$PGDATA"
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
        : "${POSTGRES_PASSWORD:?is not set}"
        user=${POSTGRES_USER:-postgres}
        # A half-made one would never start: it gets its name only when it is whole.
        find "$PGDATA" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
        initdb --pgdata="$PGDATA/.new" --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-host=scram-sha-256 \
                --auth-local=trust --encoding=UTF8 --locale=C.UTF-8
        printf 'host all all all scram-sha-256\n' >>"$PGDATA/.new/pg_hba.conf"
        printf "listen_addresses = '*'\nunix_socket_directories = '/run/postgresql'\nshared_buffers = 16MB\nmax_connections = 40\njit = off\n" \
                >>"$PGDATA/.new/postgresql.conf"
        if [ "${POSTGRES_DB:-$user}" != postgres ]; then
                printf 'CREATE DATABASE "%s";\n' "${POSTGRES_DB:-$user}" | postgres --single -D "$PGDATA/.new" -j postgres >/dev/null
        fi
        mv "$PGDATA/.new/"* "$PGDATA/"
        rmdir "$PGDATA/.new"
fi
exec "$@"
