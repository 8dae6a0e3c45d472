/* What the files of this folder share about manifests. */
#pragma once
#include "package/manifest.h"
#include "package/rules.h"

#define MANIFEST_CONTAINERS_MAX 16 /* as APP_CONTAINERS_MAX of run/record.h */
#define MANIFEST_VERSION 1

extern const Rule manifest_rules[];
/* Writes addons that are not expanded yet out as containers, data and secrets; images and names were checked. */
int manifest_expand_addons(json_t* manifest, Error* reterr);
/* Everything that concerns several keys: names that must be there or must not be twice, cycles, templates. */
int manifest_check_whole(const json_t* manifest, ManifestOrigin origin, Error* reterr);

bool container_name_valid(const char* s);
bool key_valid(const char* s);          /* [a-z][a-z0-9_]{0,31} */
bool inside_path_valid(const char* s);  /* of a container: absolute, no "..", not one that belongs to the system */
/* The member of a list of objects whose key has this value, or NULL; *ret_index may be NULL. */
const json_t* list_find(const json_t* list, const char* key, const char* value, size_t* ret_index);
