/* The whole root surface: every method of org.steadbox.Helper1 at /org/steadbox/Helper1.
 *
 * VERB(symbol, "Method", "in signature", "out signature", "sentence")
 *   symbol   the helper's handler is verb_<symbol>(); a missing one fails to link
 *
 * No verb takes configuration text, a path, a unit property or an OCI bundle. Every argument is checked again by the helper, length
 * first, whatever the manager did before. A refusal is the D-Bus error org.steadbox.Error.<symbol of errors.h> with a sentence. */
VERB(job_start,             "JobStart",            "ss",       "",       "kind of jobs.h (WORKER only), id [a-z0-9]{1,32}: starts steadbox-job-<kind>@<id>.service")
VERB(job_stop,              "JobStop",             "ss",       "",       "kind, id: stops that unit")
VERB(hostname_set,          "HostnameSet",         "s",        "",       "RFC 1123 host name, by systemd-hostnamed")
VERB(timezone_set,          "TimezoneSet",         "s",        "",       "a zone that zone.tab or zone1970.tab lists, or UTC, by systemd-timedated")
VERB(power,                 "Power",               "s",        "",       "reboot or poweroff, by PID 1, services stopped first")
VERB(ssh_key_list,          "SshKeyList",          "",         "a(ssssb)","-> (SHA-256 hex, type, comment, origin owner|provider|other, whether we wrote it)")
VERB(ssh_key_add,           "SshKeyAdd",           "ssss",     "s",      "type, base64, comment, origin owner|provider -> SHA-256 hex; from the manager only while root allows it")
VERB(ssh_key_remove,        "SshKeyRemove",        "s",        "",       "SHA-256 hex; also keys in root's own file")
VERB(firewall_apply,        "FirewallApply",       "a(susss)", "",       "(tcp|udp, port, purpose [a-z0-9-], world|local, app id or empty): renders, checks and loads our table")
VERB(firewall_show,         "FirewallShow",        "",         "s",      "-> the output of nft --json list ruleset, at most 1 MiB")
VERB(nginx_apply,           "NginxApply",          "a(ssssas)","",       "(name, address or *, box|redirect|maintenance|mta-sts, target name, certificate id, header words): renders, checks, switches, reloads")
VERB(certificate_self_sign, "CertificateSelfSign", "ss",       "",       "certificate id, name or address: makes one unless a usable one is there")
VERB(certificate_adopt,     "CertificateAdopt",    "ssas",     "",       "certificate id, job id, names it must cover: takes what the ACME job left, checks, switches, reloads nginx")
VERB(certificate_list,      "CertificateList",     "",         "a(sassbbttts)", "-> (id, names, issuer, self-signed, trusted by this machine, not before, not after, switched at (seconds), SHA-256 hex)")
VERB(reboot_needed,         "RebootNeeded",        "",         "b",      "-> whether /run/reboot-required is there")
VERB(certificate_remove,    "CertificateRemove",   "s",        "",       "certificate id, not box: removes one that nginx's configuration no longer names")
VERB(dkim_key_ensure,       "DkimKeyEnsure",       "ss",       "s",      "domain name, selector [a-z0-9]{1,32} -> the public key in base64; makes the pair unless it is there")
VERB(dkim_key_remove,       "DkimKeyRemove",       "ss",       "",       "domain name, selector: removes the pair")
VERB(app_apply,             "AppApply",            "sussbssuuasstuuba(sasasasuuausbbbasasa(ssb)asuutt(asuuuu))a(sssasb)a(suu)s", "", "an AppRecord (manager/run/record.h), member by member: its directory, units and record.json; starts nothing")
VERB(app_start,             "AppStart",            "s",        "",       "app id: queues the start of its containers and timers; their units say what became of it")
VERB(app_stop,              "AppStop",             "s",        "",       "app id: queues the stop of all that is its")
VERB(app_kill,              "AppKill",             "s",        "",       "app id: the same, without leaving its processes time to end")
VERB(app_remove,            "AppRemove",           "s",        "",       "app id, stopped: removes its units and record.json; its data stays")
VERB(app_task_run,          "AppTaskRun",          "ss",       "",       "app id, task: queues one run of that task")
