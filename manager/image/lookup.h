/* An image's own files, found through its layers as overlayfs would show them. */
#pragma once
#include "base/error.h"
#include "base/json.h"

/* layers_fd: the directory of layers. request: {"layers": [names, lowest first], "users": [..]}; *ret as steadbox-unpack answers. */
int image_users_look(int layers_fd, const json_t* request, json_t** ret, Error* reterr);
