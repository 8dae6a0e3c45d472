#include "image/result.h"
#include "image/document.h"
#include "image/passwd.h"

#define IMAGES_MAX 32
#define TEXTS_MAX 512
#define TEXT_MAX 32768

static bool texts_valid(const json_t* list) {
        if (!json_is_array(list) || json_array_size(list) > TEXTS_MAX)
                return false;
        for (size_t i = 0; i < json_array_size(list); i++)
                if (!json_is_string(json_array_get(list, i)) || json_string_length(json_array_get(list, i)) > TEXT_MAX)
                        return false;
        return true;
}

static bool config_valid(const json_t* c) {
        const char* cwd = json_get_string(c, "cwd");
        int64_t stop_signal = json_get_integer(c, "stop_signal", 0);
        return json_is_object(c) && texts_valid(json_object_get(c, "entrypoint")) && texts_valid(json_object_get(c, "command")) &&
                        texts_valid(json_object_get(c, "env")) && texts_valid(json_object_get(c, "ports")) &&
                        texts_valid(json_object_get(c, "volumes")) && json_is_object(json_object_get(c, "labels")) && cwd && *cwd == '/' &&
                        json_get_string(c, "user") && stop_signal >= 1 && stop_signal <= 64;
}

static bool id_fits(const json_t* j) {
        return json_is_integer(j) && json_integer_value(j) >= 0 && json_integer_value(j) <= (json_int_t) IMAGE_ID_MAX;
}

static bool user_valid(const json_t* u) {
        const json_t* groups = json_object_get(u, "groups");
        if (!id_fits(json_object_get(u, "uid")) || !id_fits(json_object_get(u, "gid")) || json_array_size(groups) > IMAGE_GROUPS_MAX)
                return false;
        for (size_t i = 0; i < json_array_size(groups); i++)
                if (!id_fits(json_array_get(groups, i)))
                        return false;
        return true;
}

static bool users_valid(const json_t* users) {
        const char* name;
        json_t* user;
        if (!json_object_get(users, ""))
                return false;
        json_object_foreach((json_t*) users, name, user)
                if (!user_valid(user))
                        return false;
        return true;
}

static bool layers_valid(const json_t* layers) {
        if (json_array_size(layers) == 0 || json_array_size(layers) > IMAGE_LAYERS_MAX)
                return false;
        for (size_t i = 0; i < json_array_size(layers); i++)
                if (!image_hex_valid(json_string_value(json_array_get(layers, i))))
                        return false;
        return true;
}

static bool named_valid(const json_t* image) {
        const char* pinned = json_get_string(image, "pinned");
        ImageReference r;
        return json_get_string(image, "reference") && pinned && image_reference_parse(pinned, &r, NULL) >= 0 && *r.hex &&
                        image_hex_valid(startswith(strempty(json_get_string(image, "digest")), "sha256:"));
}

static bool image_valid(const json_t* image) {
        return named_valid(image) && layers_valid(json_object_get(image, "layers")) &&
                        json_get_integer(image, "size", -1) >= 0 && json_get_integer(image, "fetched", -1) >= 0 &&
                        config_valid(json_object_get(image, "config")) && users_valid(json_object_get(image, "users"));
}

int image_result_check(const json_t* result, bool look, Error* reterr) {
        const json_t* images = json_object_get(result, "images");
        bool good = json_array_size(images) > 0 && json_array_size(images) <= IMAGES_MAX;
        for (size_t i = 0; good && i < json_array_size(images); i++)
                good = look ? named_valid(json_array_get(images, i)) : image_valid(json_array_get(images, i));
        return good ? 0 : error_set(reterr, ERROR_INTERNAL, "The job that fetches images answered something that cannot be.");
}
