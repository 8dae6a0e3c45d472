-- From schema 2 to 3: apps. New tables and a column with a default, so the release before goes on reading and writing its own.
ALTER TABLE job ADD COLUMN parent TEXT NOT NULL DEFAULT '';
-- Apps. The manifest and everything that makes the app again is also kept in its directory (record.json), so that a row can be rebuilt.
CREATE TABLE app (
        id              TEXT PRIMARY KEY,                     -- [a-z0-9]{1,32}
        slot            INTEGER NOT NULL UNIQUE,              -- 1..4095: its id range and addresses; never shared with an archive that is kept
        origin          TEXT NOT NULL,                        -- catalogue, image, compose
        package         TEXT NOT NULL DEFAULT '',             -- id in the catalogue
        source          TEXT NOT NULL DEFAULT '',             -- the catalogue's source
        version         TEXT NOT NULL,                        -- the version that is in place
        manifest        TEXT NOT NULL,                        -- JSON, as package/manifest.h normalises it
        images          TEXT NOT NULL DEFAULT '{}',           -- JSON: container -> what the pull found out (image/image.h)
        title           TEXT NOT NULL,
        icon            TEXT NOT NULL DEFAULT '',             -- data: URL of the package; empty = none
        name            TEXT NOT NULL UNIQUE,                 -- A-labels
        shown           TEXT NOT NULL,
        extra_names     TEXT NOT NULL DEFAULT '[]',
        access          TEXT NOT NULL DEFAULT 'everyone',     -- public, everyone, groups
        state           TEXT NOT NULL,                        -- installing, present, updating, broken, removing
        wanted          TEXT NOT NULL DEFAULT 'running',      -- running, stopped
        gate            TEXT NOT NULL DEFAULT 'closed',       -- closed (maintenance page), open: whether traffic is admitted
        maintenance     INTEGER NOT NULL DEFAULT 0,           -- asked for by a person
        job             TEXT NOT NULL DEFAULT '',             -- the job that works on it; empty = none
        reason          TEXT NOT NULL DEFAULT '',             -- sentence: why it is broken or held
        settings        TEXT NOT NULL DEFAULT '{}',           -- JSON: answers that are not secret
        environment     TEXT NOT NULL DEFAULT '{}',           -- JSON: variables of the owner's own
        limits          TEXT NOT NULL DEFAULT '{}',           -- JSON: memory_mb, cpu_weight, disk_mb; absent = the package's
        network_out     TEXT NOT NULL DEFAULT 'any',
        host_network    INTEGER NOT NULL DEFAULT 0,
        open_ports      TEXT NOT NULL DEFAULT '[]',           -- JSON: names of ports that the world may reach
        muted           TEXT NOT NULL DEFAULT '[]',           -- JSON: tasks of the schedule, and "mail", that are off
        auto_update     INTEGER NOT NULL DEFAULT 1,
        held_version    TEXT NOT NULL DEFAULT '',             -- this one failed and is not tried again before held_until
        held_until      INTEGER,
        soak_until      INTEGER,                              -- a fresh update is watched until then
        use_hours       TEXT NOT NULL DEFAULT '[]',           -- JSON: samples kept over a restart, see app/use.h
        memory_peak     INTEGER NOT NULL DEFAULT 0,           -- bytes, the most that was measured
        installed_at    INTEGER NOT NULL,
        answered_at     INTEGER
) STRICT;

