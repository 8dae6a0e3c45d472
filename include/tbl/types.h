/* What the API answers: TYPE(Name, PROPS(P(name, KIND, "sentence")...), "sentence"). Used for OpenAPI, the UI's TypeScript types,
 * the columns of the CLI and the tests that compare real answers with this table.
 *
 * KIND: STRING, INTEGER, BOOLEAN, TIME (seconds since 1970), STRINGS, OBJECT (free form), NULLABLE_x of the first five,
 *       ONE(Type), NULLABLE_ONE(Type), MANY(Type). Every property is always present.
 */
TYPE(Nothing, NO_PROPS, "An empty object.")
TYPE(Name, PROPS(P(name, STRING, "The name.")), "A name.")
TYPE(JobStarted, PROPS(P(job, STRING, "The job's id; follow it at /jobs/{id} or /events.")), "Long work has begun.")
TYPE(Brand, PROPS(
        P(name, STRING, "The provider's or the product's name."),
        P(logo, NULLABLE_STRING, "A data: URL of an SVG or PNG, at most 64 KiB."),
        P(colour, NULLABLE_STRING, "The accent, #rrggbb."),
        P(console_url, NULLABLE_STRING, "The provider's console."),
        P(billing_url, NULLABLE_STRING, "Where bills are."),
        P(support_url, NULLABLE_STRING, "Where help is.")), "Whose box this looks like.")
TYPE(Site, PROPS(
        P(box_name, STRING, "What people call this box."),
        P(brand, ONE(Brand), "White label."),
        P(owner_exists, BOOLEAN, "False until the first link was used."),
        P(language, STRING, "The box's language."),
        P(languages, STRINGS, "Languages of the web UI."),
        P(names, STRINGS, "Names and addresses under which the box is served."),
        P(release, STRING, "Steadbox's version."),
        P(time, TIME, "The box's clock.")), "The face of the box.")
TYPE(Privacy, PROPS(
        P(language, STRING, "The language of the text."),
        P(updated_at, TIME, "When a setting last changed it."),
        P(complete, BOOLEAN, "Whether controller and contact are filled in."),
        P(text, STRING, "The notice, in Markdown.")), "The privacy notice.")
TYPE(Session, PROPS(
        P(username, STRING, "Who."),
        P(display_name, STRING, "The name to show."),
        P(role, STRING, "owner, admin, user-manager, mail-manager or user."),
        P(language, NULLABLE_STRING, "Chosen language."),
        P(via, STRING, "session, token or unix; nobody after a reset where signing in still needs the code."),
        P(operations, STRINGS, "Names of the operations that are allowed."),
        P(expires_at, NULLABLE_TIME, "When the session ends if unused."),
        P(nag, STRINGS, "What the shell should remind of: second-factor, recovery, privacy.")), "Who is signed in.")
TYPE(Link, PROPS(
        P(kind, STRING, "owner, invite or reset."),
        P(username, NULLABLE_STRING, "Whom it is for; null where the person chooses."),
        P(display_name, NULLABLE_STRING, "The name to show."),
        P(email, NULLABLE_STRING, "The known address."),
        P(expires_at, TIME, "Until when it works."),
        P(language, STRING, "The language to greet in.")), "What a link is for.")
TYPE(NewLink, PROPS(
        P(kind, STRING, "owner, invite or reset."),
        P(username, NULLABLE_STRING, "Whom it is for."),
        P(url, NULLABLE_STRING, "The whole link, shown once; null where the token was made elsewhere."),
        P(expires_at, TIME, "Until when it works.")), "A fresh link.")
TYPE(Account, PROPS(
        P(username, STRING, "The user name."),
        P(display_name, STRING, "The name to show."),
        P(email, NULLABLE_STRING, "Where the person can be reached."),
        P(role, STRING, "What the person may do."),
        P(language, NULLABLE_STRING, "Chosen language."),
        P(groups, STRINGS, "Groups."),
        P(totp, BOOLEAN, "Whether an authenticator is on."),
        P(recovery_left, INTEGER, "Unused recovery codes."),
        P(recovery_verified_at, NULLABLE_TIME, "When a code was typed back."),
        P(password_changed_at, NULLABLE_TIME, "When the password was set."),
        P(created_at, TIME, "Since when the person is here.")), "My account.")
TYPE(TotpStart, PROPS(
        P(secret, STRING, "Base32, for typing."),
        P(uri, STRING, "otpauth://totp/..., for a QR code.")), "An authenticator being set up.")
TYPE(RecoveryCodes, PROPS(P(codes, STRINGS, "Ten codes, each for one use.")), "Recovery codes, shown once.")
TYPE(SessionRow, PROPS(
        P(id, STRING, "The session."),
        P(current, BOOLEAN, "Whether it is this one."),
        P(agent, STRING, "The browser, in words."),
        P(address, STRING, "From where."),
        P(created_at, TIME, "Signed in."),
        P(seen_at, TIME, "Last used."),
        P(expires_at, TIME, "Ends if unused.")), "A signed-in browser.")
