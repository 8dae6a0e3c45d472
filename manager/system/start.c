#include "system/start.h"
#include "base/file.h"
#include "base/log.h"
#include "config.h"
#include "store/store-start.h"
#include <fcntl.h>
#include <stdio.h>

static int mark_path(Manager* m, char** ret) {
        return asprintf(ret, "%s/clean-stop", m->state_directory) < 0 ? -ENOMEM : 0;
}

/* No mark: the manager was killed, or the whole machine lost power under it. */
static int rows_write(Manager* m, const char* boot_id, int64_t booted_at, bool clean, Error* reterr) {
        char last_boot[START_BOOT_ID_BYTES] = "";
        int r = store_start_last_boot(m->store, last_boot, reterr);
        if (r < 0)
                return r;
        bool first = r == 0, new_boot = first || !streq(last_boot, boot_id);
        const char* before = first ? "first" : clean ? "clean" : new_boot ? "power" : "crash";
        StartRow row = { .kind = "machine", .at = booted_at, .boot_id = boot_id, .release = STEADBOX_VERSION, .before = before };
        if (new_boot)
                r = store_start_add(m->store, &row, reterr);
        row.kind = "manager";
        row.at = m->started_at;
        return r < 0 ? r : store_start_add(m->store, &row, reterr);
}

int start_record(Manager* m, const char* boot_id, int64_t booted_at, Error* reterr) {
        _cleanup_free_ char* mark = NULL;
        int r = mark_path(m, &mark);
        if (r < 0)
                return error_errno(reterr, r, "Cannot note the start");
        bool clean = access(mark, F_OK) >= 0;
        r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = rows_write(m, boot_id, booted_at, clean, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        r = store_commit(m->store, reterr);
        if (r >= 0 && clean && unlink(mark) < 0)
                (void) log_warning_errno(errno, "Failed to remove '%s', a crash will look like a clean stop: %m", mark);
        return r;
}

void start_mark_clean(Manager* m) {
        _cleanup_free_ char* mark = NULL;
        int r = mark_path(m, &mark);
        if (r >= 0)
                r = file_write(AT_FDCWD, mark, "", 0, 0600);
        if (r < 0)
                (void) log_warning_errno(r, "Failed to mark the clean stop, the next start will call it a crash: %m");
}
