/* Fetches images and unpacks them, see image/image.h. What speaks to registries has no power but over the images' own files; what unpacks has
 * not even a network. */
#include "base/secret.h"
#include "image/pull.h"
#include "worker/worker.h"

#define FIRST_ID 0x70000000u /* APP_UID_BASE of app/app.h: the range of slot 0 */
#define UNPACK "/usr/lib/steadbox/steadbox-unpack"

static bool on_cancelled(void* userdata) {
        return worker_cancelled(userdata);
}

static void on_progress(const char* stage, int percent, const char* sentence, void* userdata) {
        worker_progress(userdata, stage, percent, "%s", sentence);
        if (!stage)
                worker_log(userdata, "info", "%s", sentence);
}

/* Its password stays in this process, which unpacks nothing. */
static int on_credentials(const char* host, RegistryCredentials* ret, void* userdata, Error* reterr) {
        _cleanup_json_ json_t* data = NULL;
        int r = worker_ask(userdata, json_pack("{s:s, s:s}", "what", "credentials", "registry", host), &data, reterr);
        const char *username = json_get_string(data, "username"), *password = json_get_string(data, "password"), *token_host = json_get_string(data, "token_host");
        if (r < 0 || !username || !password)
                return r;
        *ret = (RegistryCredentials) { strdup(username), strdup(password), strdup(strempty(token_host)) };
        explicit_bzero((char*) password, strlen(password)); /* jansson's copy */
        return ret->username && ret->password && ret->token_host ? 0 : error_errno(reterr, -ENOMEM, "Cannot keep a password");
}

static inline void store_donep(ImageStore* s) {
        image_store_done(s);
}

int image_pull_main(Worker* w, json_t** ret_result, Error* reterr) {
        _cleanup_(sandbox_freep) Sandbox* sandbox = NULL;
        _cleanup_(store_donep) ImageStore store = IMAGE_STORE_NULL;
        int r = sandbox_new(FIRST_ID, secure_getenv("STEADBOX_UNPACK") ?: UNPACK, &sandbox, reterr);
        if (r >= 0)
                r = image_store_open(secure_getenv("STEADBOX_IMAGES") ?: IMAGE_STORE, /* exclusive= */ false, &store, reterr);
        if (r < 0)
                return r;
        const PullOptions options = {
                .request = worker_request(w),
                .store = &store,
                .sandbox = sandbox,
                .credentials = on_credentials,
                .cancelled = on_cancelled,
                .progress = on_progress,
                .userdata = w,
        };
        return pull_run(&options, ret_result, reterr);
}
