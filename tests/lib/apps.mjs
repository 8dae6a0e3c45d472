// Answers about apps as the box gives them, for looking at what the pages make of each state. In the shapes of include/tbl/types.h.
const now = () => Math.floor(Date.now() / 1000);
const svg = (colour, path) => `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="${colour}"/><path d="${path}" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/></svg>`)}`;
const pictures = {
    radicale: svg('#1f6b50', 'M16 20h32v30H16zM16 30h32M24 14v10M40 14v10'),
    wordpress: svg('#2f5d8a', 'M14 22l8 26 10-22 10 22 8-26'),
    dokuwiki: svg('#7a5c2c', 'M18 14h20l8 8v28H18zM26 30h12M26 38h12'),
};

export const offers = [
    ['radicale', 'Radicale', 'Calendars and contacts for every phone and computer.', ['calendar', 'contacts'], 'proxy', 64, 184, 61, []],
    ['wordpress', 'WordPress', 'A website or blog of your own, with themes and plugins.', ['website', 'blog'], 'own', 384, 620, 210, ['mariadb', 'mail']],
    ['dokuwiki', 'DokuWiki', 'A wiki that keeps its pages as plain text files.', ['wiki', 'documents'], 'own', 96, 240, 80, []],
    ['nodered', 'Node-RED', 'Wires devices and services together by drawing.', ['automation'], 'proxy', 160, 302, 95, []],
    ['roundcube', 'Roundcube', 'Mail in the browser.', ['mail'], 'own', 128, 330, 110, ['mail']],
    ['ttrss', 'Tiny Tiny RSS', 'All the news you follow, in one place that nobody else reads along with.', ['news', 'reading'], 'own', 256, 410, 150, ['postgresql']],
].map(([id, title, summary, categories, sign_in, memory_mb, disk_mb, download_mb, needs], at) => ({
    package: id, source: 'steadbox', version: `${at + 1}.${at * 2}.1`, title, summary, icon: pictures[id] ?? null, categories, licence: 'GPL-3.0-or-later', sign_in, memory_mb, disk_mb,
    download_mb, needs, end_of_life: id === 'roundcube' ? '2024-01-31' : id === 'ttrss' ? new Date(Date.now() + 30 * 86400e3).toISOString().slice(0, 10) : null, allowed: id !== 'nodered', installed: id === 'radicale' ? ['calendar'] : [],
}));

export const questions = [
    { key: 'site_title', label: 'Title of the site', help: 'Stands above every page.', type: 'string', required: true, initial: 'Our family', choices: [] },
    { key: 'admin_email', label: 'Address of whoever looks after it', help: '', type: 'email', required: false, initial: null, choices: [] },
    { key: 'admin_password', label: 'Password of the administrator', help: 'At least 10 characters.', type: 'password', required: true, initial: null, choices: [] },
    { key: 'language', label: 'Language', help: '', type: 'enum', required: true, initial: 'en', choices: ['en', 'de', 'fr'] },
    { key: 'comments', label: 'Visitors may comment', help: 'Each comment waits until it is let through.', type: 'boolean', required: false, initial: 'true', choices: [] },
];

export function offer(id, fits = true) {
    const one = offers.find((other) => other.package === id);
    return one && {
        offer: one, description: `**${one.title}** runs on this box alone.\n\n- Works with every phone\n- Data in [open formats](https://example.com/)\n\nNothing is sent anywhere else.`, notes: id === 'wordpress' ? '- Quicker on phones' : '',
        homepage: 'https://example.com/', versions: [one.version, '1.0.0'], questions: id === 'wordpress' ? questions : [], suggested_name: `${id}.miller.example`, ports: [],
        fit: { fits, memory_mb: one.memory_mb, memory_free_mb: fits ? 812 : 200, disk_mb: one.disk_mb, disk_free_mb: 11200, sentence: fits ? 'It fits.' : 'It needs 384 MB of memory, and 200 MB are left beside what runs here at its worst.' },
    };
}

const container = (name, memory_mb, state = 'running', sentence = '') => ({
    name, image: `registry.example/steadbox/${name}@sha256:${'4f'.repeat(32)}`, state, sentence, memory_mb, restarts: state === 'failed' ? 4 : 0, started_at: now() - 86400 * 3,
});

