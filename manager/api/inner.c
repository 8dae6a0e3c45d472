#include "api/inner.h"
#include "app/gate.h"
#include "base/log.h"
#include "base/validate.h"
#include "daemon/manager.h"
#include "site/site.h"
#include <stdio.h>

#define PREFIX "/internal/"
#define STATE_SEC 600 /* signing in takes a while */

static const char cookies_needed[] =
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Cookies are needed</title>"
                "<link rel=\"stylesheet\" href=\"/.steadbox/page.css\"><main><h1>Please try again</h1>"
                "<p>Your browser did not bring back what it was given on the way here. Allow cookies for this page, then <a href=\"/\">open it again</a>.</p>"
                "<p lang=\"de\">Ihr Browser hat nicht mitgebracht, was er auf den Weg bekam. Erlauben Sie dieser Seite Cookies, und "
                "<a href=\"/\">öffnen Sie sie noch einmal</a>.</p></main></html>\n";

/* Response made here, so that it may have headers of its own. */
static bool answer(Request* r, unsigned status, const char* body) {
        r->response = MHD_create_response_from_buffer(strlen(body), (void*) body, MHD_RESPMEM_PERSISTENT);
        r->status = r->response ? status : 500;
        r->state = REQUEST_ANSWERED;
        if (r->response && *body)
                (void) MHD_add_response_header(r->response, "Content-Type", "text/html; charset=utf-8");
        return r->response;
}

static void header(Request* r, const char* name, const char* value) {
        (void) MHD_add_response_header(r->response, name, value);
}

/* Of one's own choosing, so what HTTP or a program behind would stumble over becomes a blank. */
static void header_text(Request* r, const char* name, const char* value) {
        char text[512];
        (void) snprintf(text, sizeof(text), "%s", value);
        for (char* p = text; *p; p++)
                if ((unsigned char) *p < ' ' || *p == 0x7f)
                        *p = ' ';
        if (*text)
                header(r, name, text);
}

static void failed(Request* r, const Error* e) {
        log_warning("Cannot answer nginx: %s", strempty(e->message));
        (void) answer(r, 500, "");
}

/* The value of a cookie, size bytes without the NUL; false when there is none of this form. */
static bool cookie_get(Request* r, const char* name, size_t size, char* ret) {
        const char* value = http_cookie(r, name, size);
        if (!value)
                return false;
        memcpy(ret, value, size);
        ret[size] = 0;
        return true;
}

static void cookie_set(Request* r, const char* name, const char* value, int max_age) {
        char text[256], age[32] = "";
        if (max_age >= 0)
                (void) snprintf(age, sizeof(age), "; Max-Age=%d", max_age);
        (void) snprintf(text, sizeof(text), "%s=%s; Path=/; Secure; HttpOnly; SameSite=Lax%s", name, value, age);
        header(r, "Set-Cookie", text);
}

/* --- app-auth --- */

/* A page that somebody looks at: only such a one is sent elsewhere. */
static bool wants_page(Request* r) {
        const char* accept = http_header(r, "Accept");
        const char* method = http_header(r, "X-Steadbox-Method");
        return streq_ptr(method, "GET") && accept && strcasestr(accept, "text/html");
}

/* A state that the browser has already stays: it may open several pages at once. */
static void state_choose(Request* r, char ret[static GATE_STATE_BYTES]) {
        char token[TOKEN_TEXT_BYTES];
        if (cookie_get(r, GATE_STATE_COOKIE, GATE_STATE_BYTES - 1, ret) && gate_state_valid(ret))
                return;
        token_make(token);
        (void) snprintf(ret, GATE_STATE_BYTES, "%.*s", GATE_STATE_BYTES - 1, token);
}

