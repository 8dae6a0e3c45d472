/* Jobs, power: requests the helper hands on to PID 1. */
#include "helper/check.h"
#include "helper/helper.h"
#include "helper/pid1.h"
#include <stdio.h>

#define JOBS_RUNNING_MAX 16

static int job_unit_read(sd_bus_message* call, char** ret, Error* reterr) {
        const char *kind, *id;
        int r = sd_bus_message_read(call, "ss", &kind, &id);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = check_job_kind(kind, reterr);
        if (r >= 0)
                r = check_id("id", id, reterr);
        if (r >= 0 && asprintf(ret, "steadbox-job-%s@%s.service", kind, id) < 0)
                r = -ENOMEM;
        return r < 0 ? r : 0;
}

/* Safe with a hostile manager: it can only start what the package laid out as a static template for a job, each in its own sandbox and
 * none of them root; the instance name is [a-z0-9]{1,32} and so can neither leave the template's specifiers nor nest slices; at most
 * JOBS_RUNNING_MAX run at once, in a slice with a memory limit. */
int verb_job_start(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        _cleanup_free_ char* unit = NULL;
        int r = job_unit_read(call, &unit, reterr);
        if (r < 0)
                return r;
        r = pid1_units_count(h->pid1, "steadbox-job-*@*.service", reterr);
        if (r < 0)
                return r;
        if (r >= JOBS_RUNNING_MAX)
                return error_set(reterr, ERROR_BUSY, "%d jobs are running already.", r);
        r = pid1_unit(h->pid1, "StartUnit", unit, "fail", reterr);
        return r < 0 ? r : VERB_DONE;
}

/* Safe with a hostile manager: it can stop its own jobs and nothing else, by the same construction of the name. */
int verb_job_stop(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        _cleanup_free_ char* unit = NULL;
        int r = job_unit_read(call, &unit, reterr);
        if (r >= 0)
                r = pid1_unit(h->pid1, "StopUnit", unit, "replace", reterr);
        return r < 0 ? r : VERB_DONE;
}

/* Safe with a hostile manager: two words, each mapped to a constant target. It can make the box restart or go dark, which is within
 * what the manager is trusted with, and gains nothing by it. The targets stop services in order; PID 1's own Reboot would not. */
int verb_power(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char* action;
        int r = sd_bus_message_read(call, "s", &action);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = check_length("action", action, 16, reterr);
        if (r < 0)
                return r;
        const char* target = streq(action, "reboot") ? "reboot.target" : streq(action, "poweroff") ? "poweroff.target" : NULL;
        if (!target)
                return error_field(reterr, ERROR_BAD_FIELD, "action", "The action must be reboot or poweroff.");
        r = pid1_unit(h->pid1, "StartUnit", target, "replace-irreversibly", reterr);
        return r < 0 ? r : VERB_DONE;
}
