<?php
// Everything comes from the environment. The keys are drawn from one secret.
define('DB_NAME', getenv('WORDPRESS_DB_NAME') ?: 'wordpress');
define('DB_USER', getenv('WORDPRESS_DB_USER') ?: 'wordpress');
define('DB_PASSWORD', getenv('WORDPRESS_DB_PASSWORD') ?: '');
define('DB_HOST', getenv('WORDPRESS_DB_HOST') ?: 'db');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) {
    define($name, hash_hmac('sha256', $name, getenv('WORDPRESS_SECRET') ?: getenv('WORDPRESS_DB_PASSWORD')));
}
if (getenv('WORDPRESS_URL')) {
    define('WP_HOME', rtrim(getenv('WORDPRESS_URL'), '/'));
    define('WP_SITEURL', WP_HOME);
}
define('AUTOMATIC_UPDATER_DISABLED', true); // the program comes with its image
define('WP_DEBUG', false);
define('FS_METHOD', 'direct');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {
    define('ABSPATH', '/var/www/html/');
}
require_once ABSPATH . 'wp-settings.php';