export function app(id, more = {}) {
    return {
        id, title: id[0].toUpperCase() + id.slice(1), origin: 'catalogue', package: id, version: '1.4.2', icon: pictures[id] ?? null, state: 'running', severity: 'ok',
        sentence: 'It answers.', job: null, name: `${id}.miller.example`, shown: `${id}.miller.example`, url: `https://${id}.miller.example/`, extra_names: [],
        access: 'everyone', groups: [], operators: [], sign_in: 'proxy', update: null, held: null, held_version: null, held_until: null, auto_update: true, maintenance: false, memory_mb: 61, memory_peak_mb: 84,
        memory_limit_mb: 128, cpu_weight: 100, disk_mb: 212, disk_limit_mb: 0, network_out: 'any', host_network: false, mail: true, ports: [], questions: [], settings: [], environment: [],
        containers: [container('main', 61)], installed_at: now() - 86400 * 40, answered_at: now() - 6, ...more,
    };
}

export const apps = () => [
    app('calendar', { title: 'Calendar', package: 'radicale', icon: pictures.radicale, name: 'cal.miller.example', shown: 'cal.miller.example', url: 'https://cal.miller.example/' }),
    app('blog', {
        title: 'Family blog', package: 'wordpress', icon: pictures.wordpress, version: '6.8.1', update: '6.8.1.1', sign_in: 'own', memory_mb: 240, memory_peak_mb: 330, memory_limit_mb: 384, questions,
        settings: ['site_title=Our family', 'admin_email=mara@example.com', 'language=de', 'comments=true', 'admin_password'], operators: ['ada'], access: 'groups', groups: ['family'],
        containers: [container('web', 140), container('mariadb', 100)], environment: ['WP_DEBUG=0'],
        ports: [{ name: 'sftp', protocol: 'tcp', port: 2222, purpose: 'Files by SFTP', open: false }],
    }),
    app('notes', {
        title: 'Notes', icon: null, state: 'failing', severity: 'bad', sentence: 'The container main took more memory than it may, and was ended.', memory_mb: 255,
        memory_peak_mb: 256, memory_limit_mb: 256, version: '1.4', held: 'Notes went back to 1.4 at 02:14, nothing lost. 1.5 did not work: The app did not answer within 60 s.', held_version: '1.5', held_until: now() + 86400 * 6,
        containers: [container('main', 255, 'failed', 'The container main took more memory than it may, and was ended.')],
    }),
    app('wiki', { title: 'Wiki of the allotment garden association of Upper and Lower Miller’s Hill', icon: pictures.dokuwiki, state: 'stopped', severity: 'ok', sentence: 'It was stopped, and stays so until it is started.', memory_mb: null, url: null, containers: [container('main', null, 'stopped', 'It does not run.')] }),
];

/** As many as asked for, beginning with those above. */
export const many = (count) => Array.from({ length: count }, (_, at) => apps()[at] ?? app(`app${at}`, { title: `App number ${at}`, version: `1.${at}` }));

export const tiles = (count = 4) => [
    { tile: 'calendar', kind: 'app', title: 'Calendar', url: 'https://cal.miller.example/', icon: pictures.radicale, state: 'ok', sentence: '' },
    { tile: 'blog', kind: 'app', title: 'Family blog', url: 'https://blog.miller.example/', icon: pictures.wordpress, state: 'starting', sentence: 'It is starting; a moment.' },
    { tile: 'school', kind: 'link', title: 'School', url: 'https://school.example/', icon: null, state: 'ok', sentence: '' },
    { tile: 'notes', kind: 'app', title: 'Notes', url: 'https://notes.miller.example/', icon: null, state: 'failing', sentence: 'It does not answer just now.' },
    { tile: 'wiki', kind: 'app', title: 'Wiki of the allotment garden association', url: 'https://wiki.miller.example/', icon: pictures.dokuwiki, state: 'maintenance', sentence: 'Being looked after; back soon.' },
    ...['Photos', 'Recipes', 'News', 'Passwords', 'Music'].map((title) => ({ tile: title.toLowerCase(), kind: 'app', title, url: `https://${title.toLowerCase()}.miller.example/`, icon: null, state: 'ok', sentence: '' })),
].slice(0, count);

