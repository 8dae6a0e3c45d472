// Written by steadbox-generate from include/tbl; do not edit.

export type Free = Record<string, any>;

/** One page of a collection. */
export interface Page<T> {
    items: T[];
    /** The cursor for the next page. */
    next: string | null;
    total: number;
}

export type OperationName = keyof OperationFields;
export type FieldRow = readonly [type: string, marks: string, min: number, max: number];
export type OperationRow = readonly [method: string, path: string, fields: Record<string, FieldRow>];

/** An empty object. */
export interface Nothing {}

/** A name. */
export interface Name {
    /** The name. */
    name: string;
}

/** Long work has begun. */
export interface JobStarted {
    /** The job's id; follow it at /jobs/{id} or /events. */
    job: string;
}

/** Whose box this looks like. */
export interface Brand {
    /** The provider's or the product's name. */
    name: string;
    /** A data: URL of an SVG or PNG, at most 64 KiB. */
    logo: string | null;
    /** The accent, #rrggbb. */
    colour: string | null;
    /** The provider's console. */
    console_url: string | null;
    /** Where bills are. */
    billing_url: string | null;
    /** Where help is. */
    support_url: string | null;
}

/** The face of the box. */
export interface Site {
    /** What people call this box. */
    box_name: string;
    /** White label. */
    brand: Brand;
    /** False until the first link was used. */
    owner_exists: boolean;
    /** The box's language. */
    language: string;
    /** Languages of the web UI. */
    languages: string[];
    /** Names and addresses under which the box is served. */
    names: string[];
    /** Steadbox's version. */
    release: string;
    /** The box's clock. */
    time: number;
}

/** The privacy notice. */
export interface Privacy {
    /** The language of the text. */
    language: string;
    /** When a setting last changed it. */
    updated_at: number;
    /** Whether controller and contact are filled in. */
    complete: boolean;
    /** The notice, in Markdown. */
    text: string;
}

/** Who is signed in. */
export interface Session {
    /** Who. */
    username: string;
    /** The name to show. */
    display_name: string;
    /** owner, admin, user-manager, mail-manager or user. */
    role: string;
    /** Chosen language. */
    language: string | null;
    /** session, token or unix; nobody after a reset where signing in still needs the code. */
    via: string;
    /** Names of the operations that are allowed. */
    operations: string[];
    /** When the session ends if unused. */
    expires_at: number | null;
    /** What the shell should remind of: second-factor, recovery, privacy. */
    nag: string[];
}

/** What a link is for. */
export interface Link {
    /** owner, invite or reset. */
    kind: string;
    /** Whom it is for; null where the person chooses. */
    username: string | null;
    /** The name to show. */
    display_name: string | null;
    /** The known address. */
    email: string | null;
    /** Until when it works. */
    expires_at: number;
    /** The language to greet in. */
    language: string;
}

/** A fresh link. */
export interface NewLink {
    /** owner, invite or reset. */
    kind: string;
    /** Whom it is for. */
    username: string | null;
    /** The whole link, shown once; null where the token was made elsewhere. */
    url: string | null;
    /** Until when it works. */
    expires_at: number;
}

/** My account. */
export interface Account {
    /** The user name. */
    username: string;
    /** The name to show. */
    display_name: string;
    /** Where the person can be reached. */
    email: string | null;
    /** What the person may do. */
    role: string;
    /** Chosen language. */
    language: string | null;
    /** Groups. */
    groups: string[];
    /** Whether an authenticator is on. */
    totp: boolean;
    /** Unused recovery codes. */
    recovery_left: number;
    /** When a code was typed back. */
    recovery_verified_at: number | null;
    /** When the password was set. */
    password_changed_at: number | null;
    /** Since when the person is here. */
    created_at: number;
}

/** An authenticator being set up. */
export interface TotpStart {
    /** Base32, for typing. */
    secret: string;
    /** otpauth://totp/..., for a QR code. */
    uri: string;
}

/** Recovery codes, shown once. */
export interface RecoveryCodes {
    /** Ten codes, each for one use. */
    codes: string[];
}

/** A signed-in browser. */
export interface SessionRow {
    /** The session. */
    id: string;
    /** Whether it is this one. */
    current: boolean;
    /** The browser, in words. */
    agent: string;
    /** From where. */
    address: string;
    /** Signed in. */
    created_at: number;
    /** Last used. */
    seen_at: number;
    /** Ends if unused. */
    expires_at: number;
}

/** An API token. */
export interface Token {
    /** The token's id. */
    id: string;
    /** What it is for. */
    name: string;
    /** What it may do. */
    scopes: string[];
    /** Made. */
    created_at: number;
    /** Stops working. */
    expires_at: number;
    /** Last used, to the hour. */
    used_at: number | null;
}

/** A fresh API token. */
export interface NewToken {
    /** The token's id. */
    id: string;
    /** The token itself, shown once: Authorization: Bearer ... */
    token: string;
    /** Stops working. */
    expires_at: number;
}

/** A dated consent. */
export interface Consent {
    /** What it is about. */
    kind: string;
    /** Given or withdrawn. */
    given: boolean;
    /** Which text. */
    version: string;
    /** When. */
    decided_at: number;
}

/** All that is kept about a person. */
export interface PersonalData {
    /** Whose. */
    username: string;
    /** When. */
    exported_at: number;
    /** By noun: everything that is kept. */
    parts: Free;
}

/** A person. */
export interface User {
    /** A number that is never used again. */
    id: number;
    /** The user name. */
    username: string;
    /** The name to show. */
    display_name: string;
    /** Where the person can be reached. */
    email: string | null;
    /** What the person may do. */
    role: string;
    /** active, invited, deactivated or frozen. */
    state: string;
    /** Groups. */
    groups: string[];
    /** Chosen language. */
    language: string | null;
    /** Whether an authenticator is on. */
    totp: boolean;
    /** Browsers signed in. */
    sessions: number;
    /** Since when. */
    created_at: number;
    /** Last seen, to the hour. */
    seen_at: number | null;
}

/** A new person. */
export interface UserAdded {
    /** The person. */
    user: User;
    /** The invitation, shown once; null where a password was given. */
    link: NewLink | null;
}

/** A table. */
export interface Csv {
    /** The table (RFC 4180). */
    csv: string;
}

/** A role. */
export interface Role {
    /** The role. */
    name: string;
    /** What it is for. */
    sentence: string;
    /** How many have it. */
    people: number;
    /** What it may do. */
    operations: string[];
}

/** A group. */
export interface Group {
    /** The group. */
    name: string;
    /** What it is for. */
    description: string;
    /** How many people. */
    members: number;
    /** Apps that only its members may open, so that without the group nobody could: those that the one who asks may see. */
    sole_apps: string[];
    /** How many more of these there are. */
    sole_apps_unseen: number;
    /** Since when. */
    created_at: number;
}

/** How to mend a finding. */
export interface Fix {
    /** The operation that mends it, or empty. */
    operation: string;
    /** Its fields. */
    parameters: Free;
    /** The UI page where it is done, such as /account/security. */
    page: string;
    /** Sentence key of the button. */
    label: string;
}

/** Something that needs attention. */
export interface Finding {
    /** Stable id, such as user.single-owner. */
    id: string;
    /** bad, warn or note. */
    severity: string;
    /** Sentence key for the UI's catalogues: findings.<key>.title and .text. */
    key: string;
    /** Values for the sentence. */
    facts: Free;
    /** The sentence in English, for the CLI. */
    sentence: string;
    /** Since when. */
    since: number;
    /** How to mend it. */
    fix: Fix;
    /** Put aside until. */
    ignored_until: number | null;
}

/** A search result. */
export interface SearchHit {
    /** user, group, setting, help or page. */
    kind: string;
    /** What to show. */
    title: string;
    /** A second line. */
    detail: string;
    /** Where in the UI. */
    page: string;
}

/** Long work. */
export interface Job {
    /** The job. */
    id: string;
    /** What it does. */
    kind: string;
    /** To what. */
    object: string;
    /** queued, running, done, failed or cancelled. */
    state: string;
    /** The step it is at. */
    stage: string;
    /** All its steps. */
    stages: string[];
    /** 0 to 100. */
    percent: number;
    /** The latest sentence. */
    message: string;
    /** Who began it. */
    actor: string;
    /** Asked for. */
    created_at: number;
    /** Begun. */
    started_at: number | null;
    /** Over. */
    ended_at: number | null;
    /** Whether it can be cancelled now. */
    cancellable: boolean;
    /** What came of it. */
    result: Free;
    /** Name, message and hint where it failed. */
    error: Free;
    /** The job that this one is a part of. */
    parent: string | null;
}

/** A line of a job's log. */
export interface JobLine {
    /** When. */
    at: number;
    /** info, warning or error. */
    level: string;
    /** What. */
    text: string;
}

/** A file system. */
export interface Disk {
    /** Where it is mounted. */
    mount: string;
    /** The device. */
    source: string;
    /** The file system. */
    type: string;
    /** Size. */
    size_bytes: number;
    /** Used. */
    used_bytes: number;
    /** Free for everybody. */
    free_bytes: number;
}

/** A network link. */
export interface Address {
    /** The link's name. */
    interface: string;
    /** Its hardware address. */
    mac: string | null;
    /** CIDR notation. */
    addresses: string[];
    /** The default route over it. */
    gateway: string | null;
    /** Whether it carries. */
    up: boolean;
}

/** The machine. */
export interface System {
    /** The machine's name. */
    hostname: string;
    /** Steadbox's version. */
    release: string;
    /** The operating system. */
    os: string;
    /** The kernel. */
    kernel: string;
    /** kvm, lxc, systemd-nspawn, none ... */
    virtualisation: string;
    /** x86-64, arm64 ... */
    architecture: string;
    /** Processors. */
    cpus: number;
    /** Their model. */
    cpu_model: string;
    /** 1, 5 and 15 minutes. */
    load: string[];
    /** Memory. */
    memory_bytes: number;
    /** In use, caches left out. */
    memory_used_bytes: number;
    /** Swap. */
    swap_bytes: number;
    /** Swap in use. */
    swap_used_bytes: number;
    /** What the manager itself holds (PSS). */
    manager_bytes: number;
    /** File systems. */
    disks: Disk[];
    /** Links. */
    network: Address[];
    /** Time zone. */
    timezone: string;
    /** Whether the clock is set by NTP. */
    clock_synchronised: boolean;
    /** The machine's start. */
    booted_at: number;
    /** The manager's start. */
    started_at: number;
    /** Whether an update waits for a reboot. */
    reboot_needed: boolean;
    /** People here. */
    users: number;
}

/** A service of the appliance. */
export interface Service {
    /** The systemd unit. */
    unit: string;
    /** What it is. */
    title: string;
    /** active, inactive, failed, activating. */
    state: string;
    /** systemd's sub-state. */
    sub: string;
    /** Memory of its control group. */
    memory_bytes: number | null;
    /** In this state since. */
    since: number | null;
    /** Automatic restarts. */
    restarts: number;
}

/** A start. */
export interface Start {
    /** machine or manager. */
    kind: string;
    /** When. */
    at: number;
    /** Steadbox's version. */
    release: string;
    /** How the run before ended: clean, crash, power, first. */
    before: string;
}

