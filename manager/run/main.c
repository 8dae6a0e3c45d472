/* steadbox-run: what the units of apps call. A program of root's that runs for milliseconds, reads the app's record, and becomes crun; nothing of
 * it stays. */
#include "base/log.h"
#include "base/secret.h"
#include "base/validate.h"
#include "run/network.h"
#include "run/run.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const char usage[] =
                "steadbox-run start|wait|clean APP CONTAINER\n"
                "steadbox-run task APP TASK\n"
                "steadbox-run network-up|network-down APP\n";

static int record_get(const char* id, AppRecord** ret, Error* reterr) {
        _cleanup_close_ int fd = open(APPS_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return error_errno(reterr, -errno, "Cannot open " APPS_DIRECTORY);
        int r = app_record_load(fd, id, ret, reterr);
        return r == 0 ? error_set(reterr, ERROR_NOT_FOUND, "There is no app '%s'.", id) : r;
}

static int container_verb(const char* verb, const AppRecord* a, const char* name, Error* reterr) {
        static const struct {
                const char* verb;
                int (*run)(const AppRecord* a, const AppContainerRecord* c, Error* reterr);
        } verbs[] = { { "start", run_start }, { "wait", run_wait } };
        const AppContainerRecord* c = app_record_container(a, name);
        if (!c)
                return error_set(reterr, ERROR_NOT_FOUND, "App %s has no container '%s'.", a->id, name);
        for (size_t i = 0; i < ELEMENTS(verbs); i++)
                if (streq(verb, verbs[i].verb))
                        return verbs[i].run(a, c, reterr);
        return error_set(reterr, ERROR_BAD_FIELD, "%s", usage);
}

/* By its name alone: also where the record cannot be read any more, what ends is to leave nothing. */
static int clean(const char* id, const char* name, Error* reterr) {
        if (!id_valid(id) || !app_word_valid(name))
                return error_set(reterr, ERROR_BAD_FIELD, "%s", usage);
        return run_clean(&(AppRecord) { .id = id }, &(AppContainerRecord) { .name = name }, reterr);
}

static int run(int argc, char** argv, Error* reterr) {
        _cleanup_(app_record_freep) AppRecord* a = NULL;
        if (argc == 3 && streq(argv[1], "network-down"))
                return app_network_down(argv[2], reterr);
        if (argc == 4 && streq(argv[1], "clean"))
                return clean(argv[2], argv[3], reterr);
        if (argc < 3 || argc > 4)
                return error_set(reterr, ERROR_BAD_FIELD, "%s", usage);
        int r = record_get(argv[2], &a, reterr);
        if (r < 0)
                return r;
        if (argc == 3 && streq(argv[1], "network-up")) /* by hand, by tests, and by units that PID 1 read before an upgrade */
                return app_network_up(a->id, a->slot, reterr);
        if (argc == 4 && streq(argv[1], "task"))
                return run_task(a, argv[3], reterr);
        return argc == 4 ? container_verb(argv[1], a, argv[3], reterr) : error_set(reterr, ERROR_BAD_FIELD, "%s", usage);
}

int main(int argc, char** argv) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (argc == 2 && streq(argv[1], "--help"))
                return fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        (void) umask(0022);
        int r = secret_init();
        if (r >= 0)
                r = run(argc, argv, &e);
        if (r < 0)
                log_error("%s", error_is_set(&e) ? e.message : strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
