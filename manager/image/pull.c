#include "image/pull.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/time.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define RUNS_MAX 2                         /* layers unpacked at a time; fetching goes on meanwhile */
#define HELD_STILL_USEC (30 * USEC_PER_SEC)  /* so long another job is waited for that fetches a layer, and nothing of it comes */
#define HELD_USEC (600 * USEC_PER_SEC)       /* and so long in all */
#define SAY_USEC (400 * USEC_PER_MSEC)
#define GROWTH 2                           /* unpacked bytes a packed one wants at least, for the look at the disk beforehand */
#define MB(bytes) ((unsigned) (((bytes) + 500000) / 1000000))

typedef struct Layer {
        ImageBlob blob;
        char name[IMAGE_HEX_BYTES];          /* in layers/ */
        char incoming[IMAGE_HEX_BYTES + 16]; /* name in layers/ until it is done; "" = it was there */
        int fd;            /* what was fetched; holds the lock until the layer has its name. -EBADF = none */
        SandboxRun run;
        bool unpacking, unpacked;
        bool apart;        /* another job has the lock and does not come to an end: fetched and unpacked beside it, without a name in incoming/ */
        bool over;         /* it has hard links into those below: it is unpacked once more when they are there */
} Layer;

typedef struct Pull {
        const PullOptions* options;
        const ImageStore* store;
        Registry* registry;
        const char* reference;   /* as asked */
        ImageReference name;
        char pinned_hex[IMAGE_HEX_BYTES], manifest_hex[IMAGE_HEX_BYTES];
        ImageDocument document;
        json_t* config;
        Layer layers[IMAGE_LAYERS_MAX];
        size_t layers_n;
        unsigned running;
        uint64_t wanted_bytes, before_bytes; /* to fetch in all; fetched with the layers before this one */
        uint64_t moved_bytes, said_usec;
        size_t image, images_n;
} Pull;

static void pull_done(Pull* p) {
        for (size_t i = 0; i < p->layers_n; i++) {
                if (p->layers[i].unpacking)
                        sandbox_kill(&p->layers[i].run);
                closep(&p->layers[i].fd);
        }
        (void) registry_free(p->registry);
        json_decref(p->config);
}

/* --- what is said --- */

static int percent(const Pull* p, unsigned within) {
        return (int) ((p->image * 100 + MIN(within, 99U)) / p->images_n);
}

static void say(Pull* p, const char* stage, unsigned within, const char* sentence) {
        if (p->options->progress)
                p->options->progress(stage, percent(p, within), sentence, p->options->userdata);
}

static void on_progress(uint64_t bytes, void* userdata) {
        Pull* p = userdata;
        char sentence[IMAGE_REFERENCE_MAX + 80];
        uint64_t now = now_usec(CLOCK_MONOTONIC), done = p->before_bytes + bytes;
        if (now < p->said_usec + SAY_USEC)
                return;
        p->said_usec = now;
        (void) snprintf(sentence, sizeof(sentence), "%s: %u of %u MB", p->reference, MB(done), MB(p->wanted_bytes));
        say(p, "pull", p->wanted_bytes > 0 ? (unsigned) (5 + done * 75 / p->wanted_bytes) : 80, sentence);
}

static void on_say(const char* sentence, void* userdata) {
        Pull* p = userdata;
        if (p->options->progress)
                p->options->progress(NULL, -1, sentence, p->options->userdata);
}

static bool on_cancelled(void* userdata) {
        const Pull* p = userdata;
        return p->options->cancelled && p->options->cancelled(p->options->userdata);
}

static int on_credentials(const char* host, RegistryCredentials* ret, void* userdata, Error* reterr) {
        const Pull* p = userdata; /* people know the registry by the name in the reference */
        return p->options->credentials ? p->options->credentials(p->name.host, ret, p->options->userdata, reterr) : 0;
}

static int cancelled(Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
}

/* --- manifest and configuration --- */

static void digest_hex(const char* text, size_t size, char ret[static IMAGE_HEX_BYTES]) {
        uint8_t bytes[DIGEST_BYTES];
        digest_sha256(text, size, bytes);
        hex_encode(bytes, sizeof(bytes), ret);
}

static const char* architecture(const Pull* p) {
        return p->options->architecture ?: image_architecture();
}

