#include "helper/render-nginx-app.h"
#include "identity.h"
#include "run/network.h"
#include <arpa/inet.h>
#include <stdio.h>

#define UPLOAD_MB 64            /* where the record says nothing */
#define UPLOAD_STREAMED_MB 512  /* from here on, an upload is not kept on our disk first */

/* steadbox_cookies is what the app may see of the cookies: all but those two by which we know the visitor. __Host- cookies come once; whoever
 * sends it twice is no browser, and none of his cookies pass. An upgrade is to WebSocket or to nothing (h2c would be a way past us).
 * The rest is for our own pages, which are served at other people's names. */
static const char maps[] =
                "        map $http_cookie $steadbox_cookies_1 {\n"
                "                default $http_cookie;\n"
                "                \"~^__Host-steadbox-app=[^;]*(?:; ?)?(?<steadbox_c1>.*)$\" $steadbox_c1;\n"
                "                \"~^(?<steadbox_c2>.*?); ?__Host-steadbox-app=[^;]*(?<steadbox_c3>.*)$\" $steadbox_c2$steadbox_c3;\n"
                "        }\n"
                "        map $steadbox_cookies_1 $steadbox_cookies_2 {\n"
                "                default $steadbox_cookies_1;\n"
                "                \"~^__Host-steadbox-state=[^;]*(?:; ?)?(?<steadbox_c4>.*)$\" $steadbox_c4;\n"
                "                \"~^(?<steadbox_c5>.*?); ?__Host-steadbox-state=[^;]*(?<steadbox_c6>.*)$\" $steadbox_c5$steadbox_c6;\n"
                "        }\n"
                "        map $steadbox_cookies_2 $steadbox_cookies {\n"
                "                default $steadbox_cookies_2;\n"
                "                \"~__Host-steadbox-(app|state)=\" \"\";\n"
                "        }\n"
                "        map $http_upgrade $steadbox_upgrade {\n"
                "                default \"\";\n"
                "                \"~*^websocket$\" websocket;\n"
                "        }\n"
                "        map $steadbox_upgrade $steadbox_connection {\n"
                "                default \"\";\n"
                "                websocket upgrade;\n"
                "        }\n"
                "        map $http_accept $steadbox_form {\n"
                "                default json;\n"
                "                \"~*text/html\" html;\n"
                "        }\n"
                "        map $uri $steadbox_page_retry {\n"
                "                default \"\";\n"
                "                \"~^/\\.steadbox/page/app-(closed|resting|manager)\" 10;\n"
                "        }\n"
                "        map $uri $steadbox_page_cache {\n"
                "                default \"\";\n"
                "                \"~^/\\.steadbox/\" no-store;\n"
                "        }\n"
                "        map $uri $steadbox_page_policy {\n"
                "                default \"\";\n"
                "                \"~^/\\.steadbox/\" \"default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'\";\n"
                "        }\n";

/* Apps close idle connections when they like; ours are closed first, or a POST would meet one that is just being closed. */
static const char upstream[] =
                "        upstream app-%ID% {\n"
                "                server %ADDRESS%:%PORT% max_fails=0;\n"
                "                keepalive 16;\n"
                "                keepalive_timeout 1s;\n"
                "        }\n";

/* Whatever a visitor says about who or where he is ends here; names with _ instead of - nginx drops by itself (underscores_in_headers). */
static const char headers[] =
                "                        proxy_set_header Host $steadbox_host;\n"
                "                        proxy_set_header Connection $steadbox_connection;\n"
                "                        proxy_set_header Upgrade $steadbox_upgrade;\n"
                "                        proxy_set_header Cookie $steadbox_cookies;\n"
                "                        proxy_set_header X-Forwarded-Proto https;\n"
                "                        proxy_set_header X-Forwarded-Host $steadbox_host;\n"
                "                        proxy_set_header X-Forwarded-Port 443;\n"
                "                        proxy_set_header X-Forwarded-Server \"\";\n"
                "                        proxy_set_header X-Forwarded-Prefix \"\";\n"
                "                        proxy_set_header X-Forwarded-User \"\";\n"
                "                        proxy_set_header X-Forwarded-Email \"\";\n"
                "                        proxy_set_header X-Forwarded-Groups \"\";\n"
                "                        proxy_set_header X-Forwarded-Preferred-Username \"\";\n"
                "                        proxy_set_header X-Original-URL \"\";\n"
                "                        proxy_set_header X-Rewrite-URL \"\";\n"
                "                        proxy_set_header X-Steadbox-Inner \"\";\n"
                "                        proxy_set_header X-Steadbox-Method \"\";\n"
                "                        proxy_set_header X-Steadbox-Uri \"\";\n"
                "                        proxy_set_header Forwarded \"\";\n"
                "                        proxy_set_header Proxy \"\";\n";
