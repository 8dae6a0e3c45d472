/* Runs a fuzz target over the files named (or all files of the folders named), so that a found crash stays found in ordinary tests. */
#include "base/file.h"
#include "base/secret.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static int run_file(int directory, const char* name) {
        _cleanup_free_ char* text = NULL;
        size_t size;
        int r = file_read(directory, name, 16 * 1024 * 1024, &text, &size);
        if (r < 0) {
                fprintf(stderr, "%s: %s\n", name, strerror(-r));
                return r;
        }
        return LLVMFuzzerTestOneInput((const uint8_t*) text, size);
}

int main(int argc, char** argv) {
        int r = secret_init();
        for (int i = 1; r >= 0 && i < argc; i++) {
                DIR* folder = opendir(argv[i]);
                if (!folder) {
                        r = errno == ENOTDIR ? run_file(AT_FDCWD, argv[i]) : 0;
                        continue;
                }
                for (struct dirent* entry; r >= 0 && (entry = readdir(folder));)
                        if (entry->d_name[0] != '.')
                                r = run_file(dirfd(folder), entry->d_name);
                (void) closedir(folder);
        }
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
