/* Job kinds: JOB(SYMBOL, "kind", WHERE, FLAGS, "stage|stage|...", "sentence")
 *   WHERE  MANAGER: steps of short transactions inside the manager, one per turn of the loop, journalled in the store
 *          WORKER:  its own process in the sandbox of steadbox-job-<kind>@.service, started by the helper
 *   FLAGS  CANCEL (may be cancelled), LONE (one at a time, a second is refused), SERIAL (one at a time, others wait), 0
 * Stages are sentence keys jobs.<kind>.<stage> of the UI. */
JOB(USER_DELETE,     "user-delete",     MANAGER, 0,             "sessions|tokens|groups|person",        "Delete a person")
JOB(USER_IMPORT,     "user-import",     MANAGER, CANCEL | LONE, "check|add",                            "Import people")
JOB(LOG_VERIFY,      "log-verify",      MANAGER, CANCEL | LONE, "walk",                                 "Verify the log")
JOB(SUPPORT_BUNDLE,  "support-bundle",  WORKER,  CANCEL | LONE, "collect|redact|write",                 "Make a help bundle")
JOB(CERTIFICATE,     "certificate",     WORKER,  CANCEL | SERIAL, "prepare|challenge|issue|prove|switch", "Fetch a certificate")
JOB(CERTIFICATE_CHECK, "certificate-check", WORKER, CANCEL | LONE, "look",                          "Look at what every port shows")
JOB(DOMAIN_CHECK,    "domain-check",    WORKER,  CANCEL,        "find|ask|judge",                       "Ask the world about a domain")
JOB(DOMAIN_PRIMARY,  "domain-primary",  WORKER,  CANCEL | LONE, "resolve|certificate|serve|prove|switch", "Change the primary domain")
JOB(DNS_WRITE,       "dns-write",       WORKER,  CANCEL,        "read|compare|write|confirm",           "Write a domain's records")