/* Asks for one document; *ret_hex is its digest. */
static int document_fetch(Pull* p, const char* name, char ret_hex[static IMAGE_HEX_BYTES], Error* reterr) {
        _cleanup_free_ char* text = NULL;
        char type[128];
        size_t size;
        int r = registry_manifest(p->registry, name, &text, &size, type, reterr);
        if (r < 0)
                return r;
        digest_hex(text, size, ret_hex);
        return image_document_parse(p->reference, text, size, *type ? type : NULL, architecture(p), &p->document, reterr);
}

static int manifest_fetch(Pull* p, Error* reterr) {
        char by_digest[80];
        (void) snprintf(by_digest, sizeof(by_digest), "sha256:%s", p->name.hex);
        int r = document_fetch(p, *p->name.hex ? by_digest : p->name.tag, p->pinned_hex, reterr);
        if (r < 0)
                return r;
        memcpy(p->manifest_hex, p->pinned_hex, sizeof(p->manifest_hex));
        if (!p->document.is_index)
                return 0;
        (void) snprintf(by_digest, sizeof(by_digest), "sha256:%s", p->document.chosen.hex);
        r = document_fetch(p, by_digest, p->manifest_hex, reterr);
        if (r >= 0 && p->document.is_index)
                return error_set(reterr, ERROR_BAD_IMAGE, "The image %s is refused: its index names another index.", p->reference);
        return r;
}

static int config_fetch(Pull* p, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = registry_blob_text(p->registry, &p->document.config, &text, reterr);
        if (r < 0)
                return r;
        return image_config_parse(p->reference, text, p->document.config.size, p->document.layers_told, architecture(p), &p->config, reterr);
}

static int registry_begin(Pull* p, Error* reterr) {
        const RegistryOptions options = {
                .host = image_reference_api_host(&p->name),
                .path = p->name.path,
                .what = p->reference,
                .plain = p->options->plain,
                .patience_usec = p->options->patience_usec,
                .credentials = on_credentials,
                .cancelled = on_cancelled,
                .say = on_say,
                .progress = on_progress,
                .userdata = p,
        };
        return registry_new(&options, &p->registry, reterr);
}

/* --- layers --- */

/* What a layer with links into others holds depends on them as well: under its own digest another image could give this one files of its
 * choice. So its name is made of all. */
static void name_over(const Pull* p, size_t i, char ret[static IMAGE_HEX_BYTES]) {
        char text[IMAGE_LAYERS_MAX * IMAGE_HEX_BYTES + 32] = "over\n";
        size_t used = strlen(text);
        for (size_t k = 0; k < i; k++)
                used += (size_t) snprintf(text + used, sizeof(text) - used, "%s\n", p->layers[k].name);
        used += (size_t) snprintf(text + used, sizeof(text) - used, "%s\n", p->layers[i].blob.hex);
        digest_hex(text, used, ret);
}

/* Whether the layer is here, under either name; those below have theirs. */
static bool layer_here(Pull* p, Layer* l) {
        char over[IMAGE_HEX_BYTES];
        if (image_store_has_layer(p->store, l->blob.hex))
                return true;
        name_over(p, (size_t) (l - p->layers), over);
        if (!image_store_has_layer(p->store, over))
                return false;
        memcpy(l->name, over, sizeof(l->name));
        return true;
}

