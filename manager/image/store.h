/* The image store on disk (see image.h): paths, records, locks. For jobs; nothing in it is parsed by anybody with privileges. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "image/reference.h"

#define IMAGE_STORE "/var/lib/steadbox/images"
#define IMAGE_RESERVE_BYTES (UINT64_C(256) << 20) /* what images leave free on the disk, whatever they need */

typedef struct ImageStore {
        char* directory; /* owned */
        int fd, layers_fd, incoming_fd, manifests_fd, sizes_fd;
        int lock_fd;
} ImageStore;
/* Opens it, making what is missing. exclusive: nobody pulls meanwhile; WRONG_STATE (cleaning) or waiting with cancelled looked at (pulling)
 * while somebody does. */
int image_store_open(const char* directory, bool exclusive, ImageStore* ret, Error* reterr);
void image_store_done(ImageStore* s);
#define IMAGE_STORE_NULL                                                                           \
        ((ImageStore) { .fd = -EBADF, .layers_fd = -EBADF, .incoming_fd = -EBADF, .manifests_fd = -EBADF, \
                        .sizes_fd = -EBADF, .lock_fd = -EBADF })

bool image_store_has_layer(const ImageStore* s, const char* hex);
/* Bytes that a layer took when it was unpacked; 0 = not known. */
uint64_t image_store_layer_size(const ImageStore* s, const char* hex);
int image_store_layer_size_set(const ImageStore* s, const char* hex, uint64_t bytes);
/* What is known of an image: by the digest of its manifest, or of the index it was found in. 1 = found with all its layers, and then it is
 * called used just now; 0 = not. *ret is owned. */
int image_store_record_find(const ImageStore* s, const char* hex, json_t** ret);
int image_store_record_put(const ImageStore* s, const char* hex, const json_t* record, Error* reterr);
uint64_t image_store_free_bytes(const ImageStore* s); /* behind the reserve */
/* Everything in it is on the disk when this returns. */
int image_store_sync(const ImageStore* s);

/* --- cleaning --- */
/* Removes records that are neither in keep (array of hex) nor used within grace seconds; *ret_layers: names in layers/ that no record
 * names any more and that no pull works on, owned. */
int image_store_sweep(const ImageStore* s, const json_t* keep, int64_t grace, unsigned* ret_removed, json_t** ret_layers, Error* reterr);
/* Before a name out of layers/ is removed: from now on no layer has it, even when the power goes while
 * its files do. ret: the name to remove, which a later sweep finds, too. What is no layer keeps its name. */
#define IMAGE_ASIDE_BYTES 256
int image_store_layer_aside(const ImageStore* s, const char* name, char ret[static IMAGE_ASIDE_BYTES]);
/* Removes what pulls left, older than a day, and sizes of layers that are gone. */
void image_store_sweep_incoming(const ImageStore* s, int64_t age);
