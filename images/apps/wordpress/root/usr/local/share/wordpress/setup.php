<?php
// Run before the web server: the database is there, the site is installed, its tables are those of this version.
mysqli_report(MYSQLI_REPORT_OFF);
for ($i = 0; ; $i++) {
    $link = @mysqli_connect(getenv('WORDPRESS_DB_HOST') ?: 'db', getenv('WORDPRESS_DB_USER') ?: 'wordpress', getenv('WORDPRESS_DB_PASSWORD') ?: '',
        getenv('WORDPRESS_DB_NAME') ?: 'wordpress');
    if ($link) {
        break;
    }
    if ($i >= 600) {
        fwrite(STDERR, 'The database does not answer: ' . mysqli_connect_error() . "\n");
        exit(1);
    }
    usleep(200000);
}
mysqli_close($link);

$address = parse_url(getenv('WORDPRESS_URL') ?: 'http://localhost');
$_SERVER += ['HTTP_HOST' => $address['host'], 'SERVER_NAME' => $address['host'], 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
define('WP_INSTALLING', true);
require '/var/www/html/wp-config.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
// Nobody is told by mail: the box shows who may sign in.
add_filter('pre_wp_mail', '__return_false');
// Nor is anybody asked: it would look for itself at its own address, where it is not yet.
add_filter('pre_http_request', fn() => new WP_Error('setup', 'The site is being set up.'));

if (!is_blog_installed()) {
    $password = getenv('WORDPRESS_ADMIN_PASSWORD');
    if (!$password) {
        fwrite(STDERR, "WORDPRESS_ADMIN_PASSWORD is not set.\n");
        exit(1);
    }
    // All of it is written to the disk once; making tables ends what was begun before, so only rows wait.
    $wpdb->query('SET autocommit = 0');
    wp_install(getenv('WORDPRESS_TITLE') ?: 'My site', getenv('WORDPRESS_ADMIN_USER') ?: 'admin', getenv('WORDPRESS_ADMIN_EMAIL') ?: 'admin@localhost.localdomain',
        true, '', wp_slash($password), '');
    update_option('permalink_structure', '/%postname%/');
    update_option('timezone_string', getenv('TZ') ?: 'UTC');
    $wpdb->query('COMMIT');
    echo "The site was set up.\n";
} else {
    wp_upgrade();
}
