#!/bin/bash
# Starts MariaDB: makes the data directory the first time, with MARIADB_ROOT_PASSWORD (or none that works from outside), MARIADB_DATABASE,
# MARIADB_USER and MARIADB_PASSWORD. MYSQL_ in place of MARIADB_ does, too.
set -euo pipefail
data=/var/lib/mysql

setting() {
        local maria=MARIADB_$1 my=MYSQL_$1
        printf %s "${!maria:-${!my:-}}"
}

quoted() {
        printf "'%s'" "$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")"
}

if [ "$(id -u)" = 0 ]; then
        mkdir -p "$data" /run/mysqld
        find "$data" /run/mysqld \! -user mysql -exec chown -h mysql:mysql {} +
        exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi

# Said by the server itself while it makes its tables, so nothing ever listens without its passwords.
statements() {
        local database user
        database=$(setting DATABASE) user=$(setting USER)
        echo "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');"
        echo "FLUSH PRIVILEGES;"
        if [ -n "$(setting ROOT_PASSWORD)" ]; then
                echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $(quoted "$(setting ROOT_PASSWORD)");"
                echo "CREATE USER 'root'@'%' IDENTIFIED BY $(quoted "$(setting ROOT_PASSWORD)");"
                echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
        fi
        [ -z "$database" ] || echo "CREATE DATABASE \`${database//\`/}\`;"
        [ -z "$user" ] || echo "CREATE USER $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$(setting PASSWORD)");"
        [ -z "$user" ] || [ -z "$database" ] || echo "GRANT ALL ON \`${database//\`/}\`.* TO $(quoted "$user")@'%';"
}

if [ ! -e "$data/.whole" ]; then
        find "$data" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
        # One run for its tables and ours, which waits for the disk once at the end instead of at every step.
        (umask 077; { printf 'USE mysql;\n'; statements; } >/run/mysqld/first.sql)
        mariadb-install-db --datadir="$data" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
                --extra-file=/run/mysqld/first.sql --debug-no-sync >/dev/null
        rm -f /run/mysqld/first.sql
        sync -f "$data"
        : >"$data/.whole"
fi
exec "$@"
