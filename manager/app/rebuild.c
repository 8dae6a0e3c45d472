/* A row that the store has lost is made again from the app's directory; where it says of an app's mail what root's
 * record does not, the record is right. */
#include "app/app-internal.h"
#include "base/log.h"
#include "base/validate.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

DEFINE_CLEANUP(DIR*, closedir);

static bool slot_taken(Manager* m, int64_t slot) {
        _cleanup_app_rows_ AppRows rows = {};
        if (store_app_all(m->store, &rows, NULL) < 0)
                return true;
        for (size_t i = 0; i < rows.count; i++)
                if (rows.items[i].slot == slot)
                        return true;
        return false;
}

/* The release before noted of copies that their mail is silent, and let it through. What such a copy does by now
 * may matter to people: it is shown as it is, and whoever wants it silent says so. One with a job is just being
 * changed. */
static int mail_as_it_is(Manager* m, int directory_fd, AppRow* row, Error* reterr) {
        _cleanup_(app_record_freep) AppRecord* record = NULL;
        if (app_may_mail(row) || *row->job || !streq(row->network_out, "any"))
                return 0;
        int r = app_record_load(directory_fd, row->id, &record, reterr);
        if (r <= 0 || !streq(record->network_out, "any"))
                return MIN(r, 0);
        r = app_mail_take(row, /* may= */ true, reterr);
        if (r >= 0)
                r = store_app_save(m->store, row, reterr);
        if (r >= 0)
                r = app_event_add(m, row->id, "configure", "warn", NULL,
                                  "Its mail was shown as silent, but it can reach mail servers. If it should not, switch its mail off in its "
                                  "settings.");
        app_changed(m, row->id);
        return r;
}

static int one(Manager* m, int directory_fd, const char* id, Error* reterr) {
        _cleanup_app_row_ AppRow there = {};
        _cleanup_(app_record_freep) AppRecord* record = NULL;
        int r = store_app_get(m->store, id, &there, reterr);
        if (r != 0)
                return r < 0 ? r : mail_as_it_is(m, directory_fd, &there, reterr);
        r = app_record_load(directory_fd, id, &record, reterr);
        if (r <= 0)
                return r;
        _cleanup_json_ json_t* note = json_loads(strempty(record->note), JSON_REJECT_DUPLICATES, NULL);
        if (!note || !streq_ptr(json_get_string(note, "id"), id) || json_get_integer(note, "slot", 0) != record->slot)
                return error_set(reterr, ERROR_WRONG_STATE, "Its record holds no note of this app.");
        if (slot_taken(m, record->slot))
                return error_set(reterr, ERROR_CONFLICT, "Its place %u is another app's.", record->slot);
        r = app_note_read(m, note, reterr);
        if (r < 0)
                return r;
        log_notice("App '%s' was missing in the store and was made again from its directory.", id);
        (void) app_event_add(m, id, "restore", "note", NULL, "The box had forgotten this app, and made it again from its directory.");
        app_changed(m, id);
        return 1;
}

int app_rebuild(Manager* m, Error* reterr) {
        char path[4096];
        (void) snprintf(path, sizeof(path), "%s/apps", m->state_directory);
        _cleanup_(closedirp) DIR* directory = opendir(path);
        if (!directory)
                return errno == ENOENT || errno == EACCES ? 0 : error_errno(reterr, -errno, "Cannot list apps");
        for (struct dirent* entry; (entry = readdir(directory));) {
                _cleanup_error_ Error e = ERROR_NULL;
                if (!id_valid(entry->d_name))
                        continue;
                if (one(m, dirfd(directory), entry->d_name, &e) < 0) /* the others may be fine */
                        log_warning("App '%s' is on the disk, and its row stays wrong: %s", entry->d_name, strempty(e.message));
        }
        return 0;
}
