/* Everything that moves an app's data: job app-data, one action a job. It runs as root with five capabilities, without network and without
 * the store, and takes ids only: directories are found below /var/lib/steadbox by openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), and what
 * the app made of its data (links, pipes, devices, trees that change while they are read) leads nowhere else (manager/data/tree.h).
 *
 *   apps/<app>/data/<name>/        what the app writes; top owned by its range (app.h), 0755
 *   apps/<app>/points/<point>/     a tree like data/: a restore point, or data that a restore replaced
 *   apps/<app>/.., archives/<archive>/   an uninstalled app's whole directory, without scratch and points
 *   apps/<app>/dumps/<export>/     what commands of the package said of its data for an export (steadbox-inside)
 *   exports/<export>.tar           root:steadbox 0640, so that the manager can read it out
 *
 * Every action may be killed anywhere and asked again: it is old or new, never between, because the last act is a rename. What is not
 * complete has a name with a leading dot, which is no id. Ids of points, archives and exports are chosen by whoever asks ([a-z0-9]{1,32}).
 *
 * Requests, {"action": .., "app": id, "slot": n, ..}; "reserve": bytes of the disk that are left alone (default 256 MiB):
 *
 *   create     "data": [{"name", "uid": 0, "gid": 0}] (ids inside the app)        makes what is missing, leaves what is there
 *   point      "point", "early": bool     copies data/ to points/<point>/. With early (the app may be
 *                                         running) the copy is begun and left incomplete; later without
 *                                         early, when nothing writes any more, what changed since is
 *                                         copied and the point is there. An early pass may be left out.
 *                                         With "keeps_none": true, for an app whose manifest has no
 *                                         data, a missing data/ is an empty one; so in copy
 *   restore    "point", "replaced": id    points/<point> becomes data/, what was data/ becomes points/<replaced>: renames, no copying.
 *                                         The app must be stopped. The point is used up.
 *   copy       "from": {"app", "slot", "point": null or id}, "early"      data/ of another app, or one of
 *              its points, as this app's data/, ids shifted
 *   archive    "archive"                  apps/<app> -> archives/<archive>, without points and scratch;
 *                                         units and record are gone before (AppRemove)
 *   unarchive  "archive"                  back; refused where apps/<app> has data
 *   remove     one of "point", "archive", "export", "dumps" (an export's), "whole": true     renamed
 *              first, then emptied; absent is fine. "app" may be left out for archive and export
 *   size       "apps": [ids], "archives": [ids]       what they take on the disk (allocated, holes do not count)
 *   export     "export", "point": id (made before, while the app stood: databases are whole in it),
 *              "compose", "secrets": bool       a tar archive. What stands in it beside the data comes as
 *              the answer to the question {"what": "texts"}: [{"name": "compose.yaml", "text": ".."}],
 *              since it may hold secrets.
 *
 * Results: {"bytes": allocated, "files": n, "copied": bytes copied this time, "shared": bytes shared with
 * the original (reflinks), "skipped": n (devices and sockets: what is no data), "skipped_example": name
 * or ""}; size: {"apps": {id: {"data", "scratch" (what its containers wrote beside their data), "dumps"
 * (of exports that are being made), "files" (in the first two), "points": {id: bytes}}}, "archives": {id:
 * bytes}, "free": bytes}, without what cannot be measured; export: {"size": bytes of the file}.
 *
 * Errors: STORAGE_FULL before anything is copied when it would not fit, with both figures in the
 * sentence; NOT_FOUND where the named thing is not there; WRONG_STATE where the target is; CONFLICT of
 * archive where an archive of that id has data, and the app has, too.
 *
 * Progress: stages prepare, copy, switch; percent by bytes. Cancelling is heard while copying; what was
 * begun is removed by the next `remove` of that id, and by every action on the same app after a day. */
#pragma once
#define DATA_RESERVE_BYTES ((uint64_t) 256 * 1024 * 1024)
