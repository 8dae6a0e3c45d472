/* Removes images nobody needs, see image/image.h. Layers hold files of many ids, so they are removed where they were unpacked: in a sandbox. */
#include "image/sandbox.h"
#include "image/store.h"
#include "worker/worker.h"

#define FIRST_ID 0x70000000u /* APP_UID_BASE of app/app.h: the range of slot 0 */
#define UNPACK "/usr/lib/steadbox/steadbox-unpack"
#define GRACE_SECONDS 3600
#define INCOMING_SECONDS 86400

static inline void store_donep(ImageStore* s) {
        image_store_done(s);
}

/* One at a time: a clean-up that is stopped has then done something. First it loses its name: a layer counts as whole when it has one, and half
 * of one would be what the next pull of the same image takes. */
static int layer_remove(const ImageStore* s, Sandbox* sandbox, const char* name, int64_t* freed, Error* reterr) {
        _cleanup_free_ char* directory = NULL;
        _cleanup_json_ json_t* answer = NULL;
        char aside[IMAGE_ASIDE_BYTES];
        SandboxRun run;
        if (asprintf(&directory, "%s/layers", s->directory) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot remove a layer");
        int r = image_store_layer_aside(s, name, aside);
        if (r < 0)
                return error_errno(reterr, r, "Cannot remove a layer");
        const char* const argv[] = { "remove", directory, aside, NULL };
        r = sandbox_start(sandbox, argv, s->lock_fd, &run, reterr);
        if (r >= 0)
                r = sandbox_wait(&run, 0, &answer, reterr);
        *freed += json_get_integer(answer, "freed", 0);
        return r;
}

int image_clean_main(Worker* w, json_t** ret_result, Error* reterr) {
        _cleanup_(sandbox_freep) Sandbox* sandbox = NULL;
        _cleanup_(store_donep) ImageStore store = IMAGE_STORE_NULL;
        _cleanup_json_ json_t* layers = NULL;
        const json_t* request = worker_request(w);
        unsigned removed = 0;
        int64_t freed = 0;
        int r = sandbox_new(FIRST_ID, secure_getenv("STEADBOX_UNPACK") ?: UNPACK, &sandbox, reterr);
        if (r >= 0)
                r = image_store_open(secure_getenv("STEADBOX_IMAGES") ?: IMAGE_STORE, /* exclusive= */ true, &store, reterr);
        if (r < 0)
                return r;
        worker_progress(w, "look", 0, "Looking which images are needed");
        r = image_store_sweep(&store, json_object_get(request, "keep"), json_get_integer(request, "grace", GRACE_SECONDS), &removed, &layers, reterr);
        for (size_t i = 0, n = json_array_size(layers); r >= 0 && i < n; i++) {
                if (worker_cancelled(w))
                        return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
                worker_progress(w, "remove", (int) (i * 100 / n), "Layer %zu of %zu", i + 1, n);
                r = layer_remove(&store, sandbox, json_string_value(json_array_get(layers, i)), &freed, reterr);
        }
        if (r < 0)
                return r;
        image_store_sweep_incoming(&store, INCOMING_SECONDS);
        *ret_result = json_pack("{s:i, s:I}", "removed", (int) removed, "freed", (json_int_t) freed);
        return 0;
}