static void unknown(Request* r) {
        char state[GATE_STATE_BYTES], cookie[256];
        if (!answer(r, 401, "") || !wants_page(r))
                return;
        state_choose(r, state);
        _cleanup_free_ char* to = gate_door(r->manager, r->host, strempty(http_header(r, "X-Steadbox-Uri")), state);
        if (!to)
                return;
        (void) snprintf(cookie, sizeof(cookie), "%s=%s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%d", GATE_STATE_COOKIE, state, STATE_SEC);
        header(r, "X-Steadbox-To", to);
        header(r, "X-Steadbox-State", cookie);
}

static void on_auth(Request* r, const char* app) {
        _cleanup_visitor_ Visitor v = {};
        _cleanup_error_ Error e = ERROR_NULL;
        char token[TOKEN_TEXT_BYTES];
        bool has = cookie_get(r, GATE_COOKIE, TOKEN_TEXT_BYTES - 1, token);
        int k = gate_ask(r->manager, app, r->host, has ? token : NULL, &v, &e);
        if (k < 0)
                failed(r, &e);
        else if (k == GATE_UNKNOWN)
                unknown(r);
        else if (k == GATE_REFUSED)
                (void) answer(r, 403, "");
        else if (answer(r, 204, "") && v.username) {
                header(r, "X-Steadbox-User", v.username);
                header_text(r, "X-Steadbox-Name", v.display_name);
                header_text(r, "X-Steadbox-Email", v.email);
                header_text(r, "X-Steadbox-Groups", v.groups);
        }
}

/* --- app-callback, app-sign-out --- */

static void go(Request* r, const char* url) {
        if (answer(r, 302, ""))
                header(r, "Location", url);
}

static void on_callback(Request* r, const char* app) {
        char token[TOKEN_TEXT_BYTES], state[GATE_STATE_BYTES], url[256 + 16];
        _cleanup_free_ char *path = NULL, *whole = NULL;
        const char* code = MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, "code");
        if (!cookie_get(r, GATE_STATE_COOKIE, GATE_STATE_BYTES - 1, state)) {
                (void) answer(r, 400, cookies_needed);
                return;
        }
        (void) snprintf(url, sizeof(url), "https://%s/", r->host);
        if (!code || strlen(code) != TOKEN_TEXT_BYTES - 1 || gate_redeem(r->manager, r->host, code, state, token, &path) <= 0) {
                go(r, url); /* from there it begins again */
                return;
        }
        if (asprintf(&whole, "https://%s%s", r->host, path) < 0)
                whole = NULL;
        go(r, whole ?: url);
        if (!r->response)
                return;
        cookie_set(r, GATE_COOKIE, token, -1);
        cookie_set(r, GATE_STATE_COOKIE, "", 0);
}

static void on_sign_out(Request* r, const char* app) {
        char token[TOKEN_TEXT_BYTES];
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ char *base = site_base_url(r->manager), *url = NULL;
        if (cookie_get(r, GATE_COOKIE, TOKEN_TEXT_BYTES - 1, token) && gate_leave(r->manager, token, &e) < 0) {
                failed(r, &e);
                return;
        }
        go(r, base && asprintf(&url, "%s/", base) >= 0 ? url : "/");
        if (r->response)
                cookie_set(r, GATE_COOKIE, "", 0);
}

bool inner_answer(Request* r, const char* url) {
        static const struct {
                const char* url;
                void (*answer)(Request* r, const char* app);
        } table[] = {
                { PREFIX "app-auth", on_auth },
                { PREFIX "app-callback", on_callback },
                { PREFIX "app-sign-out", on_sign_out },
        };
        if (!startswith(url, PREFIX))
                return false;
        const char* app = http_header(r, "X-Steadbox-Inner");
        /* An address: nginx named one, and the kernel says that it is nginx (http.c). */
        bool ours = !r->admin_socket && *r->address && app && id_valid(app) && dns_name_valid(r->host);
        for (size_t i = 0; ours && i < ELEMENTS(table); i++)
                if (streq(url, table[i].url)) {
                        table[i].answer(r, app);
                        return true;
                }
        return false;
}
