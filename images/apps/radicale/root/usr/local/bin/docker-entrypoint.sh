#!/bin/sh
# Starts Radicale. Who signs in: the user RADICALE_USER with RADICALE_PASSWORD; or, with RADICALE_AUTH=header, whoever the proxy before it
# says in X-Remote-User.
set -eu
data=/var/lib/radicale

if [ "$(id -u)" = 0 ]; then
        mkdir -p "$data/collections" /run/radicale
        chown radicale:radicale /run/radicale
        find "$data" \! -user radicale -exec chown -h radicale:radicale {} +
        exec setpriv --reuid=radicale --regid=radicale --init-groups "$0" "$@"
fi

umask 077
if [ "${RADICALE_AUTH:-password}" = header ]; then
        auth='type = http_x_remote_user'
else
        # The word is in the environment anyway; a hash of it beside that would cost each request its reckoning and protect nothing.
        printf '%s:%s\n' "${RADICALE_USER:-me}" "${RADICALE_PASSWORD:?is not set}" >/run/radicale/users
        auth='type = htpasswd
htpasswd_filename = /run/radicale/users
htpasswd_encryption = plain'
fi
cat >/run/radicale/config <<END_OF_CONFIG
[server]
hosts = 0.0.0.0:5232, [::]:5232
max_content_length = 100000000

[auth]
$auth

[storage]
filesystem_folder = $data/collections

[logging]
level = info
END_OF_CONFIG
exec "$@" --config /run/radicale/config
