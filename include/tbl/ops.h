/* The operations table: the single source of routes, fields, roles, audit, CLI verbs, OpenAPI, reference and tests.
 *
 * OP(SYMBOL, "noun.verb", METHOD, "/path/{field}", WHO, FLAGS, SCOPE, RESULT, FIELDS(...), "title", "help")
 *   SYMBOL   handler is int op_<symbol in lower case>(Request *request, Error *reterr); a missing one fails to link
 *   path     below /api/v1; {x} names a field of this row, taken from the path; fields of GET and DELETE come from the query
 *            string, all others from the JSON body
 *   WHO      the least role: NOBODY, USER, USER_MANAGER, MAIL_MANAGER, ADMIN, OWNER (a higher role includes it), or ROOT
 *            (uid 0 on the admin socket only)
 *   FLAGS    READ | WRITE | AUDIT_READ (a read that is worth a line in the log) | JOB (answers 202 {"job"}) | DESTROYS (CLI asks) |
 *            SESSION_ONLY (never by API token) | BODY_LARGE (a body of up to 4 MiB) | STREAM | COLLECTION
 *   SCOPE    what an API token must carry: <scope>:read or <scope>:write
 *   RESULT   a type of types.h; with COLLECTION the reply is {"items":[RESULT...],"next":"cursor or null","total":n}
 *
 * F(name, TYPE, REQUIRED|OPTIONAL|SECRET|POSITIONAL|MOMENT..., min, max, "enum|values or NULL", "sentence")
 *   TYPE     STRING (bytes of UTF-8), TEXT (may hold newlines), INTEGER, BOOLEAN, STRINGS (array of STRING), USERNAME, GROUPNAME,
 *            EMAIL, PASSWORD, ENUM, TIMEZONE, HOSTNAME, LANGUAGE, ID (decimal or token id), CODE, COLOUR, URL,
 *            DOMAIN (a domain name; Unicode is accepted and handed on as lower-case A-labels, RFC 5891)
 *   min,max  bytes for strings, value for integers, elements for STRINGS
 */
#define PAGE_FIELDS \
        F(limit, INTEGER, OPTIONAL, 1, 1000, NULL, "How many items at most; 50 unless told."), \
        F(after, STRING, OPTIONAL, 1, 128, NULL, "The cursor `next` of the previous page."), \
        F(q, STRING, OPTIONAL, 0, 128, NULL, "Only items in which this text occurs.")

/* ---- the site, for people who are not signed in ---- */
OP(SITE_SHOW, "site.show", GET, "/site", NOBODY, READ, "site", Site, NO_FIELDS,
   "Show the box's face", "Name, logo, colour, languages and whether an owner exists: what the sign-in page needs.")
OP(PRIVACY_SHOW, "privacy.show", GET, "/privacy", NOBODY, READ, "site", Privacy,
   FIELDS(F(language, LANGUAGE, OPTIONAL, 2, 8, NULL, "The language of the notice.")),
   "Show the privacy notice", "Generated from the settings: controller, contact, retention, authority.")

/* ---- signing in ---- */
OP(SESSION_CREATE, "session.create", POST, "/session", NOBODY, WRITE | SESSION_ONLY, "account", Session,
   FIELDS(F(username, STRING, REQUIRED, 1, 254, NULL, "Your user name or e-mail address."),
          F(password, STRING, REQUIRED | SECRET, 1, 1024, NULL, "Your password."),
          F(code, STRING, OPTIONAL | SECRET, 6, 32, NULL, "Six digits from your authenticator, or a recovery code.")),
   "Sign in", "Sets the session cookie. With TOTP on and no code the answer is totp-needed.")
OP(SESSION_SHOW, "session.show", GET, "/session", USER, READ, "account", Session, NO_FIELDS,
   "Show who is signed in", "The person, the role, what they may do, and how they came in.")
OP(SESSION_DELETE, "session.delete", DELETE, "/session", USER, WRITE | SESSION_ONLY, "account", Nothing, NO_FIELDS,
   "Sign out", "Ends this session.")
OP(LINK_INSPECT, "link.inspect", POST, "/links/inspect", NOBODY, AUDIT_READ | SESSION_ONLY, "account", Link,
   FIELDS(F(token, STRING, REQUIRED | SECRET, 16, 128, NULL, "The secret part of the link.")),
   "Look at a link", "Says what the link is for without using it. The log notes when and from where it was opened.")
OP(LINK_USE, "link.use", POST, "/links/use", NOBODY, WRITE | SESSION_ONLY, "account", Session,
   FIELDS(F(token, STRING, REQUIRED | SECRET, 16, 128, NULL, "The secret part of the link."),
          F(password, PASSWORD, REQUIRED | SECRET, 10, 1024, NULL, "The new password, at least 10 characters."),
          F(username, USERNAME, OPTIONAL, 1, 32, NULL, "The user name, where the link leaves it open."),
          F(display_name, STRING, OPTIONAL, 1, 128, NULL, "The name to show."),
          F(email, EMAIL, OPTIONAL, 3, 254, NULL, "An address where you can be reached."),
          F(language, LANGUAGE, OPTIONAL, 2, 8, NULL, "The language of the web UI."),
          F(consent, BOOLEAN, OPTIONAL, 0, 1, NULL, "That the privacy notice was read.")),
   "Use a link", "Sets the password, spends the link and signs in.")

/* ---- my account ---- */
OP(ACCOUNT_SHOW, "account.show", GET, "/account", USER, READ, "account", Account, NO_FIELDS,
   "Show my account", "Profile, groups, role and how the account is protected.")
OP(ACCOUNT_UPDATE, "account.update", PATCH, "/account", USER, WRITE, "account", Account,
   FIELDS(F(display_name, STRING, OPTIONAL, 1, 128, NULL, "The name to show."),
          F(email, EMAIL, OPTIONAL, 0, 254, NULL, "An address where you can be reached; empty removes it."),
          F(language, LANGUAGE, OPTIONAL, 2, 8, NULL, "The language of the web UI.")),
   "Change my profile", "Changes only the fields that are given.")
OP(ACCOUNT_PASSWORD, "account.password", POST, "/account/password", USER, WRITE | SESSION_ONLY, "account", Nothing,
   FIELDS(F(current, STRING, REQUIRED | SECRET, 1, 1024, NULL, "The present password."),
          F(password, PASSWORD, REQUIRED | SECRET, 10, 1024, NULL, "The new password, at least 10 characters.")),
   "Change my password", "Ends all my other sessions.")
OP(ACCOUNT_TOTP_START, "account.totp-start", POST, "/account/totp", USER, WRITE | SESSION_ONLY, "account", TotpStart,
   FIELDS(F(password, STRING, REQUIRED | SECRET, 1, 1024, NULL, "The present password.")),
   "Begin setting up an authenticator", "Answers the secret and its otpauth address (RFC 6238); nothing is on until a code is confirmed.")
OP(ACCOUNT_TOTP_CONFIRM, "account.totp-confirm", POST, "/account/totp/confirm", USER, WRITE | SESSION_ONLY, "account", RecoveryCodes,
   FIELDS(F(code, STRING, REQUIRED | SECRET, 6, 6, NULL, "Six digits from the authenticator.")),
   "Switch the authenticator on", "Answers the recovery codes, once.")
OP(ACCOUNT_TOTP_REMOVE, "account.totp-remove", POST, "/account/totp/remove", USER, WRITE | SESSION_ONLY | DESTROYS, "account", Nothing,
   FIELDS(F(password, STRING, REQUIRED | SECRET, 1, 1024, NULL, "The present password.")),
   "Switch the authenticator off", "Removes the secret and the recovery codes.")
OP(ACCOUNT_RECOVERY_RENEW, "account.recovery-renew", POST, "/account/recovery", USER, WRITE | SESSION_ONLY, "account", RecoveryCodes,
   FIELDS(F(password, STRING, REQUIRED | SECRET, 1, 1024, NULL, "The present password.")),
   "Make new recovery codes", "The old ones stop working.")
OP(ACCOUNT_RECOVERY_VERIFY, "account.recovery-verify", POST, "/account/recovery/verify", USER, WRITE | SESSION_ONLY, "account", Account,
   FIELDS(F(code, STRING, REQUIRED | SECRET, 6, 32, NULL, "One of the recovery codes; it stays usable.")),
   "Prove that the recovery codes were kept", "Typing one back ends the reminder.")
OP(ACCOUNT_SESSIONS, "account.sessions", GET, "/account/sessions", USER, READ | COLLECTION, "account", SessionRow, NO_FIELDS,
   "List my sessions", "Where I am signed in.")
OP(ACCOUNT_SESSION_REVOKE, "account.session-revoke", DELETE, "/account/sessions/{id}", USER, WRITE | DESTROYS, "account", Nothing,
   FIELDS(F(id, ID, REQUIRED | POSITIONAL, 1, 64, NULL, "The session, or `others` for all but this one.")),
   "End a session", "The browser there is signed out at once.")
