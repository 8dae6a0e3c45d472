/* Every field of install.json; lists only, no code. config.c decodes by this table and prints the published JSON Schema from it.
 *
 * FIELD("path", KIND, FORMAT, min, max, "enum|values or NULL", FLAGS, "sentence")
 *   path   dots lead into objects, [] into the objects of an array; a parent stands before its children
 *   KIND   OBJECT, STRING, ENUM, INTEGER, STRINGS (array of STRING), ENUMS (array of ENUM), OBJECTS (array of OBJECT)
 *   FORMAT what a string may look like: a row of FORMATS below; NONE for the other kinds
 *   min,max value of an INTEGER, number of elements of an array; 0, 0 for the other kinds
 *   FLAGS  SECRET   used once and then erased from install.json and from cloud-init's copies
 *          ONCE     for the first boot only: not kept in steadbox.json
 *          LOCKABLE may stand in "locked"
 */
FIELD("version",                   INTEGER, NONE,       1, 1,     NULL, ONCE, "The version of this format.")
FIELD("hostname",                  STRING, HOSTNAME,    0, 0,     NULL, LOCKABLE, "The machine's name.")
FIELD("domain",                    STRING, DNS_NAME,    0, 0,     NULL, LOCKABLE, "The customer's domain: the primary one from the first start, for names below it only, and used once its records point here.")
FIELD("timezone",                  STRING, TIMEZONE,    0, 0,     NULL, LOCKABLE, "A name of the tz database, such as Europe/Berlin.")
FIELD("language",                  STRING, LANGUAGE,    0, 0,     NULL, LOCKABLE, "The box's language, such as de or pt-BR.")
FIELD("template",                  ENUM, NONE,          0, 0,     "blank|mail|team|blog", 0, "The first apps in a word: mail is a calendar, team a calendar and a wiki, blog a WordPress; `apps` speaks before it.")
FIELD("apps",                      OBJECTS, NONE,       0, 16,    NULL, 0, "Apps that are installed from the first start, one after the other, each once.")
FIELD("apps[].package",            STRING, ID,          0, 0,     NULL, 0, "Which, of the catalogue; it must be there.")
FIELD("apps[].location",           STRING, LOCATION,    0, 0,     NULL, 0, "The first part of its name: calendar becomes calendar.customer.example; the package unless told.")
FIELD("apps[].title",              STRING, TEXT,        0, 0,     NULL, 0, "What people call it.")
FIELD("apps[].access",             ENUM, NONE,          0, 0,     "public|everyone", 0, "Who may open it: the world, or everybody with an account; as the package says unless told.")
FIELD("apps[].settings",           STRINGS, ANSWER,     0, 64,    NULL, 0, "Answers to its questions, each key=value; never a secret.")
FIELD("ssh_keys",                  STRINGS, SSH_KEY,    0, 64,    NULL, ONCE, "Lines of .pub files that may sign in as root; shown to the owner as the provider's.")

FIELD("owner",                     OBJECT, NONE,        0, 0,     NULL, ONCE, "The first owner.")
FIELD("owner.username",            STRING, USERNAME,    0, 0,     NULL, ONCE, "The owner's user name; the person chooses where it is absent.")
FIELD("owner.email",               STRING, EMAIL,       0, 0,     NULL, ONCE, "Where the owner can be reached.")
FIELD("owner.password_hash",       STRING, ARGON2ID,    0, 0,     NULL, ONCE | SECRET, "An argon2id hash; then the owner exists at once and no link is made.")
FIELD("owner.link_token_sha256",   STRING, SHA256,      0, 0,     NULL, ONCE, "SHA-256 in hex of the token of a link that a portal makes and sends.")