/** Settings. */
export interface Settings {
    /** Time zone. */
    timezone: string;
    /** Host name. */
    hostname: string;
    /** The box's language. */
    language: string;
    /** What people call this box. */
    box_name: string;
    /** Privacy notice: who is responsible. */
    controller: string;
    /** Privacy notice: how to reach them. */
    contact: string;
    /** Privacy notice: the supervisory authority. */
    authority: string;
    /** How long personal detail in the log is kept. */
    retention_days: number;
    /** The IPv4 address the world reaches the box at; empty = the machine's own. */
    public_ipv4: string;
    /** The IPv6 address the world reaches the box at; empty = the machine's own. */
    public_ipv6: string;
    /** Whether block lists and port 25 may be tried. */
    outside_checks: boolean;
    /** The certificate authority's ACME directory. */
    acme_url: string;
    /** Whether its test service is used. */
    acme_staging: boolean;
    /** Whether apps that want it are updated by themselves. */
    app_updates: boolean;
    /** When they are, in the box's time. */
    app_window: string;
    /** The name the provider gave this box; apps may live below it, too. */
    fallback_name: string | null;
    /** Whether the provider lets images and Compose files be installed besides the catalogue's apps. */
    app_imports: boolean;
    /** Keys fixed by the provider. */
    locked: string[];
    /** White label. */
    brand: Brand;
}

/** A key that opens root. */
export interface SshKey {
    /** SHA-256 in hex. */
    fingerprint: string;
    /** ssh-ed25519 ... */
    type: string;
    /** Its comment. */
    comment: string;
    /** provider, owner or other. */
    origin: string;
    /** Whether we wrote it; others are found in root's own file. */
    managed: boolean;
}

/** A rule. */
export interface FirewallRule {
    /** input, forward or output. */
    chain: string;
    /** The rule, as nft shows it. */
    text: string;
    /** What it does. */
    sentence: string;
    /** Packets it met. */
    packets: number;
}

/** The firewall as it truly is. */
export interface Firewall {
    /** Whether our table is in the kernel. */
    active: boolean;
    /** All rules of our table. */
    rules: FirewallRule[];
    /** Other tables that somebody else loaded. */
    foreign: string[];
    /** The table as nft prints it. */
    text: string;
}

/** A secret, without its value. */
export interface Secret {
    /** Its name. */
    name: string;
    /** What kind of secret. */
    kind: string;
    /** What it protects. */
    sentence: string;
    /** Made. */
    created_at: number | null;
    /** Last used, to the hour. */
    used_at: number | null;
    /** Whether it can be rotated here. */
    rotatable: boolean;
}

/** A part of a help bundle. */
export interface BundlePart {
    /** The part. */
    name: string;
    /** Its text, after redaction. */
    text: string;
    /** How many things were blacked out. */
    redacted: number;
}

/** A help bundle. */
export interface Bundle {
    /** The job that made it. */
    id: string;
    /** When. */
    created_at: number;
    /** What would be sent. */
    parts: BundlePart[];
}

/** Why a record does not count. */
export interface DomainIgnored {
    /** Because ... */
    reason: string;
    /** Who said so. */
    actor: string;
    /** When. */
    at: number;
}

/** A record, now and as it should be. */
export interface DomainRecord {
    /** What it is called here: type:owner, such as mx:example.com, or check:owner, such as dnssec:example.com. */
    id: string;
    /** a, aaaa, cname, mx, txt, srv, caa, spf, dkim, dmarc, mta-sts, tls-rpt, ptr, delegation, nameservers, dnssec, proxy, wildcard, parking, blocklist, port25. */
    check: string;
    /** What needs it: box, web, mail, zone. */
    part: string;
    /** The name, in A-labels. */
    owner: string;
    /** The record's type; null where the check is not about one record. */
    type: string | null;
    /** Values it should have, as in a zone file; empty where any will do, or where there should be none. */
    wanted: string[];
    /** Values the world answers. */
    now: string[];
    /** unknown (not asked yet), ok, missing, different, wrong, waits (for the switch), unreachable, skipped. */
    verdict: string;
    /** note, warn or bad: how much it matters while it is not ok. */
    severity: string;
    /** What it is for. */
    why: string;
    /** What is the matter. */
    sentence: string;
    /** What to do. */
    hint: string | null;
    /** The sentence's name in the UI's catalogues. */
    key: string;
    /** Values for that sentence. */
    facts: Free;
    /** Which servers answered. */
    asked: string[];
    /** When they were asked. */
    checked_at: number | null;
    /** Since when the answer is this one. */
    since: number | null;
    /** Whether it counts against the domain now. */
    counts: boolean;
    /** Put aside, because ... */
    ignored: DomainIgnored | null;
}

/** Who writes a domain's records. */
export interface DomainWriter {
    /** Its kind: rfc2136, cloudflare, hetzner, desec, digitalocean. */
    kind: string;
    /** The primary server, for rfc2136. */
    server: string | null;
    /** Its port, for rfc2136. */
    port: number | null;
    /** The key's name, for rfc2136. */
    key_name: string | null;
    /** The algorithm, for rfc2136. */
    algorithm: string | null;
    /** Since when. */
    connected_at: number;
    /** When the token was last tried. */
    tested_at: number | null;
    /** Whether it could write then. */
    works: boolean;
    /** What it may do. */
    sentence: string;
}

/** A domain. */
export interface Domain {
    /** In A-labels. */
    name: string;
    /** In Unicode, for people. */
    shown: string;
    /** subdomain, web or everything. */
    scope: string;
    /** pending or proven. */
    state: string;
    /** Whether the box's own name is below it. */
    primary: boolean;
    /** The box's name in it: my.<domain>. */
    box_name: string;
    /** Whether the website's records count. */
    switched_web: boolean;
    /** Whether mail's records count. */
    switched_mail: boolean;
    /** What lived there when it was added: web, mail. */
    existing: Free;
    /** Who writes its records; null = by hand. */
    writer: DomainWriter | null;
    /** How many are wanted and counted. */
    records: number;
    /** How many of them are as they should be. */
    ok: number;
    /** ok, note, warn or bad: the worst that counts. */
    severity: string;
    /** How it stands. */
    sentence: string;
    /** The certificate of its names. */
    certificate: string | null;
    /** Added. */
    created_at: number;
    /** First led here. */
    proven_at: number | null;
    /** Last asked. */
    checked_at: number | null;
    /** Asked again. */
    check_at: number | null;
}

/** Something that changed at a domain. */
export interface DomainChange {
    /** When. */
    at: number;
    /** answer, write, switch, ignore, state, add. */
    kind: string;
    /** The record's id. */
    record: string | null;
    /** What it was. */
    before: string | null;
    /** What it is. */
    after: string | null;
    /** Who; world for what others changed. */
    actor: string;
    /** What happened. */
    sentence: string;
}

/** A zone file. */
export interface ZoneFile {
    /** A file name. */
    name: string;
    /** RFC 1035 master file format. */
    text: string;
}

/** A DNS provider we can write to. */
export interface DnsProvider {
    /** Its short name. */
    kind: string;
    /** Its name. */
    name: string;
    /** What kind of token it wants, and the least it must be allowed. */
    token: string;
    /** Where such a token is made. */
    url: string | null;
    /** Fields of domain.connect it needs beside the token. */
    fields: string[];
}

/** A name the box answers to. */
export interface ServedName {
    /** In A-labels; an address, or * for every address. */
    name: string;
    /** In Unicode, for people. */
    shown: string;
    /** box, redirect, alias, app, policy. */
    kind: string;
    /** Where it leads. */
    target: string | null;
    /** The domain it belongs to. */
    domain: string | null;
    /** The certificate it shows. */
    certificate: string;
    /** Whether browsers accept that for this name. */
    trusted: boolean;
    /** Extra headers. */
    headers: string[];
    /** Whether name.remove may take it away. */
    removable: boolean;
}

/** What a port really shows. */
export interface ServedCertificate {
    /** The name that was asked for. */
    name: string;
    /** web, and mail services where there are any. */
    service: string;
    /** The port. */
    port: number;
    /** Whether it shows the certificate in place. */
    matches: boolean;
    /** What it shows. */
    sentence: string;
    /** When it was looked at. */
    at: number;
}

/** A certificate. */
export interface Certificate {
    /** The certificate. */
    id: string;
    /** Names it is for. */
    names: string[];
    /** Names it should be for, at its next renewal. */
    wanted: string[];
    /** acme, upload or self (self-signed). */
    source: string;
    /** How the authority checks: http-01 or dns-01. */
    method: string | null;
    /** Who signed it. */
    issuer: string;
    /** Whether browsers will warn. */
    self_signed: boolean;
    /** From; null while there is none yet. */
    not_before: number | null;
    /** Until. */
    not_after: number | null;
    /** When it is fetched again. */
    renew_at: number | null;
    /** Times in a row that fetching failed. */
    failures: number;
    /** ok, note, warn or bad. */
    severity: string;
    /** How it stands, and what to do. */
    sentence: string;
    /** What the ports show. */
    served: ServedCertificate[];
    /** SHA-256 in hex. */
    fingerprint: string | null;
}

/** An app of the catalogue. */
export interface Offer {
    /** Its id in the catalogue. */
    package: string;
    /** Which source offers it. */
    source: string;
    /** The newest version. */
    version: string;
    /** What it is called. */
    title: string;
    /** One line about it, in the asker's language. */
    summary: string;
    /** A data: URL of an SVG or PNG, at most 32 KiB. */
    icon: string | null;
    /** Where it belongs. */
    categories: string[];
    /** SPDX expression. */
    licence: string;
    /** How one signs in: none, own, proxy, oidc or ldap. */
    sign_in: string;
    /** What it needs. */
    memory_mb: number;
    /** What its images take, unpacked. */
    disk_mb: number;
    /** What is fetched if nothing of it is here yet. */
    download_mb: number;
    /** Addons: postgresql, mariadb, redis, mail. */
    needs: string[];
    /** Until when it is cared for, as a date, where that is known. */
    end_of_life: string | null;
    /** Whether the provider allows it. */
    allowed: boolean;
    /** Ids of the apps here that came from it. */
    installed: string[];
}

/** A question that a package asks. */
export interface Question {
    /** Its name in `settings`. */
    key: string;
    /** The question. */
    label: string;
    /** More about it. */
    help: string;
    /** string, text, integer, boolean, enum, email, password or url. */
    type: string;
    /** Whether it must be answered. */
    required: boolean;
    /** The answer unless told. */
    initial: string | null;
    /** Answers of an enum. */
    choices: string[];
}

/** Whether an app fits. */
export interface Fit {
    /** Whether there is room. */
    fits: boolean;
    /** What it needs. */
    memory_mb: number;
    /** What is left beside the measured peaks of everything else. */
    memory_free_mb: number;
    /** What it needs. */
    disk_mb: number;
    /** What is left beside the reserve. */
    disk_free_mb: number;
    /** The same in words. */
    sentence: string;
}

/** An app of the catalogue, with all about it. */
export interface OfferDetail {
    /** The offer. */
    offer: Offer;
    /** About it, in Markdown. */
    description: string;
    /** What is new in its newest version, in Markdown; empty where nobody says. */
    notes: string;
    /** Its home page. */
    homepage: string | null;
    /** Versions the catalogue has, newest first. */
    versions: string[];
    /** What it asks before it is installed. */
    questions: Question[];
    /** Where it could live. */
    suggested_name: string | null;
    /** Raw ports it can open with consent, as name tcp/1234. */
    ports: string[];
    /** Whether it fits. */
    fit: Fit;
}