OP(ACCOUNT_TOKENS, "account.tokens", GET, "/account/tokens", USER, READ | COLLECTION, "account", Token, NO_FIELDS,
   "List my API tokens", "Name, scope, expiry, last use; never the token.")
OP(ACCOUNT_TOKEN_ADD, "account.token-add", POST, "/account/tokens", USER, WRITE | SESSION_ONLY, "account", NewToken,
   FIELDS(F(name, STRING, REQUIRED | POSITIONAL, 1, 64, NULL, "What the token is for."),
          F(scopes, STRINGS, REQUIRED, 1, 32, NULL, "What it may do, as `scope:read` or `scope:write`."),
          F(days, INTEGER, OPTIONAL, 1, 730, NULL, "Days until it expires; 90 unless told.")),
   "Make an API token", "The token is shown once.")
OP(ACCOUNT_TOKEN_REMOVE, "account.token-remove", DELETE, "/account/tokens/{id}", USER, WRITE | DESTROYS, "account", Nothing,
   FIELDS(F(id, ID, REQUIRED | POSITIONAL, 1, 64, NULL, "The token.")),
   "Remove an API token", "It stops working at once.")
OP(ACCOUNT_ACTIVITY, "account.activity", GET, "/account/activity", USER, READ | COLLECTION, "account", LogEntry, FIELDS(PAGE_FIELDS),
   "List what I did", "The log, my own lines only.")
OP(ACCOUNT_CONSENTS, "account.consents", GET, "/account/consents", USER, READ | COLLECTION, "account", Consent, NO_FIELDS,
   "List my consents", "What I agreed to and when.")
OP(ACCOUNT_CONSENT_SET, "account.consent-set", PUT, "/account/consents/{kind}", USER, WRITE | SESSION_ONLY, "account", Consent,
   FIELDS(F(kind, ENUM, REQUIRED | POSITIONAL, 1, 32, "privacy-notice|provider-watch|block-lists", "What the consent is about."),
          F(given, BOOLEAN, REQUIRED | POSITIONAL, 0, 1, NULL, "Whether it is given or withdrawn.")),
   "Give or withdraw a consent", "Dated; earlier answers are kept.")
OP(ACCOUNT_DATA, "account.data", GET, "/account/data", USER, AUDIT_READ | SESSION_ONLY, "account", PersonalData, NO_FIELDS,
   "Export all that is kept about me", "Every noun adds its part.")

/* ---- people ---- */
OP(USER_LIST, "user.list", GET, "/users", USER_MANAGER, READ | COLLECTION, "people", User,
   FIELDS(PAGE_FIELDS,
          F(state, ENUM, OPTIONAL, 1, 16, "active|invited|deactivated|frozen", "Only people in this state."),
          F(role, ENUM, OPTIONAL, 1, 16, "owner|admin|user-manager|mail-manager|user", "Only people of this role."),
          F(group, GROUPNAME, OPTIONAL, 1, 32, NULL, "Only members of this group."),
          F(sort, ENUM, OPTIONAL, 1, 16, "username|display_name|last_seen|created", "The order; username unless told.")),
   "List people", "Sorted, in pages.")
OP(USER_ADD, "user.add", POST, "/users", USER_MANAGER, WRITE, "people", UserAdded,
   FIELDS(F(username, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "Lower-case letters, digits, dot, dash, underscore; starts with a letter."),
          F(display_name, STRING, OPTIONAL, 1, 128, NULL, "The name to show; the user name unless told."),
          F(email, EMAIL, OPTIONAL, 0, 254, NULL, "An address where the person can be reached."),
          F(role, ENUM, OPTIONAL, 1, 16, "owner|admin|user-manager|mail-manager|user", "What the person may do; user unless told."),
          F(language, LANGUAGE, OPTIONAL, 2, 8, NULL, "The language of the web UI."),
          F(groups, STRINGS, OPTIONAL, 0, 64, NULL, "Groups to join."),
          F(password, PASSWORD, OPTIONAL | SECRET, 10, 1024, NULL, "A first password; without one an invitation link is made.")),
   "Add a person", "Without a password the answer carries an invitation link for them, shown once.")
OP(USER_SHOW, "user.show", GET, "/users/{user}", USER_MANAGER, READ, "people", User,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Show a person", "Profile, role, groups, protection, last seen.")
OP(USER_UPDATE, "user.update", PATCH, "/users/{user}", USER_MANAGER, WRITE, "people", User,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name."),
          F(display_name, STRING, OPTIONAL, 1, 128, NULL, "The name to show."),
          F(email, EMAIL, OPTIONAL, 0, 254, NULL, "An address; empty removes it."),
          F(role, ENUM, OPTIONAL, 1, 16, "owner|admin|user-manager|mail-manager|user", "The new role."),
          F(language, LANGUAGE, OPTIONAL, 2, 8, NULL, "The language of the web UI."),
          F(groups, STRINGS, OPTIONAL, 0, 64, NULL, "All groups the person shall be in.")),
   "Edit a person", "Only a role above theirs may edit a person; nobody grants a role above their own.")
