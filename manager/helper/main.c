/* steadbox-helper: does for the manager what needs root, as a closed list of verbs (include/tbl/verbs.h). Started by the bus, gone when
 * idle, keeps nothing in memory between two runs. */
#include "base/log.h"
#include "base/secret.h"
#include "helper/helper.h"
#include <stdio.h>
#include <sys/stat.h>

int main(int argc, char** argv) {
        Helper helper = {};
        int r;

        if (argc > 1) {
                fprintf(stderr, "steadbox-helper takes no arguments; the bus starts it as %s.\n", HELPER_NAME);
                return streq(argv[1], "--help") ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        (void) umask(0077);
        r = secret_init();
        if (r >= 0)
                r = helper_init(&helper);
        if (r >= 0)
                r = helper_run(&helper);
        helper_done(&helper);
        if (r < 0)
                (void) log_error_errno(r, "The helper gave up: %m");
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