/** An app that the provider wants here from the first start. */
export interface AppPreset {
    /** Its id in the catalogue. */
    package: string;
    /** What it is called. */
    title: string;
    /** The first part of its name. */
    location: string;
    /** Where it lives, or would; null while there is no place. */
    name: string | null;
    /** waiting, needs-domain, needs-offer (the catalogue does not have it), offered (it comes only when somebody says so), installing, installed (once; it may be gone since), failed or dismissed. */
    state: string;
    /** Why it failed, and what helps. */
    reason: string | null;
    /** The app, where it is here. */
    app: string | null;
    /** What installs it. */
    job: string | null;
}

/** A source of apps. */
export interface CatalogueSource {
    /** Its short name. */
    source: string;
    /** What its index calls it; empty until it was fetched. */
    name: string;
    /** An https address or a directory. */
    url: string;
    /** Its public key, as minisign prints it. */
    key: string;
    /** Whether it comes with the box or from the provider. */
    builtin: boolean;
    /** When it was last fetched well. */
    fetched_at: number | null;
    /** Until when its index is good. */
    expires_at: number | null;
    /** The index's serial number; it never goes back. */
    serial: number;
    /** How many apps it offers. */
    offers: number;
    /** What went wrong last time. */
    error: string | null;
}

/** A login at a private registry of images. */
export interface RegistryLogin {
    /** The registry, as its images begin. */
    host: string;
    /** The user name there. */
    username: string;
    /** Who hands out its tokens, if not the registry itself. */
    token_host: string | null;
    /** When it was set. */
    created_at: number;
    /** When it was last tried. */
    tested_at: number | null;
    /** Why it was not taken then. */
    error: string | null;
}

/** A container of an app. */
export interface AppContainer {
    /** Its name. */
    name: string;
    /** The image, with its digest. */
    image: string;
    /** running, starting, stopped, done, failed. */
    state: string;
    /** Why. */
    sentence: string;
    /** What it takes now. */
    memory_mb: number | null;
    /** How often it was started again by itself. */
    restarts: number;
    /** Since when it runs. */
    started_at: number | null;
}

/** A raw port. */
export interface AppPort {
    /** Its name in the package. */
    name: string;
    /** tcp or udp. */
    protocol: string;
    /** The port at the box. */
    port: number;
    /** What it is for. */
    purpose: string;
    /** Whether the world may reach it. */
    open: boolean;
}

/** What an app takes of the disk. */
export interface AppDisk {
    /** Its data. */
    data_mb: number;
    /** What it wrote elsewhere in its containers; gone with the next version. */
    scratch_mb: number;
    /** Data of earlier versions and restore points. */
    kept_mb: number;
    /** Archives made for elsewhere; kept for a day. */
    exports_mb: number;
    /** Files and directories in its data and its containers. */
    files: number;
    /** When it was measured. */
    measured_at: number;
}

/** An app. */
export interface App {
    /** Its id. */
    id: string;
    /** What people call it. */
    title: string;
    /** catalogue, image or compose. */
    origin: string;
    /** The app of the catalogue. */
    package: string | null;
    /** The version that runs. */
    version: string;
    /** A data: URL. */
    icon: string | null;
    /** installing, running, starting, failing, stopped, updating, maintenance, removing, broken. */
    state: string;
    /** ok, note, warn or bad. */
    severity: string;
    /** How it stands, why, and what to do. */
    sentence: string;
    /** The job that works on it. */
    job: string | null;
    /** Where it lives. */
    name: string;
    /** The same as people write it. */
    shown: string;
    /** The address to open; null until it answered once. */
    url: string | null;
    /** Further names. */
    extra_names: string[];
    /** public, everyone or groups. */
    access: string;
    /** Groups whose members may open it. */
    groups: string[];
    /** People who may operate it. */
    operators: string[];
    /** none, own, proxy, oidc or ldap. */
    sign_in: string;
    /** A newer version that is offered. */
    update: string | null;
    /** Why `held_version` is not tried. */
    held: string | null;
    /** The version that failed and is not tried for now. */
    held_version: string | null;
    /** Until when. */
    held_until: number | null;
    /** Whether it is updated by itself. */
    auto_update: boolean;
    /** Whether visitors see the maintenance page. */
    maintenance: boolean;
    /** What it takes now. */
    memory_mb: number | null;
    /** The most it took. */
    memory_peak_mb: number | null;
    /** The most it may take. */
    memory_limit_mb: number;
    /** Its share beside others. */
    cpu_weight: number;
    /** What it wrote: its data, and what it changed in its containers. Null until it was measured. */
    disk_mb: number | null;
    /** The most of that; 0 = no limit of its own. */
    disk_limit_mb: number;
    /** What takes how much, as it was measured last. */
    disk: AppDisk | null;
    /** none or any. */
    network_out: string;
    /** Whether it uses the machine's own network. */
    host_network: boolean;
    /** Whether it may reach mail servers in the world, where it may reach the world. */
    mail: boolean;
    /** Raw ports. */
    ports: AppPort[];
    /** What the package asks. */
    questions: Question[];
    /** The answers, each key=value; secret ones without value. */
    settings: string[];
    /** Variables of one's own. */
    environment: string[];
    /** Its containers. */
    containers: AppContainer[];
    /** When it was installed. */
    installed_at: number;
    /** When it last answered well. */
    answered_at: number | null;
}

/** A password that an app was given at first. */
export interface AppSecret {
    /** What the package calls it. */
    key: string;
    /** What it was given. */
    value: string;
}

/** A version of an app. */
export interface AppVersion {
    /** The version. */
    version: string;
    /** running, kept or offered. */
    state: string;
    /** Whether one can go there from the version that runs. */
    reachable: boolean;
    /** Whether the program alone can go back there, to the present data. */
    program: boolean;
    /** Whether data of that time is kept. */
    data: boolean;
    /** What going there means. */
    sentence: string;
    /** What is new in it, in Markdown; empty where nobody says. Of what is on offer: of the sixteen newest. */
    notes: string;
    /** When it was installed. */
    since: number | null;
    /** When it was left. */
    left_at: number | null;
    /** Until when it is kept. */
    kept_until: number | null;
    /** What keeping it takes. */
    size_mb: number | null;
}

/** Data that was put aside. */
export interface AppArchive {
    /** Its id. */
    archive: string;
    /** The app it came from. */
    app: string;
    /** What people called it. */
    title: string;
    /** uninstalled, rollback or restore. */
    reason: string;
    /** The version it had. */
    version: string;
    /** Where it lived. */
    name: string;
    /** What it takes. */
    size_mb: number;
    /** When it was put aside. */
    created_at: number;
    /** Until when it is kept. */
    kept_until: number;
}

/** Something that happened to an app. */
export interface AppEvent {
    /** When. */
    at: number;
    /** install, start, stop, health, update, return, rollback, clone, configure, restore, limit. */
    kind: string;
    /** ok, note, warn or bad. */
    severity: string;
    /** Who: a user name, system, unix:name. */
    actor: string;
    /** What happened. */
    sentence: string;
}

/** An answer to a probe. */
export interface AppAnswer {
    /** When it was asked. */
    at: number;
    /** The HTTP status; 0 = no answer. */
    status: number;
    /** How long it took. */
    milliseconds: number;
    /** The first 4 KiB, as text. */
    body: string;
}

/** An answer to a probe, in short. */
export interface AppPulse {
    /** When it was asked. */
    at: number;
    /** The HTTP status; 0 = no answer. */
    status: number;
    /** How long it took. */
    milliseconds: number;
    /** Whether that is well. */
    good: boolean;
}

/** How an app answers. */
export interface AppHealth {
    /** ok, starting, slow, failing, stopped. */
    state: string;
    /** The same in words. */
    sentence: string;
    /** Since when. */
    since: number;
    /** What is asked and which answer is well. */
    expected: string;
    /** The last answer. */
    last: AppAnswer | null;
    /** The last good answer. */
    good: AppAnswer | null;
    /** The last answers since the manager runs, oldest first; at most 90. */
    recent: AppPulse[];
    /** Each container. */
    containers: AppContainer[];
}

/** What an app used. */
export interface AppSample {
    /** The end of the five minutes, the half hour or the two hours. */
    at: number;
    /** The most memory. */
    memory_mb: number;
    /** The average of what was the most in each five minutes. */
    memory_average_mb: number;
    /** Of one processor, on average. */
    cpu_percent: number;
    /** The most of it in any five minutes. */
    cpu_most_percent: number;
    /** What it had written, as it was measured last. */
    disk_mb: number | null;
}

/** A line of an app's log. */
export interface AppLogLine {
    /** When. */
    at: number;
    /** Its place; `after` takes it. */
    cursor: string;
    /** Which container. */
    container: string;
    /** error, warning, info. */
    level: string;
    /** The line. */
    text: string;
}

/** A terminal inside an app. */
export interface Terminal {
    /** Its id. */
    terminal: string;
    /** The app. */
    app: string;
    /** The container. */
    container: string;
    /** What runs. */
    command: string[];
}

/** A file of an app's data. */
export interface AppFile {
    /** Its name. */
    name: string;
    /** Below the app's data. */
    path: string;
    /** file, directory or other. */
    kind: string;
    /** Bytes. */
    size: number;
    /** When it changed. */
    changed_at: number;
}

/** A part of a file. */
export interface FileChunk {
    /** The file's name. */
    name: string;
    /** Bytes of the whole. */
    size: number;
    /** Where these begin. */
    offset: number;
    /** Where the next begin; null at the end. */
    next: number | null;
    /** The bytes. */
    base64: string;
}

/** Something an app does by the clock. */
export interface AppTask {
    /** Its id. */
    task: string;
    /** Where it runs. */
    container: string;
    /** When, as systemd.time(7) writes it. */
    calendar: string;
    /** What runs. */
    command: string[];
    /** Whether it runs by the clock. */
    active: boolean;
    /** idle, running, failed. */
    state: string;
    /** When it last ran. */
    last_at: number | null;
    /** When it runs next. */
    next_at: number | null;
    /** How the last run went. */
    sentence: string;
}

/** A tile of the launcher. */
export interface Tile {
    /** The app's id, or a link's. */
    tile: string;
    /** app or link. */
    kind: string;
    /** What people read. */
    title: string;
    /** Where it leads. */
    url: string;
    /** A data: URL. */
    icon: string | null;
    /** ok, starting, failing, stopped, maintenance. */
    state: string;
    /** How it stands; empty while all is well. */
    sentence: string;
}

/** A link of the launcher. */
export interface LauncherLink {
    /** Its id. */
    tile: string;
    /** What people read. */
    title: string;
    /** Where it leads. */
    url: string;
    /** Whether everybody sees it. */
    everybody: boolean;
    /** Otherwise the groups whose members do. */
    groups: string[];
}

/** The way into an app. */
export interface AppEntry {
    /** Where the browser goes now. */
    url: string;
    /** The app's title. */
    title: string;
}

/** What becomes of a line of a Compose file. */
export interface ImportLine {
    /** The line of the file. */
    line: number;
    /** What stands there, as services.web.ports. */
    key: string;
    /** honoured, ignored, asks or refused. */
    verdict: string;
    /** What becomes of it, and why. */
    sentence: string;
}

