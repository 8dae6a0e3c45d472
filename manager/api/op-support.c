/* Help bundles at the edge. */
#include "api/handlers.h"
#include "finding/finding.h"
#include "job/job.h"
#include "system/support.h"
#include <stdio.h>

/* Findings as a helper wants to read them. */
static json_t* sentences(Manager* m) {
        _cleanup_json_ json_t* findings = finding_list(m, NULL);
        json_t* list = json_array();
        size_t i;
        json_t* finding;
        json_array_foreach(findings, i, finding)
                (void) json_array_append(list, json_object_get(finding, "sentence"));
        return list;
}

int op_support_bundle(Request* request, Error* reterr) {
        Manager* m = request_manager(request);
        char id[JOB_ID_BYTES];
        json_t* wanted = support_request(m, strempty(request_string(request, "note")), sentences(m), reterr);
        int r = wanted ? 0 : -EIO;
        if (r >= 0)
                r = jobs_add(m->jobs, JOB_SUPPORT_BUNDLE, request_actor(request), "", wanted, id, reterr);
        return r < 0 ? r : request_reply_job(request, id);
}

int op_support_bundle_show(Request* request, Error* reterr) {
        char object[80];
        (void) snprintf(object, sizeof(object), "bundle:%.64s", request_string(request, "id"));
        request_audit_object(request, object);
        json_t* bundle = support_bundle_read(request_manager(request), request_string(request, "id"), reterr);
        return bundle ? request_reply(request, bundle) : -EIO;
}