export const health = (one) => ({
    state: one.state === 'running' ? 'ok' : one.state === 'stopped' ? 'stopped' : 'failing', sentence: one.sentence, since: now() - 7200, expected: 'GET / answers 200, 204, 301, 302',
    last: one.state === 'stopped' ? null : { at: now() - 6, status: one.state === 'running' ? 200 : 502, milliseconds: 18, body: one.state === 'running' ? '<!doctype html>' : '<html><head><title>502 Bad Gateway</title></head></html>' },
    good: one.state === 'running' ? { at: now() - 6, status: 200, milliseconds: 18, body: '' } : { at: now() - 7300, status: 200, milliseconds: 44, body: '' }, containers: one.containers,
    recent: one.state === 'stopped' ? [] : Array.from({ length: 90 }, (_, at) => ({ at: now() - (90 - at) * 10, status: one.state === 'running' || at < 60 ? 200 : at % 7 ? 502 : 0, milliseconds: 14 + (at * 37) % 23 + (at === 40 ? 300 : 0), good: one.state === 'running' || at < 60 })),
});

/** Over a day, or as averages of longer steps; the box was off for a while in each. */
export const use = (period) => {
    const [count, step] = { week: [336, 1800], month: [360, 7200] }[period] ?? [288, 300];
    return Array.from({ length: count }, (_, at) => {
        const memory = Math.round(70 + 40 * Math.abs(Math.sin(at / 30)) + (at > 200 && at < 215 ? 90 : 0)), cpu = Math.round(3 + 10 * Math.abs(Math.sin(at / 17)) + (at % 60 === 0 ? 40 : 0));
        return {
            at: Math.ceil(now() / step) * step - (count - 1 - at) * step, memory_mb: period ? memory + 12 : memory, memory_average_mb: memory, cpu_percent: cpu, cpu_most_percent: period ? cpu + 9 : cpu,
            disk_mb: at < 12 ? null : 200 + Math.round(at / 20),
        };
    }).filter((_, at) => at < 120 || at > 140);
};

export const logLines = (count, end = 10000) => Array.from({ length: count }, (_, at) => {
    const number = end - count + at;
    const level = number % 41 === 0 ? 'error' : number % 17 === 0 ? 'warning' : 'info';
    return { at: now() - (10000 - number) * 3, cursor: `c${number}`, container: number % 5 ? 'web' : 'mariadb', level, text: `${number} ${level === 'error' ? 'PHP Fatal error: Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in /var/www/html/wp-includes/class-wpdb.php on line 2344' : '10.0.0.7 "GET /wp-login.php HTTP/1.1" 200 4512'}` };
});

export const versions = () => [
    { version: '7.0.0', state: 'offered', reachable: false, program: false, data: false, sentence: 'No way leads from Family blog 6.8.1 to 7.0.0: it cannot take over data that old, and no version between them can.', notes: 'Out of reach.', since: null, left_at: null, kept_until: null, size_mb: null },
    { version: '6.8.2', state: 'offered', reachable: true, program: false, data: false, sentence: 'It goes through the versions between, one after the other.', notes: '- Pictures keep their **captions**\n- Needs less memory', since: null, left_at: null, kept_until: null, size_mb: null },
    { version: '6.8.1.1', state: 'offered', reachable: true, program: false, data: false, sentence: 'An update leads there.', notes: 'Mends what 6.8.1 broke.', since: null, left_at: null, kept_until: null, size_mb: null },
    { version: '6.8.1', state: 'running', reachable: true, program: false, data: true, sentence: 'It runs, and is watched because it is fresh.', notes: '', since: now() - 86400 * 12, left_at: null, kept_until: null, size_mb: null },
    { version: '6.7.0', state: 'kept', reachable: true, program: true, data: true, sentence: 'The program alone can go back, or with the data of that time.', notes: '', since: now() - 86400 * 90, left_at: now() - 86400 * 12, kept_until: now() + 86400 * 18, size_mb: 310 },
    { version: '6.6.5', state: 'kept', reachable: true, program: false, data: true, sentence: 'Only together with the data of that time; the present data is then kept for 30 days.', notes: '', since: now() - 86400 * 120, left_at: now() - 86400 * 90, kept_until: now() + 86400 * 6, size_mb: 305 },
    { version: '6.6.0', state: 'kept', reachable: false, program: false, data: false, sentence: 'Nothing leads back: it does not bear the present data, and that of its time is not kept.', notes: '', since: now() - 86400 * 200, left_at: now() - 86400 * 90, kept_until: now() + 86400 * 3, size_mb: 290 },
];