FIELD("provider",                  OBJECT, NONE,        0, 0,     NULL, 0, "Who rents this machine out, and how its boxes look.")
FIELD("provider.name",             STRING, TEXT,        0, 0,     NULL, LOCKABLE, "The provider's or the product's name.")
FIELD("provider.logo",             STRING, LOGO,        0, 0,     NULL, LOCKABLE, "A data: URL of an SVG or PNG, at most 64 KiB.")
FIELD("provider.colour",           STRING, COLOUR,      0, 0,     NULL, LOCKABLE, "The accent, #rrggbb.")
FIELD("provider.fallback_name",    STRING, DNS_NAME,    0, 0,     NULL, LOCKABLE, "A name that points to this machine before it boots; its certificate is fetched before the link is announced.")
FIELD("provider.acme_url",         STRING, URL,         0, 0,     NULL, LOCKABLE, "Directory of the certificate authority (RFC 8555).")
FIELD("provider.health_url",       STRING, URL,         0, 0,     NULL, LOCKABLE, "Where health pings go.")
FIELD("provider.fleet_key",        STRING, BASE64,      0, 0,     NULL, SECRET, "The fleet-wide key of health pings.")
FIELD("provider.console_url",      STRING, URL,         0, 0,     NULL, LOCKABLE, "The provider's console.")
FIELD("provider.billing_url",      STRING, URL,         0, 0,     NULL, LOCKABLE, "Where bills are.")
FIELD("provider.support_url",      STRING, URL,         0, 0,     NULL, LOCKABLE, "Where help is.")
FIELD("provider.support_keys",     STRINGS, SSH_KEY,    0, 64,    NULL, 0, "Keys of named staff; they open nothing until the owner grants a visit.")
FIELD("provider.relay",            OBJECT, NONE,        0, 0,     NULL, LOCKABLE, "The provider's mail relay.")
FIELD("provider.relay.host",       STRING, DNS_NAME,    0, 0,     NULL, 0, "Its name.")
FIELD("provider.relay.port",       INTEGER, NONE,       1, 65535, NULL, 0, "Its port; 587 unless told.")
FIELD("provider.relay.username",   STRING, TOKEN,       0, 0,     NULL, 0, "The account there.")
FIELD("provider.relay.password",   STRING, PASSWORD,    0, 0,     NULL, SECRET, "Its password.")
FIELD("provider.catalogue",        OBJECT, NONE,        0, 0,     NULL, LOCKABLE, "Which apps are offered.")
FIELD("provider.catalogue.url",    STRING, URL,         0, 0,     NULL, 0, "Where its index.json lies.")
FIELD("provider.catalogue.key",    STRING, BASE64,      0, 0,     NULL, 0, "Who signs it, as minisign prints public keys; the box's own catalogue's key unless told.")
FIELD("provider.catalogue.allow",  STRINGS, ID,         0, 1000,  NULL, 0, "Only these apps.")
FIELD("provider.catalogue.deny",   STRINGS, ID,         0, 1000,  NULL, 0, "Not these apps.")
FIELD("provider.catalogue.imports", ENUM, NONE,         0, 0,     "allow|deny", 0, "Whether images and Compose files may be installed besides; allow unless told.")

FIELD("backup",                    OBJECT, NONE,        0, 0,     NULL, 0, "Backups; they are on in any case.")
FIELD("backup.targets",            OBJECTS, NONE,       0, 8,     NULL, LOCKABLE, "Where copies go off this machine.")
FIELD("backup.targets[].kind",     ENUM, NONE,          0, 0,     "s3|sftp", 0, "How the target is spoken to.")
FIELD("backup.targets[].host",     STRING, DNS_NAME,    0, 0,     NULL, 0, "The server's name.")
FIELD("backup.targets[].port",     INTEGER, NONE,       1, 65535, NULL, 0, "Its port.")
FIELD("backup.targets[].region",   STRING, TOKEN,       0, 0,     NULL, 0, "S3: the region.")
FIELD("backup.targets[].bucket",   STRING, TOKEN,       0, 0,     NULL, 0, "S3: the bucket.")
FIELD("backup.targets[].path",     STRING, TOKEN,       0, 0,     NULL, 0, "The folder or prefix there.")
FIELD("backup.targets[].username", STRING, TOKEN,       0, 0,     NULL, 0, "SFTP: the account; S3: the access key's id.")
FIELD("backup.targets[].password", STRING, PASSWORD,    0, 0,     NULL, SECRET, "SFTP: the password; S3: the secret key.")
FIELD("backup.targets[].host_key", STRING, SSH_KEY,     0, 0,     NULL, 0, "SFTP: the server's key.")
FIELD("backup.schedule",           ENUM, NONE,          0, 0,     "hourly|daily|weekly", LOCKABLE, "How often; daily unless told.")
FIELD("backup.keep",               OBJECT, NONE,        0, 0,     NULL, LOCKABLE, "How many restore points stay.")
FIELD("backup.keep.daily",         INTEGER, NONE,       1, 366,   NULL, 0, "Days.")
FIELD("backup.keep.weekly",        INTEGER, NONE,       0, 520,   NULL, 0, "Weeks.")
FIELD("backup.keep.monthly",       INTEGER, NONE,       0, 120,   NULL, 0, "Months.")

FIELD("updates",                   OBJECT, NONE,        0, 0,     NULL, 0, "Updates of the appliance.")
FIELD("updates.channel",           ENUM, NONE,          0, 0,     "stable|candidate", LOCKABLE, "Which releases.")
FIELD("updates.window",            STRING, WINDOW,      0, 0,     NULL, LOCKABLE, "When restarts may happen, such as 02:00-05:00.")
FIELD("updates.source",            STRING, URL,         0, 0,     NULL, LOCKABLE, "Where releases are listed.")

FIELD("locked",                    ENUMS, NONE,         0, 64,    NULL, 0, "Settings that only the provider changes; the owner's way out is `steadbox provider leave`.")
#undef FIELD

