#include "base/time.h"
#include "certificate/certificate-internal.h"

#define FIRST_CHECK_SEC 900 /* after a start; a switch is looked at sooner */
#define CHECK_AFTER_SEC 2    /* a reload takes a moment until the old workers no longer answer */
#define FIRST_LOOK_USEC (500 * USEC_PER_MSEC)

static int startup(Manager* m, Error* reterr) {
        Certificates* c = m->certificates = calloc(1, sizeof(Certificates));
        if (!c)
                return error_errno(reterr, -ENOMEM, "Cannot look after certificates");
        c->m = m;
        c->check_at = now_seconds() + FIRST_CHECK_SEC;
        if (m->bus)
                certificates_look_soon(c, FIRST_LOOK_USEC);
        return 0;
}

static void shutdown_clean(Manager* m) {
        Certificates* c = m->certificates;
        m->certificates = NULL;
        if (!c)
                return;
        for (size_t i = 0; i < ENSURING_MAX; i++)
                free(c->ensuring[i].name);
        (void) sd_event_source_disable_unref(c->timer);
        json_decref(c->present);
        json_decref(c->known);
        free(c);
}

static void applied(Manager* m) {
        Certificates* c = m->certificates;
        if (!c)
                return;
        if (c->check_wanted) {
                c->check_wanted = false;
                c->check_at = now_seconds() + CHECK_AFTER_SEC;
        }
        certificates_refresh(m);
}

static int housekeeping(Manager* m, Error* reterr) {
        certificates_refresh(m); /* a person at the machine may have changed files */
        return 0;
}

const NounClass certificate_noun = {
        .name = "certificate",
        .startup = startup,
        .shutdown = shutdown_clean,
        .findings = certificate_findings,
        .certificate_for_name = certificate_for_name,
        .applied = applied,
        .housekeeping = housekeeping,
};
