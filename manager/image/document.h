/* What registries say about images: indexes, manifests, configurations (OCI image specification 1.1; Docker's manifest schema 2 is the same
 * with other media types). Pure: all of it is a stranger's. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "image/reference.h"

#define IMAGE_LAYERS_MAX 127                     /* overlayfs bears more; nobody needs them */
#define IMAGE_DOCUMENT_MAX (4U * 1024 * 1024)    /* bytes of a manifest, as the specification suggests */
#define IMAGE_CONFIG_MAX (8U * 1024 * 1024)
#define IMAGE_LAYER_MAX (UINT64_C(20) << 30)     /* compressed bytes of one layer */

/* For the Accept header. */
#define IMAGE_ACCEPT                                                                                                     \
        "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "                          \
        "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

typedef struct ImageBlob {
        char hex[IMAGE_HEX_BYTES];
        uint64_t size; /* bytes as they come from the registry */
} ImageBlob;

typedef struct ImageDocument {
        bool is_index;
        ImageBlob chosen;  /* index: the manifest for this machine */
        ImageBlob config;  /* manifest */
        ImageBlob layers[IMAGE_LAYERS_MAX]; /* lowest first; one that comes twice stands only where it comes last */
        size_t layers_n, layers_told; /* told: with those that come twice */
} ImageDocument;

/* architecture in Go's words: amd64, arm64. what is for sentences: the reference. content_type may be NULL. BAD_IMAGE with a sentence. */
int image_document_parse(
        const char* what, const char* text, size_t size, const char* content_type, const char* architecture,
        ImageDocument* ret, Error* reterr);
/* *ret: the object "config" of image.h, owned. layers_n: as many as the manifest told. */
int image_config_parse(
        const char* what, const char* text, size_t size, size_t layers_n, const char* architecture, json_t** ret, Error* reterr);
const char* image_architecture(void); /* of this machine; "unknown" is no image's */