/** What would become of a Compose file. */
export interface ImportReport {
    /** Whether it can be installed; with an administrator's yes where it needs the machine's own network. */
    possible: boolean;
    /** The id it would have. */
    id: string;
    /** Its services. */
    services: string[];
    /** The one that people would open. */
    service: string | null;
    /** The port of it that would be asked. */
    port: number | null;
    /** Whether it asks for the machine's own network. */
    needs_host_network: boolean;
    /** Variables without a value. */
    variables: string[];
    /** What becomes of each line, refusals first. */
    lines: ImportLine[];
}

/** A line of the log. */
export interface LogEntry {
    /** Its place in the chain. */
    seq: number;
    /** When. */
    at: number;
    /** What was asked. */
    operation: string;
    /** Who: a user name, system, unix:name, or #id where the person is gone. */
    actor: string;
    /** To what. */
    object: string;
    /** ok, refused or failed. */
    result: string;
    /** More: address, changed fields, error name; never secrets. */
    detail: Free;
    /** Whether the detail was erased. */
    erased: boolean;
}

/** A help page. */
export interface HelpPage {
    /** Its name. */
    page: string;
    /** Its title. */
    title: string;
    /** A line around the hit. */
    excerpt: string;
}

/** A help page's text. */
export interface HelpText {
    /** Its name. */
    page: string;
    /** Its title. */
    title: string;
    /** The language it is in. */
    language: string;
    /** Markdown. */
    text: string;
}

/** An OpenAPI 3.1 document. */
export interface OpenApi {}