TYPE(Token, PROPS(
        P(id, STRING, "The token's id."),
        P(name, STRING, "What it is for."),
        P(scopes, STRINGS, "What it may do."),
        P(created_at, TIME, "Made."),
        P(expires_at, TIME, "Stops working."),
        P(used_at, NULLABLE_TIME, "Last used, to the hour.")), "An API token.")
TYPE(NewToken, PROPS(
        P(id, STRING, "The token's id."),
        P(token, STRING, "The token itself, shown once: Authorization: Bearer ..."),
        P(expires_at, TIME, "Stops working.")), "A fresh API token.")
TYPE(Consent, PROPS(
        P(kind, STRING, "What it is about."),
        P(given, BOOLEAN, "Given or withdrawn."),
        P(version, STRING, "Which text."),
        P(decided_at, TIME, "When.")), "A dated consent.")
TYPE(PersonalData, PROPS(
        P(username, STRING, "Whose."),
        P(exported_at, TIME, "When."),
        P(parts, OBJECT, "By noun: everything that is kept.")), "All that is kept about a person.")
TYPE(User, PROPS(
        P(id, INTEGER, "A number that is never used again."),
        P(username, STRING, "The user name."),
        P(display_name, STRING, "The name to show."),
        P(email, NULLABLE_STRING, "Where the person can be reached."),
        P(role, STRING, "What the person may do."),
        P(state, STRING, "active, invited, deactivated or frozen."),
        P(groups, STRINGS, "Groups."),
        P(language, NULLABLE_STRING, "Chosen language."),
        P(totp, BOOLEAN, "Whether an authenticator is on."),
        P(sessions, INTEGER, "Browsers signed in."),
        P(created_at, TIME, "Since when."),
        P(seen_at, NULLABLE_TIME, "Last seen, to the hour.")), "A person.")
TYPE(UserAdded, PROPS(
        P(user, ONE(User), "The person."),
        P(link, NULLABLE_ONE(NewLink), "The invitation, shown once; null where a password was given.")), "A new person.")
TYPE(Csv, PROPS(P(csv, STRING, "The table (RFC 4180).")), "A table.")
TYPE(Role, PROPS(
        P(name, STRING, "The role."),
        P(sentence, STRING, "What it is for."),
        P(people, INTEGER, "How many have it."),
        P(operations, STRINGS, "What it may do.")), "A role.")
TYPE(Group, PROPS(
        P(name, STRING, "The group."),
        P(description, STRING, "What it is for."),
        P(members, INTEGER, "How many people."),
        P(sole_apps, STRINGS, "Apps that only its members may open, so that without the group nobody could: those that the one who asks may see."),
        P(sole_apps_unseen, INTEGER, "How many more of these there are."),
        P(created_at, TIME, "Since when.")), "A group.")
TYPE(Fix, PROPS(
        P(operation, STRING, "The operation that mends it, or empty."),
        P(parameters, OBJECT, "Its fields."),
        P(page, STRING, "The UI page where it is done, such as /account/security."),
        P(label, STRING, "Sentence key of the button.")), "How to mend a finding.")
TYPE(Finding, PROPS(
        P(id, STRING, "Stable id, such as user.single-owner."),
        P(severity, STRING, "bad, warn or note."),
        P(key, STRING, "Sentence key for the UI's catalogues: findings.<key>.title and .text."),
        P(facts, OBJECT, "Values for the sentence."),
        P(sentence, STRING, "The sentence in English, for the CLI."),
        P(since, TIME, "Since when."),
        P(fix, ONE(Fix), "How to mend it."),
        P(ignored_until, NULLABLE_TIME, "Put aside until.")), "Something that needs attention.")
TYPE(SearchHit, PROPS(
        P(kind, STRING, "user, group, setting, help or page."),
        P(title, STRING, "What to show."),
        P(detail, STRING, "A second line."),
        P(page, STRING, "Where in the UI.")), "A search result.")
TYPE(Job, PROPS(
        P(id, STRING, "The job."),
        P(kind, STRING, "What it does."),
        P(object, STRING, "To what."),
        P(state, STRING, "queued, running, done, failed or cancelled."),
        P(stage, STRING, "The step it is at."),
        P(stages, STRINGS, "All its steps."),
        P(percent, INTEGER, "0 to 100."),
        P(message, STRING, "The latest sentence."),
        P(actor, STRING, "Who began it."),
        P(created_at, TIME, "Asked for."),
        P(started_at, NULLABLE_TIME, "Begun."),
        P(ended_at, NULLABLE_TIME, "Over."),
        P(cancellable, BOOLEAN, "Whether it can be cancelled now."),
        P(result, OBJECT, "What came of it."),
        P(error, OBJECT, "Name, message and hint where it failed."),
        P(parent, NULLABLE_STRING, "The job that this one is a part of.")), "Long work.")
TYPE(JobLine, PROPS(
        P(at, TIME, "When."),
        P(level, STRING, "info, warning or error."),
        P(text, STRING, "What.")), "A line of a job's log.")
