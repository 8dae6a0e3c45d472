/* When the world is asked: every six hours with jitter, every minute for an hour after something that is wanted changed. */
#include "base/log.h"
#include "base/time.h"
#include "domain/domain-internal.h"

void domain_changed(Manager* m, int64_t id) {
        _cleanup_error_ Error e = ERROR_NULL;
        int r = store_domain_changed(m->store, id, now_seconds(), &e);
        if (r < 0)
                log_warning("Cannot note that a domain changed, ignoring: %s", strempty(e.message));
        domain_publish(m);
        domain_write_due(m, id);
}
