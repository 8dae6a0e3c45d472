/* What the files that read Compose share. */
#pragma once
#include "package/compose.h"
#include "package/manifest-internal.h"

typedef enum Verdict { HONOURED, IGNORED, ASKS, REFUSED } Verdict;

typedef struct ComposeReader {
        const ComposeOptions* options;
        const YamlNode* root;
        json_t* lines[4];      /* by verdict: report lines */
        size_t n_lines;
        json_t* variables;     /* {KEY: value} as given */
        json_t* missing;       /* names of variables without a value, each once */
        json_t* answers;       /* {setting key: value} */
        json_t* settings;      /* as a manifest has them */
        json_t* secrets;
        json_t* containers;    /* [..], in the file's order */
        json_t* data;
        json_t* names;         /* {service: container name} */
        json_t* volumes;       /* {volume or path: data name} */
        json_t* ports;         /* [{"service", "container", "protocol", "port", "published" (0 = not), "line"}] */
        bool needs_host_network;
        bool failed;           /* out of memory */
} ComposeReader;

/* One service while it is read. */
typedef struct Service {
        ComposeReader* c;
        const char* name;
        const char* container; /* its name */
        const YamlNode* node;
        json_t* json;          /* the container */
        json_t* entrypoint;    /* array or NULL */
        json_t* command;
        bool entrypoint_given;
} Service;

/* A line of the report. path is "services.web.ports" or the like. */
void compose_say(ComposeReader* c, unsigned line, const char* path, Verdict verdict, const char* format, ...) _printf_(5, 6);

/* Cuts what is not whole UTF-8 off, after a text was cut by bytes. */
void compose_mend(char* s);

/* Puts variables in. where_text: what comes out goes where placeholders are, so literal braces are
 * escaped and values given by people become {{setting.KEY}}; otherwise values stand there themselves.
 * Owned; NULL where the text asks for a value that is missing, which is reported. */
char* compose_text(ComposeReader* c, const YamlNode* node, const char* path, bool where_text);
/* "echo 'a b'" -> ["echo", "a b"]; as sh(1) splits, without expanding. NULL: a quote is open. */
json_t* compose_words(const char* text);
/* "1m30s", "500ms", "90" -> seconds, rounded up; negative errno. */
int compose_seconds(const char* text, int64_t* ret);
/* "512m", "1.5gb", "1073741824" -> MiB, rounded up. */
int compose_megabytes(const char* text, int64_t* ret);
bool compose_boolean(const char* text, bool* ret);
/* "KEY=value" lines; comments and blank lines are skipped, quotes around a value are taken off (as in .env files). */
int compose_variables(const char* text, json_t** ret, Error* reterr);

void compose_service(Service* s);                    /* all of one service; compose-service.c */
void compose_volumes(Service* s, const YamlNode* node, const char* path);
void compose_ports(Service* s, const YamlNode* node, const char* path, bool published);
/* A data name for a volume or directory, made on first need; mounted at path. */
void compose_mount(Service* s, unsigned line, const char* path, const char* source, const char* target, bool read_only);
/* [a-z0-9-]{1,32} out of anything, not one of taken (object whose values are names). */
void compose_name(const char* from, const json_t* taken, char ret[static 33]);
/* What known databases need to be copied while they run; and their ports. */
void compose_databases(ComposeReader* c);