TYPE(Disk, PROPS(
        P(mount, STRING, "Where it is mounted."),
        P(source, STRING, "The device."),
        P(type, STRING, "The file system."),
        P(size_bytes, INTEGER, "Size."),
        P(used_bytes, INTEGER, "Used."),
        P(free_bytes, INTEGER, "Free for everybody.")), "A file system.")
TYPE(Address, PROPS(
        P(interface, STRING, "The link's name."),
        P(mac, NULLABLE_STRING, "Its hardware address."),
        P(addresses, STRINGS, "CIDR notation."),
        P(gateway, NULLABLE_STRING, "The default route over it."),
        P(up, BOOLEAN, "Whether it carries.")), "A network link.")
TYPE(System, PROPS(
        P(hostname, STRING, "The machine's name."),
        P(release, STRING, "Steadbox's version."),
        P(os, STRING, "The operating system."),
        P(kernel, STRING, "The kernel."),
        P(virtualisation, STRING, "kvm, lxc, systemd-nspawn, none ..."),
        P(architecture, STRING, "x86-64, arm64 ..."),
        P(cpus, INTEGER, "Processors."),
        P(cpu_model, STRING, "Their model."),
        P(load, STRINGS, "1, 5 and 15 minutes."),
        P(memory_bytes, INTEGER, "Memory."),
        P(memory_used_bytes, INTEGER, "In use, caches left out."),
        P(swap_bytes, INTEGER, "Swap."),
        P(swap_used_bytes, INTEGER, "Swap in use."),
        P(manager_bytes, INTEGER, "What the manager itself holds (PSS)."),
        P(disks, MANY(Disk), "File systems."),
        P(network, MANY(Address), "Links."),
        P(timezone, STRING, "Time zone."),
        P(clock_synchronised, BOOLEAN, "Whether the clock is set by NTP."),
        P(booted_at, TIME, "The machine's start."),
        P(started_at, TIME, "The manager's start."),
        P(reboot_needed, BOOLEAN, "Whether an update waits for a reboot."),
        P(users, INTEGER, "People here.")), "The machine.")
TYPE(Service, PROPS(
        P(unit, STRING, "The systemd unit."),
        P(title, STRING, "What it is."),
        P(state, STRING, "active, inactive, failed, activating."),
        P(sub, STRING, "systemd's sub-state."),
        P(memory_bytes, NULLABLE_INTEGER, "Memory of its control group."),
        P(since, NULLABLE_TIME, "In this state since."),
        P(restarts, INTEGER, "Automatic restarts.")), "A service of the appliance.")
TYPE(Start, PROPS(
        P(kind, STRING, "machine or manager."),
        P(at, TIME, "When."),
        P(release, STRING, "Steadbox's version."),
        P(before, STRING, "How the run before ended: clean, crash, power, first.")), "A start.")
TYPE(Settings, PROPS(
        P(timezone, STRING, "Time zone."),
        P(hostname, STRING, "Host name."),
        P(language, STRING, "The box's language."),
        P(box_name, STRING, "What people call this box."),
        P(controller, STRING, "Privacy notice: who is responsible."),
        P(contact, STRING, "Privacy notice: how to reach them."),
        P(authority, STRING, "Privacy notice: the supervisory authority."),
        P(retention_days, INTEGER, "How long personal detail in the log is kept."),
        P(public_ipv4, STRING, "The IPv4 address the world reaches the box at; empty = the machine's own."),
        P(public_ipv6, STRING, "The IPv6 address the world reaches the box at; empty = the machine's own."),
        P(outside_checks, BOOLEAN, "Whether block lists and port 25 may be tried."),
        P(acme_url, STRING, "The certificate authority's ACME directory."),
        P(acme_staging, BOOLEAN, "Whether its test service is used."),
        P(app_updates, BOOLEAN, "Whether apps that want it are updated by themselves."),
        P(app_window, STRING, "When they are, in the box's time."),
        P(fallback_name, NULLABLE_STRING, "The name the provider gave this box; apps may live below it, too."),
        P(app_imports, BOOLEAN, "Whether the provider lets images and Compose files be installed besides the catalogue's apps."),
        P(locked, STRINGS, "Keys fixed by the provider."),
        P(brand, ONE(Brand), "White label.")), "Settings.")
TYPE(SshKey, PROPS(
        P(fingerprint, STRING, "SHA-256 in hex."),
        P(type, STRING, "ssh-ed25519 ..."),
        P(comment, STRING, "Its comment."),
        P(origin, STRING, "provider, owner or other."),
        P(managed, BOOLEAN, "Whether we wrote it; others are found in root's own file.")), "A key that opens root.")
TYPE(FirewallRule, PROPS(
        P(chain, STRING, "input, forward or output."),
        P(text, STRING, "The rule, as nft shows it."),
        P(sentence, STRING, "What it does."),
        P(packets, INTEGER, "Packets it met.")), "A rule.")
TYPE(Firewall, PROPS(
        P(active, BOOLEAN, "Whether our table is in the kernel."),
        P(rules, MANY(FirewallRule), "All rules of our table."),
        P(foreign, STRINGS, "Other tables that somebody else loaded."),
        P(text, STRING, "The table as nft prints it.")), "The firewall as it truly is.")