static const char client[] =
                "                        proxy_set_header X-Real-IP $remote_addr;\n"
                "                        proxy_set_header X-Forwarded-For $remote_addr;\n";
static const char client_probe[] = /* a client of a Unix socket has no address */
                "                        proxy_set_header X-Real-IP 127.0.0.1;\n"
                "                        proxy_set_header X-Forwarded-For 127.0.0.1;\n";
static const char person[] =
                "                        proxy_set_header X-Steadbox-User $steadbox_user;\n"
                "                        proxy_set_header X-Steadbox-Name $steadbox_name;\n"
                "                        proxy_set_header X-Steadbox-Email $steadbox_email;\n"
                "                        proxy_set_header X-Steadbox-Groups $steadbox_groups;\n";
static const char nobody[] =
                "                        proxy_set_header X-Steadbox-User \"\";\n"
                "                        proxy_set_header X-Steadbox-Name \"\";\n"
                "                        proxy_set_header X-Steadbox-Email \"\";\n"
                "                        proxy_set_header X-Steadbox-Groups \"\";\n";

/* Apps may not send nginx to places within it (X-Accel-Redirect). A cookie is for the name that gave it: one for the domain would be told to every
 * app beside it; and Clear-Site-Data takes the cookies of the whole domain (W3C Clear Site Data, 4.2.1), the box's with them. */
static const char proxy[] =
                "                if ($steadbox_host = \"\") {\n"
                "                        return 421;\n"
                "                }\n"
                "                proxy_http_version 1.1;\n"
                "                proxy_ignore_headers X-Accel-Redirect X-Accel-Charset X-Accel-Limit-Rate;\n"
                "                proxy_connect_timeout 5s;\n"
                "                proxy_read_timeout 600s;\n"
                "                proxy_send_timeout 600s;\n"
                "                proxy_next_upstream off;\n"
                "                proxy_redirect off;\n"
                "                proxy_hide_header Clear-Site-Data;\n"
                "                proxy_cookie_domain \"~\" \"\";\n"
                "                proxy_buffer_size 16k;\n"
                "                proxy_buffers 16 16k;\n"
                "                proxy_busy_buffers_size 32k;\n"
                "                proxy_max_temp_file_size 0;\n"
                "                client_max_body_size %UPLOAD%m;\n";
static const char streamed[] = "                proxy_request_buffering off;\n";

/* Only for our own pages these have a value, and a header without one is not sent. */
static const char pages[] =
                "                add_header Retry-After $steadbox_page_retry always;\n"
                "                add_header Cache-Control $steadbox_page_cache always;\n"
                "                add_header Content-Security-Policy $steadbox_page_policy always;\n"
                "                location ^~ /.steadbox/ {\n"
                "                        return 404;\n"
                "                }\n"
                "                location ^~ /.steadbox/page/ {\n"
                "                        internal;\n"
                "                        alias /usr/share/steadbox/pages/;\n"
                "                }\n"
                "                location = /.steadbox/page.css {\n"
                "                        alias /usr/share/steadbox/pages/resting.css;\n"
                "                }\n";

/* Our own 503 is that of the closed door; the app's is its own. */
static const char closed_page[] = "                error_page 503 /.steadbox/page/app-closed.$steadbox_form;\n";
static const char closed_door[] =
                "                        if (-f " NGINX_CLOSED "/%ID%) {\n"
                "                                return 503;\n"
                "                        }\n";
static const char closed[] =
                "                location / {\n"
                "                        return 503;\n"
                "                }\n";

/* An app that does not answer; its own 502 and 503 are its own. */
static const char resting[] = "                error_page 502 504 =503 /.steadbox/page/app-resting.$steadbox_form;\n";

/* How the manager is asked, and only by us: it believes X-Steadbox-Inner, which no other place of this file passes on. */
#define ASK                                                               \
                "                        proxy_pass_request_headers off;\n" \
                "                        proxy_pass_request_body off;\n"    \
                "                        proxy_set_header Host $steadbox_host;\n" \
                "                        proxy_set_header Connection \"\";\n" \
                "                        proxy_set_header Content-Length \"\";\n" \
                "                        proxy_set_header Cookie $http_cookie;\n" \
                "                        proxy_set_header Accept $http_accept;\n" \
                "                        proxy_set_header User-Agent $http_user_agent;\n" \
                "                        proxy_set_header X-Real-IP $remote_addr;\n" \
                "                        proxy_set_header X-Steadbox-Inner %ID%;\n" \
                "                        proxy_set_header X-Steadbox-Method $request_method;\n" \
                "                        proxy_set_header X-Steadbox-Uri $request_uri;\n" \
                "                        proxy_read_timeout 20s;\n"