/** What each operation takes. */
export interface OperationFields {
    'site.show': {};
    'privacy.show': {
        /** The language of the notice. */
        language?: string;
    };
    'session.create': {
        /** Your user name or e-mail address. */
        username: string;
        /** Your password. */
        password: string;
        /** Six digits from your authenticator, or a recovery code. */
        code?: string;
    };
    'session.show': {};
    'session.delete': {};
    'link.inspect': {
        /** The secret part of the link. */
        token: string;
    };
    'link.use': {
        /** The secret part of the link. */
        token: string;
        /** The new password, at least 10 characters. */
        password: string;
        /** The user name, where the link leaves it open. */
        username?: string;
        /** The name to show. */
        display_name?: string;
        /** An address where you can be reached. */
        email?: string;
        /** The language of the web UI. */
        language?: string;
        /** That the privacy notice was read. */
        consent?: boolean;
    };
    'account.show': {};
    'account.update': {
        /** The name to show. */
        display_name?: string;
        /** An address where you can be reached; empty removes it. */
        email?: string;
        /** The language of the web UI. */
        language?: string;
    };
    'account.password': {
        /** The present password. */
        current: string;
        /** The new password, at least 10 characters. */
        password: string;
    };
    'account.totp-start': {
        /** The present password. */
        password: string;
    };
    'account.totp-confirm': {
        /** Six digits from the authenticator. */
        code: string;
    };
    'account.totp-remove': {
        /** The present password. */
        password: string;
    };
    'account.recovery-renew': {
        /** The present password. */
        password: string;
    };
    'account.recovery-verify': {
        /** One of the recovery codes; it stays usable. */
        code: string;
    };
    'account.sessions': {};
    'account.session-revoke': {
        /** The session, or `others` for all but this one. */
        id: string;
    };
    'account.tokens': {};
    'account.token-add': {
        /** What the token is for. */
        name: string;
        /** What it may do, as `scope:read` or `scope:write`. */
        scopes: string[];
        /** Days until it expires; 90 unless told. */
        days?: number;
    };
    'account.token-remove': {
        /** The token. */
        id: string;
    };
    'account.activity': {
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
    };
    'account.consents': {};
    'account.consent-set': {
        /** What the consent is about. */
        kind: "privacy-notice" | "provider-watch" | "block-lists";
        /** Whether it is given or withdrawn. */
        given: boolean;
    };
    'account.data': {};
    'user.list': {
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
        /** Only people in this state. */
        state?: "active" | "invited" | "deactivated" | "frozen";
        /** Only people of this role. */
        role?: "owner" | "admin" | "user-manager" | "mail-manager" | "user";
        /** Only members of this group. */
        group?: string;
        /** The order; username unless told. */
        sort?: "username" | "display_name" | "last_seen" | "created";
    };
    'user.add': {
        /** Lower-case letters, digits, dot, dash, underscore; starts with a letter. */
        username: string;
        /** The name to show; the user name unless told. */
        display_name?: string;
        /** An address where the person can be reached. */
        email?: string;
        /** What the person may do; user unless told. */
        role?: "owner" | "admin" | "user-manager" | "mail-manager" | "user";
        /** The language of the web UI. */
        language?: string;
        /** Groups to join. */
        groups?: string[];
        /** A first password; without one an invitation link is made. */
        password?: string;
    };
    'user.show': {
        /** The user name. */
        user: string;
    };
    'user.update': {
        /** The user name. */
        user: string;
        /** The name to show. */
        display_name?: string;
        /** An address; empty removes it. */
        email?: string;
        /** The new role. */
        role?: "owner" | "admin" | "user-manager" | "mail-manager" | "user";
        /** The language of the web UI. */
        language?: string;
        /** All groups the person shall be in. */
        groups?: string[];
    };
    'user.deactivate': {
        /** The user name. */
        user: string;
    };
    'user.activate': {
        /** The user name. */
        user: string;
    };
    'user.freeze': {
        /** The user name. */
        user: string;
        /** Why, for the log. */
        reason?: string;
    };
    'user.delete': {
        /** The user name. */
        user: string;
    };
    'user.invite': {
        /** The user name. */
        user: string;
    };
    'user.reset': {
        /** The user name. */
        user: string;
    };
    'user.totp-remove': {
        /** The user name. */
        user: string;
    };
    'user.sign-out': {
        /** The user name. */
        user: string;
    };
    'user.data': {
        /** The user name. */
        user: string;
    };
    'user.export': {};
    'user.import': {
        /** A table with the header username,display_name,email,role,language,groups (RFC 4180). */
        csv: string;
        /** Only check; the job's result lists what would happen. */
        dry_run?: boolean;
    };
    'role.list': {};
    'owner.link': {
        /** The owner to be reset; the first owner unless told. */
        username?: string;
        /** SHA-256 in hex of a token made elsewhere; then the answer carries no link. */
        token_sha256?: string;
        /** The owner's address, for the first link. */
        email?: string;
        /** An argon2id hash; then the owner exists at once. */
        password_hash?: string;
    };
    'group.list': {
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
    };
    'group.add': {
        /** Lower-case letters, digits, dot, dash, underscore. */
        name: string;
        /** What the group is for. */
        description?: string;
        /** User names to add. */
        members?: string[];
    };
    'group.show': {
        /** The group. */
        group: string;
    };
    'group.update': {
        /** The group. */
        group: string;
        /** A new name. */
        name?: string;
        /** What the group is for. */
        description?: string;
    };
    'group.remove': {
        /** The group. */
        group: string;
    };
    'group.join': {
        /** The group. */
        group: string;
        /** The user name. */
        user: string;
    };
    'group.leave': {
        /** The group. */
        group: string;
        /** The user name. */
        user: string;
    };
    'finding.list': {};
    'finding.ignore': {
        /** The finding. */
        id: string;
        /** For how long; 30 unless told, 0 shows it again. */
        days?: number;
        /** Because ... */
        reason?: string;
    };
    'search.find': {
        /** What to look for. */
        q: string;
    };
    'job.list': {
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
        /** Only jobs in this state. */
        state?: "queued" | "running" | "done" | "failed" | "cancelled";
    };
    'job.show': {
        /** The job. */
        id: string;
    };
    'job.log': {
        /** The job. */
        id: string;
    };
    'job.cancel': {
        /** The job. */
        id: string;
    };
    'job.retry': {
        /** The job. */
        id: string;
    };
    'event.watch': {};
    'system.show': {};
    'system.services': {};
    'system.starts': {};
    'system.reboot': {};
    'system.shutdown': {};
    'setting.show': {};
    'setting.update': {
        /** A name of the tz database, such as Europe/Berlin. */
        timezone?: string;
        /** The machine's own name (RFC 1123). */
        hostname?: string;
        /** The box's language for people who chose none. */
        language?: string;
        /** What people call this box. */
        box_name?: string;
        /** Privacy notice: who is responsible. */
        controller?: string;
        /** Privacy notice: how to reach them. */
        contact?: string;
        /** Privacy notice: the supervisory authority. */
        authority?: string;
        /** How long personal detail in the log is kept. */
        retention_days?: number;
        /** The IPv4 address the world reaches the box at, where the machine has another; empty = its own. */
        public_ipv4?: string;
        /** The IPv6 address the world reaches the box at, where the machine has another; empty = its own. */
        public_ipv6?: string;
        /** Consent: ask public block lists about this box's address, and try whether port 25 leads out. */
        outside_checks?: boolean;
        /** The certificate authority's ACME directory; empty = the usual one. */
        acme_url?: string;
        /** Use the authority's test service: its certificates are not trusted, its limits are wide. */
        acme_staging?: boolean;
        /** Whether apps that want it are updated by themselves. */
        app_updates?: boolean;
        /** When they are: from and to in the box's time, as 02:00-05:00. */
        app_window?: string;
    };
    'timezone.list': {
        /** Only names in which this text occurs. */
        q?: string;
    };
    'ssh-key.list': {};
    'ssh-key.add': {
        /** One line of a .pub file: type, key, comment. */
        key: string;
    };
    'ssh-key.remove': {
        /** SHA-256 fingerprint in hex. */
        fingerprint: string;
    };
    'firewall.show': {};
    'secret.list': {};
    'secret.rotate': {
        /** The secret. */
        name: string;
    };
    'support.bundle': {
        /** What you would tell the person who helps. */
        note?: string;
    };
    'support.bundle-show': {
        /** The job that made it. */
        id: string;
    };
    'domain.look': {
        /** The domain, Unicode or A-labels. */
        name: string;
    };
    'domain.list': {
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
    };
    'domain.add': {
        /** The domain, Unicode or A-labels. */
        name: string;
        /** What of it this box is for: names below it only (mail or a website lives elsewhere), the website too, or mail as well. */
        scope: "subdomain" | "web" | "everything";
    };
    'domain.check-all': {};
    'domain.show': {
        /** The domain. */
        domain: string;
    };
    'domain.update': {
        /** The domain. */
        domain: string;
        /** What of it this box is for. */
        scope?: "subdomain" | "web" | "everything";
    };
    'domain.remove': {
        /** The domain. */
        domain: string;
    };
    'domain.records': {
        /** The domain. */
        domain: string;
    };
    'domain.zone': {
        /** The domain. */
        domain: string;
    };
    'domain.history': {
        /** The domain. */
        domain: string;
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
    };
    'domain.check': {
        /** The domain. */
        domain: string;
    };
    'domain.ignore': {
        /** The domain. */
        domain: string;
        /** The record's id, as domain.records shows it. */
        record: string;
        /** Because ...; empty counts it again. */
        reason?: string;
    };
    'domain.switch': {
        /** The domain. */
        domain: string;
        /** What moves to this box. */
        part: "web" | "mail";
        /** Take the switch back: its records wait again, and what lived there before may stay. */
        back?: boolean;
    };
    'domain.primary': {
        /** The domain. */
        domain: string;
    };
    'domain.connect': {
        /** The domain. */
        domain: string;
        /** Where the domain's records are kept. */
        kind: "rfc2136" | "cloudflare" | "hetzner" | "desec" | "digitalocean";
        /** The API token, or the TSIG key in base64; sealed at once. */
        token: string;
        /** Name or address of the primary server, for rfc2136. */
        server?: string;
        /** Its port, for rfc2136; 53 unless told. */
        port?: number;
        /** The TSIG key's name, for rfc2136. */
        key_name?: string;
        /** The TSIG algorithm, for rfc2136; hmac-sha256 unless told. */
        algorithm?: "hmac-sha256" | "hmac-sha512";
    };
    'domain.disconnect': {
        /** The domain. */
        domain: string;
    };
    'domain.test': {
        /** The domain. */
        domain: string;
    };
    'domain.write': {
        /** The domain. */
        domain: string;
        /** Only compare; the job's result lists what would change. */
        dry_run?: boolean;
        /** Ids of records that may replace what somebody else put there. */
        replace?: string[];
    };
    'dns-provider.list': {};
    'name.list': {};
    'name.add': {
        /** The name, in a domain of the box. */
        name: string;
        /** A redirect sends visitors on; an alias shows the same as its target. */
        kind: "redirect" | "alias";
        /** The name it leads to; an alias needs one of this box. */
        target: string;
        /** Extra headers: no-index, hsts-subdomains, hsts-preload, no-referrer, same-origin-resources. */
        headers?: string[];
    };
    'name.update': {
        /** The name. */
        name: string;
        /** The name it leads to. */
        target?: string;
        /** Extra headers: no-index, hsts-subdomains, hsts-preload, no-referrer, same-origin-resources. */
        headers?: string[];
    };
    'name.remove': {
        /** The name. */
        name: string;
    };
    'certificate.list': {};
    'certificate.show': {
        /** The certificate. */
        id: string;
    };
    'certificate.renew': {
        /** The certificate. */
        id: string;
    };
    'certificate.upload': {
        /** The certificate and those between it and the authority, in PEM. */
        chain: string;
        /** Its private key in PEM, without a passphrase. */
        key: string;
    };
    'certificate.remove': {
        /** The certificate. */
        id: string;
    };
    'certificate.check': {};
    'app.catalogue': {
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
        /** Only apps of this category. */
        category?: string;
    };
    'app.offer': {
        /** The app of the catalogue. */
        package: string;
    };
    'app.presets': {};
    'app.preset-install': {
        /** The app of the catalogue that the provider asked for. */
        package: string;
        /** Further answers to the package's questions, each key=value; they speak before the provider's. */
        settings?: string[];
        /** Answers that are secret, one key=value a line. */
        secret_settings?: string;
    };
    'app.preset-dismiss': {
        /** The app of the catalogue that the provider asked for. */
        package: string;
    };
    'catalogue.refresh': {};
    'catalogue.sources': {};
    'catalogue.source-add': {
        /** A short name for it. */
        source: string;
        /** An https address, or a directory of this machine. */
        url: string;
        /** Its public key, as minisign prints it. */
        key: string;
    };
    'catalogue.source-remove': {
        /** The source. */
        source: string;
    };
    'registry.list': {};
    'registry.set': {
        /** The registry, as its images begin: ghcr.io, registry.example:5000. */
        host: string;
        /** The user name there. */
        username: string;
        /** The password or access token there; one that may only read is best. */
        password: string;
        /** The host that hands out its tokens, if that is another: it is told the password, too. */
        token_host?: string;
    };
    'registry.test': {
        /** The registry, as its images begin: ghcr.io, registry.example:5000. */
        host: string;
        /** An image there that the login should be allowed to fetch. */
        image?: string;
    };
    'registry.remove': {
        /** The registry, as its images begin: ghcr.io, registry.example:5000. */
        host: string;
    };
    'app.list': {
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
    };
    'app.install': {
        /** The app of the catalogue; or give `image`. */
        package?: string;
        /** An OCI image, as registry/name:tag or registry/name@sha256:digest. */
        image?: string;
        /** The port on which the image answers HTTP. */
        port?: number;
        /** A version the catalogue still has; the newest unless told. */
        version?: string;
        /** The app's id here: lower-case letters and digits; made from the package unless told. */
        id?: string;
        /** What people call it. */
        title?: string;
        /** Where it lives: a name in a domain of the box, or the domain itself; made from the id unless told. */
        name?: string;
        /** Who may open it: the world, everybody with an account here, members of `groups`, of which there must be one. */
        access?: "public" | "everyone" | "groups";
        /** Groups whose members may open it. */
        groups?: string[];
        /** Answers to the package's questions, each key=value. */
        settings?: string[];
        /** Answers that are secret, one key=value a line. */
        secret_settings?: string;
        /** For an image: variables, each KEY=value. */
        environment?: string[];
        /** For an image: directories of it that hold data to keep. */
        data?: string[];
        /** Yes to the machine's own network, where the package asks for it. */
        host_network?: boolean;
    };
    'app.import-check': {
        /** The Compose file. */
        compose: string;
        /** Values for its ${...}, one KEY=value a line. */
        variables?: string;
        /** The service that people open; the first with a port unless told. */
        service?: string;
        /** The port in it that answers HTTP. */
        port?: number;
        /** The app that it would change: values it has are not missing. */
        app?: string;
    };
    'app.import': {
        /** The Compose file. */
        compose: string;
        /** Values for its ${...}, one KEY=value a line. */
        variables?: string;
        /** The app's id here; made from the file's name: unless told. */
        id?: string;
        /** What people call it. */
        title?: string;
        /** Where it lives. */
        name?: string;
        /** The service that people open; the first with a port unless told. */
        service?: string;
        /** The port in it that answers HTTP. */
        port?: number;
        /** Who may open it. */
        access?: "public" | "everyone" | "groups";
        /** Groups whose members may open it. */
        groups?: string[];
        /** Yes to the machine's own network, where the file asks for it. */
        host_network?: boolean;
    };
    'app.show': {
        /** The app. */
        app: string;
    };
    'app.start': {
        /** The app. */
        app: string;
    };
    'app.stop': {
        /** The app. */
        app: string;
    };
    'app.restart': {
        /** The app. */
        app: string;
    };
    'app.configure': {
        /** The app. */
        app: string;
        /** What people call it. */
        title?: string;
        /** Where it lives; for administrators. */
        name?: string;
        /** Further names it answers to; for administrators. */
        extra_names?: string[];
        /** Who may open it; for administrators. */
        access?: "public" | "everyone" | "groups";
        /** Groups whose members may open it; for administrators. */
        groups?: string[];
        /** People who may operate this app; for administrators. */
        operators?: string[];
        /** Answers to the package's questions, each key=value. */
        settings?: string[];
        /** Answers that are secret, one key=value a line. */
        secret_settings?: string;
        /** All variables of one's own, each KEY=value; they win over the package's. */
        environment?: string[];
        /** The most memory it may take, in MB; 0 = as the package says. Operators: up to what the package says, or an administrator gave. */
        memory_mb?: number;
        /** Its share of the processor beside others, 100 is usual; 0 = as the package says. Operators: as for memory. */
        cpu_weight?: number;
        /** The most it may write, in MB; 0 = as its package says, or no limit of its own. Beyond it is stopped. Operators: as for memory. */
        disk_mb?: number;
        /** Whether it may reach the world; for administrators. */
        network_out?: "none" | "any";
        /** Whether it may reach mail servers in the world; a copy may not until that is said; for administrators. */
        mail?: boolean;
        /** Raw ports of the package that the world may reach; all others are closed; for administrators. */
        ports?: string[];
        /** Whether it is updated by itself in the window. */
        auto_update?: boolean;
        /** Show visitors the maintenance page. */
        maintenance?: boolean;
    };
    'app.versions': {
        /** The app. */
        app: string;
    };
    'app.update': {
        /** The app. */
        app: string;
        /** The version; the newest that may be reached unless told. */
        version?: string;
    };
    'app.look': {
        /** The app. */
        app: string;
    };
    'app.reimport': {
        /** The app. */
        app: string;
        /** The changed Compose file. */
        compose: string;
        /** Values for its ${...}, one KEY=value a line; those that are left out stay as they are. */
        variables?: string;
        /** The service that people open; the first with a port unless told. */
        service?: string;
        /** The port in it that answers HTTP. */
        port?: number;
    };
    'app.update-all': {};
    'app.rollback': {
        /** The app. */
        app: string;
        /** A version that is kept. */
        version: string;
        /** Put the data back too, as it was when that version was left; the present data is kept for 30 days. */
        data?: boolean;
    };
    'app.clone': {
        /** The app. */
        app: string;
        /** Where the copy lives. */
        name: string;
        /** The copy's id; made from the name unless told. */
        id?: string;
        /** What people call it. */
        title?: string;
    };
    'app.uninstall': {
        /** The app. */
        app: string;
        /** Keep its data for 30 days; yes unless told. */
        archive?: boolean;
    };
    'app.archives': {};
    'app.archive-restore': {
        /** The archive. */
        archive: string;
        /** Where it lives; where it lived unless told. */
        name?: string;
    };
    'app.archive-remove': {
        /** The archive. */
        archive: string;
    };
    'app.export': {
        /** The app. */
        app: string;
        /** With a Compose file that runs it elsewhere; yes unless told. */
        compose?: boolean;
        /** With the app's secrets, which it needs elsewhere; no unless told. */
        secrets?: boolean;
    };
    'app.export-read': {
        /** The export, as its job's result says. */
        export: string;
        /** From which byte; 0 unless told. */
        offset?: number;
    };
    'app.history': {
        /** The app. */
        app: string;
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
    };
    'app.secrets': {
        /** The app. */
        app: string;
    };
    'app.health': {
        /** The app. */
        app: string;
    };
    'app.use': {
        /** The app. */
        app: string;
        /** How far back; the last day unless told. */
        period?: "day" | "week" | "month";
    };
    'app.logs': {
        /** The app. */
        app: string;
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
        /** Only this container. */
        container?: string;
        /** Not before this time (seconds since 1970). */
        from?: number;
        /** Not after this time (seconds since 1970). */
        to?: number;
    };
    'app.logs-watch': {
        /** The app. */
        app: string;
        /** Only this container. */
        container?: string;
    };
    'app.exec': {
        /** The app. */
        app: string;
        /** The command; a shell of the image unless told. */
        command?: string[];
        /** The container; the one that people open unless told. */
        container?: string;
        /** Whether it talks to a terminal; yes unless told. */
        terminal?: boolean;
        /** The terminal's height. */
        rows?: number;
        /** The terminal's width. */
        columns?: number;
    };
    'app.terminal-watch': {
        /** The terminal. */
        terminal: string;
    };
    'app.terminal-input': {
        /** The terminal. */
        terminal: string;
        /** Bytes to type. */
        base64?: string;
        /** The terminal's new height. */
        rows?: number;
        /** The terminal's new width. */
        columns?: number;
        /** No more input comes. */
        end?: boolean;
    };
    'app.terminal-close': {
        /** The terminal. */
        terminal: string;
    };
    'app.files': {
        /** The app. */
        app: string;
        /** A directory of the app's data; the top unless told. */
        path?: string;
    };
    'app.file-read': {
        /** The app. */
        app: string;
        /** A file of the app's data. */
        path: string;
        /** From which byte; 0 unless told. */
        offset?: number;
    };
    'app.file-write': {
        /** The app. */
        app: string;
        /** A file of the app's data; its directory must be there. */
        path: string;
        /** Where these bytes go; 0 begins anew. */
        offset?: number;
        /** The bytes. */
        base64: string;
        /** These are the last: the file takes its place now, not before; yes unless told. */
        last?: boolean;
    };
    'app.directory-read': {
        /** The app. */
        app: string;
        /** A directory of the app's data. */
        path: string;
    };
    'app.directory-make': {
        /** The app. */
        app: string;
        /** A directory of the app's data; the one it lies in must be there. */
        path: string;
    };
    'app.file-remove': {
        /** The app. */
        app: string;
        /** A file or a directory of the app's data. */
        path: string;
        /** A directory goes with all that is in it; only an empty one goes without this. */
        recursive?: boolean;
    };
    'app.schedule': {
        /** The app. */
        app: string;
    };
    'app.schedule-set': {
        /** The app. */
        app: string;
        /** The task. */
        task: string;
        /** Whether it runs by the clock. */
        active?: boolean;
        /** Run it now. */
        run?: boolean;
    };
    'launcher.list': {};
    'launcher.links': {};
    'launcher.link-add': {
        /** What people read. */
        title: string;
        /** Where it leads. */
        url: string;
        /** Only members of these see it; everybody unless told. */
        groups?: string[];
    };
    'launcher.link-remove': {
        /** The link's id. */
        tile: string;
    };
    'app.authorize': {
        /** The app's name, where the browser came from. */
        name: string;
        /** Where in the app it wanted to go. */
        path?: string;
        /** What the address said beside them, as it is; without it the code leads back here. */
        state?: string;
    };
    'log.list': {
        /** How many items at most; 50 unless told. */
        limit?: number;
        /** The cursor `next` of the previous page. */
        after?: string;
        /** Only items in which this text occurs. */
        q?: string;
        /** Only what this actor did: a user name, `system`, `unix:name`. */
        actor?: string;
        /** Only this operation, or a noun such as `user`. */
        operation?: string;
        /** Only what was done to this. */
        object?: string;
        /** Only this result. */
        result?: "ok" | "refused" | "failed";
        /** Not before this time (seconds since 1970). */
        from?: number;
        /** Not after this time (seconds since 1970). */
        to?: number;
    };
    'log.verify': {};
    'help.list': {
        /** Only pages in which these words occur. */
        q?: string;
        /** The language of the pages. */
        language?: string;
    };
    'help.show': {
        /** The page. */
        page: string;
        /** The language of the page. */
        language?: string;
    };
    'api.show': {};
}

