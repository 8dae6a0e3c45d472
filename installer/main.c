/* steadbox-install: makes a Debian machine into a box. Reads install.json, works through the table of steps, can be killed and started
 * again at any point. */
#include "base/file.h"
#include "base/secret.h"
#include "config.h"
#include "install.h"
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LOCK_PATH "/run/steadbox-install.lock"
#define LOCK_WAIT_SEC 1800

typedef enum Action {
        ACTION_INSTALL,
        ACTION_CHECK,
        ACTION_DRY_RUN,
        ACTION_STATUS,
        ACTION_UNDO,
        ACTION_SCHEMA,
} Action;

static Action arg_action = ACTION_INSTALL;
static const char* arg_config = NULL;
static const char* arg_stop_after = NULL;
static bool arg_json = false;
static bool arg_resume = false;

static void help(void) {
        printf("Usage: steadbox-install [--config FILE] [--check|--dry-run|--status [--json]|--undo|--schema]\n\n"
               "Makes this Debian 13 machine into a box. Safe to run again; killed anywhere, it continues.\n\n"
               "  --config FILE  what the provider wants (by default " INSTALL_JSON_PATH ", if it is there)\n"
               "  --check        only check that file\n"
               "  --dry-run      only look at the machine and print the plan\n"
               "  --status       how far the installation is\n"
               "  --undo         take back what can be taken back; people's data stay\n"
               "  --schema       print the JSON Schema of that file\n"
               "  --version\n");
}

static int parse_arguments(int argc, char** argv, Error* reterr) {
        enum { OPTION_STOP = 1000, OPTION_RESUME, OPTION_VERSION };
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' },
                { "check", no_argument, NULL, ACTION_CHECK },
                { "dry-run", no_argument, NULL, ACTION_DRY_RUN },
                { "status", no_argument, NULL, ACTION_STATUS },
                { "undo", no_argument, NULL, ACTION_UNDO },
                { "schema", no_argument, NULL, ACTION_SCHEMA },
                { "json", no_argument, NULL, 'j' },
                { "resume", no_argument, NULL, OPTION_RESUME }, /* for the unit: the file that the interrupted run was given */
                { "stop-after", required_argument, NULL, OPTION_STOP }, /* for tests: dies of SIGKILL behind that step */
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) >= 0;)
                switch (c) {
                case 'c':
                        arg_config = optarg;
                        break;
                case 'j':
                        arg_json = true;
                        break;
                case 'h':
                        help();
                        exit(0);
                case OPTION_VERSION:
                        printf("steadbox-install %s\n", STEADBOX_VERSION);
                        exit(0);
                case OPTION_RESUME:
                        arg_resume = true;
                        break;
                case OPTION_STOP:
                        arg_stop_after = optarg;
                        break;
                case '?':
                        return error_set(reterr, ERROR_BAD_REQUEST, "Try 'steadbox-install --help'.");
                default:
                        arg_action = (Action) c;
                }
        if (optind < argc)
                return error_set(reterr, ERROR_BAD_REQUEST, "'%s' is not understood; try 'steadbox-install --help'.", argv[optind]);
        return 0;
}

/* A file that was named must be there; the usual place may be empty, and then all defaults hold. */
static int load_config(Install* i, Error* reterr) {
        _cleanup_(erase_and_freep) char* text = NULL;
        _cleanup_free_ char* interrupted = arg_resume ? install_unfinished() : NULL;
        const char* path = arg_config ?: isempty(interrupted) ? INSTALL_JSON_PATH : interrupted;
        size_t size = 0;
        int r = file_read(AT_FDCWD, path, CONFIG_SIZE_MAX, &text, &size);
        if (r == -ENOENT && !arg_config)
                return config_parse("{}", 2, &i->config, reterr);
        if (r == -EFBIG)
                return error_set(reterr, ERROR_TOO_LARGE, "%s is larger than %zu bytes.", path, CONFIG_SIZE_MAX);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", path);
        r = config_parse(text, size, &i->config, reterr);
        if (r < 0)
                return r;
        i->config_path = strdup(path);
        return i->config_path ? 0 : error_errno(reterr, -ENOMEM, "Cannot read %s", path);
}

