-- From schema 1 to 2: domains, names and certificates. Only new tables, so the release before goes on reading and writing its own.
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