/** What each operation answers. */
export interface OperationResults {
    'site.show': Site;
    'privacy.show': Privacy;
    'session.create': Session;
    'session.show': Session;
    'session.delete': Nothing;
    'link.inspect': Link;
    'link.use': Session;
    'account.show': Account;
    'account.update': Account;
    'account.password': Nothing;
    'account.totp-start': TotpStart;
    'account.totp-confirm': RecoveryCodes;
    'account.totp-remove': Nothing;
    'account.recovery-renew': RecoveryCodes;
    'account.recovery-verify': Account;
    'account.sessions': Page<SessionRow>;
    'account.session-revoke': Nothing;
    'account.tokens': Page<Token>;
    'account.token-add': NewToken;
    'account.token-remove': Nothing;
    'account.activity': Page<LogEntry>;
    'account.consents': Page<Consent>;
    'account.consent-set': Consent;
    'account.data': PersonalData;
    'user.list': Page<User>;
    'user.add': UserAdded;
    'user.show': User;
    'user.update': User;
    'user.deactivate': User;
    'user.activate': User;
    'user.freeze': User;
    'user.delete': JobStarted;
    'user.invite': NewLink;
    'user.reset': NewLink;
    'user.totp-remove': User;
    'user.sign-out': User;
    'user.data': PersonalData;
    'user.export': Csv;
    'user.import': JobStarted;
    'role.list': Page<Role>;
    'owner.link': NewLink;
    'group.list': Page<Group>;
    'group.add': Group;
    'group.show': Group;
    'group.update': Group;
    'group.remove': Nothing;
    'group.join': Group;
    'group.leave': Group;
    'finding.list': Page<Finding>;
    'finding.ignore': Nothing;
    'search.find': Page<SearchHit>;
    'job.list': Page<Job>;
    'job.show': Job;
    'job.log': Page<JobLine>;
    'job.cancel': Job;
    'job.retry': JobStarted;
    'event.watch': Nothing;
    'system.show': System;
    'system.services': Page<Service>;
    'system.starts': Page<Start>;
    'system.reboot': Nothing;
    'system.shutdown': Nothing;
    'setting.show': Settings;
    'setting.update': Settings;
    'timezone.list': Page<Name>;
    'ssh-key.list': Page<SshKey>;
    'ssh-key.add': SshKey;
    'ssh-key.remove': Nothing;
    'firewall.show': Firewall;
    'secret.list': Page<Secret>;
    'secret.rotate': Secret;
    'support.bundle': JobStarted;
    'support.bundle-show': Bundle;
    'domain.look': JobStarted;
    'domain.list': Page<Domain>;
    'domain.add': Domain;
    'domain.check-all': JobStarted;
    'domain.show': Domain;
    'domain.update': Domain;
    'domain.remove': Nothing;
    'domain.records': Page<DomainRecord>;
    'domain.zone': ZoneFile;
    'domain.history': Page<DomainChange>;
    'domain.check': JobStarted;
    'domain.ignore': DomainRecord;
    'domain.switch': Domain;
    'domain.primary': JobStarted;
    'domain.connect': Domain;
    'domain.disconnect': Domain;
    'domain.test': JobStarted;
    'domain.write': JobStarted;
    'dns-provider.list': Page<DnsProvider>;
    'name.list': Page<ServedName>;
    'name.add': ServedName;
    'name.update': ServedName;
    'name.remove': Nothing;
    'certificate.list': Page<Certificate>;
    'certificate.show': Certificate;
    'certificate.renew': JobStarted;
    'certificate.upload': JobStarted;
    'certificate.remove': Nothing;
    'certificate.check': JobStarted;
    'app.catalogue': Page<Offer>;
    'app.offer': OfferDetail;
    'app.presets': Page<AppPreset>;
    'app.preset-install': JobStarted;
    'app.preset-dismiss': Nothing;
    'catalogue.refresh': JobStarted;
    'catalogue.sources': Page<CatalogueSource>;
    'catalogue.source-add': CatalogueSource;
    'catalogue.source-remove': Nothing;
    'registry.list': Page<RegistryLogin>;
    'registry.set': RegistryLogin;
    'registry.test': JobStarted;
    'registry.remove': Nothing;
    'app.list': Page<App>;
    'app.install': JobStarted;
    'app.import-check': ImportReport;
    'app.import': JobStarted;
    'app.show': App;
    'app.start': JobStarted;
    'app.stop': JobStarted;
    'app.restart': JobStarted;
    'app.configure': JobStarted;
    'app.versions': Page<AppVersion>;
    'app.update': JobStarted;
    'app.look': JobStarted;
    'app.reimport': JobStarted;
    'app.update-all': JobStarted;
    'app.rollback': JobStarted;
    'app.clone': JobStarted;
    'app.uninstall': JobStarted;
    'app.archives': Page<AppArchive>;
    'app.archive-restore': JobStarted;
    'app.archive-remove': JobStarted;
    'app.export': JobStarted;
    'app.export-read': FileChunk;
    'app.history': Page<AppEvent>;
    'app.secrets': Page<AppSecret>;
    'app.health': AppHealth;
    'app.use': Page<AppSample>;
    'app.logs': Page<AppLogLine>;
    'app.logs-watch': Nothing;
    'app.exec': Terminal;
    'app.terminal-watch': Nothing;
    'app.terminal-input': Nothing;
    'app.terminal-close': Nothing;
    'app.files': Page<AppFile>;
    'app.file-read': FileChunk;
    'app.file-write': AppFile;
    'app.directory-read': Nothing;
    'app.directory-make': AppFile;
    'app.file-remove': Nothing;
    'app.schedule': Page<AppTask>;
    'app.schedule-set': AppTask;
    'launcher.list': Page<Tile>;
    'launcher.links': Page<LauncherLink>;
    'launcher.link-add': Tile;
    'launcher.link-remove': Nothing;
    'app.authorize': AppEntry;
    'log.list': Page<LogEntry>;
    'log.verify': JobStarted;
    'help.list': Page<HelpPage>;
    'help.show': HelpText;
    'api.show': OpenApi;
}