-- Secrets of apps: made for each, sealed; also secret answers to a package's questions (key "setting:...").
CREATE TABLE app_secret (
        app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
        key    TEXT NOT NULL,
        value  BLOB NOT NULL,
        PRIMARY KEY (app_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_group (
        app_id   TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
        group_id INTEGER NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
        PRIMARY KEY (app_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE app_operator (
        app_id  TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
        user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
        PRIMARY KEY (app_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX app_operator_user ON app_operator (user_id);

-- Versions that were left and are kept, with the data of that moment where there is a restore point.
CREATE TABLE app_version (
        app_id     TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
        version    TEXT NOT NULL,
        manifest   TEXT NOT NULL,
        images     TEXT NOT NULL,
        point      TEXT NOT NULL DEFAULT '',                  -- restore point, empty = none
        since      INTEGER NOT NULL,
        left_at    INTEGER,
        kept_until INTEGER,
        PRIMARY KEY (app_id, version)
) STRICT, WITHOUT ROWID;

-- Restore points and archives: data that was put aside, on disk below apps/<app>/points/<id> or archives/<id>.
CREATE TABLE app_point (
        id         TEXT PRIMARY KEY,
        app_id     TEXT NOT NULL,                             -- the app may be gone
        slot       INTEGER NOT NULL,                          -- whose id range the files have
        kind       TEXT NOT NULL,                             -- point (before an update), replaced (by a rollback), archive (uninstalled)
        record     TEXT NOT NULL,                             -- JSON: the app's record at that moment, without secrets in clear
        version    TEXT NOT NULL,
        title      TEXT NOT NULL,
        name       TEXT NOT NULL,
        size       INTEGER NOT NULL DEFAULT 0,                -- bytes
        created_at INTEGER NOT NULL,
        kept_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX app_point_app ON app_point (app_id);

-- What happened to an app, for its timeline.
CREATE TABLE app_event (
        id       INTEGER PRIMARY KEY,
        app_id   TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
        at       INTEGER NOT NULL,
        kind     TEXT NOT NULL,
        severity TEXT NOT NULL,
        actor_id INTEGER,                                     -- a person's number; NULL = actor says who
        actor    TEXT NOT NULL,
        sentence TEXT NOT NULL
) STRICT;
CREATE INDEX app_event_app ON app_event (app_id, id);

-- Who is inside which app: the cookie's value is kept only as SHA-256; it ends with the session that made it.
CREATE TABLE app_session (
        token_sha256 BLOB PRIMARY KEY,
        app_id       TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
        user_id      INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
        session_id   TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
        name         TEXT NOT NULL,                           -- the host name it was made for
        created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX app_session_session ON app_session (session_id);
CREATE INDEX app_session_app ON app_session (app_id);
CREATE INDEX app_session_user ON app_session (user_id);

-- Logins at private registries of images.
CREATE TABLE registry (
        host       TEXT PRIMARY KEY,                          -- as references name it, with its port
        username   TEXT NOT NULL,
        token_host TEXT NOT NULL DEFAULT '',                  -- whom else the password may be told: who hands out its tokens
        password   BLOB NOT NULL,                             -- sealed
        created_at INTEGER NOT NULL,
        tested_at  INTEGER,
        error      TEXT NOT NULL DEFAULT ''                   -- what the last test found
) STRICT, WITHOUT ROWID;

-- Sources of apps and what they offer; an offer is signed, and checked before it gets here.
CREATE TABLE catalogue_source (
        id         TEXT PRIMARY KEY,
        url        TEXT NOT NULL,
        key        TEXT NOT NULL,                             -- minisign public key
        name       TEXT NOT NULL DEFAULT '',                  -- as its index says
        serial     INTEGER NOT NULL DEFAULT 0,                -- of the newest index that was believed
        expires_at INTEGER,                                   -- of that index
        fetched_at INTEGER,
        error      TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
-- Packages arrive one by one and are on offer when the index that names them is believed.
CREATE TABLE catalogue_offer (
        source_id   TEXT NOT NULL REFERENCES catalogue_source (id) ON DELETE CASCADE,
        sha256      TEXT NOT NULL,                            -- of the package's file, hex
        package     TEXT NOT NULL,
        version     TEXT NOT NULL,
        position    INTEGER NOT NULL,                         -- order of versions in the index, 0 = newest; -1 = not on offer yet
        end_of_life TEXT NOT NULL DEFAULT '',                 -- as the index says; the manifest may say it too
        manifest    TEXT NOT NULL,                            -- JSON, normalised
        icon        TEXT NOT NULL DEFAULT '',                 -- data: URL
        PRIMARY KEY (source_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalogue_offer_package ON catalogue_offer (package, position);

-- Tiles of the launcher that lead elsewhere.
CREATE TABLE launcher_link (
        id         TEXT PRIMARY KEY,
        title      TEXT NOT NULL,
        url        TEXT NOT NULL,
        groups     TEXT NOT NULL DEFAULT '[]',                -- JSON array of group numbers; empty = everybody
        created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
