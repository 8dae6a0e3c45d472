#include "api/op-helper.h"

/* Two hold it: the request as its state, and whoever will answer. The last one frees it, since a request may end first. */
struct Waiting {
        Request* request;  /* NULL once the request is gone */
        json_t* answer;
        bool asked;        /* somebody will answer */
};

Waiting* waiting_new(Request* request) {
        Waiting* w = calloc(1, sizeof(Waiting));
        if (w)
                *w = (Waiting) { .request = request, .asked = true };
        return w;
}

static void waiting_free(Waiting* w) {
        json_decref(w->answer);
        free(w);
}

/* The request's side lets go. */
static void request_gone(void* state) {
        Waiting* w = state;
        w->request = NULL;
        if (!w->asked)
                waiting_free(w);
}

int waiting_begin(Waiting* w, int r, RequestThen then) {
        if (r < 0) {
                waiting_free(w);
                return r;
        }
        return request_later(w->request, then, w, request_gone);
}

json_t* waiting_answer(void* state) {
        return ((Waiting*) state)->answer;
}

static void answered(Waiting* w, int r, json_t* answer, Error* error) {
        w->asked = false;
        if (!w->request) {
                error_done(error);
                waiting_free(w);
                return;
        }
        w->answer = json_incref(answer);
        request_resume(w->request, r, error);
}

void waiting_helper_done(json_t* answer, const Error* error, void* userdata) {
        Error e = ERROR_NULL;
        if (error) {
                (void) error_field(&e, error->name, error->field, "%s", error->message);
                if (error->hint)
                        (void) error_hint(&e, "%s", error->hint);
        }
        answered(userdata, error ? -error_name_errno(error->name) : 0, answer, &e);
}

void waiting_done(Waiting* w, int r, json_t* answer) {
        Error e = ERROR_NULL;
        if (r < 0)
                (void) error_errno(&e, r, "The system bus does not answer");
        answered(w, r, answer, &e);
}