/** Method, path and fields: name: [type, marks, min, max]; marks r = required, p = positional, s = secret. */
export const operations: { [name in OperationName]: OperationRow } = {
    'site.show': ['GET', '/site', {}],
    'privacy.show': ['GET', '/privacy', { language: ['LANGUAGE', '', 2, 8] }],
    'session.create': ['POST', '/session', { username: ['STRING', 'r', 1, 254], password: ['STRING', 'rs', 1, 1024], code: ['STRING', 's', 6, 32] }],
    'session.show': ['GET', '/session', {}],
    'session.delete': ['DELETE', '/session', {}],
    'link.inspect': ['POST', '/links/inspect', { token: ['STRING', 'rs', 16, 128] }],
    'link.use': ['POST', '/links/use', { token: ['STRING', 'rs', 16, 128], password: ['PASSWORD', 'rs', 10, 1024], username: ['USERNAME', '', 1, 32], display_name: ['STRING', '', 1, 128], email: ['EMAIL', '', 3, 254], language: ['LANGUAGE', '', 2, 8], consent: ['BOOLEAN', '', 0, 1] }],
    'account.show': ['GET', '/account', {}],
    'account.update': ['PATCH', '/account', { display_name: ['STRING', '', 1, 128], email: ['EMAIL', '', 0, 254], language: ['LANGUAGE', '', 2, 8] }],
    'account.password': ['POST', '/account/password', { current: ['STRING', 'rs', 1, 1024], password: ['PASSWORD', 'rs', 10, 1024] }],
    'account.totp-start': ['POST', '/account/totp', { password: ['STRING', 'rs', 1, 1024] }],
    'account.totp-confirm': ['POST', '/account/totp/confirm', { code: ['STRING', 'rs', 6, 6] }],
    'account.totp-remove': ['POST', '/account/totp/remove', { password: ['STRING', 'rs', 1, 1024] }],
    'account.recovery-renew': ['POST', '/account/recovery', { password: ['STRING', 'rs', 1, 1024] }],
    'account.recovery-verify': ['POST', '/account/recovery/verify', { code: ['STRING', 'rs', 6, 32] }],
    'account.sessions': ['GET', '/account/sessions', {}],
    'account.session-revoke': ['DELETE', '/account/sessions/{id}', { id: ['ID', 'rp', 1, 64] }],
    'account.tokens': ['GET', '/account/tokens', {}],
    'account.token-add': ['POST', '/account/tokens', { name: ['STRING', 'rp', 1, 64], scopes: ['STRINGS', 'r', 1, 32], days: ['INTEGER', '', 1, 730] }],
    'account.token-remove': ['DELETE', '/account/tokens/{id}', { id: ['ID', 'rp', 1, 64] }],
    'account.activity': ['GET', '/account/activity', { limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128] }],
    'account.consents': ['GET', '/account/consents', {}],
    'account.consent-set': ['PUT', '/account/consents/{kind}', { kind: ['ENUM', 'rp', 1, 32], given: ['BOOLEAN', 'rp', 0, 1] }],
    'account.data': ['GET', '/account/data', {}],
    'user.list': ['GET', '/users', { limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128], state: ['ENUM', '', 1, 16], role: ['ENUM', '', 1, 16], group: ['GROUPNAME', '', 1, 32], sort: ['ENUM', '', 1, 16] }],
    'user.add': ['POST', '/users', { username: ['USERNAME', 'rp', 1, 32], display_name: ['STRING', '', 1, 128], email: ['EMAIL', '', 0, 254], role: ['ENUM', '', 1, 16], language: ['LANGUAGE', '', 2, 8], groups: ['STRINGS', '', 0, 64], password: ['PASSWORD', 's', 10, 1024] }],
    'user.show': ['GET', '/users/{user}', { user: ['USERNAME', 'rp', 1, 32] }],
    'user.update': ['PATCH', '/users/{user}', { user: ['USERNAME', 'rp', 1, 32], display_name: ['STRING', '', 1, 128], email: ['EMAIL', '', 0, 254], role: ['ENUM', '', 1, 16], language: ['LANGUAGE', '', 2, 8], groups: ['STRINGS', '', 0, 64] }],
    'user.deactivate': ['POST', '/users/{user}/deactivate', { user: ['USERNAME', 'rp', 1, 32] }],
    'user.activate': ['POST', '/users/{user}/activate', { user: ['USERNAME', 'rp', 1, 32] }],
    'user.freeze': ['POST', '/users/{user}/freeze', { user: ['USERNAME', 'rp', 1, 32], reason: ['STRING', '', 0, 256] }],
    'user.delete': ['DELETE', '/users/{user}', { user: ['USERNAME', 'rp', 1, 32] }],
    'user.invite': ['POST', '/users/{user}/invite', { user: ['USERNAME', 'rp', 1, 32] }],
    'user.reset': ['POST', '/users/{user}/reset', { user: ['USERNAME', 'rp', 1, 32] }],
    'user.totp-remove': ['POST', '/users/{user}/totp-remove', { user: ['USERNAME', 'rp', 1, 32] }],
    'user.sign-out': ['POST', '/users/{user}/sign-out', { user: ['USERNAME', 'rp', 1, 32] }],
    'user.data': ['GET', '/users/{user}/data', { user: ['USERNAME', 'rp', 1, 32] }],
    'user.export': ['GET', '/users-csv', {}],
    'user.import': ['POST', '/users-csv', { csv: ['TEXT', 'r', 1, 4194304], dry_run: ['BOOLEAN', '', 0, 1] }],
    'role.list': ['GET', '/roles', {}],
    'owner.link': ['POST', '/owner/link', { username: ['USERNAME', '', 1, 32], token_sha256: ['STRING', '', 64, 64], email: ['EMAIL', '', 3, 254], password_hash: ['STRING', 's', 32, 256] }],
    'group.list': ['GET', '/groups', { limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128] }],
    'group.add': ['POST', '/groups', { name: ['GROUPNAME', 'rp', 1, 32], description: ['STRING', '', 0, 256], members: ['STRINGS', '', 0, 1000] }],
    'group.show': ['GET', '/groups/{group}', { group: ['GROUPNAME', 'rp', 1, 32] }],
    'group.update': ['PATCH', '/groups/{group}', { group: ['GROUPNAME', 'rp', 1, 32], name: ['GROUPNAME', '', 1, 32], description: ['STRING', '', 0, 256] }],
    'group.remove': ['DELETE', '/groups/{group}', { group: ['GROUPNAME', 'rp', 1, 32] }],
    'group.join': ['PUT', '/groups/{group}/members/{user}', { group: ['GROUPNAME', 'rp', 1, 32], user: ['USERNAME', 'rp', 1, 32] }],
    'group.leave': ['DELETE', '/groups/{group}/members/{user}', { group: ['GROUPNAME', 'rp', 1, 32], user: ['USERNAME', 'rp', 1, 32] }],
    'finding.list': ['GET', '/findings', {}],
    'finding.ignore': ['POST', '/findings/{id}/ignore', { id: ['STRING', 'rp', 1, 64], days: ['INTEGER', '', 0, 365], reason: ['STRING', '', 0, 256] }],
    'search.find': ['GET', '/search', { q: ['STRING', 'rp', 1, 128] }],
    'job.list': ['GET', '/jobs', { limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128], state: ['ENUM', '', 1, 16] }],
    'job.show': ['GET', '/jobs/{id}', { id: ['ID', 'rp', 1, 64] }],
    'job.log': ['GET', '/jobs/{id}/log', { id: ['ID', 'rp', 1, 64] }],
    'job.cancel': ['POST', '/jobs/{id}/cancel', { id: ['ID', 'rp', 1, 64] }],
    'job.retry': ['POST', '/jobs/{id}/retry', { id: ['ID', 'rp', 1, 64] }],
    'event.watch': ['GET', '/events', {}],
    'system.show': ['GET', '/system', {}],
    'system.services': ['GET', '/system/services', {}],
    'system.starts': ['GET', '/system/starts', {}],
    'system.reboot': ['POST', '/system/reboot', {}],
    'system.shutdown': ['POST', '/system/shutdown', {}],
    'setting.show': ['GET', '/settings', {}],
    'setting.update': ['PATCH', '/settings', { timezone: ['TIMEZONE', '', 1, 64], hostname: ['HOSTNAME', '', 1, 64], language: ['LANGUAGE', '', 2, 8], box_name: ['STRING', '', 1, 64], controller: ['STRING', '', 0, 256], contact: ['STRING', '', 0, 256], authority: ['STRING', '', 0, 256], retention_days: ['INTEGER', '', 30, 3650], public_ipv4: ['STRING', '', 0, 15], public_ipv6: ['STRING', '', 0, 45], outside_checks: ['BOOLEAN', '', 0, 1], acme_url: ['URL', '', 0, 512], acme_staging: ['BOOLEAN', '', 0, 1], app_updates: ['BOOLEAN', '', 0, 1], app_window: ['STRING', '', 11, 11] }],
    'timezone.list': ['GET', '/timezones', { q: ['STRING', '', 0, 64] }],
    'ssh-key.list': ['GET', '/ssh-keys', {}],
    'ssh-key.add': ['POST', '/ssh-keys', { key: ['STRING', 'rp', 16, 4096] }],
    'ssh-key.remove': ['DELETE', '/ssh-keys/{fingerprint}', { fingerprint: ['STRING', 'rp', 16, 64] }],
    'firewall.show': ['GET', '/firewall', {}],
    'secret.list': ['GET', '/secrets', {}],
    'secret.rotate': ['POST', '/secrets/{name}/rotate', { name: ['STRING', 'rp', 1, 64] }],
    'support.bundle': ['POST', '/support/bundles', { note: ['TEXT', '', 0, 4000] }],
    'support.bundle-show': ['GET', '/support/bundles/{id}', { id: ['ID', 'rp', 1, 64] }],
    'domain.look': ['POST', '/domains-look', { name: ['DOMAIN', 'rp', 1, 253] }],
    'domain.list': ['GET', '/domains', { limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128] }],
    'domain.add': ['POST', '/domains', { name: ['DOMAIN', 'rp', 1, 253], scope: ['ENUM', 'r', 1, 16] }],
    'domain.check-all': ['POST', '/domains-check', {}],
    'domain.show': ['GET', '/domains/{domain}', { domain: ['DOMAIN', 'rp', 1, 253] }],
    'domain.update': ['PATCH', '/domains/{domain}', { domain: ['DOMAIN', 'rp', 1, 253], scope: ['ENUM', '', 1, 16] }],
    'domain.remove': ['DELETE', '/domains/{domain}', { domain: ['DOMAIN', 'rp', 1, 253] }],
    'domain.records': ['GET', '/domains/{domain}/records', { domain: ['DOMAIN', 'rp', 1, 253] }],
    'domain.zone': ['GET', '/domains/{domain}/zone', { domain: ['DOMAIN', 'rp', 1, 253] }],
    'domain.history': ['GET', '/domains/{domain}/history', { domain: ['DOMAIN', 'rp', 1, 253], limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128] }],
    'domain.check': ['POST', '/domains/{domain}/check', { domain: ['DOMAIN', 'rp', 1, 253] }],
    'domain.ignore': ['POST', '/domains/{domain}/ignore', { domain: ['DOMAIN', 'rp', 1, 253], record: ['STRING', 'rp', 1, 320], reason: ['STRING', '', 0, 256] }],
    'domain.switch': ['POST', '/domains/{domain}/switch', { domain: ['DOMAIN', 'rp', 1, 253], part: ['ENUM', 'rp', 1, 8], back: ['BOOLEAN', '', 0, 1] }],
    'domain.primary': ['POST', '/domains/{domain}/primary', { domain: ['DOMAIN', 'rp', 1, 253] }],
    'domain.connect': ['PUT', '/domains/{domain}/provider', { domain: ['DOMAIN', 'rp', 1, 253], kind: ['ENUM', 'r', 1, 16], token: ['STRING', 'rs', 8, 1024], server: ['STRING', '', 1, 253], port: ['INTEGER', '', 1, 65535], key_name: ['STRING', '', 1, 253], algorithm: ['ENUM', '', 1, 16] }],
    'domain.disconnect': ['DELETE', '/domains/{domain}/provider', { domain: ['DOMAIN', 'rp', 1, 253] }],
    'domain.test': ['POST', '/domains/{domain}/provider/test', { domain: ['DOMAIN', 'rp', 1, 253] }],
    'domain.write': ['POST', '/domains/{domain}/write', { domain: ['DOMAIN', 'rp', 1, 253], dry_run: ['BOOLEAN', '', 0, 1], replace: ['STRINGS', '', 0, 200] }],
    'dns-provider.list': ['GET', '/dns-providers', {}],
    'name.list': ['GET', '/names', {}],
    'name.add': ['POST', '/names', { name: ['DOMAIN', 'rp', 1, 253], kind: ['ENUM', 'r', 1, 16], target: ['DOMAIN', 'r', 1, 253], headers: ['STRINGS', '', 0, 8] }],
    'name.update': ['PATCH', '/names/{name}', { name: ['DOMAIN', 'rp', 1, 253], target: ['DOMAIN', '', 1, 253], headers: ['STRINGS', '', 0, 8] }],
    'name.remove': ['DELETE', '/names/{name}', { name: ['DOMAIN', 'rp', 1, 253] }],
    'certificate.list': ['GET', '/certificates', {}],
    'certificate.show': ['GET', '/certificates/{id}', { id: ['ID', 'rp', 1, 32] }],
    'certificate.renew': ['POST', '/certificates/{id}/renew', { id: ['ID', 'rp', 1, 32] }],
    'certificate.upload': ['POST', '/certificates', { chain: ['TEXT', 'r', 64, 65536], key: ['TEXT', 'rs', 64, 16384] }],
    'certificate.remove': ['DELETE', '/certificates/{id}', { id: ['ID', 'rp', 1, 32] }],
    'certificate.check': ['POST', '/certificates-check', {}],
    'app.catalogue': ['GET', '/catalogue', { limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128], category: ['STRING', '', 1, 32] }],
    'app.offer': ['GET', '/catalogue/{package}', { package: ['ID', 'rp', 1, 32] }],
    'app.presets': ['GET', '/app-presets', {}],
    'app.preset-install': ['POST', '/app-presets/{package}/install', { package: ['ID', 'rp', 1, 32], settings: ['STRINGS', '', 0, 64], secret_settings: ['TEXT', 's', 1, 8192] }],
    'app.preset-dismiss': ['POST', '/app-presets/{package}/dismiss', { package: ['ID', 'rp', 1, 32] }],
    'catalogue.refresh': ['POST', '/catalogue-refresh', {}],
    'catalogue.sources': ['GET', '/catalogue-sources', {}],
    'catalogue.source-add': ['PUT', '/catalogue-sources/{source}', { source: ['ID', 'rp', 1, 32], url: ['STRING', 'rp', 1, 512], key: ['STRING', 'rp', 56, 56] }],
    'catalogue.source-remove': ['DELETE', '/catalogue-sources/{source}', { source: ['ID', 'rp', 1, 32] }],
    'registry.list': ['GET', '/registries', {}],
    'registry.set': ['PUT', '/registries/{host}', { host: ['STRING', 'rp', 1, 253], username: ['STRING', 'rp', 1, 128], password: ['STRING', 'rs', 1, 4096], token_host: ['STRING', '', 1, 253] }],
    'registry.test': ['POST', '/registries/{host}/test', { host: ['STRING', 'rp', 1, 253], image: ['STRING', '', 1, 512] }],
    'registry.remove': ['DELETE', '/registries/{host}', { host: ['STRING', 'rp', 1, 253] }],
    'app.list': ['GET', '/apps', { limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128] }],
    'app.install': ['POST', '/apps', { package: ['ID', 'p', 1, 32], image: ['STRING', '', 1, 512], port: ['INTEGER', '', 1, 65535], version: ['STRING', '', 1, 64], id: ['ID', '', 1, 32], title: ['STRING', '', 1, 64], name: ['DOMAIN', '', 1, 253], access: ['ENUM', '', 1, 16], groups: ['STRINGS', '', 0, 64], settings: ['STRINGS', '', 0, 64], secret_settings: ['TEXT', 's', 1, 8192], environment: ['STRINGS', '', 0, 128], data: ['STRINGS', '', 0, 16], host_network: ['BOOLEAN', '', 0, 1] }],
    'app.import-check': ['POST', '/apps-import-check', { compose: ['TEXT', 'r', 1, 262144], variables: ['TEXT', 's', 0, 65536], service: ['STRING', '', 1, 63], port: ['INTEGER', '', 1, 65535], app: ['ID', '', 1, 32] }],
    'app.import': ['POST', '/apps-import', { compose: ['TEXT', 'r', 1, 262144], variables: ['TEXT', 's', 0, 65536], id: ['ID', '', 1, 32], title: ['STRING', '', 1, 64], name: ['DOMAIN', '', 1, 253], service: ['STRING', '', 1, 63], port: ['INTEGER', '', 1, 65535], access: ['ENUM', '', 1, 16], groups: ['STRINGS', '', 0, 64], host_network: ['BOOLEAN', '', 0, 1] }],
    'app.show': ['GET', '/apps/{app}', { app: ['ID', 'rp', 1, 32] }],
    'app.start': ['POST', '/apps/{app}/start', { app: ['ID', 'rp', 1, 32] }],
    'app.stop': ['POST', '/apps/{app}/stop', { app: ['ID', 'rp', 1, 32] }],
    'app.restart': ['POST', '/apps/{app}/restart', { app: ['ID', 'rp', 1, 32] }],
    'app.configure': ['PATCH', '/apps/{app}', { app: ['ID', 'rp', 1, 32], title: ['STRING', '', 1, 64], name: ['DOMAIN', '', 1, 253], extra_names: ['STRINGS', '', 0, 16], access: ['ENUM', '', 1, 16], groups: ['STRINGS', '', 0, 64], operators: ['STRINGS', '', 0, 64], settings: ['STRINGS', '', 0, 64], secret_settings: ['TEXT', 's', 1, 8192], environment: ['STRINGS', '', 0, 128], memory_mb: ['INTEGER', '', 0, 1048576], cpu_weight: ['INTEGER', '', 0, 10000], disk_mb: ['INTEGER', '', 0, 16777216], network_out: ['ENUM', '', 1, 8], mail: ['BOOLEAN', '', 0, 1], ports: ['STRINGS', '', 0, 16], auto_update: ['BOOLEAN', '', 0, 1], maintenance: ['BOOLEAN', '', 0, 1] }],
    'app.versions': ['GET', '/apps/{app}/versions', { app: ['ID', 'rp', 1, 32] }],
    'app.update': ['POST', '/apps/{app}/update', { app: ['ID', 'rp', 1, 32], version: ['STRING', '', 1, 64] }],
    'app.look': ['POST', '/apps/{app}/look', { app: ['ID', 'rp', 1, 32] }],
    'app.reimport': ['POST', '/apps/{app}/import', { app: ['ID', 'rp', 1, 32], compose: ['TEXT', 'r', 1, 262144], variables: ['TEXT', 's', 0, 65536], service: ['STRING', '', 1, 63], port: ['INTEGER', '', 1, 65535] }],
    'app.update-all': ['POST', '/apps-update', {}],
    'app.rollback': ['POST', '/apps/{app}/rollback', { app: ['ID', 'rp', 1, 32], version: ['STRING', 'rp', 1, 64], data: ['BOOLEAN', '', 0, 1] }],
    'app.clone': ['POST', '/apps/{app}/clone', { app: ['ID', 'rp', 1, 32], name: ['DOMAIN', 'rp', 1, 253], id: ['ID', '', 1, 32], title: ['STRING', '', 1, 64] }],
    'app.uninstall': ['DELETE', '/apps/{app}', { app: ['ID', 'rp', 1, 32], archive: ['BOOLEAN', '', 0, 1] }],
    'app.archives': ['GET', '/app-archives', {}],
    'app.archive-restore': ['POST', '/app-archives/{archive}/restore', { archive: ['ID', 'rp', 1, 32], name: ['DOMAIN', '', 1, 253] }],
    'app.archive-remove': ['DELETE', '/app-archives/{archive}', { archive: ['ID', 'rp', 1, 32] }],
    'app.export': ['POST', '/apps/{app}/export', { app: ['ID', 'rp', 1, 32], compose: ['BOOLEAN', '', 0, 1], secrets: ['BOOLEAN', '', 0, 1] }],
    'app.export-read': ['GET', '/app-exports/{export}', { export: ['ID', 'rp', 1, 32], offset: ['INTEGER', '', 0, 1152921504606846976] }],
    'app.history': ['GET', '/apps/{app}/history', { app: ['ID', 'rp', 1, 32], limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128] }],
    'app.secrets': ['GET', '/apps/{app}/secrets', { app: ['ID', 'rp', 1, 32] }],
    'app.health': ['GET', '/apps/{app}/health', { app: ['ID', 'rp', 1, 32] }],
    'app.use': ['GET', '/apps/{app}/use', { app: ['ID', 'rp', 1, 32], period: ['ENUM', '', 1, 16] }],
    'app.logs': ['GET', '/apps/{app}/logs', { app: ['ID', 'rp', 1, 32], limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128], container: ['STRING', '', 1, 32], from: ['INTEGER', '', 0, 4102444800], to: ['INTEGER', '', 0, 4102444800] }],
    'app.logs-watch': ['GET', '/apps/{app}/logs/watch', { app: ['ID', 'rp', 1, 32], container: ['STRING', '', 1, 32] }],
    'app.exec': ['POST', '/apps/{app}/terminals', { app: ['ID', 'rp', 1, 32], command: ['STRINGS', 'p', 0, 64], container: ['STRING', '', 1, 32], terminal: ['BOOLEAN', '', 0, 1], rows: ['INTEGER', '', 1, 1000], columns: ['INTEGER', '', 1, 1000] }],
    'app.terminal-watch': ['GET', '/terminals/{terminal}', { terminal: ['ID', 'rp', 1, 32] }],
    'app.terminal-input': ['POST', '/terminals/{terminal}/input', { terminal: ['ID', 'rp', 1, 32], base64: ['STRING', '', 0, 65536], rows: ['INTEGER', '', 1, 1000], columns: ['INTEGER', '', 1, 1000], end: ['BOOLEAN', '', 0, 1] }],
    'app.terminal-close': ['POST', '/terminals/{terminal}/close', { terminal: ['ID', 'rp', 1, 32] }],
    'app.files': ['GET', '/apps/{app}/files', { app: ['ID', 'rp', 1, 32], path: ['STRING', 'p', 0, 4096] }],
    'app.file-read': ['GET', '/apps/{app}/file', { app: ['ID', 'rp', 1, 32], path: ['STRING', 'rp', 1, 4096], offset: ['INTEGER', '', 0, 1152921504606846976] }],
    'app.file-write': ['POST', '/apps/{app}/file', { app: ['ID', 'rp', 1, 32], path: ['STRING', 'rp', 1, 4096], offset: ['INTEGER', '', 0, 1152921504606846976], base64: ['STRING', 'r', 0, 4000000], last: ['BOOLEAN', '', 0, 1] }],
    'app.directory-read': ['GET', '/apps/{app}/directory', { app: ['ID', 'rp', 1, 32], path: ['STRING', 'rp', 1, 4096] }],
    'app.directory-make': ['POST', '/apps/{app}/directories', { app: ['ID', 'rp', 1, 32], path: ['STRING', 'rp', 1, 4096] }],
    'app.file-remove': ['DELETE', '/apps/{app}/file', { app: ['ID', 'rp', 1, 32], path: ['STRING', 'rp', 1, 4096], recursive: ['BOOLEAN', '', 0, 1] }],
    'app.schedule': ['GET', '/apps/{app}/schedule', { app: ['ID', 'rp', 1, 32] }],
    'app.schedule-set': ['POST', '/apps/{app}/schedule/{task}', { app: ['ID', 'rp', 1, 32], task: ['ID', 'rp', 1, 32], active: ['BOOLEAN', '', 0, 1], run: ['BOOLEAN', '', 0, 1] }],
    'launcher.list': ['GET', '/launcher', {}],
    'launcher.links': ['GET', '/launcher-links', {}],
    'launcher.link-add': ['POST', '/launcher', { title: ['STRING', 'rp', 1, 64], url: ['URL', 'rp', 8, 512], groups: ['STRINGS', '', 0, 64] }],
    'launcher.link-remove': ['DELETE', '/launcher/{tile}', { tile: ['ID', 'rp', 1, 32] }],
    'app.authorize': ['POST', '/authorize', { name: ['DOMAIN', 'r', 1, 253], path: ['STRING', '', 0, 2048], state: ['STRING', '', 0, 64] }],
    'log.list': ['GET', '/log', { limit: ['INTEGER', '', 1, 1000], after: ['STRING', '', 1, 128], q: ['STRING', '', 0, 128], actor: ['STRING', '', 1, 64], operation: ['STRING', '', 1, 64], object: ['STRING', '', 1, 64], result: ['ENUM', '', 1, 16], from: ['INTEGER', '', 0, 4102444800], to: ['INTEGER', '', 0, 4102444800] }],
    'log.verify': ['POST', '/log/verify', {}],
    'help.list': ['GET', '/help', { q: ['STRING', '', 0, 128], language: ['LANGUAGE', '', 2, 8] }],
    'help.show': ['GET', '/help/{page}', { page: ['STRING', 'rp', 1, 64], language: ['LANGUAGE', '', 2, 8] }],
    'api.show': ['GET', '/openapi.json', {}],
};
