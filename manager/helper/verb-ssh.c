/* SSH keys of root: our own file beside sshd's defaults, and what stands in root's own file. */
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "helper/check.h"
#include "helper/helper.h"
#include "helper/pid1.h"
#include "helper/ssh-key.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define OUR_DIRECTORY "/etc/steadbox/ssh"
#define ROOTS_DIRECTORY "/root/.ssh"
#define KEYS_FILE "authorized_keys"
/* Root touches this file to let the manager add keys for a while; see verb_ssh_key_add(). */
#define ALLOW_FILE OUR_DIRECTORY "/allow-adding"
#define ALLOW_SECONDS (15 * 60)

/* Reads the file of a root-owned directory, "" where there is none. */
static int keys_read(const char* directory, int* ret_fd, char** ret) {
        int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 && errno != ENOENT)
                return -errno;
        int r = fd < 0 ? -ENOENT : file_read(fd, KEYS_FILE, SSH_KEYS_FILE_MAX, ret, NULL);
        if (r == -ENOENT) {
                *ret = strdup("");
                r = *ret ? 0 : -ENOMEM;
        }
        if (r < 0)
                closep(&fd);
        else
                *ret_fd = fd;
        return r;
}

typedef struct Listing {
        sd_bus_message* reply;
        const char* provided; /* everything the provider handed over, as text */
        bool managed;
        unsigned n;
} Listing;

static int append_key(const SshKey* key, const char* origin, void* userdata) {
        Listing* l = userdata;
        char comment[SSH_COMMENT_MAX + 1], blob[SSH_KEY_BLOB_MAX + 1];
        size_t n = MIN(key->comment_size, (size_t) SSH_COMMENT_MAX);
        if (l->n++ >= 2 * SSH_KEYS_MAX)
                return 0;
        for (size_t i = 0; i < n; i++) /* a comment in root's file was never checked by us */
                comment[i] = key->comment[i] >= ' ' && key->comment[i] < 0x7f ? key->comment[i] : '?';
        comment[n] = 0;
        memcpy(blob, key->blob, key->blob_size);
        blob[key->blob_size] = 0;
        if (!origin || !l->managed) /* a key's base64 is long and random enough to be found by itself */
                origin = strstr(l->provided, blob) ? "provider" : "other";
        return sd_bus_message_append(l->reply, "(ssssb)", key->fingerprint, key->type, comment, origin, (int) l->managed);
}

/* The keys a provider gave: in install.json, and in what cloud-init was told. */
static char* provided_text(void) {
        static const char* const files[] = { "/etc/steadbox/install.json", "/run/cloud-init/combined-cloud-config.json", "/run/cloud-init/instance-data-sensitive.json" };
        char* all = strdup("");
        for (size_t i = 0; all && i < ELEMENTS(files); i++) {
                _cleanup_free_ char* text = NULL;
                char* longer = NULL;
                if (file_read(AT_FDCWD, files[i], 1024 * 1024, &text, NULL) < 0)
                        continue;
                if (asprintf(&longer, "%s\n%s", all, text) < 0)
                        longer = NULL;
                free(all);
                all = longer;
        }
        return all;
}

