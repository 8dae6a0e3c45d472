/* Domains as a noun: start and end, what is wanted of the world, what needs attention, what is kept of people. */
#include "domain/domain-internal.h"

static int startup(Manager* m, Error* reterr) {
        m->domain = calloc(1, sizeof(Domain));
        if (!m->domain)
                return error_errno(reterr, -ENOMEM, "Cannot start the domains");
        m->domain->m = m;
        return 0;
}

static void shutdown_domain(Manager* m) {
        if (!m->domain)
                return;
        domain_writer_shutdown(m);
        (void) sd_event_source_disable_unref(m->domain->timer);
        for (size_t i = 0; i < ELEMENTS(m->domain->pages); i++)
                free(m->domain->pages[i]);
        free(m->domain);
        m->domain = NULL;
}

const NounClass domain_noun = {
        .name = "domain",
        .startup = startup,
        .shutdown = shutdown_domain,
        .nginx_names = served_names_nginx,
};