export const events = () => [
    ['health', 'bad', 'system', 'It stopped answering. Last try: There was no answer within 10 s.', 1800], ['return', 'warn', 'system', 'Notes went back to 1.4 at 02:14, nothing lost. 1.5 did not work: The app did not answer within 60 s.', 40000],
    ['update', 'ok', 'system', 'Notes went from 1.3 to 1.4; people waited 2 s.', 40400], ['configure', 'ok', 'mara', 'Who may open it: everybody with an account.', 200000], ['install', 'ok', 'mara', 'Notes 1.4 was installed and answers.', 86400 * 40],
].map(([kind, severity, actor, sentence, ago]) => ({ at: now() - ago, kind, severity, actor, sentence }));

export const files = (path) => path ? [
    { name: 'Mu\u0308sli  ', path: `${path}/Mu\u0308sli  `, kind: 'directory', size: 0, changed_at: now() - 500 },
    { name: 'uploads', path: `${path}/uploads`, kind: 'directory', size: 0, changed_at: now() - 4000 }, { name: 'index.php', path: `${path}/index.php`, kind: 'file', size: 405, changed_at: now() - 90000 },
    { name: 'holiday-pictures-from-the-summer-of-2026-which-was-long.zip', path: `${path}/holiday.zip`, kind: 'file', size: 48200000, changed_at: now() - 600 },
] : [{ name: 'content', path: 'content', kind: 'directory', size: 0, changed_at: now() - 600 }, { name: 'database', path: 'database', kind: 'directory', size: 0, changed_at: now() - 60 }];

export const tasks = () => [
    { task: 'cron', container: 'web', calendar: '*:0/15', command: ['wp', 'cron', 'event', 'run'], active: true, state: 'idle', last_at: now() - 500, next_at: now() + 400, sentence: 'The last run went well.' },
    { task: 'backup', container: 'mariadb', calendar: '*-*-* 03:10', command: ['dump'], active: false, state: 'failed', last_at: now() - 50000, next_at: null, sentence: 'The last run failed; the log says why.' },
];

export const archives = () => [
    { archive: 'a17', app: 'photos', title: 'Photos', reason: 'uninstalled', version: '2.1', name: 'photos.miller.example', size_mb: 3120, created_at: now() - 86400 * 4, kept_until: now() + 86400 * 26 },
    { archive: 'a18', app: 'notes', title: 'Notes', reason: 'rollback', version: '1.5', name: 'notes.miller.example', size_mb: 48, created_at: now() - 40000, kept_until: now() + 86400 * 29 },
];

export const sources = () => [
    { source: 'steadbox', url: 'https://catalogue.steadbox.example/1/', key: `RWQ${'f6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3xx'.slice(0, 53)}`, builtin: true, fetched_at: now() - 3000, serial: 41, offers: 6, error: null },
    { source: 'hosting', url: 'https://apps.hosting.example/index/', key: `RWQ${'f6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3yy'.slice(0, 53)}`, builtin: false, fetched_at: now() - 900000, serial: 7, offers: 2, error: 'The signature does not fit the key; what was here before stays.' },
];

export const report = (compose) => ({
    possible: !/privileged/.test(compose), id: 'paperless', services: ['web', 'db'], service: 'web', port: 8000, needs_host_network: /network_mode: host/.test(compose), variables: /\$\{SECRET\}/.test(compose) ? ['SECRET'] : [],
    lines: compose.split('\n').map((text, at) => [text.trim(), at + 1]).filter(([text]) => /:/.test(text)).map(([text, line]) => {
        const verdict = /privileged/.test(text) ? 'refused' : /network_mode/.test(text) ? 'asks' : /deploy|logging/.test(text) ? 'ignored' : 'honoured';
        const sentence = { refused: 'A privileged container is root of the machine; there are none here.', asks: 'It wants the machine\'s own network; an administrator must say yes to that.', ignored: 'The box sets limits for all apps.', honoured: 'What fails is started again.' }[verdict];
        return { line, key: `services.web.${text.split(':')[0]}`, verdict, sentence };
    }).sort((a, b) => Number(b.verdict === 'refused') - Number(a.verdict === 'refused')),
});