/* Unpacking writes below a name that nothing uses; what lies there is from a job that was killed. */
static int directory_begin(Pull* p, Layer* l, Error* reterr) {
        _cleanup_free_ char* directory = NULL;
        if (l->apart)
                (void) snprintf(l->incoming, sizeof(l->incoming), ".apart-%s.%d", l->blob.hex, (int) getpid());
        else
                (void) snprintf(l->incoming, sizeof(l->incoming), ".incoming-%s", l->blob.hex);
        if (asprintf(&directory, "%s/layers", p->store->directory) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot unpack");
        if (mkdirat(p->store->layers_fd, l->incoming, 0755) >= 0)
                return 0;
        if (errno != EEXIST)
                return error_errno(reterr, -errno, "Cannot unpack");
        SandboxRun run;
        _cleanup_json_ json_t* answer = NULL;
        const char* const argv[] = { "remove", directory, l->incoming, NULL };
        int r = sandbox_start(p->options->sandbox, argv, p->store->lock_fd, &run, reterr);
        if (r >= 0)
                r = sandbox_wait(&run, 0, &answer, reterr);
        if (r >= 0 && mkdirat(p->store->layers_fd, l->incoming, 0755) < 0)
                r = error_errno(reterr, -errno, "Cannot unpack");
        return r;
}

static int unpack_begin(Pull* p, Layer* l, Error* reterr) {
        _cleanup_free_ char* directory = NULL;
        char reserve[32];
        int r = directory_begin(p, l, reterr);
        if (r < 0)
                return r;
        (void) snprintf(reserve, sizeof(reserve), "%llu", (unsigned long long) IMAGE_RESERVE_BYTES);
        if (asprintf(&directory, "%s/layers/%s", p->store->directory, l->incoming) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot unpack");
        const char* argv[IMAGE_LAYERS_MAX + 4] = { l->over ? "layer-over" : "layer", directory, reserve };
        size_t n = 3;
        for (const Layer* below = l; l->over && below-- > p->layers;)
                argv[n++] = below->unpacked ? below->incoming : below->name;
        r = sandbox_start(p->options->sandbox, argv, l->fd, &l->run, reterr);
        if (r < 0)
                return r;
        l->unpacking = true;
        p->running++;
        return 0;
}

static int unpack_end(Pull* p, Layer* l, json_t* answer, Error* reterr) {
        l->unpacking = false;
        p->running--;
        if (json_get_boolean(answer, "wants_lowers", false)) {
                l->over = true;
                return 0;
        }
        l->unpacked = true;
        if (l->over)
                name_over(p, (size_t) (l - p->layers), l->name);
        int r = image_store_layer_size_set(p->store, l->name, (uint64_t) json_get_integer(answer, "bytes", 0));
        return r < 0 ? error_errno(reterr, r, "Cannot note the size of a layer") : 0;
}

/* Waits until at most max are being unpacked. */
static int unpack_wait(Pull* p, unsigned max, Error* reterr) {
        while (p->running > max)
                for (size_t i = 0; i < p->layers_n && p->running > max; i++) {
                        _cleanup_json_ json_t* answer = NULL;
                        Layer* l = p->layers + i;
                        if (!l->unpacking)
                                continue;
                        int r = sandbox_wait(&l->run, 200 * USEC_PER_MSEC, &answer, reterr);
                        if (r < 0) {
                                l->unpacking = false;
                                return error_context(reterr, "%s", p->reference);
                        }
                        if (r > 0 && (r = unpack_end(p, l, answer, reterr)) < 0)
                                return r;
                        if (on_cancelled(p))
                                return cancelled(reterr);
                }
        return 0;
}

/* Whether who has the lock is to be waited for on. *since: when the file, of *size bytes then, was last seen to grow. Whoever has a layer has it until all
 * of its image is there: a registry that is slow with another layer, or on purpose with this one, would hold up all who share it, and two jobs
 * with the same layers in another order would wait for each other. */
static bool worth_waiting(const Pull* p, int fd, uint64_t began, uint64_t* since, off_t* size) {
        struct stat st;
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        if (fstat(fd, &st) >= 0 && st.st_size != *size) {
                *size = st.st_size;
                *since = now;
        }
        return now < *since + (p->options->held_usec ?: HELD_STILL_USEC) && now < began + HELD_USEC;
}

/* A file without a name goes with us. */
static int incoming_apart(Pull* p, Layer* l, int* ret_fd, Error* reterr) {
        *ret_fd = openat(p->store->incoming_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        l->apart = *ret_fd >= 0;
        return *ret_fd < 0 ? error_errno(reterr, -errno, "Cannot keep a layer") : 0;
}

/* The file a layer is fetched into, locked: two jobs that want the same layer fetch it once, as a rule. *ret_fd -EBADF = it came meanwhile. */
static int incoming_open(Pull* p, Layer* l, int* ret_fd, Error* reterr) {
        uint64_t began = now_usec(CLOCK_MONOTONIC), since = began;
        off_t size = -1;
        *ret_fd = -EBADF;
        for (;;) {
                struct stat by_fd, by_name;
                _cleanup_close_ int fd = openat(p->store->incoming_fd, l->blob.hex, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
                if (fd < 0)
                        return error_errno(reterr, -errno, "Cannot keep a layer");
                while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                        if (on_cancelled(p))
                                return cancelled(reterr);
                        if (!worth_waiting(p, fd, began, &since, &size))
                                return incoming_apart(p, l, ret_fd, reterr);
                        (void) usleep(200 * USEC_PER_MSEC);
                }
                if (layer_here(p, l))
                        return 0;
                if (fstat(fd, &by_fd) >= 0 && fstatat(p->store->incoming_fd, l->blob.hex, &by_name, AT_SYMLINK_NOFOLLOW) >= 0 &&
                    by_fd.st_ino == by_name.st_ino) {
                        *ret_fd = TAKE_FD(fd);
                        return 0;
                }
        }
}

static int layer_fetch(Pull* p, Layer* l, Error* reterr) {
        uint64_t moved = 0;
        int r = incoming_open(p, l, &l->fd, reterr);
        if (r < 0 || l->fd < 0)
                return r;
        r = registry_blob(p->registry, &l->blob, l->fd, &moved, reterr);
        p->moved_bytes += moved;
        if (r >= 0)
                r = unpack_wait(p, RUNS_MAX - 1, reterr);
        return r < 0 ? r : unpack_begin(p, l, reterr);
}

static int space_look(Pull* p, Error* reterr) {
        uint64_t room = image_store_free_bytes(p->store);
        if (p->wanted_bytes * (1 + GROWTH) <= room)
                return 0;
        (void) error_set(reterr, ERROR_STORAGE_FULL, "%s needs about %u MB on the disk; there are %u.", p->reference,
                         MB(p->wanted_bytes * (1 + GROWTH)), MB(room));
        return error_hint(reterr, "Make room first: delete archives or old versions of apps that are no longer needed.");
}

static void layers_plan(Pull* p) {
        p->layers_n = p->document.layers_n;
        for (size_t i = 0; i < p->layers_n; i++) {
                p->layers[i] = (Layer) { .blob = p->document.layers[i], .fd = -EBADF, .run.fd = -EBADF };
                memcpy(p->layers[i].name, p->layers[i].blob.hex, sizeof(p->layers[i].name));
                if (!layer_here(p, p->layers + i))
                        p->wanted_bytes += p->layers[i].blob.size;
        }
}

/* A layer that is there already is the same: its name says what is in it. One with links into others may be there without having been seen, as its
 * name is known only when those below have theirs. Ours stays under a name that nothing uses, until the next clean-up. */
static int layer_name(const Pull* p, const Layer* l) {
        if (renameat(p->store->layers_fd, l->incoming, p->store->layers_fd, l->name) >= 0)
                return 0;
        return (errno == EEXIST || errno == ENOTEMPTY) && image_store_has_layer(p->store, l->name) ? 0 : -errno;
}

/* All of it reaches the disk before anything gets its name: a layer that is there is whole, whatever happens to the power. */
static int layers_name(Pull* p, Error* reterr) {
        bool any = false;
        for (size_t i = 0; i < p->layers_n; i++)
                any = any || p->layers[i].unpacked;
        int r = any ? image_store_sync(p->store) : 0;
        for (size_t i = 0; r >= 0 && i < p->layers_n; i++) {
                Layer* l = p->layers + i;
                if (!l->unpacked)
                        continue;
                r = layer_name(p, l);
                if (r >= 0 && !l->apart)
                        (void) unlinkat(p->store->incoming_fd, l->blob.hex, 0);
                closep(&l->fd);
                l->fd = -EBADF;
        }
        if (r >= 0 && any && fsync(p->store->layers_fd) < 0)
                r = -errno;
        return r < 0 ? error_errno(reterr, r, "Cannot keep the layers of %s", p->reference) : 0;
}

/* Those with links into others, from below: each sees what is whole. */
static int layers_over(Pull* p, Error* reterr) {
        int r = 0;
        for (size_t i = 0; r >= 0 && i < p->layers_n; i++) {
                if (!p->layers[i].over)
                        continue;
                r = unpack_begin(p, p->layers + i, reterr);
                if (r >= 0)
                        r = unpack_wait(p, 0, reterr);
        }
        return r;
}

static int layers_fetch(Pull* p, Error* reterr) {
        int r = space_look(p, reterr);
        for (size_t i = 0; r >= 0 && i < p->layers_n; i++) {
                if (layer_here(p, p->layers + i))
                        continue;
                r = layer_fetch(p, p->layers + i, reterr);
                p->before_bytes += p->layers[i].blob.size;
        }
        if (r >= 0 && p->running > 0)
                say(p, "unpack", 82, p->reference);
        if (r >= 0)
                r = unpack_wait(p, 0, reterr);
        return r < 0 ? r : layers_over(p, reterr);
}

/* --- one image --- */

static json_t* record_make(Pull* p) {
        _cleanup_free_ char* pinned = image_reference_pin(&p->name, p->pinned_hex);
        char digest[80];
        json_t* layers = json_array();
        uint64_t bytes = 0;
        for (size_t i = 0; i < p->layers_n; i++) {
                (void) json_array_append_new(layers, json_string(p->layers[i].name));
                bytes += image_store_layer_size(p->store, p->layers[i].name);
        }
        (void) snprintf(digest, sizeof(digest), "sha256:%s", p->manifest_hex);
        return json_pack("{s:s, s:s, s:o, s:I, s:O}", "pinned", strempty(pinned), "digest", digest, "layers", layers, "size",
                         (json_int_t) bytes, "config", p->config);
}

static int image_fetch(Pull* p, json_t** ret, Error* reterr) {
        say(p, "manifest", 1, p->reference);
        int r = registry_begin(p, reterr);
        if (r >= 0)
                r = manifest_fetch(p, reterr);
        if (r >= 0 && image_store_record_find(p->store, p->manifest_hex, ret) > 0)
                return 0; /* a tag that still says the same */
        if (r >= 0)
                r = config_fetch(p, reterr);
        if (r < 0)
                return r;
        layers_plan(p);
        r = layers_fetch(p, reterr);
        if (r < 0)
                return r;
        say(p, "keep", 95, p->reference);
        r = layers_name(p, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* record = record_make(p);
        r = record ? image_store_record_put(p->store, p->manifest_hex, record, reterr) : error_errno(reterr, -ENOMEM, "Cannot keep an image");
        if (r >= 0)
                *ret = TAKE_PTR(record);
        return r;
}

/* The image's own user and those that were asked about. Their names are read in the sandbox. */
static int users_find(Pull* p, const json_t* image, const json_t* record, json_t** ret, Error* reterr) {
        const char* own = strempty(json_get_string(json_object_get(record, "config"), "user"));
        _cleanup_json_ json_t *answer = NULL, *users = json_array();
        _cleanup_free_ char *text = NULL, *directory = NULL;
        _cleanup_close_ int fd = memfd_create("users", MFD_CLOEXEC);
        const json_t* more = json_object_get(image, "users");
        SandboxRun run;
        (void) json_array_append_new(users, json_string(own));
        for (size_t i = 0; i < MIN(json_array_size(more), (size_t) PULL_USERS_MAX); i++)
                (void) json_array_append(users, json_array_get(more, i));
        _cleanup_json_ json_t* request = json_pack("{s:O, s:O}", "layers", json_object_get(record, "layers"), "users", users);
        text = json_text(request, /* canonical= */ false);
        if (!text || fd < 0 || asprintf(&directory, "%s/layers", p->store->directory) < 0 || write_full(fd, text, strlen(text)) < 0 ||
            lseek(fd, 0, SEEK_SET) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot look up the users of %s", p->reference);
        const char* const argv[] = { "users", directory, NULL };
        int r = sandbox_start(p->options->sandbox, argv, fd, &run, reterr);
        if (r >= 0)
                r = sandbox_wait(&run, 0, &answer, reterr);
        if (r < 0)
                return error_context(reterr, "%s", p->reference);
        json_t* found = json_object_get(answer, "users");
        (void) json_object_set(found, "", json_object_get(found, own));
        *ret = json_incref(found);
        return 0;
}

/* Where a reference leads, without fetching anything. */
static int image_look(Pull* p, json_t** ret, Error* reterr) {
        char digest[80];
        int r = image_reference_parse(p->reference, &p->name, reterr);
        if (r >= 0) {
                say(p, "manifest", 1, p->reference);
                r = registry_begin(p, reterr);
        }
        if (r >= 0)
                r = manifest_fetch(p, reterr);
        if (r < 0)
                return r;
        _cleanup_free_ char* pinned = image_reference_pin(&p->name, p->pinned_hex);
        (void) snprintf(digest, sizeof(digest), "sha256:%s", p->manifest_hex);
        *ret = json_pack("{s:s, s:s, s:s}", "reference", p->reference, "pinned", strempty(pinned), "digest", digest);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot look up an image");
}

static int image_pull(Pull* p, const json_t* image, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *record = NULL, *users = NULL;
        int r = image_reference_parse(p->reference, &p->name, reterr);
        if (r < 0)
                return r;
        if (!*p->name.hex || image_store_record_find(p->store, p->name.hex, &record) == 0)
                r = image_fetch(p, &record, reterr);
        if (r >= 0)
                r = users_find(p, image, record, &users, reterr);
        if (r < 0)
                return r;
        json_t* result = json_copy(record); /* members are shared */
        (void) json_object_set_new(result, "reference", json_string(p->reference));
        (void) json_object_set_new(result, "fetched", json_integer((json_int_t) p->moved_bytes));
        (void) json_object_set(result, "users", users);
        *ret = result;
        return 0;
}

/* Nothing is kept of it. With an image its manifest is asked for: that one may be had. */
static int login_try(Pull* p, const json_t* login, json_t** ret, Error* reterr) {
        const char *host = strempty(json_get_string(login, "host")), *image = json_get_string(login, "image");
        char any[IMAGE_REFERENCE_MAX], by_digest[80], type[128];
        _cleanup_free_ char* text = NULL;
        size_t size = 0;
        bool asked = false;
        (void) snprintf(any, sizeof(any), "%.256s/x", host);
        int r = image_reference_parse(image ?: any, &p->name, reterr);
        if (r >= 0 && !streq(p->name.host, host))
                r = error_set(reterr, ERROR_BAD_REQUEST, "The image is at another registry than the login.");
        if (r < 0)
                return r;
        p->reference = image ?: host;
        if (!image)
                *p->name.path = 0;
        say(p, "manifest", 10, host);
        r = registry_begin(p, reterr);
        if (r >= 0)
                r = registry_greet(p->registry, &asked, reterr);
        (void) snprintf(by_digest, sizeof(by_digest), "sha256:%s", p->name.hex);
        if (r >= 0 && image)
                r = registry_manifest(p->registry, *p->name.hex ? by_digest : p->name.tag, &text, &size, type, reterr);
        if (r >= 0)
                r = registry_login_check(p->registry, reterr);
        if (r < 0)
                return r;
        *ret = json_pack("{s:b, s:b}", "accepted", 1, "asked", (int) asked);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot tell what the registry said");
}

static int login_run(const PullOptions* options, const json_t* login, json_t** ret, Error* reterr) {
        _cleanup_free_ Pull* p = calloc(1, sizeof(Pull));
        if (!p)
                return error_errno(reterr, -ENOMEM, "Cannot ask a registry");
        p->options = options, p->store = options->store, p->images_n = 1;
        int r = login_try(p, login, ret, reterr);
        pull_done(p);
        return r;
}

int pull_run(const PullOptions* options, json_t** ret, Error* reterr) {
        const json_t* login = json_object_get(options->request, "login");
        if (login)
                return login_run(options, login, ret, reterr);

        const json_t* images = json_object_get(options->request, "images");
        _cleanup_json_ json_t* results = json_array();
        size_t n = json_array_size(images);
        if (n == 0 || n > PULL_IMAGES_MAX)
                return error_set(reterr, ERROR_BAD_REQUEST, "1 to %d images can be fetched at a time.", PULL_IMAGES_MAX);
        for (size_t i = 0; i < n; i++) {
                const json_t* image = json_array_get(images, i);
                json_t* result = NULL;
                _cleanup_free_ Pull* p = calloc(1, sizeof(Pull)); /* too large for the stack */
                if (!p)
                        return error_errno(reterr, -ENOMEM, "Cannot fetch an image");
                p->options = options, p->store = options->store, p->image = i, p->images_n = n;
                p->reference = strempty(json_get_string(image, "reference"));
                int r = json_get_boolean(options->request, "look", false) ? image_look(p, &result, reterr) : image_pull(p, image, &result, reterr);
                pull_done(p);
                if (r < 0)
                        return r;
                (void) json_array_append_new(results, result);
        }
        *ret = json_pack("{s:O}", "images", results);
        return 0;
}