TYPE(Secret, PROPS(
        P(name, STRING, "Its name."),
        P(kind, STRING, "What kind of secret."),
        P(sentence, STRING, "What it protects."),
        P(created_at, NULLABLE_TIME, "Made."),
        P(used_at, NULLABLE_TIME, "Last used, to the hour."),
        P(rotatable, BOOLEAN, "Whether it can be rotated here.")), "A secret, without its value.")
TYPE(BundlePart, PROPS(
        P(name, STRING, "The part."),
        P(text, STRING, "Its text, after redaction."),
        P(redacted, INTEGER, "How many things were blacked out.")), "A part of a help bundle.")
TYPE(Bundle, PROPS(
        P(id, STRING, "The job that made it."),
        P(created_at, TIME, "When."),
        P(parts, MANY(BundlePart), "What would be sent.")), "A help bundle.")
TYPE(DomainIgnored, PROPS(
        P(reason, STRING, "Because ..."),
        P(actor, STRING, "Who said so."),
        P(at, TIME, "When.")), "Why a record does not count.")
TYPE(DomainRecord, PROPS(
        P(id, STRING, "What it is called here: type:owner, such as mx:example.com, or check:owner, such as dnssec:example.com."),
        P(check, STRING, "a, aaaa, cname, mx, txt, srv, caa, spf, dkim, dmarc, mta-sts, tls-rpt, ptr, delegation, nameservers, dnssec, proxy, wildcard, parking, blocklist, port25."),
        P(part, STRING, "What needs it: box, web, mail, zone."),
        P(owner, STRING, "The name, in A-labels."),
        P(type, NULLABLE_STRING, "The record's type; null where the check is not about one record."),
        P(wanted, STRINGS, "Values it should have, as in a zone file; empty where any will do, or where there should be none."),
        P(now, STRINGS, "Values the world answers."),
        P(verdict, STRING, "unknown (not asked yet), ok, missing, different, wrong, waits (for the switch), unreachable, skipped."),
        P(severity, STRING, "note, warn or bad: how much it matters while it is not ok."),
        P(why, STRING, "What it is for."),
        P(sentence, STRING, "What is the matter."),
        P(hint, NULLABLE_STRING, "What to do."),
        P(key, STRING, "The sentence's name in the UI's catalogues."),
        P(facts, OBJECT, "Values for that sentence."),
        P(asked, STRINGS, "Which servers answered."),
        P(checked_at, NULLABLE_TIME, "When they were asked."),
        P(since, NULLABLE_TIME, "Since when the answer is this one."),
        P(counts, BOOLEAN, "Whether it counts against the domain now."),
        P(ignored, NULLABLE_ONE(DomainIgnored), "Put aside, because ...")), "A record, now and as it should be.")
TYPE(DomainWriter, PROPS(
        P(kind, STRING, "Its kind: rfc2136, cloudflare, hetzner, desec, digitalocean."),
        P(server, NULLABLE_STRING, "The primary server, for rfc2136."),
        P(port, NULLABLE_INTEGER, "Its port, for rfc2136."),
        P(key_name, NULLABLE_STRING, "The key's name, for rfc2136."),
        P(algorithm, NULLABLE_STRING, "The algorithm, for rfc2136."),
        P(connected_at, TIME, "Since when."),
        P(tested_at, NULLABLE_TIME, "When the token was last tried."),
        P(works, BOOLEAN, "Whether it could write then."),
        P(sentence, STRING, "What it may do.")), "Who writes a domain's records.")
TYPE(Domain, PROPS(
        P(name, STRING, "In A-labels."),
        P(shown, STRING, "In Unicode, for people."),
        P(scope, STRING, "subdomain, web or everything."),
        P(state, STRING, "pending or proven."),
        P(primary, BOOLEAN, "Whether the box's own name is below it."),
        P(box_name, STRING, "The box's name in it: my.<domain>."),
        P(switched_web, BOOLEAN, "Whether the website's records count."),
        P(switched_mail, BOOLEAN, "Whether mail's records count."),
        P(existing, OBJECT, "What lived there when it was added: web, mail."),
        P(writer, NULLABLE_ONE(DomainWriter), "Who writes its records; null = by hand."),
        P(records, INTEGER, "How many are wanted and counted."),
        P(ok, INTEGER, "How many of them are as they should be."),
        P(severity, STRING, "ok, note, warn or bad: the worst that counts."),
        P(sentence, STRING, "How it stands."),
        P(certificate, NULLABLE_STRING, "The certificate of its names."),
        P(created_at, TIME, "Added."),
        P(proven_at, NULLABLE_TIME, "First led here."),
        P(checked_at, NULLABLE_TIME, "Last asked."),
        P(check_at, NULLABLE_TIME, "Asked again.")), "A domain.")
