<?php
// Writes a new wiki's settings into /data/conf.
$get = function ($name, $otherwise = '') { $v = getenv('DOKUWIKI_' . $name); return $v === false || $v === '' ? $otherwise : $v; };
$user = preg_replace('/[^a-z0-9._-]/', '', strtolower($get('USER', 'admin'))) ?: 'admin';
$clean = fn ($text) => str_replace([':', '#', "\n", "\r"], ' ', $text);
$settings = [
    'title' => $get('TITLE', 'Wiki'),
    'lang' => preg_replace('/[^a-z-]/', '', $get('LANGUAGE', 'en')) ?: 'en',
    'savedir' => '/data/pages',
    'useacl' => 1,
    'superuser' => '@admin',
    'disableactions' => 'register',
    'passcrypt' => 'bcrypt',
    'trustedproxy' => '::1,fe80::/10,127.0.0.1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,198.18.0.0/15',
    'updatecheck' => 0,
    'license' => '',
];
$text = "<?php\n";
foreach ($settings as $key => $value) {
    $text .= '$conf[' . var_export($key, true) . '] = ' . var_export($value, true) . ";\n";
}
file_put_contents('/data/conf/local.php', $text);
file_put_contents('/data/conf/acl.auth.php', "# <?php exit()?>\n*\t@ALL\t" . ($get('OPEN') === 'yes' ? 1 : 0) . "\n*\t@user\t8\n");
file_put_contents('/data/conf/users.auth.php', "# <?php exit()?>\n$user:" . password_hash($get('PASSWORD'), PASSWORD_BCRYPT) . ':' .
    $clean($get('NAME', $user)) . ':' . $clean($get('EMAIL')) . ":admin,user\n");