/* 401: the manager says where to (my.<domain>/authorize), or nothing when it is no page that was asked for. 403: it knows who it is, and they
 * may not. 500 is what nginx makes of everything else, above all of a manager that is not there: nobody comes in then. */
static const char gate[] =
                "                error_page 401 /.steadbox/enter;\n"
                "                error_page 403 /.steadbox/page/app-refused.$steadbox_form;\n"
                "                error_page 500 =503 /.steadbox/page/app-manager.$steadbox_form;\n"
                "                location = /.steadbox/auth {\n"
                "                        internal;\n"
                "                        proxy_pass http://steadboxd/internal/app-auth;\n"
                ASK
                "                }\n"
                "                location = /.steadbox/enter {\n"
                "                        internal;\n"
                "                        if ($steadbox_to = \"\") {\n"
                "                                return 401;\n"
                "                        }\n"
                "                        add_header Set-Cookie $steadbox_state;\n"
                "                        add_header Cache-Control no-store;\n"
                "                        return 302 $steadbox_to;\n"
                "                }\n"
                "                location = /.steadbox/callback {\n"
                "                        error_page 502 504 =503 /.steadbox/page/app-manager.$steadbox_form;\n"
                "                        proxy_pass http://steadboxd/internal/app-callback;\n"
                ASK
                "                }\n"
                "                location = /.steadbox/sign-out {\n"
                "                        error_page 502 504 =503 /.steadbox/page/app-manager.$steadbox_form;\n"
                "                        proxy_pass http://steadboxd/internal/app-sign-out;\n"
                ASK
                "                }\n";

static const char probe_default[] =
                "        server {\n"
                "                listen unix:" PROBE_SOCKET " default_server;\n"
                "                server_name \"\";\n"
                "                return 421;\n"
                "        }\n";

static const char ask[] =
                "                        auth_request /.steadbox/auth;\n"
                "                        auth_request_set $steadbox_to $upstream_http_x_steadbox_to;\n"
                "                        auth_request_set $steadbox_state $upstream_http_x_steadbox_state;\n"
                "                        auth_request_set $steadbox_user $upstream_http_x_steadbox_user;\n"
                "                        auth_request_set $steadbox_name $upstream_http_x_steadbox_name;\n"
                "                        auth_request_set $steadbox_email $upstream_http_x_steadbox_email;\n"
                "                        auth_request_set $steadbox_groups $upstream_http_x_steadbox_groups;\n";

/* Where nobody is asked for: an address that an app may read as leading elsewhere, in whatever way it reads, is refused. */
static const char straight_only[] =
                "                        if ($request_uri ~* \"^[^?]*(;|(\\.|%(25)*2e){2}|%(25)*(5c|2f)|\\\\\\\\)\") {\n"
                "                                return 400;\n"
                "                        }\n";

void nginx_app_of_record(const AppRecord* record, NginxApp* ret) {
        struct in_addr address = app_network_address4(record->slot);
        *ret = (NginxApp) {
                .id = record->id,
                .port = record->http_port,
                .gated = !streq(record->access, "public"),
                .max_upload_mb = record->max_upload_mb ?: UPLOAD_MB,
                .public_paths = record->public_paths,
                .user_header = strempty(record->user_header),
        };
        if (record->host_network)
                address.s_addr = htonl(INADDR_LOOPBACK);
        (void) inet_ntop(AF_INET, &address, ret->address, sizeof(ret->address));
}

void nginx_app_add_maps(Text* t) {
        text_add(t, maps);
}

void nginx_app_add_upstream(Text* t, const NginxApp* app) {
        char port[8];
        (void) snprintf(port, sizeof(port), "%u", (unsigned) app->port);
        text_add_template(t, upstream, (const char*[]) { "ID", app->id, "ADDRESS", app->address, "PORT", port, NULL });
}

static void add_of(Text* t, const char* template, const NginxApp* app) {
        text_add_template(t, template, (const char*[]) { "ID", app->id, NULL });
}

/* A location with a header of its own inherits none, so all of them stand in each. Whoever believes Remote-User often believes its sisters too:
 * they are not the visitor's to say. */
