/* The box's own name, at the edge. */
#include "api/handlers.h"
#include "domain/primary.h"
#include <stdio.h>

int op_domain_primary(Request* r, Error* reterr) {
        char object[300], job[JOB_ID_BYTES];
        (void) snprintf(object, sizeof(object), "domain:%s", request_string(r, "domain"));
        request_audit_object(r, object);
        int k = primary_change(request_manager(r), request_actor(r), request_string(r, "domain"), job, reterr);
        return k < 0 ? k : request_reply_job(r, job);
}