OP(USER_DEACTIVATE, "user.deactivate", POST, "/users/{user}/deactivate", USER_MANAGER, WRITE, "people", User,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Deactivate a person", "They can no longer sign in; everything of theirs stays. Sessions and tokens end.")
OP(USER_ACTIVATE, "user.activate", POST, "/users/{user}/activate", USER_MANAGER, WRITE, "people", User,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Activate a person", "Ends a deactivation or a freeze.")
OP(USER_FREEZE, "user.freeze", POST, "/users/{user}/freeze", ADMIN, WRITE, "people", User,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name."),
          F(reason, STRING, OPTIONAL, 0, 256, NULL, "Why, for the log.")),
   "Freeze a person", "Nothing of theirs may be used, changed or deleted until they are activated again (restriction of processing).")
OP(USER_DELETE, "user.delete", DELETE, "/users/{user}", ADMIN, WRITE | JOB | DESTROYS, "people", JobStarted,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Delete a person", "The off-boarding job: sessions, tokens, groups, then the person. Their lines in the log keep only a number.")
OP(USER_INVITE, "user.invite", POST, "/users/{user}/invite", USER_MANAGER, WRITE, "people", NewLink,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Make an invitation link", "One use, 72 hours; an earlier one stops working.")
OP(USER_RESET, "user.reset", POST, "/users/{user}/reset", USER_MANAGER, WRITE, "people", NewLink,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Make a password reset link", "One use, 24 hours. The old password works until it is used.")
OP(USER_TOTP_REMOVE, "user.totp-remove", POST, "/users/{user}/totp-remove", ADMIN, WRITE | DESTROYS, "people", User,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Switch a person's authenticator off", "For somebody who lost theirs. Owners' only by an owner.")
OP(USER_SIGN_OUT, "user.sign-out", POST, "/users/{user}/sign-out", USER_MANAGER, WRITE, "people", User,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Sign a person out everywhere", "Ends all their sessions.")
OP(USER_DATA, "user.data", GET, "/users/{user}/data", OWNER, AUDIT_READ, "people", PersonalData,
   FIELDS(F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Export all that is kept about a person", "Every noun adds its part.")
OP(USER_EXPORT, "user.export", GET, "/users-csv", USER_MANAGER, AUDIT_READ, "people", Csv, NO_FIELDS,
   "Export people as CSV", "The columns that user.import reads (RFC 4180).")
OP(USER_IMPORT, "user.import", POST, "/users-csv", USER_MANAGER, WRITE | JOB | BODY_LARGE, "people", JobStarted,
   FIELDS(F(csv, TEXT, REQUIRED, 1, 4194304, NULL, "A table with the header username,display_name,email,role,language,groups (RFC 4180)."),
          F(dry_run, BOOLEAN, OPTIONAL, 0, 1, NULL, "Only check; the job's result lists what would happen.")),
   "Import people from CSV", "All rows are checked before the first is added; one bad row and nothing is.")
OP(ROLE_LIST, "role.list", GET, "/roles", USER, READ | COLLECTION, "people", Role, NO_FIELDS,
   "List roles", "Each with the operations it may do: the matrix.")
OP(OWNER_LINK, "owner.link", POST, "/owner/link", ROOT, WRITE | SESSION_ONLY, "people", NewLink,
   FIELDS(F(username, USERNAME, OPTIONAL, 1, 32, NULL, "The owner to be reset; the first owner unless told."),
          F(token_sha256, STRING, OPTIONAL, 64, 64, NULL, "SHA-256 in hex of a token made elsewhere; then the answer carries no link."),
          F(email, EMAIL, OPTIONAL, 3, 254, NULL, "The owner's address, for the first link."),
          F(password_hash, STRING, OPTIONAL | SECRET, 32, 256, NULL, "An argon2id hash; then the owner exists at once.")),
   "Make the owner's link", "Only root may. One use, 72 hours; an earlier one stops working.")

/* ---- groups ---- */
OP(GROUP_LIST, "group.list", GET, "/groups", USER_MANAGER, READ | COLLECTION, "people", Group, FIELDS(PAGE_FIELDS),
   "List groups", "With their number of members.")
OP(GROUP_ADD, "group.add", POST, "/groups", USER_MANAGER, WRITE, "people", Group,
   FIELDS(F(name, GROUPNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "Lower-case letters, digits, dot, dash, underscore."),
          F(description, STRING, OPTIONAL, 0, 256, NULL, "What the group is for."),
          F(members, STRINGS, OPTIONAL, 0, 1000, NULL, "User names to add.")),
   "Add a group", "")
OP(GROUP_SHOW, "group.show", GET, "/groups/{group}", USER_MANAGER, READ, "people", Group,
   FIELDS(F(group, GROUPNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The group.")),
   "Show a group", "Its members are at user.list with group=.")
OP(GROUP_UPDATE, "group.update", PATCH, "/groups/{group}", USER_MANAGER, WRITE, "people", Group,
   FIELDS(F(group, GROUPNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The group."),
          F(name, GROUPNAME, OPTIONAL, 1, 32, NULL, "A new name."),
          F(description, STRING, OPTIONAL, 0, 256, NULL, "What the group is for.")),
   "Edit a group", "")
OP(GROUP_REMOVE, "group.remove", DELETE, "/groups/{group}", USER_MANAGER, WRITE | DESTROYS, "people", Nothing,
   FIELDS(F(group, GROUPNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The group.")),
   "Remove a group", "The people stay.")
OP(GROUP_JOIN, "group.join", PUT, "/groups/{group}/members/{user}", USER_MANAGER, WRITE, "people", Group,
   FIELDS(F(group, GROUPNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The group."),
          F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Put a person into a group", "")
OP(GROUP_LEAVE, "group.leave", DELETE, "/groups/{group}/members/{user}", USER_MANAGER, WRITE, "people", Group,
   FIELDS(F(group, GROUPNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The group."),
          F(user, USERNAME, REQUIRED | POSITIONAL, 1, 32, NULL, "The user name.")),
   "Take a person out of a group", "")

/* ---- findings, search, jobs, events ---- */
OP(FINDING_LIST, "finding.list", GET, "/findings", USER_MANAGER, READ | COLLECTION, "system", Finding, NO_FIELDS,
   "List what needs attention", "Worst first; each with the operation that mends it.")
OP(FINDING_IGNORE, "finding.ignore", POST, "/findings/{id}/ignore", ADMIN, WRITE, "system", Nothing,
   FIELDS(F(id, STRING, REQUIRED | POSITIONAL, 1, 64, NULL, "The finding."),
          F(days, INTEGER, OPTIONAL, 0, 365, NULL, "For how long; 30 unless told, 0 shows it again."),
          F(reason, STRING, OPTIONAL, 0, 256, NULL, "Because ...")),
   "Put a finding aside", "It comes back after the time or when its facts change.")
OP(SEARCH, "search.find", GET, "/search", USER, READ | COLLECTION, "site", SearchHit,
   FIELDS(F(q, STRING, REQUIRED | POSITIONAL, 1, 128, NULL, "What to look for.")),
   "Search", "People, groups, settings and help, as far as the role may see them.")
OP(JOB_LIST, "job.list", GET, "/jobs", USER_MANAGER, READ | COLLECTION, "system", Job,
   FIELDS(PAGE_FIELDS,
          F(state, ENUM, OPTIONAL, 1, 16, "queued|running|done|failed|cancelled", "Only jobs in this state.")),
   "List jobs", "Newest first.")
OP(JOB_SHOW, "job.show", GET, "/jobs/{id}", USER, READ, "system", Job,
   FIELDS(F(id, ID, REQUIRED | POSITIONAL, 1, 64, NULL, "The job.")),
   "Show a job", "State, stage, progress, result. One's own, or anybody's for an administrator.")
OP(JOB_LOG, "job.log", GET, "/jobs/{id}/log", USER, READ | COLLECTION, "system", JobLine,
   FIELDS(F(id, ID, REQUIRED | POSITIONAL, 1, 64, NULL, "The job.")),
   "Show a job's log", "")
OP(JOB_CANCEL, "job.cancel", POST, "/jobs/{id}/cancel", USER, WRITE, "system", Job,
   FIELDS(F(id, ID, REQUIRED | POSITIONAL, 1, 64, NULL, "The job.")),
   "Cancel a job", "What it had begun is undone.")
OP(JOB_RETRY, "job.retry", POST, "/jobs/{id}/retry", USER, WRITE | JOB, "system", JobStarted,
   FIELDS(F(id, ID, REQUIRED | POSITIONAL, 1, 64, NULL, "The job.")),
   "Try a failed job again", "A new job with the same request.")
OP(EVENTS, "event.watch", GET, "/events", USER, READ | STREAM, "site", Nothing, NO_FIELDS,
   "Watch events", "Server-sent events: `job` {Job}, `finding` {}, `changed` {noun}, `session` {}; a comment every 30 s.")

/* ---- the machine ---- */
OP(SYSTEM_SHOW, "system.show", GET, "/system", ADMIN, READ, "system", System, NO_FIELDS,
   "Show the machine", "Hardware, release, addresses, load, memory, storage, uptime. It stays on the box.")
OP(SYSTEM_SERVICES, "system.services", GET, "/system/services", ADMIN, READ | COLLECTION, "system", Service, NO_FIELDS,
   "List services", "Those that belong to the appliance, with state and memory.")
OP(SYSTEM_STARTS, "system.starts", GET, "/system/starts", ADMIN, READ | COLLECTION, "system", Start, NO_FIELDS,
   "List starts", "When the machine and the manager started, and how the run before ended.")
OP(SYSTEM_REBOOT, "system.reboot", POST, "/system/reboot", ADMIN, WRITE | DESTROYS, "system", Nothing, NO_FIELDS,
   "Reboot the machine", "Everything is back in about a minute.")
OP(SYSTEM_SHUTDOWN, "system.shutdown", POST, "/system/shutdown", OWNER, WRITE | DESTROYS | SESSION_ONLY, "system", Nothing, NO_FIELDS,
   "Shut the machine down", "Only the provider's console can start it again.")
OP(SETTING_SHOW, "setting.show", GET, "/settings", ADMIN, READ, "system", Settings, NO_FIELDS,
   "Show the settings", "With the keys the provider has locked.")
OP(SETTING_UPDATE, "setting.update", PATCH, "/settings", ADMIN, WRITE, "system", Settings,
   FIELDS(F(timezone, TIMEZONE, OPTIONAL, 1, 64, NULL, "A name of the tz database, such as Europe/Berlin."),
          F(hostname, HOSTNAME, OPTIONAL, 1, 64, NULL, "The machine's own name (RFC 1123)."),
          F(language, LANGUAGE, OPTIONAL, 2, 8, NULL, "The box's language for people who chose none."),
          F(box_name, STRING, OPTIONAL, 1, 64, NULL, "What people call this box."),
          F(controller, STRING, OPTIONAL, 0, 256, NULL, "Privacy notice: who is responsible."),
          F(contact, STRING, OPTIONAL, 0, 256, NULL, "Privacy notice: how to reach them."),
          F(authority, STRING, OPTIONAL, 0, 256, NULL, "Privacy notice: the supervisory authority."),
          F(retention_days, INTEGER, OPTIONAL, 30, 3650, NULL, "How long personal detail in the log is kept."),
          F(public_ipv4, STRING, OPTIONAL, 0, 15, NULL, "The IPv4 address the world reaches the box at, where the machine has another; empty = its own."),
          F(public_ipv6, STRING, OPTIONAL, 0, 45, NULL, "The IPv6 address the world reaches the box at, where the machine has another; empty = its own."),
          F(outside_checks, BOOLEAN, OPTIONAL, 0, 1, NULL, "Consent: ask public block lists about this box's address, and try whether port 25 leads out."),
          F(acme_url, URL, OPTIONAL, 0, 512, NULL, "The certificate authority's ACME directory; empty = the usual one."),
          F(acme_staging, BOOLEAN, OPTIONAL, 0, 1, NULL, "Use the authority's test service: its certificates are not trusted, its limits are wide."),
          F(app_updates, BOOLEAN, OPTIONAL, 0, 1, NULL, "Whether apps that want it are updated by themselves."),
          F(app_window, STRING, OPTIONAL, 11, 11, NULL, "When they are: from and to in the box's time, as 02:00-05:00.")),
   "Change settings", "Changes only the fields that are given.")
OP(TIMEZONE_LIST, "timezone.list", GET, "/timezones", ADMIN, READ | COLLECTION, "system", Name,
   FIELDS(F(q, STRING, OPTIONAL, 0, 64, NULL, "Only names in which this text occurs.")),
   "List time zones", "Those the machine knows.")
OP(SSHKEY_LIST, "ssh-key.list", GET, "/ssh-keys", ADMIN, READ | COLLECTION, "system", SshKey, NO_FIELDS,
   "List SSH keys", "Keys that may sign in as root; the provider's are marked.")
OP(SSHKEY_ADD, "ssh-key.add", POST, "/ssh-keys", OWNER, WRITE, "system", SshKey,
   FIELDS(F(key, STRING, REQUIRED | POSITIONAL, 16, 4096, NULL, "One line of a .pub file: type, key, comment.")),
   "Add an SSH key", "Its holder becomes root of this machine.")
OP(SSHKEY_REMOVE, "ssh-key.remove", DELETE, "/ssh-keys/{fingerprint}", OWNER, WRITE | DESTROYS, "system", Nothing,
   FIELDS(F(fingerprint, STRING, REQUIRED | POSITIONAL, 16, 64, NULL, "SHA-256 fingerprint in hex.")),
   "Remove an SSH key", "Also the provider's.")
OP(FIREWALL_SHOW, "firewall.show", GET, "/firewall", ADMIN, READ, "system", Firewall, NO_FIELDS,
   "Show the firewall", "The rules as the kernel has them, not as we wish them.")
OP(SECRET_LIST, "secret.list", GET, "/secrets", ADMIN, READ | COLLECTION, "system", Secret, NO_FIELDS,
   "List secrets", "Kind, age, last use; never values.")
OP(SECRET_ROTATE, "secret.rotate", POST, "/secrets/{name}/rotate", OWNER, WRITE | DESTROYS, "system", Secret,
   FIELDS(F(name, STRING, REQUIRED | POSITIONAL, 1, 64, NULL, "The secret.")),
   "Rotate a secret", "Makes a new one and seals what it protects again.")
OP(SUPPORT_BUNDLE, "support.bundle", POST, "/support/bundles", ADMIN, WRITE | JOB, "system", JobStarted,
   FIELDS(F(note, TEXT, OPTIONAL, 0, 4000, NULL, "What you would tell the person who helps.")),
   "Make a help bundle", "Redacted; it stays on the box until you read it and send it yourself.")
OP(SUPPORT_BUNDLE_SHOW, "support.bundle-show", GET, "/support/bundles/{id}", ADMIN, AUDIT_READ, "system", Bundle,
   FIELDS(F(id, ID, REQUIRED | POSITIONAL, 1, 64, NULL, "The job that made it.")),
   "Read a help bundle", "Exactly what would be sent, and what was blacked out.")
/* ---- domains ---- */
#define DOMAIN_FIELD F(domain, DOMAIN, REQUIRED | POSITIONAL, 1, 253, NULL, "The domain.")
OP(DOMAIN_LOOK, "domain.look", POST, "/domains-look", ADMIN, WRITE | JOB, "domains", JobStarted,
   FIELDS(F(name, DOMAIN, REQUIRED | POSITIONAL, 1, 253, NULL, "The domain, Unicode or A-labels.")),
   "Look at a domain before adding it", "The job's result says whether it exists, whether mail or a website already lives there, and who answers for it.")
OP(DOMAIN_LIST, "domain.list", GET, "/domains", ADMIN, READ | COLLECTION, "domains", Domain, FIELDS(PAGE_FIELDS),
   "List domains", "The primary one first, each with what its last check said.")
OP(DOMAIN_ADD, "domain.add", POST, "/domains", ADMIN, WRITE, "domains", Domain,
   FIELDS(F(name, DOMAIN, REQUIRED | POSITIONAL, 1, 253, NULL, "The domain, Unicode or A-labels."),
          F(scope, ENUM, REQUIRED, 1, 16, "subdomain|web|everything",
            "What of it this box is for: names below it only (mail or a website lives elsewhere), the website too, or mail as well.")),
   "Add a domain", "Its wanted records are known at once; nothing that already lives there is touched before domain.switch.")
OP(DOMAIN_CHECK_ALL, "domain.check-all", POST, "/domains-check", ADMIN, WRITE | JOB, "domains", JobStarted, NO_FIELDS,
   "Check all domains now", "Asks the world about every record of every domain.")
OP(DOMAIN_SHOW, "domain.show", GET, "/domains/{domain}", ADMIN, READ, "domains", Domain, FIELDS(DOMAIN_FIELD),
   "Show a domain", "State, what the last check said, who writes its records.")
OP(DOMAIN_UPDATE, "domain.update", PATCH, "/domains/{domain}", ADMIN, WRITE, "domains", Domain,
   FIELDS(DOMAIN_FIELD,
          F(scope, ENUM, OPTIONAL, 1, 16, "subdomain|web|everything", "What of it this box is for.")),
   "Change what a domain is for", "Records that are no longer wanted are not removed from the world.")
OP(DOMAIN_REMOVE, "domain.remove", DELETE, "/domains/{domain}", ADMIN, WRITE | DESTROYS, "domains", Nothing, FIELDS(DOMAIN_FIELD),
   "Remove a domain", "Not the primary one. Records in the world stay as they are.")
OP(DOMAIN_RECORDS, "domain.records", GET, "/domains/{domain}/records", ADMIN, READ | COLLECTION, "domains", DomainRecord, FIELDS(DOMAIN_FIELD),
   "List a domain's records, now and as they should be", "Every wanted record and every other check, worst first, as sentences.")
OP(DOMAIN_ZONE, "domain.zone", GET, "/domains/{domain}/zone", ADMIN, READ, "domains", ZoneFile, FIELDS(DOMAIN_FIELD),
   "Download the wanted records as a zone file", "RFC 1035 master file format, for import at a DNS provider.")
OP(DOMAIN_HISTORY, "domain.history", GET, "/domains/{domain}/history", ADMIN, READ | COLLECTION, "domains", DomainChange,
   FIELDS(DOMAIN_FIELD, PAGE_FIELDS),
   "List what changed at a domain", "Newest first: what the world answered anew, what was written, switched, ignored.")
OP(DOMAIN_CHECK, "domain.check", POST, "/domains/{domain}/check", ADMIN, WRITE | JOB, "domains", JobStarted, FIELDS(DOMAIN_FIELD),
   "Check a domain now", "Asks its own servers and our validating resolver; a second request joins the check that runs.")
OP(DOMAIN_IGNORE, "domain.ignore", POST, "/domains/{domain}/ignore", ADMIN, WRITE, "domains", DomainRecord,
   FIELDS(DOMAIN_FIELD,
          F(record, STRING, REQUIRED | POSITIONAL, 1, 320, NULL, "The record's id, as domain.records shows it."),
          F(reason, STRING, OPTIONAL, 0, 256, NULL, "Because ...; empty counts it again.")),
   "Put a record aside, with a reason", "It no longer counts against the domain until what the world answers changes.")
OP(DOMAIN_SWITCH, "domain.switch", POST, "/domains/{domain}/switch", ADMIN, WRITE | DESTROYS, "domains", Domain,
   FIELDS(DOMAIN_FIELD,
          F(part, ENUM, REQUIRED | POSITIONAL, 1, 8, "web|mail", "What moves to this box."),
          F(back, BOOLEAN, OPTIONAL, 0, 1, NULL, "Take the switch back: its records wait again, and what lived there before may stay.")),
   "Switch the website or mail to this box", "From now on its records count and may be written over what is there.")
OP(DOMAIN_PRIMARY, "domain.primary", POST, "/domains/{domain}/primary", ADMIN, WRITE | JOB, "domains", JobStarted, FIELDS(DOMAIN_FIELD),
   "Make a domain the primary one", "Proves the new name, with a certificate, before it lets go of the old; the old one goes on answering.")
OP(DOMAIN_CONNECT, "domain.connect", PUT, "/domains/{domain}/provider", ADMIN, WRITE, "domains", Domain,
   FIELDS(DOMAIN_FIELD,
          F(kind, ENUM, REQUIRED, 1, 16, "rfc2136|cloudflare|hetzner|desec|digitalocean", "Where the domain's records are kept."),
          F(token, STRING, REQUIRED | SECRET, 8, 1024, NULL, "The API token, or the TSIG key in base64; sealed at once."),
          F(server, STRING, OPTIONAL, 1, 253, NULL, "Name or address of the primary server, for rfc2136."),
          F(port, INTEGER, OPTIONAL, 1, 65535, NULL, "Its port, for rfc2136; 53 unless told."),
          F(key_name, STRING, OPTIONAL, 1, 253, NULL, "The TSIG key's name, for rfc2136."),
          F(algorithm, ENUM, OPTIONAL, 1, 16, "hmac-sha256|hmac-sha512", "The TSIG algorithm, for rfc2136; hmac-sha256 unless told.")),
   "Let Steadbox write a domain's records", "The token never leaves the box but to its provider, and is never shown again.")
OP(DOMAIN_DISCONNECT, "domain.disconnect", DELETE, "/domains/{domain}/provider", ADMIN, WRITE | DESTROYS, "domains", Domain, FIELDS(DOMAIN_FIELD),
   "Forget a domain's token", "The records stay; a wildcard certificate then can no longer be renewed.")
OP(DOMAIN_TEST, "domain.test", POST, "/domains/{domain}/provider/test", ADMIN, WRITE | JOB, "domains", JobStarted, FIELDS(DOMAIN_FIELD),
   "Test a domain's token", "The job's result says what it may do: see the zone, read, write. Writes and removes one harmless TXT record.")
OP(DOMAIN_WRITE, "domain.write", POST, "/domains/{domain}/write", ADMIN, WRITE | JOB, "domains", JobStarted,
   FIELDS(DOMAIN_FIELD,
          F(dry_run, BOOLEAN, OPTIONAL, 0, 1, NULL, "Only compare; the job's result lists what would change."),
          F(replace, STRINGS, OPTIONAL, 0, 200, NULL, "Ids of records that may replace what somebody else put there.")),
   "Write a domain's records", "What is ours is made right; what is foreign is only replaced when it is named.")
OP(DNS_PROVIDER_LIST, "dns-provider.list", GET, "/dns-providers", ADMIN, READ | COLLECTION, "domains", DnsProvider, NO_FIELDS,
   "List DNS providers", "Whose records Steadbox can write, and what their tokens need.")
#undef DOMAIN_FIELD

/* ---- names ---- */
OP(NAME_LIST, "name.list", GET, "/names", ADMIN, READ | COLLECTION, "domains", ServedName, NO_FIELDS,
   "List names", "Every name the box answers to: its own, redirects, aliases, apps; each with its certificate.")
OP(NAME_ADD, "name.add", POST, "/names", ADMIN, WRITE, "domains", ServedName,
   FIELDS(F(name, DOMAIN, REQUIRED | POSITIONAL, 1, 253, NULL, "The name, in a domain of the box."),
          F(kind, ENUM, REQUIRED, 1, 16, "redirect|alias", "A redirect sends visitors on; an alias shows the same as its target."),
          F(target, DOMAIN, REQUIRED, 1, 253, NULL, "The name it leads to; an alias needs one of this box."),
          F(headers, STRINGS, OPTIONAL, 0, 8, NULL, "Extra headers: no-index, hsts-subdomains, hsts-preload, no-referrer, same-origin-resources.")),
   "Add a redirect or an alias", "Its record is wanted and its certificate fetched.")
OP(NAME_UPDATE, "name.update", PATCH, "/names/{name}", ADMIN, WRITE, "domains", ServedName,
   FIELDS(F(name, DOMAIN, REQUIRED | POSITIONAL, 1, 253, NULL, "The name."),
          F(target, DOMAIN, OPTIONAL, 1, 253, NULL, "The name it leads to."),
          F(headers, STRINGS, OPTIONAL, 0, 8, NULL, "Extra headers: no-index, hsts-subdomains, hsts-preload, no-referrer, same-origin-resources.")),
   "Change a name", "Headers may be set for every name of the box, targets for redirects and aliases.")
OP(NAME_REMOVE, "name.remove", DELETE, "/names/{name}", ADMIN, WRITE | DESTROYS, "domains", Nothing,
   FIELDS(F(name, DOMAIN, REQUIRED | POSITIONAL, 1, 253, NULL, "The name.")),
   "Remove a redirect or an alias", "The box no longer answers to it.")

/* ---- certificates ---- */
#define CERTIFICATE_FIELD F(id, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The certificate.")
OP(CERTIFICATE_LIST, "certificate.list", GET, "/certificates", ADMIN, READ | COLLECTION, "domains", Certificate, NO_FIELDS,
   "List certificates", "Names, issuer, expiry, when it is renewed, and what each port really shows.")
OP(CERTIFICATE_SHOW, "certificate.show", GET, "/certificates/{id}", ADMIN, READ, "domains", Certificate, FIELDS(CERTIFICATE_FIELD),
   "Show a certificate", "")
OP(CERTIFICATE_RENEW, "certificate.renew", POST, "/certificates/{id}/renew", ADMIN, WRITE | JOB, "domains", JobStarted, FIELDS(CERTIFICATE_FIELD),
   "Fetch a certificate again", "The present one stays until the new one is proven.")
OP(CERTIFICATE_UPLOAD, "certificate.upload", POST, "/certificates", ADMIN, WRITE | JOB | BODY_LARGE, "domains", JobStarted,
   FIELDS(F(chain, TEXT, REQUIRED, 64, 65536, NULL, "The certificate and those between it and the authority, in PEM."),
          F(key, TEXT, REQUIRED | SECRET, 64, 16384, NULL, "Its private key in PEM, without a passphrase.")),
   "Bring your own certificate", "Chain, key, names and dates are verified first; it is used for every name of the box it covers.")
OP(CERTIFICATE_REMOVE, "certificate.remove", DELETE, "/certificates/{id}", ADMIN, WRITE | DESTROYS, "domains", Nothing, FIELDS(CERTIFICATE_FIELD),
   "Remove an uploaded certificate", "Its names go back to certificates that renew themselves.")
OP(CERTIFICATE_CHECK, "certificate.check", POST, "/certificates-check", ADMIN, WRITE | JOB, "domains", JobStarted, NO_FIELDS,
   "Look at what every port shows", "Fetches the certificate each port really serves and compares it with the one in place.")
#undef CERTIFICATE_FIELD

/* ---- the catalogue ---- */
#define APP_FIELD F(app, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The app.")
OP(APP_CATALOGUE, "app.catalogue", GET, "/catalogue", ADMIN, READ | COLLECTION, "apps", Offer,
   FIELDS(PAGE_FIELDS,
          F(category, STRING, OPTIONAL, 1, 32, NULL, "Only apps of this category.")),
   "Browse the catalogue", "What can be installed: newest version of each app, what it needs, how one signs in.")
OP(APP_OFFER, "app.offer", GET, "/catalogue/{package}", ADMIN, READ, "apps", OfferDetail,
   FIELDS(F(package, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The app of the catalogue.")),
   "Show an app of the catalogue", "Texts, the questions it asks, and whether it fits into memory and onto the disk.")
#define PRESET_FIELD F(package, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The app of the catalogue that the provider asked for.")
OP(APP_PRESETS, "app.presets", GET, "/app-presets", ADMIN, READ | COLLECTION, "apps", AppPreset, NO_FIELDS,
   "List apps the provider asked for", "What should be here from the first start, and what became of each: installed, waiting for what, failed why.")
OP(APP_PRESET_INSTALL, "app.preset-install", POST, "/app-presets/{package}/install", ADMIN, WRITE | JOB, "apps", JobStarted,
   FIELDS(PRESET_FIELD,
          F(settings, STRINGS, OPTIONAL, 0, 64, NULL, "Further answers to the package's questions, each key=value; they speak before the provider's."),
          F(secret_settings, TEXT, OPTIONAL | SECRET, 1, 8192, NULL, "Answers that are secret, one key=value a line.")),
   "Install an app the provider asked for", "Where it failed, was left out or is only offered; with the provider's place and answers.")
OP(APP_PRESET_DISMISS, "app.preset-dismiss", POST, "/app-presets/{package}/dismiss", ADMIN, WRITE, "apps", Nothing, FIELDS(PRESET_FIELD),
   "Leave out an app the provider asked for", "It is not installed by itself any more; it can be at any time.")
#undef PRESET_FIELD
OP(CATALOGUE_REFRESH, "catalogue.refresh", POST, "/catalogue-refresh", ADMIN, WRITE | JOB, "apps", JobStarted, NO_FIELDS,
   "Fetch the catalogue again", "Every source is fetched and its signature checked; what is bad changes nothing.")
OP(CATALOGUE_SOURCES, "catalogue.sources", GET, "/catalogue-sources", ADMIN, READ | COLLECTION, "apps", CatalogueSource, NO_FIELDS,
   "List where the catalogue comes from", "Each source with its key and when it was last fetched.")
OP(CATALOGUE_SOURCE_ADD, "catalogue.source-add", PUT, "/catalogue-sources/{source}", OWNER, WRITE, "apps", CatalogueSource,
   FIELDS(F(source, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "A short name for it."),
          F(url, STRING, REQUIRED | POSITIONAL, 1, 512, NULL, "An https address, or a directory of this machine."),
          F(key, STRING, REQUIRED | POSITIONAL, 56, 56, NULL, "Its public key, as minisign prints it.")),
   "Add or change a source of apps", "Whoever holds the key decides what is offered here.")
OP(CATALOGUE_SOURCE_REMOVE, "catalogue.source-remove", DELETE, "/catalogue-sources/{source}", OWNER, WRITE | DESTROYS, "apps", Nothing,
   FIELDS(F(source, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The source.")),
   "Remove a source of apps", "Installed apps stay, and get no more updates from there.")

/* ---- private registries ---- */
#define REGISTRY_FIELD F(host, STRING, REQUIRED | POSITIONAL, 1, 253, NULL, "The registry, as its images begin: ghcr.io, registry.example:5000.")
OP(REGISTRY_LIST, "registry.list", GET, "/registries", ADMIN, READ | COLLECTION, "apps", RegistryLogin, NO_FIELDS,
   "List logins at registries", "For which private registries of images this box has a password; never the password.")
OP(REGISTRY_SET, "registry.set", PUT, "/registries/{host}", ADMIN, WRITE, "apps", RegistryLogin,
   FIELDS(REGISTRY_FIELD,
          F(username, STRING, REQUIRED | POSITIONAL, 1, 128, NULL, "The user name there."),
          F(password, STRING, REQUIRED | SECRET, 1, 4096, NULL, "The password or access token there; one that may only read is best."),
          F(token_host, STRING, OPTIONAL, 1, 253, NULL, "The host that hands out its tokens, if that is another: it is told the password, too.")),
   "Keep a login at a registry", "Sealed; told to this registry only, over TLS, when images are fetched from there.")
OP(REGISTRY_TEST, "registry.test", POST, "/registries/{host}/test", ADMIN, WRITE | JOB, "apps", JobStarted,
   FIELDS(REGISTRY_FIELD,
          F(image, STRING, OPTIONAL, 1, 512, NULL, "An image there that the login should be allowed to fetch.")),
   "Test a login at a registry", "Asks the registry; nothing is fetched.")
OP(REGISTRY_REMOVE, "registry.remove", DELETE, "/registries/{host}", ADMIN, WRITE | DESTROYS, "apps", Nothing, FIELDS(REGISTRY_FIELD),
   "Forget a login at a registry", "Installed apps stay; their next images from there are asked for as a stranger.")
#undef REGISTRY_FIELD

/* ---- apps ---- */
OP(APP_LIST, "app.list", GET, "/apps", USER, READ | COLLECTION, "apps", App, FIELDS(PAGE_FIELDS),
   "List apps", "All of them for administrators, otherwise those one is an operator of.")
OP(APP_INSTALL, "app.install", POST, "/apps", ADMIN, WRITE | JOB, "apps", JobStarted,
   FIELDS(F(package, ID, OPTIONAL | POSITIONAL, 1, 32, NULL, "The app of the catalogue; or give `image`."),
          F(image, STRING, OPTIONAL, 1, 512, NULL, "An OCI image, as registry/name:tag or registry/name@sha256:digest."),
          F(port, INTEGER, OPTIONAL, 1, 65535, NULL, "The port on which the image answers HTTP."),
          F(version, STRING, OPTIONAL, 1, 64, NULL, "A version the catalogue still has; the newest unless told."),
          F(id, ID, OPTIONAL, 1, 32, NULL, "The app's id here: lower-case letters and digits; made from the package unless told."),
          F(title, STRING, OPTIONAL, 1, 64, NULL, "What people call it."),
          F(name, DOMAIN, OPTIONAL, 1, 253, NULL, "Where it lives: a name in a domain of the box, or the domain itself; made from the id unless told."),
          F(access, ENUM, OPTIONAL, 1, 16, "public|everyone|groups", "Who may open it: the world, everybody with an account here, members of `groups`, of which there must be one."),
          F(groups, STRINGS, OPTIONAL, 0, 64, NULL, "Groups whose members may open it."),
          F(settings, STRINGS, OPTIONAL, 0, 64, NULL, "Answers to the package's questions, each key=value."),
          F(secret_settings, TEXT, OPTIONAL | SECRET, 1, 8192, NULL, "Answers that are secret, one key=value a line."),
          F(environment, STRINGS, OPTIONAL, 0, 128, NULL, "For an image: variables, each KEY=value."),
          F(data, STRINGS, OPTIONAL, 0, 16, NULL, "For an image: directories of it that hold data to keep."),
          F(host_network, BOOLEAN, OPTIONAL, 0, 1, NULL, "Yes to the machine's own network, where the package asks for it.")),
   "Install an app", "Pulls, unpacks, makes secrets and databases, starts it, and is done when it answers.")
OP(APP_IMPORT_CHECK, "app.import-check", POST, "/apps-import-check", ADMIN, READ | BODY_LARGE, "apps", ImportReport,
   FIELDS(F(compose, TEXT, REQUIRED, 1, 262144, NULL, "The Compose file."),
          F(variables, TEXT, OPTIONAL | SECRET, 0, 65536, NULL, "Values for its ${...}, one KEY=value a line."),
          F(service, STRING, OPTIONAL, 1, 63, NULL, "The service that people open; the first with a port unless told."),
          F(port, INTEGER, OPTIONAL, 1, 65535, NULL, "The port in it that answers HTTP."),
          F(app, ID, OPTIONAL, 1, 32, NULL, "The app that it would change: values it has are not missing.")),
   "See what would become of a Compose file", "Line by line what is honoured, what is not, and what is refused.")
OP(APP_IMPORT, "app.import", POST, "/apps-import", ADMIN, WRITE | JOB | BODY_LARGE, "apps", JobStarted,
   FIELDS(F(compose, TEXT, REQUIRED, 1, 262144, NULL, "The Compose file."),
          F(variables, TEXT, OPTIONAL | SECRET, 0, 65536, NULL, "Values for its ${...}, one KEY=value a line."),
          F(id, ID, OPTIONAL, 1, 32, NULL, "The app's id here; made from the file's name: unless told."),
          F(title, STRING, OPTIONAL, 1, 64, NULL, "What people call it."),
          F(name, DOMAIN, OPTIONAL, 1, 253, NULL, "Where it lives."),
          F(service, STRING, OPTIONAL, 1, 63, NULL, "The service that people open; the first with a port unless told."),
          F(port, INTEGER, OPTIONAL, 1, 65535, NULL, "The port in it that answers HTTP."),
          F(access, ENUM, OPTIONAL, 1, 16, "public|everyone|groups", "Who may open it."),
          F(groups, STRINGS, OPTIONAL, 0, 64, NULL, "Groups whose members may open it."),
          F(host_network, BOOLEAN, OPTIONAL, 0, 1, NULL, "Yes to the machine's own network, where the file asks for it.")),
   "Install an app from a Compose file", "Refused where it asks for more power than an app may have.")
OP(APP_SHOW, "app.show", GET, "/apps/{app}", USER, READ, "apps", App, FIELDS(APP_FIELD),
   "Show an app", "State with its reason, version, where it lives, who may open it, what it uses.")
OP(APP_START, "app.start", POST, "/apps/{app}/start", USER, WRITE | JOB, "apps", JobStarted, FIELDS(APP_FIELD),
   "Start an app", "Done when it answers.")
OP(APP_STOP, "app.stop", POST, "/apps/{app}/stop", USER, WRITE | JOB, "apps", JobStarted, FIELDS(APP_FIELD),
   "Stop an app", "It stays stopped until it is started, also over a reboot.")
OP(APP_RESTART, "app.restart", POST, "/apps/{app}/restart", USER, WRITE | JOB, "apps", JobStarted, FIELDS(APP_FIELD),
   "Restart an app", "")
OP(APP_CONFIGURE, "app.configure", PATCH, "/apps/{app}", USER, WRITE | JOB, "apps", JobStarted,
   FIELDS(APP_FIELD,
          F(title, STRING, OPTIONAL, 1, 64, NULL, "What people call it."),
          F(name, DOMAIN, OPTIONAL, 1, 253, NULL, "Where it lives; for administrators."),
          F(extra_names, STRINGS, OPTIONAL, 0, 16, NULL, "Further names it answers to; for administrators."),
          F(access, ENUM, OPTIONAL, 1, 16, "public|everyone|groups", "Who may open it; for administrators."),
          F(groups, STRINGS, OPTIONAL, 0, 64, NULL, "Groups whose members may open it; for administrators."),
          F(operators, STRINGS, OPTIONAL, 0, 64, NULL, "People who may operate this app; for administrators."),
          F(settings, STRINGS, OPTIONAL, 0, 64, NULL, "Answers to the package's questions, each key=value."),
          F(secret_settings, TEXT, OPTIONAL | SECRET, 1, 8192, NULL, "Answers that are secret, one key=value a line."),
          F(environment, STRINGS, OPTIONAL, 0, 128, NULL, "All variables of one's own, each KEY=value; they win over the package's."),
          F(memory_mb, INTEGER, OPTIONAL, 0, 1048576, NULL, "The most memory it may take, in MB; 0 = as the package says. Operators: up to what the package says, or an administrator gave."),
          F(cpu_weight, INTEGER, OPTIONAL, 0, 10000, NULL, "Its share of the processor beside others, 100 is usual; 0 = as the package says. Operators: as for memory."),
          F(disk_mb, INTEGER, OPTIONAL, 0, 16777216, NULL, "The most it may write, in MB; 0 = as its package says, or no limit of its own. Beyond it is stopped. Operators: as for memory."),
          F(network_out, ENUM, OPTIONAL, 1, 8, "none|any", "Whether it may reach the world; for administrators."),
          F(mail, BOOLEAN, OPTIONAL, 0, 1, NULL, "Whether it may reach mail servers in the world; a copy may not until that is said; for administrators."),
          F(ports, STRINGS, OPTIONAL, 0, 16, NULL, "Raw ports of the package that the world may reach; all others are closed; for administrators."),
          F(auto_update, BOOLEAN, OPTIONAL, 0, 1, NULL, "Whether it is updated by itself in the window."),
          F(maintenance, BOOLEAN, OPTIONAL, 0, 1, NULL, "Show visitors the maintenance page.")),
   "Change an app", "Changes only the fields that are given; restarts it only where needed.")
OP(APP_VERSIONS, "app.versions", GET, "/apps/{app}/versions", USER, READ | COLLECTION, "apps", AppVersion, FIELDS(APP_FIELD),
   "List an app's versions", "The one that runs, those that are kept, and the one on offer.")
OP(APP_UPDATE, "app.update", POST, "/apps/{app}/update", USER, WRITE | JOB, "apps", JobStarted,
   FIELDS(APP_FIELD, F(version, STRING, OPTIONAL, 1, 64, NULL, "The version; the newest that may be reached unless told.")),
   "Update an app", "Keeps what it was, proves the new version behind the maintenance page, and goes back by itself where that fails.")
OP(APP_LOOK, "app.look", POST, "/apps/{app}/look", USER, WRITE | JOB, "apps", JobStarted, FIELDS(APP_FIELD),
   "Look for newer images of an app", "Of one that came from an image or a Compose file: asks the registries where its tags lead by now. What is new is then on offer as an update.")
OP(APP_REIMPORT, "app.reimport", POST, "/apps/{app}/import", ADMIN, WRITE | JOB | BODY_LARGE, "apps", JobStarted,
   FIELDS(APP_FIELD,
          F(compose, TEXT, REQUIRED, 1, 262144, NULL, "The changed Compose file."),
          F(variables, TEXT, OPTIONAL | SECRET, 0, 65536, NULL, "Values for its ${...}, one KEY=value a line; those that are left out stay as they are."),
          F(service, STRING, OPTIONAL, 1, 63, NULL, "The service that people open; the first with a port unless told."),
          F(port, INTEGER, OPTIONAL, 1, 65535, NULL, "The port in it that answers HTTP.")),
   "Update an app by a changed Compose file", "As any update: keeps what it was, proves what the file says behind the maintenance page, and goes back by itself where that fails.")
OP(APP_UPDATE_ALL, "app.update-all", POST, "/apps-update", ADMIN, WRITE | JOB, "apps", JobStarted, NO_FIELDS,
   "Update all apps", "One after the other; the job's result says how each went.")
OP(APP_ROLLBACK, "app.rollback", POST, "/apps/{app}/rollback", USER, WRITE | JOB | DESTROYS, "apps", JobStarted,
   FIELDS(APP_FIELD,
          F(version, STRING, REQUIRED | POSITIONAL, 1, 64, NULL, "A version that is kept."),
          F(data, BOOLEAN, OPTIONAL, 0, 1, NULL, "Put the data back too, as it was when that version was left; the present data is kept for 30 days.")),
   "Go back to an earlier version", "Without `data` only the program goes back, where the package says that its data bears it, and the answers that came with its update; with it all answers are those of that time.")
OP(APP_CLONE, "app.clone", POST, "/apps/{app}/clone", ADMIN, WRITE | JOB, "apps", JobStarted,
   FIELDS(APP_FIELD,
          F(name, DOMAIN, REQUIRED | POSITIONAL, 1, 253, NULL, "Where the copy lives."),
          F(id, ID, OPTIONAL, 1, 32, NULL, "The copy's id; made from the name unless told."),
          F(title, STRING, OPTIONAL, 1, 64, NULL, "What people call it.")),
   "Copy an app to a new name", "Data is copied, secrets are new, mail and schedule are silent until they are switched on.")
OP(APP_UNINSTALL, "app.uninstall", DELETE, "/apps/{app}", ADMIN, WRITE | JOB | DESTROYS, "apps", JobStarted,
   FIELDS(APP_FIELD, F(archive, BOOLEAN, OPTIONAL, 0, 1, NULL, "Keep its data for 30 days; yes unless told.")),
   "Uninstall an app", "Its data is kept as an archive for 30 days.")
OP(APP_ARCHIVES, "app.archives", GET, "/app-archives", ADMIN, READ | COLLECTION, "apps", AppArchive, NO_FIELDS,
   "List archives of uninstalled apps and of replaced data", "Each with its size and until when it is kept.")
OP(APP_ARCHIVE_RESTORE, "app.archive-restore", POST, "/app-archives/{archive}/restore", ADMIN, WRITE | JOB, "apps", JobStarted,
   FIELDS(F(archive, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The archive."),
          F(name, DOMAIN, OPTIONAL, 1, 253, NULL, "Where it lives; where it lived unless told.")),
   "Bring an uninstalled app back", "With its data, its secrets and the version it had.")
OP(APP_ARCHIVE_REMOVE, "app.archive-remove", DELETE, "/app-archives/{archive}", ADMIN, WRITE | JOB | DESTROYS, "apps", JobStarted,
   FIELDS(F(archive, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The archive.")),
   "Delete an archive", "What is in it is gone for good.")
OP(APP_EXPORT, "app.export", POST, "/apps/{app}/export", ADMIN, WRITE | JOB, "apps", JobStarted,
   FIELDS(APP_FIELD,
          F(compose, BOOLEAN, OPTIONAL, 0, 1, NULL, "With a Compose file that runs it elsewhere; yes unless told."),
          F(secrets, BOOLEAN, OPTIONAL, 0, 1, NULL, "With the app's secrets, which it needs elsewhere; no unless told.")),
   "Export an app", "A tar archive with Compose file, data and dumps of its databases; read it at app.export-read.")
OP(APP_EXPORT_READ, "app.export-read", GET, "/app-exports/{export}", ADMIN, AUDIT_READ, "apps", FileChunk,
   FIELDS(F(export, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The export, as its job's result says."),
          F(offset, INTEGER, OPTIONAL, 0, 1152921504606846976, NULL, "From which byte; 0 unless told.")),
   "Read a part of an export", "Up to 2 MiB at a time; ask again from `next`.")
OP(APP_HISTORY, "app.history", GET, "/apps/{app}/history", USER, READ | COLLECTION, "apps", AppEvent, FIELDS(APP_FIELD, PAGE_FIELDS),
   "List what happened to an app", "Newest first: installed, started, stopped answering, updated, went back.")

OP(APP_SECRETS, "app.secrets", GET, "/apps/{app}/secrets", ADMIN, AUDIT_READ | COLLECTION, "apps", AppSecret, FIELDS(APP_FIELD),
   "Show the first passwords of an app", "Those its package made and lets people see; an app whose people sign in by themselves begins with them.")

/* ---- operating an app ---- */
OP(APP_HEALTH, "app.health", GET, "/apps/{app}/health", USER, READ, "apps", AppHealth, FIELDS(APP_FIELD),
   "Show how an app answers", "Each container, and the last answer through the box's own front door.")
OP(APP_USE, "app.use", GET, "/apps/{app}/use", USER, READ | COLLECTION, "apps", AppSample,
   FIELDS(APP_FIELD, F(period, ENUM, OPTIONAL, 1, 16, "day|week|month", "How far back; the last day unless told.")),
   "Show what an app used over time", "Memory, processor and disk of the last 24 hours every five minutes, of 7 days every half hour, or of 30 days every two hours.")
OP(APP_LOGS, "app.logs", GET, "/apps/{app}/logs", USER, AUDIT_READ | COLLECTION, "apps", AppLogLine,
   FIELDS(APP_FIELD, PAGE_FIELDS,
          F(container, STRING, OPTIONAL, 1, 32, NULL, "Only this container."),
          F(from, INTEGER, OPTIONAL | MOMENT, 0, 4102444800, NULL, "Not before this time (seconds since 1970)."),
          F(to, INTEGER, OPTIONAL | MOMENT, 0, 4102444800, NULL, "Not after this time (seconds since 1970).")),
   "Read an app's log", "Newest last; `after` goes further back.")
OP(APP_LOGS_WATCH, "app.logs-watch", GET, "/apps/{app}/logs/watch", USER, READ | STREAM, "apps", Nothing,
   FIELDS(APP_FIELD, F(container, STRING, OPTIONAL, 1, 32, NULL, "Only this container.")),
   "Watch an app's log", "Server-sent events: `line` {AppLogLine}.")
OP(APP_EXEC, "app.exec", POST, "/apps/{app}/terminals", USER, WRITE, "apps", Terminal,
   FIELDS(APP_FIELD,
          F(command, STRINGS, OPTIONAL | POSITIONAL, 0, 64, NULL, "The command; a shell of the image unless told."),
          F(container, STRING, OPTIONAL, 1, 32, NULL, "The container; the one that people open unless told."),
          F(terminal, BOOLEAN, OPTIONAL, 0, 1, NULL, "Whether it talks to a terminal; yes unless told."),
          F(rows, INTEGER, OPTIONAL, 1, 1000, NULL, "The terminal's height."),
          F(columns, INTEGER, OPTIONAL, 1, 1000, NULL, "The terminal's width.")),
   "Run a command inside an app", "Written to the log. Its output is at app.terminal-watch; it ends when nobody watches.")
#define TERMINAL_FIELD F(terminal, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The terminal.")
OP(APP_TERMINAL_WATCH, "app.terminal-watch", GET, "/terminals/{terminal}", USER, READ | STREAM, "apps", Nothing, FIELDS(TERMINAL_FIELD),
   "Watch a terminal", "Server-sent events: `output` {base64}, `end` {status}.")
OP(APP_TERMINAL_INPUT, "app.terminal-input", POST, "/terminals/{terminal}/input", USER, READ | BODY_LARGE, "apps", Nothing,
   FIELDS(TERMINAL_FIELD,
          F(base64, STRING, OPTIONAL, 0, 65536, NULL, "Bytes to type."),
          F(rows, INTEGER, OPTIONAL, 1, 1000, NULL, "The terminal's new height."),
          F(columns, INTEGER, OPTIONAL, 1, 1000, NULL, "The terminal's new width."),
          F(end, BOOLEAN, OPTIONAL, 0, 1, NULL, "No more input comes.")),
   "Type into a terminal", "")
OP(APP_TERMINAL_CLOSE, "app.terminal-close", POST, "/terminals/{terminal}/close", USER, WRITE, "apps", Nothing, FIELDS(TERMINAL_FIELD),
   "Close a terminal", "What runs in it is ended.")
#undef TERMINAL_FIELD
OP(APP_FILES, "app.files", GET, "/apps/{app}/files", USER, READ | COLLECTION, "apps", AppFile,
   FIELDS(APP_FIELD, F(path, STRING, OPTIONAL | POSITIONAL, 0, 4096, NULL, "A directory of the app's data; the top unless told.")),
   "List files of an app's data", "")
OP(APP_FILE_READ, "app.file-read", GET, "/apps/{app}/file", USER, AUDIT_READ, "apps", FileChunk,
   FIELDS(APP_FIELD,
          F(path, STRING, REQUIRED | POSITIONAL, 1, 4096, NULL, "A file of the app's data."),
          F(offset, INTEGER, OPTIONAL, 0, 1152921504606846976, NULL, "From which byte; 0 unless told.")),
   "Read a part of a file of an app's data", "Up to 2 MiB at a time; ask again from `next`.")
OP(APP_FILE_WRITE, "app.file-write", POST, "/apps/{app}/file", USER, WRITE | BODY_LARGE, "apps", AppFile,
   FIELDS(APP_FIELD,
          F(path, STRING, REQUIRED | POSITIONAL, 1, 4096, NULL, "A file of the app's data; its directory must be there."),
          F(offset, INTEGER, OPTIONAL, 0, 1152921504606846976, NULL, "Where these bytes go; 0 begins anew."),
          F(base64, STRING, REQUIRED, 0, 4000000, NULL, "The bytes."),
          F(last, BOOLEAN, OPTIONAL, 0, 1, NULL, "These are the last: the file takes its place now, not before; yes unless told.")),
   "Write a part of a file of an app's data", "The old file stays until the last part is here.")
OP(APP_DIRECTORY_READ, "app.directory-read", GET, "/apps/{app}/directory", USER, AUDIT_READ | STREAM, "apps", Nothing,
   FIELDS(APP_FIELD, F(path, STRING, REQUIRED | POSITIONAL, 1, 4096, NULL, "A directory of the app's data.")),
   "Read a directory of an app's data as a tar archive", "A stream of events: `output` with the archive's bytes (`base64`), at last `end` with `files`, `bytes` and `skipped` (what was moved meanwhile, and devices), or `failed` with `name` and `message`. Without `end` the archive is not whole.")
OP(APP_DIRECTORY_MAKE, "app.directory-make", POST, "/apps/{app}/directories", USER, WRITE, "apps", AppFile,
   FIELDS(APP_FIELD, F(path, STRING, REQUIRED | POSITIONAL, 1, 4096, NULL, "A directory of the app's data; the one it lies in must be there.")),
   "Make a directory in an app's data", "With the owner and the rights of the one it lies in. One that is there stays as it is.")
OP(APP_FILE_REMOVE, "app.file-remove", DELETE, "/apps/{app}/file", USER, WRITE | DESTROYS, "apps", Nothing,
   FIELDS(APP_FIELD,
          F(path, STRING, REQUIRED | POSITIONAL, 1, 4096, NULL, "A file or a directory of the app's data."),
          F(recursive, BOOLEAN, OPTIONAL, 0, 1, NULL, "A directory goes with all that is in it; only an empty one goes without this.")),
   "Delete a file of an app's data", "With `recursive` what can be deleted in 20 seconds; the error `busy` says that there is more.")
OP(APP_SCHEDULE, "app.schedule", GET, "/apps/{app}/schedule", USER, READ | COLLECTION, "apps", AppTask, FIELDS(APP_FIELD),
   "List what an app does by the clock", "Each with its last run and its next.")
OP(APP_SCHEDULE_SET, "app.schedule-set", POST, "/apps/{app}/schedule/{task}", USER, WRITE, "apps", AppTask,
   FIELDS(APP_FIELD,
          F(task, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The task."),
          F(active, BOOLEAN, OPTIONAL, 0, 1, NULL, "Whether it runs by the clock."),
          F(run, BOOLEAN, OPTIONAL, 0, 1, NULL, "Run it now.")),
   "Switch a task of an app on or off, or run it now", "")

/* ---- opening apps ---- */
OP(LAUNCHER_LIST, "launcher.list", GET, "/launcher", USER, READ | COLLECTION, "site", Tile, NO_FIELDS,
   "List what I may open", "Apps and links, for everyone.")
OP(LAUNCHER_LINKS, "launcher.links", GET, "/launcher-links", ADMIN, READ | COLLECTION, "apps", LauncherLink, NO_FIELDS,
   "List links of the launcher", "All of them, also those that only members of some groups see.")
OP(LAUNCHER_LINK_ADD, "launcher.link-add", POST, "/launcher", ADMIN, WRITE, "apps", Tile,
   FIELDS(F(title, STRING, REQUIRED | POSITIONAL, 1, 64, NULL, "What people read."),
          F(url, URL, REQUIRED | POSITIONAL, 8, 512, NULL, "Where it leads."),
          F(groups, STRINGS, OPTIONAL, 0, 64, NULL, "Only members of these see it; everybody unless told.")),
   "Add a link to the launcher", "")
OP(LAUNCHER_LINK_REMOVE, "launcher.link-remove", DELETE, "/launcher/{tile}", ADMIN, WRITE | DESTROYS, "apps", Nothing,
   FIELDS(F(tile, ID, REQUIRED | POSITIONAL, 1, 32, NULL, "The link's id.")),
   "Remove a link from the launcher", "")
OP(APP_AUTHORIZE, "app.authorize", POST, "/authorize", USER, WRITE | SESSION_ONLY, "account", AppEntry,
   FIELDS(F(name, DOMAIN, REQUIRED, 1, 253, NULL, "The app's name, where the browser came from."),
          F(path, STRING, OPTIONAL, 0, 2048, NULL, "Where in the app it wanted to go."),
          F(state, STRING, OPTIONAL, 0, 64, NULL, "What the address said beside them, as it is; without it the code leads back here.")),
   "Open an app", "Answers an address with a code that works once, for 30 seconds, at that name only.")
#undef APP_FIELD

/* ---- the log, help, the API itself ---- */
OP(LOG_LIST, "log.list", GET, "/log", ADMIN, READ | COLLECTION, "log", LogEntry,
   FIELDS(PAGE_FIELDS,
          F(actor, STRING, OPTIONAL, 1, 64, NULL, "Only what this actor did: a user name, `system`, `unix:name`."),
          F(operation, STRING, OPTIONAL, 1, 64, NULL, "Only this operation, or a noun such as `user`."),
          F(object, STRING, OPTIONAL, 1, 64, NULL, "Only what was done to this."),
          F(result, ENUM, OPTIONAL, 1, 16, "ok|refused|failed", "Only this result."),
          F(from, INTEGER, OPTIONAL | MOMENT, 0, 4102444800, NULL, "Not before this time (seconds since 1970)."),
          F(to, INTEGER, OPTIONAL | MOMENT, 0, 4102444800, NULL, "Not after this time (seconds since 1970).")),
   "List the log", "Newest first. The log is a chain: each line seals the one before.")
OP(LOG_VERIFY, "log.verify", POST, "/log/verify", ADMIN, READ | JOB, "log", JobStarted, NO_FIELDS,
   "Verify the log", "Walks the chain from its first line; the job's result says where it breaks, if it does.")
OP(HELP_LIST, "help.list", GET, "/help", USER, READ | COLLECTION, "site", HelpPage,
   FIELDS(F(q, STRING, OPTIONAL, 0, 128, NULL, "Only pages in which these words occur."),
          F(language, LANGUAGE, OPTIONAL, 2, 8, NULL, "The language of the pages.")),
   "Search the help", "The documentation on the box. What is read is not recorded.")
OP(HELP_SHOW, "help.show", GET, "/help/{page}", USER, READ, "site", HelpText,
   FIELDS(F(page, STRING, REQUIRED | POSITIONAL, 1, 64, NULL, "The page."),
          F(language, LANGUAGE, OPTIONAL, 2, 8, NULL, "The language of the page.")),
   "Read a help page", "")
OP(OPENAPI, "api.show", GET, "/openapi.json", NOBODY, READ, "site", OpenApi, NO_FIELDS,
   "Describe this API", "OpenAPI 3.1, generated from the operations table.")
#undef PAGE_FIELDS