TYPE(DomainChange, PROPS(
        P(at, TIME, "When."),
        P(kind, STRING, "answer, write, switch, ignore, state, add."),
        P(record, NULLABLE_STRING, "The record's id."),
        P(before, NULLABLE_STRING, "What it was."),
        P(after, NULLABLE_STRING, "What it is."),
        P(actor, STRING, "Who; world for what others changed."),
        P(sentence, STRING, "What happened.")), "Something that changed at a domain.")
TYPE(ZoneFile, PROPS(
        P(name, STRING, "A file name."),
        P(text, STRING, "RFC 1035 master file format.")), "A zone file.")
TYPE(DnsProvider, PROPS(
        P(kind, STRING, "Its short name."),
        P(name, STRING, "Its name."),
        P(token, STRING, "What kind of token it wants, and the least it must be allowed."),
        P(url, NULLABLE_STRING, "Where such a token is made."),
        P(fields, STRINGS, "Fields of domain.connect it needs beside the token.")), "A DNS provider we can write to.")
TYPE(ServedName, PROPS(
        P(name, STRING, "In A-labels; an address, or * for every address."),
        P(shown, STRING, "In Unicode, for people."),
        P(kind, STRING, "box, redirect, alias, app, policy."),
        P(target, NULLABLE_STRING, "Where it leads."),
        P(domain, NULLABLE_STRING, "The domain it belongs to."),
        P(certificate, STRING, "The certificate it shows."),
        P(trusted, BOOLEAN, "Whether browsers accept that for this name."),
        P(headers, STRINGS, "Extra headers."),
        P(removable, BOOLEAN, "Whether name.remove may take it away.")), "A name the box answers to.")
TYPE(ServedCertificate, PROPS(
        P(name, STRING, "The name that was asked for."),
        P(service, STRING, "web, and mail services where there are any."),
        P(port, INTEGER, "The port."),
        P(matches, BOOLEAN, "Whether it shows the certificate in place."),
        P(sentence, STRING, "What it shows."),
        P(at, TIME, "When it was looked at.")), "What a port really shows.")
TYPE(Certificate, PROPS(
        P(id, STRING, "The certificate."),
        P(names, STRINGS, "Names it is for."),
        P(wanted, STRINGS, "Names it should be for, at its next renewal."),
        P(source, STRING, "acme, upload or self (self-signed)."),
        P(method, NULLABLE_STRING, "How the authority checks: http-01 or dns-01."),
        P(issuer, STRING, "Who signed it."),
        P(self_signed, BOOLEAN, "Whether browsers will warn."),
        P(not_before, NULLABLE_TIME, "From; null while there is none yet."),
        P(not_after, NULLABLE_TIME, "Until."),
        P(renew_at, NULLABLE_TIME, "When it is fetched again."),
        P(failures, INTEGER, "Times in a row that fetching failed."),
        P(severity, STRING, "ok, note, warn or bad."),
        P(sentence, STRING, "How it stands, and what to do."),
        P(served, MANY(ServedCertificate), "What the ports show."),
        P(fingerprint, NULLABLE_STRING, "SHA-256 in hex.")), "A certificate.")
TYPE(Offer, PROPS(
        P(package, STRING, "Its id in the catalogue."),
        P(source, STRING, "Which source offers it."),
        P(version, STRING, "The newest version."),
        P(title, STRING, "What it is called."),
        P(summary, STRING, "One line about it, in the asker's language."),
        P(icon, NULLABLE_STRING, "A data: URL of an SVG or PNG, at most 32 KiB."),
        P(categories, STRINGS, "Where it belongs."),
        P(licence, STRING, "SPDX expression."),
        P(sign_in, STRING, "How one signs in: none, own, proxy, oidc or ldap."),
        P(memory_mb, INTEGER, "What it needs."),
        P(disk_mb, INTEGER, "What its images take, unpacked."),
        P(download_mb, INTEGER, "What is fetched if nothing of it is here yet."),
        P(needs, STRINGS, "Addons: postgresql, mariadb, redis, mail."),
        P(end_of_life, NULLABLE_STRING, "Until when it is cared for, as a date, where that is known."),
        P(allowed, BOOLEAN, "Whether the provider allows it."),
        P(installed, STRINGS, "Ids of the apps here that came from it.")), "An app of the catalogue.")
TYPE(Question, PROPS(
        P(key, STRING, "Its name in `settings`."),
        P(label, STRING, "The question."),
        P(help, STRING, "More about it."),
        P(type, STRING, "string, text, integer, boolean, enum, email, password or url."),
        P(required, BOOLEAN, "Whether it must be answered."),
        P(initial, NULLABLE_STRING, "The answer unless told."),
        P(choices, STRINGS, "Answers of an enum.")), "A question that a package asks.")
TYPE(Fit, PROPS(
        P(fits, BOOLEAN, "Whether there is room."),
        P(memory_mb, INTEGER, "What it needs."),
        P(memory_free_mb, INTEGER, "What is left beside the measured peaks of everything else."),
        P(disk_mb, INTEGER, "What it needs."),
        P(disk_free_mb, INTEGER, "What is left beside the reserve."),
        P(sentence, STRING, "The same in words.")), "Whether an app fits.")
