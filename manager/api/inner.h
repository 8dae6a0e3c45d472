/* What nginx asks the manager itself, at /internal/ of web.sock: may this visitor of an app come in
 * (app-auth), a visitor comes back with a code (app-callback), a visitor leaves (app-sign-out). nginx
 * sets X-Steadbox-Inner to the app's id there, and takes it off whatever a browser sends anywhere
 * (helper/render-nginx.c); and no address a browser may name leads to /internal/.
 *
 *   asked with   Host, Cookie, Accept, X-Real-IP, X-Steadbox-Inner, X-Steadbox-Method, X-Steadbox-Uri (as the browser wrote it)
 *   app-auth     204 with X-Steadbox-User, -Name, -Email, -Groups; 401 with X-Steadbox-To and X-Steadbox-State where a page was asked for,
 *                without otherwise; 403
 *   the others   302, or 400 with a page */
#pragma once
#include "api/request-internal.h"

/* Whether the address is one of these; then the request is answered, or refused. */
bool inner_answer(Request* r, const char* url);
