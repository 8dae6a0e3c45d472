/* Public keys of authorized_keys files (sshd(8)): checks, digests, and editing of such a file's text. Pure: no files here. */
#pragma once
#include "base/error.h"

#define SSH_KEYS_FILE_MAX (256 * 1024)
#define SSH_KEYS_MAX 128
#define SSH_KEY_BLOB_MAX 2560 /* bytes of base64; RSA of 16384 bits needs less */
#define SSH_COMMENT_MAX 128
#define SSH_FINGERPRINT_BYTES 65

typedef struct SshKey {
        const char* type;                        /* borrowed from a table */
        const char* blob;                        /* base64, borrowed from the text, blob_size bytes */
        size_t blob_size;
        const char* comment;                     /* borrowed, comment_size bytes, unchecked */
        size_t comment_size;
        char fingerprint[SSH_FINGERPRINT_BYTES]; /* SHA-256 of the decoded blob, hex */
} SshKey;

/* Checks type, base64 and what the blob says about itself; digests it. */
int ssh_key_check(const char* type, const char* blob, const char* comment, SshKey* ret, Error* reterr);
/* Finds the key on one line of a file (options in front are skipped): 1 found, 0 none (empty, comment, nonsense). */
int ssh_key_from_line(const char* line, size_t size, SshKey* ret);

/* The text with the line added, or unchanged when the key is there; owned by the caller. In our own file a key's origin is the first
 * word of its comment line: "# owner". */
int ssh_keys_add(const char* text, const SshKey* key, const char* origin, char** ret, Error* reterr);
/* The text without every line that carries this key (and without our remark above it). Returns how many went. */
int ssh_keys_remove(const char* text, const char* fingerprint, char** ret);

typedef int (*SshKeyVisit)(const SshKey* key, const char* origin, void* userdata); /* origin: owner, provider, or NULL */
int ssh_keys_each(const char* text, SshKeyVisit visit, void* userdata); /* stops at the first negative */
