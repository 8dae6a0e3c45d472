#include "helper/render-nginx-app.h"
#include "base/validate.h"
#include "helper/check.h"
#include "helper/text.h"
#include "identity.h"
#include <arpa/inet.h>

static const char* const kind_table[_NGINX_KIND_MAX] = {
        [NGINX_BOX] = "box",
        [NGINX_REDIRECT] = "redirect",
        [NGINX_MAINTENANCE] = "maintenance",
        [NGINX_MTA_STS] = "mta-sts",
        [NGINX_APP] = "app",
        [NGINX_APP_ALIAS] = "app-alias",
};

static const char* const header_table[NGINX_HEADERS_N] = { "no-index", "hsts-subdomains", "hsts-preload", "no-referrer", "same-origin-resources" };

/* One worker is enough for one customer's box. Logs go to the journal, without a line per request: who looked at what is nobody's
 * business. $steadbox_host is the Host header when it agrees with the name nginx chose the server by, else empty: an absolute request
 * line must not smuggle in another Host. Nothing of /etc/nginx is used, so an administrator's changes there neither help nor harm. */
static const char head[] =
                "# Written by steadbox-helper; changes made here are lost.\n"
                "user www-data;\n"
                "worker_processes 1;\n"
                "worker_rlimit_nofile 4096;\n"
                "worker_shutdown_timeout 15m;\n"
                "error_log stderr warn;\n"
                "events {\n"
                "        worker_connections 2048;\n"
                "}\n"
                "http {\n"
                "        access_log off;\n"
                "        server_tokens off;\n"
                "        sendfile on;\n"
                "        tcp_nopush on;\n"
                "        types {\n"
                "                text/html html;\n"
                "                text/css css;\n"
                "                text/javascript js mjs;\n"
                "                text/plain txt;\n"
                "                text/markdown md;\n"
                "                application/json json map;\n"
                "                application/manifest+json webmanifest;\n"
                "                application/pdf pdf;\n"
                "                image/svg+xml svg;\n"
                "                image/png png;\n"
                "                image/x-icon ico;\n"
                "                image/webp webp;\n"
                "                font/woff2 woff2;\n"
                "        }\n"
                "        default_type application/octet-stream;\n"
                "        charset utf-8;\n"
                "        charset_types text/css text/plain text/javascript text/markdown application/json application/manifest+json;\n"
                "        gzip on;\n"
                "        gzip_static on;\n"
                "        gzip_vary on;\n"
                "        gzip_min_length 1000;\n"
                "        gzip_types text/css text/javascript text/plain text/markdown application/json application/manifest+json image/svg+xml;\n"
                "        client_header_timeout 10s;\n"
                "        client_body_timeout 15s;\n"
                "        send_timeout 30s;\n"
                "        keepalive_timeout 65s;\n"
                "        keepalive_requests 1000;\n"
                "        reset_timedout_connection on;\n"
                "        client_header_buffer_size 1k;\n"
                "        large_client_header_buffers 4 8k;\n"
                "        client_max_body_size 8m;\n"
                "        client_body_buffer_size 16k;\n"
                "        http2_max_concurrent_streams 32;\n"
                "        limit_conn_zone $binary_remote_addr zone=address:1m;\n"
                "        limit_conn address 128;\n"
                "        limit_conn_status 429;\n"
                "        limit_conn_log_level notice;\n"
                "        ssl_protocols TLSv1.2 TLSv1.3;\n"
                "        ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;\n"
                "        ssl_prefer_server_ciphers off;\n"
                "        ssl_ecdh_curve X25519:prime256v1:secp384r1;\n"
                "        ssl_session_cache shared:tls:1m;\n"
                "        ssl_session_timeout 1d;\n"
                "        ssl_session_tickets off;\n"
                "        server_names_hash_bucket_size 512;\n"
                "        server_names_hash_max_size 4096;\n"
                "        map \"$host|$http_host\" $steadbox_host {\n"
                "                default \"\";\n"
                "                \"~*^([^|]+)\\|\\1(:[0-9]+)?$\" $http_host;\n"
                "        }\n"
                "        map \"$status $uri\" $steadbox_cache {\n"
                "                default \"no-cache\";\n"
                "                \"~^(200|206|304) /assets/\" \"public, max-age=31536000, immutable\";\n"
                "                \"~ /api/\" \"\";\n"
                "        }\n"
                "        map $http_accept $steadbox_resting {\n"
                "                default \"/resting.json\";\n"
                "                \"~*text/html\" \"/resting.html\";\n"
                "        }\n"
                "        upstream steadboxd {\n"
                "                server unix:/run/steadbox/web.sock max_fails=0;\n"
                "                keepalive 16;\n"
                "        }\n";

