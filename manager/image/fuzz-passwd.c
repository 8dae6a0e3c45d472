/* "user\n", a passwd(5), a line "%" and a group(5) of a stranger's image: whoever is found has ids of the app's own range. */
#include "image/passwd.h"
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        _cleanup_free_ char* text = strndup((const char*) data, size);
        _cleanup_error_ Error e = ERROR_NULL;
        char* rest = text;
        const char* user = strsep(&rest, "\n");
        char* group = rest ? strstr(rest, "\n%\n") : NULL;
        ImageUser u, again;
        if (group) {
                *group = 0;
                group += 3;
        }
        if (image_user_find(user, rest, group, &u, &e) < 0) {
                assert(error_has_name(&e, ERROR_BAD_IMAGE));
                return 0;
        }
        assert(u.uid <= IMAGE_ID_MAX && u.gid <= IMAGE_ID_MAX && u.groups_n <= IMAGE_GROUPS_MAX);
        for (size_t i = 0; i < u.groups_n; i++)
                assert(u.groups[i] <= IMAGE_ID_MAX && u.groups[i] != u.gid);
        char ids[32];
        (void) snprintf(ids, sizeof(ids), "%u:%u", u.uid, u.gid);
        assert(image_user_find(ids, rest, group, &again, &e) >= 0 && again.uid == u.uid && again.gid == u.gid && again.groups_n == 0);
        return 0;
}