/* FORMAT(SYMBOL, min, max characters, validator or NULL, "pattern", "second pattern or NULL", "forbidden pattern or NULL", "sentence")
 * The patterns mean the same as POSIX extended and as ECMA-262 expressions: config.c checks with the first, the schema says the second.
 * TEXT alone has none here: control characters beyond ASCII cannot be named byte-wise. SSH_KEY looks into the key, which no pattern can. */
#define LABEL "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
#define ANY_LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IPV4 "^(.*@)?" OCTET "(\\." OCTET "){3}$"
#define ATOM "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
FORMAT(HOSTNAME, 1, 64,    hostname_valid,      "^" LABEL "(\\." LABEL ")*$", NULL, IPV4, "a host name of small letters, digits and dashes")
FORMAT(DNS_NAME, 3, 253,   dns_name_valid,      "^" LABEL "(\\." LABEL ")+$", NULL, IPV4, "a DNS name of small letters, such as box.example.org")
FORMAT(TIMEZONE, 1, 64,    timezone_name_valid, "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", NULL, NULL, "a time zone such as Europe/Berlin")
FORMAT(LANGUAGE, 2, 5,     language_valid,      "^[a-z]{2}(-[A-Z]{2})?$", NULL, NULL, "a language such as en or pt-BR")
FORMAT(USERNAME, 1, 32,    username_valid,      "^[a-z][a-z0-9_-]*(\\.[a-z0-9_-]+)*$", NULL, NULL, "a user name: small letters, digits, dots, dashes, beginning with a letter")
FORMAT(EMAIL,    3, 254,   email_valid,         "^" ATOM "(\\." ATOM ")*@" ANY_LABEL "(\\." ANY_LABEL ")+$", "^.{1,64}@", IPV4, "an e-mail address")
FORMAT(ARGON2ID, 32, 255,  NULL, "^\\$argon2id\\$v=19\\$m=[1-9][0-9]{0,6},t=[1-9][0-9]{0,2},p=[1-9][0-9]?\\$[A-Za-z0-9+/]{11,64}\\$[A-Za-z0-9+/]{16,128}$", NULL, NULL, "an argon2id hash, $argon2id$v=19$m=...,t=...,p=...$salt$hash")
FORMAT(SHA256,   64, 64,   NULL, "^[0-9a-f]{64}$", NULL, NULL, "64 hex digits")
FORMAT(SSH_KEY,  40, 2800, ssh_key_line_valid, "^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com) [A-Za-z0-9+/]+={0,2}( [A-Za-z0-9@._+ -]{1,128})?$", NULL, NULL, "one line of a .pub file: type, key and a plain comment of at most 128 characters")
FORMAT(TEXT,     1, 64,    text_plain_valid, NULL, NULL, NULL, "plain text without control characters")
FORMAT(LOGO,     30, 65536, NULL, "^data:image/(png|svg\\+xml);base64,[A-Za-z0-9+/]+={0,2}$", NULL, NULL, "a data: URL, data:image/png;base64,... or data:image/svg+xml;base64,...")
FORMAT(COLOUR,   7, 7,     colour_valid, "^#[0-9A-Fa-f]{6}$", NULL, NULL, "a colour such as #2f6f4f")
FORMAT(URL,      9, 2000,  url_https_valid, "^https://" LABEL "(\\." LABEL ")*([:/?#]([!#$%&()*+,./:;=?@[_A-Za-z0-9~-]|\\])*)?$", "^https://[^:/?#]{1,253}([:/?#]|$)", NULL, "an address that begins with https://")
FORMAT(BASE64,   24, 128,  NULL, "^[A-Za-z0-9+/_-]+={0,2}$", NULL, NULL, "base64")
FORMAT(TOKEN,    1, 256,   NULL, "^[A-Za-z0-9!#%&()*+,./:;<=>?@_{|}~^-]+$", NULL, NULL, "printable ASCII without spaces, quotes, backslashes and dollar signs")
FORMAT(PASSWORD, 1, 256,   NULL, "^[ -~]+$", NULL, NULL, "printable ASCII")
FORMAT(ID,       1, 32,    id_valid, "^[a-z0-9]+$", NULL, NULL, "an id of small letters and digits")
FORMAT(LOCATION, 1, 63,    hostname_valid, "^" LABEL "$", NULL, NULL, "one part of a name: small letters, digits and dashes")
FORMAT(ANSWER,   2, 2048,  text_plain_valid, "^[a-z][a-z0-9_]{0,31}=", NULL, NULL, "key=value, without control characters")
FORMAT(WINDOW,   11, 11,   NULL, "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", NULL, NULL, "a time of day such as 02:00-05:00")
#undef FORMAT
#undef LABEL
#undef ANY_LABEL
#undef OCTET
#undef IPV4
#undef ATOM
