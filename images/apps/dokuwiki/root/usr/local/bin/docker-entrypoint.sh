#!/bin/sh
# Starts DokuWiki. The first time it makes the wiki with DOKUWIKI_TITLE, its superuser DOKUWIKI_USER with DOKUWIKI_PASSWORD, and who may
# read: DOKUWIKI_OPEN=yes lets everybody, otherwise only those with an account.
set -eu
umask 027

if [ ! -e /data/conf/whole ]; then
        : "${DOKUWIKI_PASSWORD:?is not set}"
        rm -rf /data/conf
        mkdir -p /data/conf /data/pages
        cp -R /usr/src/dokuwiki/data/. /data/pages/
        php /usr/local/share/dokuwiki/setup.php
        touch /data/conf/whole
fi
# What comes with the program is the program's, whatever version wrote it.
for file in /usr/src/dokuwiki/conf/*; do
        case ${file##*/} in
        local*.php | *.auth.php | *.local.*) ;;
        *) cp -R "$file" /data/conf/ ;;
        esac
done
for directory in attic cache index locks log media media_attic media_meta meta pages tmp; do
        mkdir -p "/data/pages/$directory"
done
find /data \! -user www-data -exec chown -h www-data:www-data {} +
exec "$@"
