#include "system/support.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "job/job.h"
#include "store/store-user.h"
#include "system/setting.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define BUNDLE_BYTES_MAX (2 * 1024 * 1024)
#define PARTS_MAX 64
#define PEOPLE_MAX 5000 /* whose names are known to the black pen; beyond that patterns must do */

/* --- asking --- */

typedef struct Words {
        json_t* list;
        unsigned people;
} Words;

static int word_of_person(const User* u, const char* groups, void* data) {
        Words* w = data;
        if (w->people++ >= PEOPLE_MAX)
                return 0;
        (void) json_array_append_new(w->list, json_string(u->username));
        (void) json_array_append_new(w->list, json_string(u->display_name));
        return 0;
}

/* These settings are names of people and things; the others say nothing about anybody. */
static void words_of_settings(json_t* words, json_t* settings) {
        static const char* const telling[] = { "hostname", "box_name", "controller", "contact", "authority" };
        for (size_t i = 0; i < ELEMENTS(telling); i++) {
                json_t* value = json_object_get(settings, telling[i]);
                if (*strempty(json_string_value(value)))
                        (void) json_array_append(words, value);
                (void) json_object_del(settings, telling[i]);
        }
        (void) json_object_del(settings, "brand");
}

json_t* support_request(Manager* m, const char* note, json_t* findings, Error* reterr) {
        _cleanup_json_ json_t* owned = findings;
        _cleanup_json_ json_t* settings = setting_show(m, reterr);
        Words words = { .list = json_array() };
        json_t* request = NULL;
        if (settings)
                words_of_settings(words.list, settings);
        if (settings && store_user_walk(m->store, word_of_person, &words, reterr) >= 0)
                request = json_pack("{s:s, s:O, s:O, s:O}", "note", note, "settings", settings, "findings", owned, "words", words.list);
        json_decref(words.list);
        if (!request && !error_is_set(reterr))
                (void) error_errno(reterr, -ENOMEM, "Cannot ask for a help bundle");
        return request;
}

/* --- what came back --- */

static int bundle_path(Manager* m, const char* id, char** ret) {
        return asprintf(ret, "%s/support%s%s%s", m->state_directory, id ? "/" : "", strempty(id), id ? ".json" : "") < 0 ? -ENOMEM : 0;
}

json_t* support_bundle_read(Manager* m, const char* id, Error* reterr) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size = 0;
        json_t* bundle = NULL;
        int r = id_valid(id) ? bundle_path(m, id, &path) : -ENOENT;
        if (r >= 0)
                r = file_read(AT_FDCWD, path, BUNDLE_BYTES_MAX, &text, &size);
        if (r >= 0)
                r = json_parse_object(text, size, &bundle, reterr);
        if (r == -ENOENT)
                (void) error_set(reterr, ERROR_NOT_FOUND, "There is no such help bundle; they are kept for 30 days.");
        else if (r < 0)
                (void) error_errno(reterr, r, "Cannot read the help bundle");
        return r < 0 ? NULL : bundle;
}

/* Everything a worker says is checked: what people will read and send has exactly these members. */
static json_t* parts_checked(const json_t* parts, json_int_t* ret_redacted) {
        json_t* list = json_array();
        size_t i;
        json_t* part;
        json_array_foreach(parts, i, part) {
                const char *name = json_get_string(part, "name"), *text = json_get_string(part, "text");
                int64_t redacted = json_get_integer(part, "redacted", 0);
                if (!name || !text || i >= PARTS_MAX)
                        continue;
                *ret_redacted += redacted;
                (void) json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "name", name, "text", text, "redacted", (json_int_t) redacted));
        }
        return list;
}

static int bundle_write(Manager* m, const char* id, const json_t* bundle) {
        _cleanup_free_ char *directory = NULL, *path = NULL, *text = json_text(bundle, /* canonical= */ false);
        int r = text ? bundle_path(m, NULL, &directory) : -ENOMEM;
        if (r >= 0)
                r = bundle_path(m, id, &path);
        if (r >= 0)
                r = directory_make(directory, 0700);
        return r < 0 ? r : file_write(AT_FDCWD, path, text, strlen(text), 0600);
}

/* The text goes into a file; the job's row keeps only how much there is. */
static int bundle_finished(Manager* m, Job* job, Error* reterr) {
        json_int_t redacted = 0;
        json_t* parts = parts_checked(json_object_get(job->result, "parts"), &redacted);
        json_int_t count = (json_int_t) json_array_size(parts);
        _cleanup_json_ json_t* bundle = json_pack("{s:s, s:I, s:o}", "id", job->id, "created_at", (json_int_t) now_seconds(), "parts", parts);
        int r = bundle ? bundle_write(m, job->id, bundle) : -ENOMEM;
        if (r < 0)
                return error_errno(reterr, r, "Cannot keep the help bundle");
        json_decref(job->result);
        job->result = json_pack("{s:I, s:I}", "parts", count, "redacted", redacted);
        return job->result ? 0 : -ENOMEM;
}

void support_bundles_expire(Manager* m, int64_t before) {
        _cleanup_free_ char* directory = NULL;
        DIR* d = bundle_path(m, NULL, &directory) < 0 ? NULL : opendir(directory);
        for (struct dirent* e; d && (e = readdir(d));) {
                struct stat st;
                if (*e->d_name != '.' && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_mtime < before &&
                    unlinkat(dirfd(d), e->d_name, 0) < 0)
                        (void) log_warning_errno(errno, "Failed to remove the old help bundle '%s', ignoring: %m", e->d_name);
        }
        if (d)
                (void) closedir(d);
}

extern const JobClass support_bundle_job;
const JobClass support_bundle_job = { .finished = bundle_finished };