/* What every plain server has: answers to ACME, and who we are. */
static const char well_known[] =
                "                location /.well-known/acme-challenge/ {\n"
                "                        root /run/steadbox-challenge;\n"
                "                        disable_symlinks on;\n"
                "                        default_type text/plain;\n"
                "                }\n";

static const char identity_location[] =
                "                location = " IDENTITY_PATH " {\n"
                "                        default_type text/plain;\n"
                "                        return 200 \"%IDENTITY%\\n\";\n"
                "                }\n";

/* Names we do not know lead here all the same: a name that was just pointed at the box can be told from one that was not. */
static const char default_plain[] =
                "                location / {\n"
                "                        return 421;\n"
                "                }\n"
                "        }\n";

/* A client without a name, or with a foreign one, meets this server; it needs some certificate to say 421 at all. */
static const char default_tls[] =
                "        server {\n"
                "                listen 443 ssl default_server;\n"
                "                listen [::]:443 ssl default_server;\n"
                "                http2 on;\n"
                "                server_name \"\";\n"
                "                ssl_certificate " NGINX_CERTIFICATES "/%CERTIFICATE%/chain.pem;\n"
                "                ssl_certificate_key " NGINX_CERTIFICATES "/%CERTIFICATE%/key.pem;\n"
                "                return 421;\n"
                "        }\n";

static const char redirect_plain[] =
                "                location / {\n"
                "                        return 301 https://$host$request_uri;\n"
                "                }\n"
                "        }\n";

static const char tls[] =
                "                listen 443 ssl;\n"
                "                listen [::]:443 ssl;\n"
                "                http2 on;\n"
                "                ssl_certificate " NGINX_CERTIFICATES "/%CERTIFICATE%/chain.pem;\n"
                "                ssl_certificate_key " NGINX_CERTIFICATES "/%CERTIFICATE%/key.pem;\n";

/* Of everything that is not an app: an app's answers are its own. */
static const char own_headers[] =
                "                add_header X-Content-Type-Options nosniff always;\n"
                "                add_header Cache-Control $steadbox_cache always;\n";

/* Of our own pages. */
static const char page_headers[] =
                "                add_header Content-Security-Policy \"default-src 'none'; script-src 'self'; style-src 'self'; "
                "img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
                "base-uri 'none'; manifest-src 'self'\" always;\n"
                "                add_header Permissions-Policy \"camera=(), geolocation=(), microphone=(), payment=(), usb=()\" always;\n"
                "                add_header Cross-Origin-Opener-Policy same-origin always;\n";

/* Cookies of one app may be for all names beside it (a script may say so), and so many that nobody who has them is heard any more at any of these
 * names. Whoever is refused for that is told to throw away what the whole domain gave him: he signs in again and is in (Clear Site Data, W3C). Over
 * HTTP/2 nginx ends the connection instead. */
static const char too_many_cookies[] =
                "                error_page 494 =400 /.steadbox/cookies;\n"
                "                location = /.steadbox/cookies {\n"
                "                        internal;\n"
                "                        add_header Cache-Control no-store always;\n"
                "                        add_header Clear-Site-Data \"\\\"cookies\\\"\" always;\n"
                "                        default_type text/html;\n"
                "                        alias /usr/share/steadbox/pages/cookies.html;\n"
                "                }\n";