export const job = (kind, stages, stage, more = {}) => ({
    id: '4711', kind, object: 'blog', state: 'running', stage, stages, percent: 40, message: 'Starting Family blog 6.8.1', actor: 'mara', created_at: now() - 20, started_at: now() - 19, ended_at: null,
    cancellable: true, result: {}, error: {}, ...more,
});
export const installStages = ['pull', 'unpack', 'secrets', 'databases', 'start', 'answer'];

// One of each state that the page shows.
const presets = () => [
    ['radicale', 'Radicale', 'installed', null], ['dokuwiki', 'DokuWiki', 'installing', null], ['ttrss', 'Tiny Tiny RSS', 'waiting', null],
    ['wordpress', 'WordPress', 'failed', 'The package asks: Address of whoever looks after it (admin_email)'], ['roundcube', 'Roundcube', 'needs-domain', null],
    ['gitea', 'gitea', 'needs-offer', null], ['nodered', 'Node-RED', 'dismissed', null], ['miniflux', 'Miniflux', 'offered', null],
].map(([id, title, state, reason]) => ({
    package: id, title, location: id, name: state === 'needs-domain' ? null : `${id}.miller.example`, state, reason, app: state === 'installed' ? 'calendar' : null, job: state === 'installing' ? '4711' : null,
}));

const listing = (items) => ({ items, next: null, total: items.length });
const refusal = (status, name, message) => ({ status, body: { error: { name, message } } });

/**
 * What the box would answer about apps; `world` says how it is: {empty, many, tiles, fits, fail, refused, job; apps: these; mute: the one whose
 * versions cannot be asked for; use: 'none' or 'refused' for all but the day}. Answers {status, body}, or null
 * where the question is not about apps. Everything that begins work begins the same job, whose stages go on with each question.
 */
export function answer(method, path, query, body, world) {
    const [, first, second, third] = path.split('/').map(decodeURIComponent);
    const found = (value) => value ? { status: 200, body: value } : refusal(404, 'not-found', 'There is no such app.');
    const begin = (kind) => {
        world.job = { kind, asked: 0 };
        return { status: 202, body: { job: '4711' } };
    };
    const one = (world.apps ?? apps()).find((other) => other.id === second);
    if (first === 'launcher')
        return found(method === 'GET' ? listing(tiles(world.tiles ?? 4)) : tiles(3)[2]);
    if (first === 'launcher-links')
        return found(listing(tiles().filter(({ kind }) => kind === 'link').map(({ tile, title, url }) => ({ tile, title, url, everybody: false, groups: ['parents'] }))));
    if (first === 'catalogue')
        return found(second ? offer(second, world.fits !== false) : listing(world.empty ? [] : offers.filter(({ title, summary }) => `${title} ${summary}`.toLowerCase().includes((query.get('q') ?? '').toLowerCase()))));
    if (first === 'app-presets')
        return third === 'dismiss' ? found({}) : second ? begin('app-install') : found(listing(world.presets ? presets() : []));
    if (first === 'catalogue-sources')
        return found(listing(sources()));
    if (first === 'catalogue-refresh')
        return begin('catalogue-refresh');
    if (first === 'apps-import-check')
        return found(report(body.compose));
    if (first === 'apps-import' || first === 'apps-update')
        return begin('app-install');
    if (first === 'app-archives')
        return method === 'GET' ? found(listing(archives())) : begin('app-restore');
    if (first === 'app-exports') {
        const offset = Number(query.get('offset') ?? 0), size = 3000000, length = Math.min(1 << 20, size - offset);
        return found({ name: 'blog.tar', size, offset, next: offset + length < size ? offset + length : null, base64: Buffer.alloc(length, 65).toString('base64') });
    }
    if (first === 'authorize')
        return world.refused ? refusal(world.refused, 'not-allowed', 'Calendar is open to members of certain groups only.') : found({ url: `https://${body.name}/.steadbox/callback?code=once`, title: 'Calendar' });
    if (first === 'terminals')
        return found({});
    if (first === 'jobs' && second === '4711' && world.job) {
        const at = Math.min(installStages.length, world.job.asked++), over = at === installStages.length;
        return found(job(world.job.kind, installStages, installStages[Math.min(at, installStages.length - 1)], {
            state: !over ? 'running' : world.fail ? 'failed' : 'done', percent: Math.round(at / installStages.length * 100), ended_at: over ? now() : null,
            result: over && !world.fail ? { app: 'blog', export: 'x1', size: 3000000 } : {},
            error: over && world.fail ? { name: 'wrong-state', message: 'The app did not answer within 60 s: no database', hint: null } : {},
        }));
    }
    if (first !== 'apps')
        return null;
    if (!second)
        return method === 'POST' ? begin('app-install') : found(listing(world.empty ? [] : world.apps ?? (world.many ? many(world.many) : apps())));
    if (!one)
        return found(null);
    if (!third)
        return method === 'GET' ? found(one) : begin(method === 'DELETE' ? 'app-uninstall' : 'app-run');
    switch (third) {
    case 'health': return found(health(one));
    case 'use': {
        const period = query.get('period') === 'day' ? '' : query.get('period');
        return world.use === 'refused' && period ? refusal(503, 'busy', 'Too much is asked at once.') : found(listing(world.use === 'none' ? [] : use(period)));
    }
    case 'versions': return second === world.mute ? refusal(503, 'busy', 'Too much is asked at once.') : found(listing(versions()));
    case 'history': return found(listing(events()));
    case 'files': return found(listing(files(query.get('path'))));
    case 'file': return found(method === 'POST' ? { name: 'x', path: body.path, kind: 'file', size: 1, changed_at: now() } : method === 'DELETE' ? {} : null);
    case 'directories': return found({ name: 'x', path: body.path, kind: 'directory', size: 0, changed_at: now() });
    case 'schedule': return found(method === 'GET' ? listing(tasks()) : tasks()[0]);
    case 'terminals': return found({ terminal: 't1', app: second, container: 'web', command: ['sh'] });
    case 'logs': {
        const end = query.get('after') ? Number(query.get('after').slice(1)) : 10000, limit = Number(query.get('limit') ?? 100);
        return found({ items: logLines(limit, end).filter((line) => line.text.includes(query.get('q') ?? '')), next: end > 4000 ? `c${end - limit}` : null, total: 10000 });
    }
    default: return begin({ start: 'app-run', stop: 'app-run', restart: 'app-run', update: 'app-update', rollback: 'app-rollback', clone: 'app-clone', export: 'app-export' }[third]);
    }
}

