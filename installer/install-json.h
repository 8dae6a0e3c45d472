/* install.json: what the provider wants of a machine. Decoded by the table in fields.h, from which the published JSON Schema is printed
 * too, so the two cannot disagree. Pure: reads no file, changes nothing. */
#pragma once
#include "base/error.h"
#include "base/json.h"

#define CONFIG_SIZE_MAX ((size_t) 1024 * 1024)

typedef struct Config Config;

/* Every refusal names the field and what to write in its place. */
int config_parse(const char* text, size_t size, Config** ret, Error* reterr);
Config* config_free(Config* c);
DEFINE_CLEANUP(Config*, config_free);

/* The value at "provider.fallback_name" and the like, borrowed; NULL where it is absent. */
const json_t* config_get(const Config* c, const char* path);
const char* config_string(const Config* c, const char* path);

/* The content of /etc/steadbox/steadbox.json: all but what is secret or for once. New reference, NULL on out of memory. */
json_t* config_settings(const Config* c);
/* install.json as it may stay on the disk: without secrets. */
json_t* config_without_secrets(const Config* c);
/* The secrets that later parts of the box will need (not the owner's), in the shape of install.json; an empty object where none. */
json_t* config_presets(const Config* c);
/* Calls on() with every secret of the file. */
void config_each_secret(const Config* c, void (*on)(const char* secret, void* userdata), void* userdata);
bool config_has_secrets(const Config* c);

/* The JSON Schema (draft 2020-12). */
json_t* config_schema(void);
/* Whether s has the shape of the format called name ("HOSTNAME"), once by pattern and once by validator; for the test of agreement. */
int config_format_test(const char* name, const char* s, bool* ret_pattern, bool* ret_validator);