static const char no_referrer[] = "                add_header Referrer-Policy no-referrer always;\n";
static const char same_origin_resources[] = "                add_header Cross-Origin-Resource-Policy same-origin always;\n";
static const char no_index[] = "                add_header X-Robots-Tag \"noindex, nofollow\" always;\n";
static const char hsts[] = "                add_header Strict-Transport-Security \"max-age=31536000\" always;\n";
static const char hsts_subdomains[] = "                add_header Strict-Transport-Security \"max-age=31536000; includeSubDomains\" always;\n";
static const char hsts_preload[] =
                "                add_header Strict-Transport-Security \"max-age=31536000; includeSubDomains; preload\" always;\n";

static const char resting[] =
                "                location = /resting.css {\n"
                "                        root /usr/share/steadbox/pages;\n"
                "                }\n"
                "                location = /resting.html {\n"
                "                        internal;\n"
                "                        root /usr/share/steadbox/pages;\n"
                "                }\n"
                "                location = /resting.json {\n"
                "                        internal;\n"
                "                        root /usr/share/steadbox/pages;\n"
                "                }\n";

/* The client's own X-Real-IP and X-Forwarded-For end here: the first is replaced, the others are not passed at all. Only failures to
 * reach the manager become the resting page; its own 503 passes through. The UI's files lie in assets/ or at the top;
 * everything else is one of its pages, also where a user name with a dot ends the address. Who reads a stream may pause as long as the
 * manager has patience (http.c). */
static const char box[] =
                "                if ($steadbox_host = \"\") {\n"
                "                        return 421;\n"
                "                }\n"
                "                proxy_http_version 1.1;\n"
                "                proxy_set_header Connection \"\";\n"
                "                proxy_set_header Host $steadbox_host;\n"
                "                proxy_set_header X-Real-IP $remote_addr;\n"
                "                proxy_set_header X-Forwarded-For \"\";\n"
                "                proxy_set_header X-Forwarded-Host \"\";\n"
                "                proxy_set_header X-Forwarded-Proto \"\";\n"
                "                proxy_set_header Forwarded \"\";\n"
                "                proxy_set_header X-Steadbox-Inner \"\";\n"
                "                proxy_hide_header Content-Security-Policy;\n"
                "                proxy_hide_header X-Content-Type-Options;\n"
                "                proxy_hide_header Referrer-Policy;\n"
                "                proxy_connect_timeout 5s;\n"
                "                proxy_read_timeout 60s;\n"
                "                proxy_send_timeout 15s;\n"
                "                proxy_next_upstream off;\n"
                "                location ^~ /api/ {\n"
                "                        error_page 502 504 =503 $steadbox_resting;\n"
                "                        proxy_pass http://steadboxd;\n"
                "                        location ~ ^/api/v1/(apps/[^/]+/(directory|logs/watch)|terminals/[^/]+)$ {\n"
                "                                proxy_pass http://steadboxd;\n"
                "                                proxy_buffering off;\n"
                "                                send_timeout 300s;\n"
                "                                gzip off;\n"
                "                        }\n"
                "                }\n"
                "                location = /api/v1/events {\n"
                "                        error_page 502 504 =503 $steadbox_resting;\n"
                "                        proxy_pass http://steadboxd;\n"
                "                        proxy_buffering off;\n"
                "                        proxy_read_timeout 1h;\n"
                "                        gzip off;\n"
                "                }\n"
                "                location / {\n"
                "                        root /usr/share/steadbox/ui;\n"
                "                        try_files $uri /index.html;\n"
                "                }\n"
                "                location ~ ^/(assets/|[^/]+\\.[a-z0-9]+$) {\n"
                "                        root /usr/share/steadbox/ui;\n"
                "                        try_files $uri =404;\n"
                "                }\n";

static const char redirect[] =
                "                location / {\n"
                "                        return 301 https://%TARGET%$request_uri;\n"
                "                }\n";

/* RFC 8461 3.2. In testing mode senders report what they meet and deliver all the same, so a lapse costs no mail. */
static const char mta_sts[] =
                "                location = /.well-known/mta-sts.txt {\n"
                "                        default_type text/plain;\n"
                "                        return 200 \"version: STSv1\\r\\nmode: testing\\r\\nmx: %TARGET%\\r\\nmax_age: 86400\\r\\n\";\n"
                "                }\n"
                "                location / {\n"
                "                        return 404;\n"
                "                }\n";

static const char maintenance[] =
                "                error_page 503 $steadbox_resting;\n"
                "                location / {\n"
                "                        return 503;\n"
                "                }\n";