/** Answers what a page asks about apps; the rest goes to the box. What was asked for is kept in `world.asked`. */
export async function pretendApps(page, world) {
    world.asked = [];
    await page.route((url) => url.pathname.startsWith('/api/v1/'), async (route) => {
        const request = route.request(), url = new URL(request.url()), path = url.pathname.slice(7), method = request.method();
        if (/\/watch$/.test(path) || /^\/terminals\/\w+$/.test(path)) {
            const output = (text) => `event: output\ndata: ${JSON.stringify({ base64: Buffer.from(text).toString('base64') })}\n\n`;
            const events = path.startsWith('/terminals/')
                ? output('\u001b[1;32mapp\u001b[0m:\u001b[38;2;200;100;50m/srv\u001b[0m$ ls\r\ncontent  index.php\r\n')
                : `event: line\ndata: ${JSON.stringify({ ...logLines(1, 10001)[0], text: 'a line that came just now' })}\n\n`;
            return route.fulfill({ status: 200, contentType: 'text/event-stream', body: `retry: 60000\n\n${events}` });
        }
        if (/\/directory$/.test(path) && method === 'GET') {
            const { skipped = 0, refused } = world.directory ?? {};
            if (refused)
                return route.fulfill({ status: 503, contentType: 'application/json', body: JSON.stringify({ error: { name: 'busy', message: refused } }) });
            const parts = ['as if it ', 'were tar'].map((text) => `event: output\ndata: ${JSON.stringify({ base64: Buffer.from(text).toString('base64') })}\n\n`).join('');
            return route.fulfill({ status: 200, contentType: 'text/event-stream', body: `retry: 60000\n\n${parts}event: end\ndata: ${JSON.stringify({ files: 1, bytes: 17, skipped })}\n\n` });
        }
        const body = JSON.parse(request.postData() || '{}'), reply = answer(method, path, url.searchParams, body, world);
        if (!reply)
            return route.fallback();
        if (method !== 'GET')
            world.asked.push({ method, path, body, query: url.search });
        return route.fulfill({ status: reply.status, contentType: 'application/json', body: JSON.stringify(reply.body) });
    });
}
