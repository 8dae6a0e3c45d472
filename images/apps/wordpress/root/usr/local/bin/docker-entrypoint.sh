#!/bin/sh
# Starts WordPress: brings in what data lacks, waits for the database, sets the site up the first time and brings its tables up to date.
set -eu
content=/var/www/html/wp-content

mkdir -p "$content/uploads" "$content/plugins" "$content/themes" "$content/upgrade"
for theme in /usr/src/wp-content/themes/*/; do
        [ -d "$theme" ] || continue
        rm -rf "$content/themes/$(basename "$theme")"
        cp -R "$theme" "$content/themes/"
done
[ -e "$content/index.php" ] || cp /usr/src/wp-content/*.php "$content/" 2>/dev/null || :
find "$content" \! -user www-data -exec chown -h www-data:www-data {} +
setpriv --reuid=www-data --regid=www-data --init-groups php /usr/local/share/wordpress/setup.php
exec "$@"
