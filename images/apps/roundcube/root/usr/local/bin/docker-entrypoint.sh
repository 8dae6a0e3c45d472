#!/bin/sh
# Starts Roundcube: writes its settings from the environment and makes or brings up to date its database.
set -eu
mkdir -p /data/temp /data/logs
: "${ROUNDCUBE_SECRET:?is not set}"

cat >/data/config.inc.php.new <<'END_OF_CONFIG'
<?php
// Written at each start.
$env = function ($name, $otherwise) { $v = getenv('ROUNDCUBE_' . $name); return $v === false || $v === '' ? $otherwise : $v; };
$config['db_dsnw'] = 'sqlite:////data/roundcube.db?mode=0640';
$config['imap_host'] = $env('IMAP_HOST', 'localhost:143');
$config['smtp_host'] = $env('SMTP_HOST', 'localhost:587');
$config['smtp_user'] = '%u';
$config['smtp_pass'] = '%p';
$config['product_name'] = $env('TITLE', 'Mail');
$config['des_key'] = substr(hash('sha256', $env('SECRET', '')), 0, 24);
$config['language'] = $env('LANGUAGE', null);
$config['temp_dir'] = '/data/temp';
$config['log_driver'] = 'stdout';
$config['support_url'] = '';
$config['plugins'] = ['archive', 'zipdownload', 'markasjunk'];
$config['skin'] = 'elastic';
$config['enable_installer'] = false;
$config['use_https'] = (getenv('ROUNDCUBE_HTTPS') ?: '') !== '';
END_OF_CONFIG
mv /data/config.inc.php.new /data/config.inc.php
find /data \! -user www-data -exec chown -h www-data:www-data {} +

as_server() {
        setpriv --reuid=www-data --regid=www-data --init-groups "$@"
}
if [ -s /data/roundcube.db ]; then
        as_server php /usr/share/roundcube/bin/updatedb.sh --package=roundcube --dir=/usr/share/roundcube/SQL
else
        # It gets its name only when it is whole.
        rm -f /data/roundcube.db.new
        as_server php -r '
                $db = new PDO("sqlite:/data/roundcube.db.new");
                $db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
                $db->exec(file_get_contents("/usr/share/roundcube/SQL/sqlite.initial.sql"));'
        mv /data/roundcube.db.new /data/roundcube.db
fi
exec "$@"