static bool kind_is_app(NginxKind kind) {
        return kind == NGINX_APP || kind == NGINX_APP_ALIAS;
}

NginxKind nginx_kind_from_string(const char* s) {
        for (NginxKind i = 0; i < _NGINX_KIND_MAX; i++)
                if (streq(kind_table[i], s))
                        return i;
        return _NGINX_KIND_INVALID;
}

NginxHeaders nginx_header_from_string(const char* word) {
        for (unsigned i = 0; i < NGINX_HEADERS_N; i++)
                if (streq(header_table[i], word))
                        return (NginxHeaders) (1u << i);
        return _NGINX_HEADERS_INVALID;
}

int nginx_name_check(const NginxName* n, Error* reterr) {
        int r = streq(n->name, "*") ? 0 : check_name_or_address("name", n->name, reterr);
        if (r >= 0)
                r = check_length("target", n->target, 253, reterr);
        if (r >= 0)
                r = check_id("certificate", n->certificate, reterr);
        if (r < 0)
                return r;
        if (n->kind < 0 || n->kind >= _NGINX_KIND_MAX)
                return error_field(reterr, ERROR_BAD_FIELD, "kind", "The kind must be box, redirect, maintenance, mta-sts, app or app-alias.");
        if (kind_is_app(n->kind))
                r = check_id("target", n->target, reterr);
        bool aims = n->kind == NGINX_REDIRECT || n->kind == NGINX_MTA_STS;
        if (r >= 0 && !kind_is_app(n->kind) && (aims ? !dns_name_valid(n->target) : *n->target != 0))
                r = error_field(reterr, ERROR_BAD_FIELD, "target", "Only a redirect and a mail policy have a target, and it must be a domain name.");
        if (r < 0)
                return r;
        if (n->headers < 0 || n->headers >= 1 << NGINX_HEADERS_N)
                return error_field(reterr, ERROR_BAD_FIELD, "headers", "There is no such extra header.");
        return 0;
}

static int names_check(const NginxName* names, size_t n, Error* reterr) {
        if (n > NGINX_NAMES_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "More than %d names are not supported.", NGINX_NAMES_MAX);
        for (size_t i = 0; i < n; i++) {
                int r = nginx_name_check(&names[i], reterr);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < i; k++)
                        if (streq(names[k].name, names[i].name))
                                return error_field(reterr, ERROR_BAD_FIELD, "name", "The name %s comes twice.", names[i].name);
        }
        return 0;
}

/* "*" is any address in numbers: those have no owner a browser could confuse (no rebinding), and behind address translation the box
 * cannot know its own. */
static void add_server_name(Text* t, const char* name) {
        struct in6_addr six;
        text_add(t, "\n                        ");
        if (streq(name, "*"))
                text_add(t, "~^[0-9.]+$ \"~^\\[[0-9a-f:.]+\\]$\"");
        else if (inet_pton(AF_INET6, name, &six) == 1) {
                text_add(t, "[");
                text_add_value(t, name);
                text_add(t, "]");
        } else
                text_add_value(t, name);
}

static void add_identity(Text* t, const char* identity) {
        text_add_template(t, identity_location, (const char*[]) { "IDENTITY", identity, NULL });
}

/* Port 80: the same for all names. */
static void add_plain(Text* t, const NginxName* names, size_t n, const char* identity) {
        text_add(t, "        server {\n                listen 80 default_server;\n                listen [::]:80 default_server;\n"
                    "                server_name \"\";\n");
        text_add(t, well_known);
        add_identity(t, identity);
        text_add(t, default_plain);
        if (n == 0)
                return;
        text_add(t, "        server {\n                listen 80;\n                listen [::]:80;\n                server_name");
        for (size_t i = 0; i < n; i++)
                add_server_name(t, names[i].name);
        text_add(t, ";\n");
        text_add(t, well_known);
        add_identity(t, identity);
        text_add(t, redirect_plain);
}

