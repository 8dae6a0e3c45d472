/* Who a user is inside an image: "name", "uid", "name:group", "uid:gid" looked up in the image's own passwd(5) and group(5). Pure. */
#pragma once
#include "base/error.h"

#define IMAGE_GROUPS_MAX 64
#define IMAGE_ID_MAX 65535u /* an app's range ends there */
#define IMAGE_PASSWD_MAX (1024U * 1024) /* bytes of either file */

typedef struct ImageUser {
        uint32_t uid, gid;
        uint32_t groups[IMAGE_GROUPS_MAX]; /* further ones */
        size_t groups_n;
} ImageUser;

/* user "" is root. passwd and group: the files' text, NULL = the image has none. BAD_IMAGE when a name is not there. */
int image_user_find(const char* user, const char* passwd, const char* group, ImageUser* ret, Error* reterr);
