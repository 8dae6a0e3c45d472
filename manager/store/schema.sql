-- The whole schema of today. Times are seconds since 1970 (UTC) unless a name ends in _usec. A change comes with a numbered file in
-- migrations/ and must stay readable and writable for the release before (expand now, contract one release later).

-- What the store says about itself: least_version is the oldest schema version whose programs may open it.
CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('least_version', '1');

-- People. Numbers are never used again, so that the log can speak of somebody who is gone.
CREATE TABLE user (
        id                   INTEGER PRIMARY KEY AUTOINCREMENT,
        username             TEXT NOT NULL UNIQUE,
        display_name         TEXT NOT NULL,
        email                TEXT,                            -- NULL = none known
        role                 TEXT NOT NULL DEFAULT 'user',
        state                TEXT NOT NULL DEFAULT 'active',  -- active, invited, deactivated, frozen
        language             TEXT,                            -- NULL = the box's
        password_hash        TEXT,                            -- argon2id in PHC form; NULL = none set yet
        password_changed_at  INTEGER,
        totp_secret          BLOB,                            -- sealed; NULL = no authenticator
        totp_pending         BLOB,                            -- sealed; being set up
        totp_step            INTEGER NOT NULL DEFAULT 0,      -- last time step accepted, so that a code works once (RFC 6238 5.2)
        recovery_verified_at INTEGER,                         -- when a recovery code was typed back
        created_at           INTEGER NOT NULL,
        seen_at              INTEGER                          -- to the hour, to write little
) STRICT;
CREATE UNIQUE INDEX user_email ON user (email COLLATE NOCASE) WHERE email IS NOT NULL;
CREATE INDEX user_role ON user (role) WHERE role <> 'user';
CREATE INDEX user_display_name ON user (display_name COLLATE NOCASE, id);
CREATE INDEX user_seen ON user (seen_at, id);