TYPE(OfferDetail, PROPS(
        P(offer, ONE(Offer), "The offer."),
        P(description, STRING, "About it, in Markdown."),
        P(notes, STRING, "What is new in its newest version, in Markdown; empty where nobody says."),
        P(homepage, NULLABLE_STRING, "Its home page."),
        P(versions, STRINGS, "Versions the catalogue has, newest first."),
        P(questions, MANY(Question), "What it asks before it is installed."),
        P(suggested_name, NULLABLE_STRING, "Where it could live."),
        P(ports, STRINGS, "Raw ports it can open with consent, as name tcp/1234."),
        P(fit, ONE(Fit), "Whether it fits.")), "An app of the catalogue, with all about it.")
TYPE(AppPreset, PROPS(
        P(package, STRING, "Its id in the catalogue."),
        P(title, STRING, "What it is called."),
        P(location, STRING, "The first part of its name."),
        P(name, NULLABLE_STRING, "Where it lives, or would; null while there is no place."),
        P(state, STRING, "waiting, needs-domain, needs-offer (the catalogue does not have it), offered (it comes only when somebody says so), installing, installed (once; it may be gone since), failed or dismissed."),
        P(reason, NULLABLE_STRING, "Why it failed, and what helps."),
        P(app, NULLABLE_STRING, "The app, where it is here."),
        P(job, NULLABLE_STRING, "What installs it.")), "An app that the provider wants here from the first start.")
TYPE(CatalogueSource, PROPS(
        P(source, STRING, "Its short name."),
        P(name, STRING, "What its index calls it; empty until it was fetched."),
        P(url, STRING, "An https address or a directory."),
        P(key, STRING, "Its public key, as minisign prints it."),
        P(builtin, BOOLEAN, "Whether it comes with the box or from the provider."),
        P(fetched_at, NULLABLE_TIME, "When it was last fetched well."),
        P(expires_at, NULLABLE_TIME, "Until when its index is good."),
        P(serial, INTEGER, "The index's serial number; it never goes back."),
        P(offers, INTEGER, "How many apps it offers."),
        P(error, NULLABLE_STRING, "What went wrong last time.")), "A source of apps.")
TYPE(RegistryLogin, PROPS(
        P(host, STRING, "The registry, as its images begin."),
        P(username, STRING, "The user name there."),
        P(token_host, NULLABLE_STRING, "Who hands out its tokens, if not the registry itself."),
        P(created_at, TIME, "When it was set."),
        P(tested_at, NULLABLE_TIME, "When it was last tried."),
        P(error, NULLABLE_STRING, "Why it was not taken then.")), "A login at a private registry of images.")
TYPE(AppContainer, PROPS(
        P(name, STRING, "Its name."),
        P(image, STRING, "The image, with its digest."),
        P(state, STRING, "running, starting, stopped, done, failed."),
        P(sentence, STRING, "Why."),
        P(memory_mb, NULLABLE_INTEGER, "What it takes now."),
        P(restarts, INTEGER, "How often it was started again by itself."),
        P(started_at, NULLABLE_TIME, "Since when it runs.")), "A container of an app.")
TYPE(AppPort, PROPS(
        P(name, STRING, "Its name in the package."),
        P(protocol, STRING, "tcp or udp."),
        P(port, INTEGER, "The port at the box."),
        P(purpose, STRING, "What it is for."),
        P(open, BOOLEAN, "Whether the world may reach it.")), "A raw port.")
TYPE(AppDisk, PROPS(
        P(data_mb, INTEGER, "Its data."),
        P(scratch_mb, INTEGER, "What it wrote elsewhere in its containers; gone with the next version."),
        P(kept_mb, INTEGER, "Data of earlier versions and restore points."),
        P(exports_mb, INTEGER, "Archives made for elsewhere; kept for a day."),
        P(files, INTEGER, "Files and directories in its data and its containers."),
        P(measured_at, TIME, "When it was measured.")), "What an app takes of the disk.")