/* Safe with a hostile manager: no argument; public keys and their comments, control bytes replaced, are no secret. */
int verb_ssh_key_list(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        static const struct {
                const char* directory;
                bool managed;
        } places[] = { { OUR_DIRECTORY, true }, { ROOTS_DIRECTORY, false } };
        _cleanup_free_ char* provided = provided_text();
        if (!provided)
                return -ENOMEM;
        int r = sd_bus_message_open_container(reply, 'a', "(ssssb)");
        for (size_t i = 0; i < ELEMENTS(places) && r >= 0; i++) {
                _cleanup_free_ char* text = NULL;
                _cleanup_close_ int fd = -EBADF;
                r = keys_read(places[i].directory, &fd, &text);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot read the keys in %s", places[i].directory);
                r = ssh_keys_each(text, append_key, &(Listing) { .reply = reply, .provided = provided, .managed = places[i].managed });
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? error_errno(reterr, r, "Cannot list the keys") : VERB_DONE;
}

static bool adding_allowed(void) {
        struct stat st;
        if (lstat(ALLOW_FILE, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != 0)
                return false;
        int64_t age = now_seconds() - (int64_t) st.st_mtime;
        return age >= -5 && age <= ALLOW_SECONDS;
}

/* sshd reads its drop-in when it starts; a machine whose sshd ran before we came has to be told once. */
static void sshd_reload(Helper* h) {
        _cleanup_error_ Error e = ERROR_NULL;
        (void) pid1_unit(h->pid1, "ReloadOrTryRestartUnit", "ssh.service", "replace", &e);
}

/* Whoever holds an accepted key is root. So this is the one verb that a hostile manager could turn into root by simply using it, and
 * therefore it works from the manager only within 15 minutes of root having said so at the machine (touch ALLOW_FILE); the installer,
 * being root, needs no such leave. Beyond that: type, base64 and comment are checked so that nothing but one key can get into the file,
 * no options among it. */
int verb_ssh_key_add(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char *type, *blob, *comment, *origin;
        _cleanup_free_ char *text = NULL, *changed = NULL;
        _cleanup_close_ int fd = -EBADF;
        SshKey key;
        int r = sd_bus_message_read(call, "ssss", &type, &blob, &comment, &origin);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = ssh_key_check(type, blob, comment, &key, reterr);
        if (r >= 0)
                r = check_length("origin", origin, 16, reterr);
        if (r < 0)
                return r;
        if (h->caller_uid != 0 && !adding_allowed())
                return error_set(
                                reterr,
                                ERROR_NOT_ALLOWED,
                                "A key opens root, so root has to agree first: at the machine, as root, run \"touch %s\"; "
                                "then add the key here within 15 minutes.",
                                ALLOW_FILE);
        r = directory_make(OUR_DIRECTORY, 0700);
        if (r >= 0)
                r = keys_read(OUR_DIRECTORY, &fd, &text);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the keys");
        r = ssh_keys_add(text, &key, origin, &changed, reterr);
        if (r < 0)
                return r;
        r = file_write(fd, KEYS_FILE, changed, strlen(changed), 0600);
        if (r < 0)
                return error_errno(reterr, r, "Cannot write the keys");
        log_notice("Key %s (%s) may now sign in as root.", key.fingerprint, key.type);
        sshd_reload(h);
        r = sd_bus_message_append(reply, "s", key.fingerprint);
        return r < 0 ? error_errno(reterr, r, "Cannot answer") : VERB_DONE;
}

static int remove_from(const char* directory, const char* fingerprint, Error* reterr) {
        _cleanup_free_ char *text = NULL, *changed = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r = keys_read(directory, &fd, &text);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the keys in %s", directory);
        int removed = ssh_keys_remove(text, fingerprint, &changed);
        if (removed <= 0)
                return removed;
        r = file_write(fd, KEYS_FILE, changed, strlen(changed), 0600);
        return r < 0 ? error_errno(reterr, r, "Cannot write the keys in %s", directory) : removed;
}

/* Safe with a hostile manager: a digest chooses among lines that are there; it can only take power away, and root's other ways in
 * (console, recovery) are not ours to touch. */
int verb_ssh_key_remove(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char* fingerprint;
        int r = sd_bus_message_read(call, "s", &fingerprint);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = check_fingerprint("fingerprint", fingerprint, reterr);
        if (r < 0)
                return r;
        int ours = remove_from(OUR_DIRECTORY, fingerprint, reterr);
        int roots = ours < 0 ? ours : remove_from(ROOTS_DIRECTORY, fingerprint, reterr);
        if (roots < 0)
                return roots;
        if (ours + roots == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no key with this fingerprint.");
        log_notice("Key %s may no longer sign in as root.", fingerprint);
        return VERB_DONE;
}