-- Groups of people; apps and mailboxes refer to them.
CREATE TABLE user_group (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        name        TEXT NOT NULL UNIQUE,
        description TEXT NOT NULL DEFAULT '',
        created_at  INTEGER NOT NULL
) STRICT;
CREATE TABLE user_group_member (
        group_id INTEGER NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
        user_id  INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
        PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_group_member_user ON user_group_member (user_id);

-- Signed-in browsers. The cookie's value is kept only as SHA-256.
CREATE TABLE session (
        id           TEXT PRIMARY KEY,                        -- public, for lists and revocation
        token_sha256 BLOB NOT NULL UNIQUE,
        user_id      INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
        agent        TEXT NOT NULL,                           -- the browser in words, not its whole string
        address      TEXT NOT NULL,
        created_at   INTEGER NOT NULL,
        seen_at      INTEGER NOT NULL,                        -- to the quarter of an hour
        expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user_id);

-- API tokens, kept as SHA-256.
CREATE TABLE token (
        id           TEXT PRIMARY KEY,
        token_sha256 BLOB NOT NULL UNIQUE,
        user_id      INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
        name         TEXT NOT NULL,
        scopes       TEXT NOT NULL,                           -- JSON array of scope:read, scope:write
        created_at   INTEGER NOT NULL,
        expires_at   INTEGER NOT NULL,
        used_at      INTEGER                                  -- to the hour
) STRICT, WITHOUT ROWID;
CREATE INDEX token_user ON token (user_id);

-- One-use links: the owner's first, invitations, password resets.
CREATE TABLE link (
        token_sha256 BLOB PRIMARY KEY,
        kind         TEXT NOT NULL,                           -- owner, invite, reset
        user_id      INTEGER REFERENCES user (id) ON DELETE CASCADE, -- NULL = the first owner chooses a name
        email        TEXT,
        created_at   INTEGER NOT NULL,
        expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX link_user ON link (user_id);

-- Recovery codes, kept as SHA-256 (they are random, so a slow hash would add nothing).
CREATE TABLE recovery_code (
        user_id     INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
        code_sha256 BLOB NOT NULL,
        used_at     INTEGER,
        PRIMARY KEY (user_id, code_sha256)
) STRICT, WITHOUT ROWID;

-- Dated consents; the newest of a kind counts, earlier ones are evidence.
CREATE TABLE consent (
        id         INTEGER PRIMARY KEY,
        user_id    INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
        kind       TEXT NOT NULL,
        given      INTEGER NOT NULL,
        version    TEXT NOT NULL,                             -- of the text that was shown
        decided_at INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_user ON consent (user_id, kind, id);

-- Settings of the manager that are not the machine's (those are in steadbox.json).
CREATE TABLE setting (
        key        TEXT PRIMARY KEY,
        value      TEXT NOT NULL,
        changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sealing keys by name: the key itself is derived from box.key with this generation (crypto_kdf).
CREATE TABLE secret (
        name       TEXT PRIMARY KEY,
        generation INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        used_at    INTEGER                                    -- to the hour
) STRICT, WITHOUT ROWID;

-- Jobs and where they are; a row outlives its process and the manager.
CREATE TABLE job (
        id              TEXT PRIMARY KEY,
        sequence        INTEGER NOT NULL UNIQUE,              -- order of asking
        kind            TEXT NOT NULL,
        object          TEXT NOT NULL DEFAULT '',
        state           TEXT NOT NULL DEFAULT 'queued',       -- queued, running, done, failed, cancelled
        stage           TEXT NOT NULL DEFAULT '',
        percent         INTEGER NOT NULL DEFAULT 0,
        message         TEXT NOT NULL DEFAULT '',
        request         TEXT NOT NULL DEFAULT '{}',           -- JSON, no secrets
        journal         TEXT NOT NULL DEFAULT '{}',           -- JSON: what the next step needs to know
        result          TEXT NOT NULL DEFAULT '{}',
        error           TEXT NOT NULL DEFAULT '{}',
        cancel          INTEGER NOT NULL DEFAULT 0,           -- cancellation was asked for
        actor           TEXT NOT NULL,
        role            TEXT NOT NULL DEFAULT 'nobody',       -- what the actor might do when asking
        user_id         INTEGER,                              -- the actor, where it is a person
        created_at      INTEGER NOT NULL,
        started_at      INTEGER,
        ended_at        INTEGER,
        parent          TEXT NOT NULL DEFAULT ''              -- the job that waits for this one; empty = none
) STRICT, WITHOUT ROWID;
CREATE INDEX job_open ON job (state) WHERE state IN ('queued', 'running');
CREATE TABLE job_line (
        id     INTEGER PRIMARY KEY,
        job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        at     INTEGER NOT NULL,
        level  TEXT NOT NULL,
        text   TEXT NOT NULL
) STRICT;
CREATE INDEX job_line_job ON job_line (job_id, id);

-- The log. hash = SHA-256 over the hash before and this line; detail_hash = SHA-256(salt || detail), so that a detail can be erased
-- (row of audit_detail removed) while the chain still verifies.
CREATE TABLE audit (
        seq         INTEGER PRIMARY KEY,
        at          INTEGER NOT NULL,
        operation   TEXT NOT NULL,
        actor_id    INTEGER,                                  -- a person's number; NULL = actor_name says who
        actor_name  TEXT NOT NULL DEFAULT '',                 -- system, unix:root; empty for people
        object      TEXT NOT NULL DEFAULT '',                 -- #number for people, else a name that is nobody's
        result      TEXT NOT NULL,                            -- ok, refused, failed
        detail_hash BLOB NOT NULL,
        hash        BLOB NOT NULL
) STRICT;
CREATE INDEX audit_actor ON audit (actor_id, seq);
CREATE INDEX audit_object ON audit (object, seq);
CREATE TABLE audit_detail (
        seq    INTEGER PRIMARY KEY REFERENCES audit (seq),
        salt   BLOB NOT NULL,
        detail TEXT NOT NULL                                  -- JSON
) STRICT;

-- Answers already given, by idempotency key, kept for a day.
CREATE TABLE idempotency (
        actor          TEXT NOT NULL,
        key            TEXT NOT NULL,
        request_sha256 BLOB NOT NULL,
        status         INTEGER NOT NULL,
        body           BLOB NOT NULL,                         -- sealed: an answer may hold a link or a token
        created_at     INTEGER NOT NULL,
        PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

-- Starts of the machine and of the manager.
CREATE TABLE start (
        id      INTEGER PRIMARY KEY,
        kind    TEXT NOT NULL,                                -- machine, manager
        at      INTEGER NOT NULL,
        boot_id TEXT NOT NULL,
        release TEXT NOT NULL,
        before  TEXT NOT NULL                                 -- how the run before ended: first, clean, crash, power
) STRICT;

-- Findings that a person put aside.
CREATE TABLE finding_ignored (
        id         TEXT PRIMARY KEY,
        facts      TEXT NOT NULL,                             -- it comes back when they change
        reason     TEXT NOT NULL,
        until_at   INTEGER NOT NULL,
        actor      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Since when a finding stands.
CREATE TABLE finding_since (
        id    TEXT PRIMARY KEY,
        since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Domains people brought. Names are in A-labels (RFC 5891), lower case, without a final dot.
CREATE TABLE domain (
        id              INTEGER PRIMARY KEY AUTOINCREMENT,
        name            TEXT NOT NULL UNIQUE,
        shown           TEXT NOT NULL,                        -- as it was typed
        scope           TEXT NOT NULL,                        -- subdomain, web, everything
        state           TEXT NOT NULL DEFAULT 'pending',      -- pending, proven
        is_primary      INTEGER NOT NULL DEFAULT 0,
        switched_web    INTEGER NOT NULL DEFAULT 0,           -- 0 = what lives there stays; its records wait
        switched_mail   INTEGER NOT NULL DEFAULT 0,
        existing        TEXT NOT NULL DEFAULT '{}',           -- JSON: what lived there when it was first asked
        writer          TEXT NOT NULL DEFAULT '',             -- kind of DNS provider; empty = written by hand
        writer_options  TEXT NOT NULL DEFAULT '{}',           -- JSON: server, port, key_name, algorithm
        writer_token    BLOB,                                 -- sealed
        writer_result   TEXT NOT NULL DEFAULT '{}',           -- JSON of the last test: works, sentence
        connected_at    INTEGER,
        tested_at       INTEGER,
        dkim_selector   TEXT NOT NULL DEFAULT '',             -- empty = no key yet
        dkim_key        TEXT NOT NULL DEFAULT '',             -- public, base64
        facts           TEXT NOT NULL DEFAULT '{}',           -- JSON: what the last check found out about the zone
        created_at      INTEGER NOT NULL,
        changed_at      INTEGER NOT NULL,                     -- what is wanted changed: asked every minute for an hour
        proven_at       INTEGER,
        checked_at      INTEGER,
        check_at        INTEGER                               -- NULL = never
) STRICT;
CREATE UNIQUE INDEX domain_primary ON domain (is_primary) WHERE is_primary = 1;

-- What the last check said, one row a record or other check; id is type:owner or check:owner.
CREATE TABLE domain_verdict (
        domain_id  INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
        id         TEXT NOT NULL,
        verdict    TEXT NOT NULL,                             -- ok, missing, different, wrong, waits, unreachable, skipped
        now        TEXT NOT NULL,                             -- JSON array of values in zone file form
        body       TEXT NOT NULL,                             -- JSON: check, severity, sentence, hint, key, facts, asked
        checked_at INTEGER NOT NULL,
        since      INTEGER NOT NULL,                          -- the answer is this one since
        ignored    TEXT,                                      -- JSON: reason, actor, at; NULL = counts
        PRIMARY KEY (domain_id, id)
) STRICT, WITHOUT ROWID;

-- What changed at a domain, for its timeline.
CREATE TABLE domain_change (
        id        INTEGER PRIMARY KEY,
        domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
        at        INTEGER NOT NULL,
        kind      TEXT NOT NULL,                              -- answer, write, switch, ignore, state, add
        record    TEXT,
        before    TEXT,
        after     TEXT,
        actor_id  INTEGER,                                    -- a person's number; NULL = actor says who
        actor     TEXT NOT NULL,                              -- world, system, unix:root
        sentence  TEXT NOT NULL
) STRICT;
CREATE INDEX domain_change_domain ON domain_change (domain_id, id);

-- What we wrote at a domain's provider, or were about to: only these values may be changed without asking.
CREATE TABLE domain_written (
        domain_id  INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
        owner      TEXT NOT NULL,                             -- A-labels
        type       TEXT NOT NULL,
        ours       TEXT NOT NULL,                             -- JSON array of values in zone file form
        written_at INTEGER NOT NULL,
        PRIMARY KEY (domain_id, owner, type)
) STRICT, WITHOUT ROWID;

-- Redirects, aliases, and extra headers of any name.
CREATE TABLE served_name (
        name       TEXT PRIMARY KEY,
        shown      TEXT NOT NULL,
        kind       TEXT NOT NULL,                             -- redirect, alias, headers (only headers of a name others own)
        target     TEXT NOT NULL DEFAULT '',
        headers    TEXT NOT NULL DEFAULT '[]',                -- JSON array of words of a closed list
        created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Certificates: what is wanted of each and how the last try went; the pair itself is root's, on disk.
CREATE TABLE certificate (
        id          TEXT PRIMARY KEY,                         -- box, d<domain id>, u<number> for uploaded ones
        domain_id   INTEGER REFERENCES domain (id) ON DELETE SET NULL,
        source      TEXT NOT NULL,                            -- acme, upload
        method      TEXT NOT NULL DEFAULT '',                 -- http-01, dns-01; empty for uploads
        names       TEXT NOT NULL DEFAULT '[]',               -- JSON array: wanted names
        acme_url    TEXT NOT NULL DEFAULT '',                 -- directory of the authority that signed the one in place
        tried_at    INTEGER,
        failures    INTEGER NOT NULL DEFAULT 0,               -- in a row
        error       TEXT NOT NULL DEFAULT '{}',               -- JSON: name, message, hint of the last failure; job, retry_at, failed_at
        renew_at    INTEGER,                                  -- next try
        upload      BLOB,                                     -- sealed JSON {chain, key} until the job has verified it
        served      TEXT NOT NULL DEFAULT '[]',               -- JSON: what the ports showed last
        created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The box's accounts at certificate authorities; the key is sealed.
CREATE TABLE acme_account (
        url        TEXT PRIMARY KEY,                          -- directory
        key        BLOB NOT NULL,
        created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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