TYPE(App, PROPS(
        P(id, STRING, "Its id."),
        P(title, STRING, "What people call it."),
        P(origin, STRING, "catalogue, image or compose."),
        P(package, NULLABLE_STRING, "The app of the catalogue."),
        P(version, STRING, "The version that runs."),
        P(icon, NULLABLE_STRING, "A data: URL."),
        P(state, STRING, "installing, running, starting, failing, stopped, updating, maintenance, removing, broken."),
        P(severity, STRING, "ok, note, warn or bad."),
        P(sentence, STRING, "How it stands, why, and what to do."),
        P(job, NULLABLE_STRING, "The job that works on it."),
        P(name, STRING, "Where it lives."),
        P(shown, STRING, "The same as people write it."),
        P(url, NULLABLE_STRING, "The address to open; null until it answered once."),
        P(extra_names, STRINGS, "Further names."),
        P(access, STRING, "public, everyone or groups."),
        P(groups, STRINGS, "Groups whose members may open it."),
        P(operators, STRINGS, "People who may operate it."),
        P(sign_in, STRING, "none, own, proxy, oidc or ldap."),
        P(update, NULLABLE_STRING, "A newer version that is offered."),
        P(held, NULLABLE_STRING, "Why `held_version` is not tried."),
        P(held_version, NULLABLE_STRING, "The version that failed and is not tried for now."),
        P(held_until, NULLABLE_TIME, "Until when."),
        P(auto_update, BOOLEAN, "Whether it is updated by itself."),
        P(maintenance, BOOLEAN, "Whether visitors see the maintenance page."),
        P(memory_mb, NULLABLE_INTEGER, "What it takes now."),
        P(memory_peak_mb, NULLABLE_INTEGER, "The most it took."),
        P(memory_limit_mb, INTEGER, "The most it may take."),
        P(cpu_weight, INTEGER, "Its share beside others."),
        P(disk_mb, NULLABLE_INTEGER, "What it wrote: its data, and what it changed in its containers. Null until it was measured."),
        P(disk_limit_mb, INTEGER, "The most of that; 0 = no limit of its own."),
        P(disk, NULLABLE_ONE(AppDisk), "What takes how much, as it was measured last."),
        P(network_out, STRING, "none or any."),
        P(host_network, BOOLEAN, "Whether it uses the machine's own network."),
        P(mail, BOOLEAN, "Whether it may reach mail servers in the world, where it may reach the world."),
        P(ports, MANY(AppPort), "Raw ports."),
        P(questions, MANY(Question), "What the package asks."),
        P(settings, STRINGS, "The answers, each key=value; secret ones without value."),
        P(environment, STRINGS, "Variables of one's own."),
        P(containers, MANY(AppContainer), "Its containers."),
        P(installed_at, TIME, "When it was installed."),
        P(answered_at, NULLABLE_TIME, "When it last answered well.")), "An app.")
TYPE(AppSecret, PROPS(
        P(key, STRING, "What the package calls it."),
        P(value, STRING, "What it was given.")), "A password that an app was given at first.")
TYPE(AppVersion, PROPS(
        P(version, STRING, "The version."),
        P(state, STRING, "running, kept or offered."),
        P(reachable, BOOLEAN, "Whether one can go there from the version that runs."),
        P(program, BOOLEAN, "Whether the program alone can go back there, to the present data."),
        P(data, BOOLEAN, "Whether data of that time is kept."),
        P(sentence, STRING, "What going there means."),
        P(notes, STRING, "What is new in it, in Markdown; empty where nobody says. Of what is on offer: of the sixteen newest."),
        P(since, NULLABLE_TIME, "When it was installed."),
        P(left_at, NULLABLE_TIME, "When it was left."),
        P(kept_until, NULLABLE_TIME, "Until when it is kept."),
        P(size_mb, NULLABLE_INTEGER, "What keeping it takes.")), "A version of an app.")
TYPE(AppArchive, PROPS(
        P(archive, STRING, "Its id."),
        P(app, STRING, "The app it came from."),
        P(title, STRING, "What people called it."),
        P(reason, STRING, "uninstalled, rollback or restore."),
        P(version, STRING, "The version it had."),
        P(name, STRING, "Where it lived."),
        P(size_mb, INTEGER, "What it takes."),
        P(created_at, TIME, "When it was put aside."),
        P(kept_until, TIME, "Until when it is kept.")), "Data that was put aside.")
TYPE(AppEvent, PROPS(
        P(at, TIME, "When."),
        P(kind, STRING, "install, start, stop, health, update, return, rollback, clone, configure, restore, limit."),
        P(severity, STRING, "ok, note, warn or bad."),
        P(actor, STRING, "Who: a user name, system, unix:name."),
        P(sentence, STRING, "What happened.")), "Something that happened to an app.")
TYPE(AppAnswer, PROPS(
        P(at, TIME, "When it was asked."),
        P(status, INTEGER, "The HTTP status; 0 = no answer."),
        P(milliseconds, INTEGER, "How long it took."),
        P(body, STRING, "The first 4 KiB, as text.")), "An answer to a probe.")
TYPE(AppPulse, PROPS(
        P(at, TIME, "When it was asked."),
        P(status, INTEGER, "The HTTP status; 0 = no answer."),
        P(milliseconds, INTEGER, "How long it took."),
        P(good, BOOLEAN, "Whether that is well.")), "An answer to a probe, in short.")
TYPE(AppHealth, PROPS(
        P(state, STRING, "ok, starting, slow, failing, stopped."),
        P(sentence, STRING, "The same in words."),
        P(since, TIME, "Since when."),
        P(expected, STRING, "What is asked and which answer is well."),
        P(last, NULLABLE_ONE(AppAnswer), "The last answer."),
        P(good, NULLABLE_ONE(AppAnswer), "The last good answer."),
        P(recent, MANY(AppPulse), "The last answers since the manager runs, oldest first; at most 90."),
        P(containers, MANY(AppContainer), "Each container.")), "How an app answers.")