static void add_headers(Text* t, const NginxApp* app, const char* whence, bool asked) {
        static const char* const believed[] = { "Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups" };
        text_add(t, headers);
        text_add(t, whence);
        text_add(t, asked ? person : nobody);
        for (size_t i = 0; i < ELEMENTS(believed); i++)
                if (strcasecmp(app->user_header, believed[i]) != 0)
                        text_add_template(t, "                        proxy_set_header %HEADER% \"\";\n", (const char*[]) { "HEADER", believed[i], NULL });
        if (!*app->user_header)
                return;
        text_add(t, "                        proxy_set_header ");
        text_add_value(t, app->user_header);
        text_add(t, asked ? " $steadbox_user;\n" : " \"\";\n");
}

typedef struct Place {
        const char *match, *path, *slash; /* location <match> <path><slash> */
        const char* whence;
        bool door, asked, straight;
} Place;

static void add_place(Text* t, const NginxApp* app, const Place* p) {
        text_add(t, "                location ");
        text_add(t, p->match);
        text_add_value(t, p->path);
        text_add(t, p->slash);
        text_add(t, " {\n");
        if (p->door)
                add_of(t, closed_door, app);
        if (p->straight)
                text_add(t, straight_only);
        if (p->asked)
                text_add(t, ask);
        add_headers(t, app, p->whence, p->asked);
        add_of(t, "                        proxy_pass http://app-%ID%;\n                }\n", app);
}

/* A path and what is below it: "/x" does not open "/xyz", and "/x/" does not open "/x", for which nginx would otherwise invent a redirect. */
static void add_public_path(Text* t, const NginxApp* app, const char* path) {
        char bare[1026];
        size_t n = strnlen(path, sizeof(bare) - 2);
        bool slash = n > 1 && path[n - 1] == '/';
        (void) snprintf(bare, sizeof(bare), "%.*s", (int) (slash ? n - 1 : n), path);
        add_place(t, app, &(Place) { .match = "= ", .path = bare, .slash = "", .whence = client, .door = true, .asked = slash, .straight = !slash });
        add_place(t, app, &(Place) { .match = "^~ ", .path = bare, .slash = "/", .whence = client, .door = true, .straight = true });
}

static size_t bare_length(const char* path) {
        size_t n = strlen(path);
        return n > 1 && path[n - 1] == '/' ? n - 1 : n;
}

/* nginx takes no place twice, and ours are ours. */
static bool path_is_free(const char* const* paths, size_t i) {
        size_t n = bare_length(paths[i]);
        if (startswith(paths[i], "/.steadbox") || (strlen(IDENTITY_PATH) == n && strncmp(paths[i], IDENTITY_PATH, n) == 0))
                return false;
        for (size_t k = 0; k < i; k++)
                if (bare_length(paths[k]) == n && strncmp(paths[k], paths[i], n) == 0)
                        return false;
        return true;
}

static bool everything_is_public(const NginxApp* app) {
        for (const char* const* p = app->public_paths; p && *p; p++)
                if (streq(*p, "/"))
                        return true;
        return !app->gated;
}

static void add_open(Text* t, const NginxApp* app) {
        bool asked = !everything_is_public(app);
        text_add(t, resting);
        for (size_t i = 0; asked && app->public_paths && app->public_paths[i]; i++)
                if (path_is_free(app->public_paths, i))
                        add_public_path(t, app, app->public_paths[i]);
        add_place(t, app, &(Place) { .match = "", .path = "/", .slash = "", .whence = client, .door = true, .asked = asked });
}

static void add_proxy(Text* t, const NginxApp* app) {
        char upload[16];
        (void) snprintf(upload, sizeof(upload), "%u", (unsigned) app->max_upload_mb);
        text_add_template(t, proxy, (const char*[]) { "UPLOAD", upload, NULL });
        if (app->max_upload_mb >= UPLOAD_STREAMED_MB)
                text_add(t, streamed);
}

void nginx_app_add_served(Text* t, const NginxApp* app) {
        bool serves = app && app->port > 0;
        if (serves)
                add_proxy(t, app);
        text_add(t, pages);
        text_add(t, closed_page);
        if (serves && app->gated)
                add_of(t, gate, app);
        if (serves)
                add_open(t, app);
        else
                text_add(t, closed);
}

void nginx_app_add_probe_default(Text* t) {
        text_add(t, probe_default);
}

void nginx_app_add_probed(Text* t, const NginxApp* app) {
        text_add(t, "                listen unix:" PROBE_SOCKET ";\n"
                    "                error_log stderr crit;\n"); /* an app that does not answer is the manager's to tell */
        if (!app || app->port == 0) {
                text_add(t, "                return 503;\n");
                return;
        }
        add_proxy(t, app);
        add_place(t, app, &(Place) { .match = "", .path = "/", .slash = "", .whence = client_probe });
}