/* cloud-init, the unit that resumes, and a person may start us at the same time: the later ones wait, and then find all in place. */
static int take_lock(int* ret_fd, Error* reterr) {
        _cleanup_close_ int fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return error_errno(reterr, -errno, "Cannot open " LOCK_PATH);
        for (unsigned second = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; second++) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return error_errno(reterr, -errno, "Cannot lock " LOCK_PATH);
                if (second == LOCK_WAIT_SEC) {
                        (void) error_set(reterr, ERROR_BUSY, "Another installation is under way and does not come to an end.");
                        return error_hint(reterr, "'steadbox-install --status' shows how far it is.");
                }
                if (second == 0)
                        printf("Another installation is under way; waiting for it.\n");
                (void) fflush(stdout);
                (void) sleep(1);
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int print_schema(Error* reterr) {
        _cleanup_json_ json_t* schema = config_schema();
        _cleanup_free_ char* text = schema ? json_dumps(schema, JSON_INDENT(2)) : NULL;
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot print the schema");
        printf("%s\n", text);
        return 0;
}

static int work(Install* i, Error* reterr) {
        _cleanup_close_ int lock = -EBADF;
        int r = arg_action == ACTION_DRY_RUN ? 0 : take_lock(&lock, reterr);
        if (r >= 0)
                r = machine_read(&i->machine, reterr);
        if (r >= 0)
                r = journal_open(JOURNAL_PATH, &i->journal, reterr);
        if (r < 0)
                return r;
        i->stop_after = arg_stop_after;
        if (arg_action == ACTION_DRY_RUN)
                return install_plan(i, reterr);
        if (arg_action == ACTION_UNDO)
                return install_undo(i, reterr);
        r = progress_new((unsigned) step_count, &i->progress);
        return r < 0 ? error_errno(reterr, r, "Cannot begin") : install_run(i, reterr);
}

static int run(int argc, char** argv, Install* i, Error* reterr) {
        int r = parse_arguments(argc, argv, reterr);
        if (r < 0)
                return r;
        if (arg_action == ACTION_SCHEMA)
                return print_schema(reterr);
        if (arg_action == ACTION_STATUS) {
                if (progress_print_status(arg_json) < 0)
                        return error_set(reterr, ERROR_NOT_FOUND, "The installer did not run since this machine started, or you are not root.");
                return 0;
        }
        if (secret_init() < 0)
                return error_set(reterr, ERROR_INTERNAL, "The cryptographic library does not start.");
        i->config_wanted = arg_action == ACTION_INSTALL;
        r = load_config(i, reterr);
        if (r < 0)
                return r;
        if (arg_action == ACTION_CHECK) {
                printf("%s is good.\n", i->config_path ?: "Having no " INSTALL_JSON_PATH);
                return 0;
        }
        return work(i, reterr);
}

int main(int argc, char** argv) {
        _cleanup_(install_done) Install i = {};
        _cleanup_error_ Error e = ERROR_NULL;

        (void) umask(0022);
        int r = run(argc, argv, &i, &e);
        if (r >= 0)
                return 0;
        /* Who waits for the status file must learn of a refusal, too; not of somebody else's run, which tells its own story. */
        if (!i.progress && i.config_wanted && !error_has_name(&e, ERROR_BUSY) && progress_new((unsigned) step_count, &i.progress) >= 0)
                progress_failed(i.progress, &e);
        else if (!i.progress) {
                (void) fprintf(stderr, "steadbox-install: %s\n", error_is_set(&e) ? e.message : strerror(-r));
                if (e.hint)
                        (void) fprintf(stderr, "%s\n", e.hint);
        }
        return error_is_set(&e) ? error_name_exit_code(e.name) : 1;
}
