/* steadbox-inside: what people do inside an app: run a command, look at its files, read its log. A
 * process of root's for each request, started by systemd (steadbox-inside@.service) when the manager
 * connects to /run/steadbox/inside.sock, gone when either side lets go. The manager has asked whether the
 * person may; here every name and path is checked again, as in the helper.
 *
 * One line of JSON comes: {"verb": "..", "app": id, ...}. One line goes back, {"answer": {..}} or
 * {"error": {"name", "message"}}. With exec and watch more lines follow.
 *   files   {"path"}                     -> {"items": [AppFile]}
 *   read    {"path", "offset"}           -> FileChunk
 *   write   {"path", "offset", "base64", "last"} -> AppFile; the parts gather beside the file, the last takes its place
 *   make    {"path"}                     -> AppFile; a directory, which may be there already
 *   remove  {"path", "recursive"?}       -> {}; a directory with all that is in it
 *   tar     {"path", "slot"}             -> {}, then {"output": base64} .. {"end": {"files", "bytes",
 *           "skipped"}}: a directory as a tar archive; slot: of the app's ids, as the archive tells those
 *           inside
 *   logs    {"container"?, "from"?, "to"?, "after"?, "q"?, "limit"} -> {"items": [AppLogLine], "next": cursor|null}
 *   watch   {"container"?}               -> {}, then {"line": AppLogLine} for ever
 *   tasks   {"tasks": [..]}              -> {"items": [{"task", "state", "last_at", "next_at", "sentence"}]}
 *   exec    {"container", "command": [], "terminal", "rows", "columns"} -> {}, then {"output": base64, "stream": 1|2} .. {"end": status};
 *           meanwhile lines come: {"input": base64}, {"rows", "columns"}, {"end": true} (no more input)
 *   dump    {"container", "command": [], "export": id, "file": name}    -> {"bytes": n}: what the command
 *           says stands in dumps/<export>/<file> beside the app's data, root's; or the end of what it
 *           said of its failure. Nothing at all is a failure, too
 * Paths are below /var/lib/steadbox/apps/<app>/data, without links on the way. Output that nobody takes stops the command. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include <sys/types.h>

#define INSIDE_SOCKET "/run/steadbox/inside.sock"
#define INSIDE_LINE_MAX (6U * 1024 * 1024)
#define INSIDE_CHUNK (2U * 1024 * 1024) /* bytes of a file at a time */

/* data_fd: the app's data. Each answers an owned object. */
int inside_files(int data_fd, const json_t* request, json_t** ret, Error* reterr);
int inside_read(int data_fd, const json_t* request, json_t** ret, Error* reterr);
int inside_write(int data_fd, const json_t* request, json_t** ret, Error* reterr);
int inside_make(int data_fd, const json_t* request, json_t** ret, Error* reterr);
int inside_remove(int data_fd, const json_t* request, json_t** ret, Error* reterr);
int inside_tar(int data_fd, const json_t* request, json_t** ret, Error* reterr); /* speaks for itself; *ret stays NULL */

int inside_tasks(const json_t* request, json_t** ret, Error* reterr);
int inside_logs(const json_t* request, json_t** ret, Error* reterr);
int inside_watch(const json_t* request, Error* reterr);
int inside_exec(const json_t* request, Error* reterr);
int inside_dump(const json_t* request, json_t** ret, Error* reterr);
/* The request's command in its container, without input; what it says goes to out and err. *ret_pid leads a session of its own. */
int inside_start(const json_t* request, int out, int err, pid_t* ret_pid, Error* reterr);

int inside_say(json_t* line); /* takes ownership; negative = nobody hears */
bool inside_container_valid(const char* s); /* [a-z0-9][a-z0-9-]{0,31} */