TYPE(AppSample, PROPS(
        P(at, TIME, "The end of the five minutes, the half hour or the two hours."),
        P(memory_mb, INTEGER, "The most memory."),
        P(memory_average_mb, INTEGER, "The average of what was the most in each five minutes."),
        P(cpu_percent, INTEGER, "Of one processor, on average."),
        P(cpu_most_percent, INTEGER, "The most of it in any five minutes."),
        P(disk_mb, NULLABLE_INTEGER, "What it had written, as it was measured last.")), "What an app used.")
TYPE(AppLogLine, PROPS(
        P(at, TIME, "When."),
        P(cursor, STRING, "Its place; `after` takes it."),
        P(container, STRING, "Which container."),
        P(level, STRING, "error, warning, info."),
        P(text, STRING, "The line.")), "A line of an app's log.")
TYPE(Terminal, PROPS(
        P(terminal, STRING, "Its id."),
        P(app, STRING, "The app."),
        P(container, STRING, "The container."),
        P(command, STRINGS, "What runs.")), "A terminal inside an app.")
TYPE(AppFile, PROPS(
        P(name, STRING, "Its name."),
        P(path, STRING, "Below the app's data."),
        P(kind, STRING, "file, directory or other."),
        P(size, INTEGER, "Bytes."),
        P(changed_at, TIME, "When it changed.")), "A file of an app's data.")
TYPE(FileChunk, PROPS(
        P(name, STRING, "The file's name."),
        P(size, INTEGER, "Bytes of the whole."),
        P(offset, INTEGER, "Where these begin."),
        P(next, NULLABLE_INTEGER, "Where the next begin; null at the end."),
        P(base64, STRING, "The bytes.")), "A part of a file.")
TYPE(AppTask, PROPS(
        P(task, STRING, "Its id."),
        P(container, STRING, "Where it runs."),
        P(calendar, STRING, "When, as systemd.time(7) writes it."),
        P(command, STRINGS, "What runs."),
        P(active, BOOLEAN, "Whether it runs by the clock."),
        P(state, STRING, "idle, running, failed."),
        P(last_at, NULLABLE_TIME, "When it last ran."),
        P(next_at, NULLABLE_TIME, "When it runs next."),
        P(sentence, STRING, "How the last run went.")), "Something an app does by the clock.")
TYPE(Tile, PROPS(
        P(tile, STRING, "The app's id, or a link's."),
        P(kind, STRING, "app or link."),
        P(title, STRING, "What people read."),
        P(url, STRING, "Where it leads."),
        P(icon, NULLABLE_STRING, "A data: URL."),
        P(state, STRING, "ok, starting, failing, stopped, maintenance."),
        P(sentence, STRING, "How it stands; empty while all is well.")), "A tile of the launcher.")
TYPE(LauncherLink, PROPS(
        P(tile, STRING, "Its id."),
        P(title, STRING, "What people read."),
        P(url, STRING, "Where it leads."),
        P(everybody, BOOLEAN, "Whether everybody sees it."),
        P(groups, STRINGS, "Otherwise the groups whose members do.")), "A link of the launcher.")
TYPE(AppEntry, PROPS(
        P(url, STRING, "Where the browser goes now."),
        P(title, STRING, "The app's title.")), "The way into an app.")
TYPE(ImportLine, PROPS(
        P(line, INTEGER, "The line of the file."),
        P(key, STRING, "What stands there, as services.web.ports."),
        P(verdict, STRING, "honoured, ignored, asks or refused."),
        P(sentence, STRING, "What becomes of it, and why.")), "What becomes of a line of a Compose file.")
TYPE(ImportReport, PROPS(
        P(possible, BOOLEAN, "Whether it can be installed; with an administrator's yes where it needs the machine's own network."),
        P(id, STRING, "The id it would have."),
        P(services, STRINGS, "Its services."),
        P(service, NULLABLE_STRING, "The one that people would open."),
        P(port, NULLABLE_INTEGER, "The port of it that would be asked."),
        P(needs_host_network, BOOLEAN, "Whether it asks for the machine's own network."),
        P(variables, STRINGS, "Variables without a value."),
        P(lines, MANY(ImportLine), "What becomes of each line, refusals first.")), "What would become of a Compose file.")
TYPE(LogEntry, PROPS(
        P(seq, INTEGER, "Its place in the chain."),
        P(at, TIME, "When."),
        P(operation, STRING, "What was asked."),
        P(actor, STRING, "Who: a user name, system, unix:name, or #id where the person is gone."),
        P(object, STRING, "To what."),
        P(result, STRING, "ok, refused or failed."),
        P(detail, OBJECT, "More: address, changed fields, error name; never secrets."),
        P(erased, BOOLEAN, "Whether the detail was erased.")), "A line of the log.")
TYPE(HelpPage, PROPS(
        P(page, STRING, "Its name."),
        P(title, STRING, "Its title."),
        P(excerpt, STRING, "A line around the hit.")), "A help page.")
TYPE(HelpText, PROPS(
        P(page, STRING, "Its name."),
        P(title, STRING, "Its title."),
        P(language, STRING, "The language it is in."),
        P(text, STRING, "Markdown.")), "A help page's text.")
TYPE(OpenApi, NO_PROPS, "An OpenAPI 3.1 document.")