static void add_headers(Text* t, const NginxName* n) {
        bool page = n->kind == NGINX_BOX || n->kind == NGINX_MAINTENANCE; /* ours; these are as strict as can be whatever was asked */
        if (page)
                text_add(t, page_headers);
        if (page || n->headers & NGINX_NO_REFERRER)
                text_add(t, no_referrer);
        if (page || n->headers & NGINX_SAME_ORIGIN_RESOURCES)
                text_add(t, same_origin_resources);
        if (n->headers & NGINX_NO_INDEX)
                text_add(t, no_index);
        if (!n->self_signed)
                text_add(t, n->headers & NGINX_HSTS_PRELOAD ? hsts_preload : n->headers & NGINX_HSTS_SUBDOMAINS ? hsts_subdomains : hsts);
        if (!n->self_signed && kind_is_app(n->kind))
                text_add(t, "                proxy_hide_header Strict-Transport-Security;\n"); /* the app's own would be a second one */
}

static bool same_server(const NginxName* a, const NginxName* b) {
        bool kind = a->kind == b->kind || (kind_is_app(a->kind) && kind_is_app(b->kind));
        return kind && a->headers == b->headers && a->self_signed == b->self_signed && streq(a->certificate, b->certificate) &&
               streq(a->target, b->target);
}

/* One server for all names that are served alike: nginx keeps keys and tables for each. */
static void add_tls(Text* t, const NginxName* names, size_t i, size_t n, const char* identity) {
        const NginxName* name = &names[i];
        for (size_t k = 0; k < i; k++)
                if (same_server(&names[k], name))
                        return; /* was there already */
        text_add(t, "        server {\n                server_name");
        for (size_t k = i; k < n; k++)
                if (same_server(&names[k], name))
                        add_server_name(t, names[k].name);
        text_add(t, ";\n");
        text_add_template(t, tls, (const char*[]) { "CERTIFICATE", name->certificate, NULL });
        if (!kind_is_app(name->kind))
                text_add(t, own_headers);
        add_headers(t, name);
        add_identity(t, identity);
        text_add(t, too_many_cookies);
        if (kind_is_app(name->kind))
                nginx_app_add_served(t, name->app);
        else if (name->kind == NGINX_REDIRECT)
                text_add_template(t, redirect, (const char*[]) { "TARGET", name->target, NULL });
        else if (name->kind == NGINX_MTA_STS)
                text_add_template(t, mta_sts, (const char*[]) { "TARGET", name->target, NULL });
        else {
                text_add(t, resting);
                text_add(t, name->kind == NGINX_BOX ? box : maintenance);
        }
        text_add(t, "        }\n");
}

/* What an app has once, however many names and certificates: the way to it, and the way of probes, which goes past everything else. */
static void add_apps(Text* t, const NginxName* names, size_t n) {
        bool any = false;
        for (size_t i = 0; i < n; i++) {
                bool first = kind_is_app(names[i].kind);
                for (size_t k = 0; k < i && first; k++)
                        first = !kind_is_app(names[k].kind) || !streq(names[k].target, names[i].target);
                if (!first)
                        continue;
                if (!any) {
                        nginx_app_add_maps(t);
                        nginx_app_add_probe_default(t);
                        any = true;
                }
                if (names[i].app && names[i].app->port > 0)
                        nginx_app_add_upstream(t, names[i].app);
                text_add(t, "        server {\n                server_name");
                for (size_t k = i; k < n; k++)
                        if (kind_is_app(names[k].kind) && streq(names[k].target, names[i].target))
                                add_server_name(t, names[k].name);
                text_add(t, ";\n");
                nginx_app_add_probed(t, names[i].app);
                text_add(t, "        }\n");
        }
}

int render_nginx(const NginxName* names, size_t n, const char* identity, char** ret, Error* reterr) {
        _cleanup_(text_done) Text t = {};
        int r = names_check(names, n, reterr);
        if (r < 0)
                return r;
        text_add(&t, head);
        add_apps(&t, names, n);
        add_plain(&t, names, n, identity);
        if (n > 0)
                text_add_template(&t, default_tls, (const char*[]) { "CERTIFICATE", names[0].certificate, NULL });
        for (size_t i = 0; i < n; i++)
                add_tls(&t, names, i, n, identity);
        text_add(&t, "}\n");
        return text_take(&t, ret, reterr);
}
