// What browser tests share: a box to talk to, a browser that notices every breach of the content policy, and the judges.
//   import { box, browser, check, done } from '../lib/browser.mjs';
// $BOX names the box and $BOX_URL is its address; STEADBOX_SHELL may name another command that runs a line as root there.
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const tests = join(dirname(fileURLToPath(import.meta.url)), '..');
const address = (process.env.STEADBOX_URL ?? process.env.BOX_URL ?? '').replace(/\/+$/, '');
export const logs = process.env.LOGS ?? '/tmp/steadbox-ui-tests';
mkdirSync(join(logs, 'screens'), { recursive: true });
/** How long the browser waits for what should come, in milliseconds; it costs time only where something is broken. */
const patience = 60000;
/** A case that takes longer says so; milliseconds. */
const slow = 10000;
let failures = 0;

/** One case: prints its verdict, goes on after a failure. */
export async function check(name, deed) {
    const started = Date.now();
    try {
        await deed();
        console.log(`ok - ${name}`);
    } catch (error) {
        failures++;
        console.log(`not ok - ${name}: ${String(error?.message ?? error).replace(/\u001b\[\d+m/g, '').split('\n').slice(0, 3).join(' | ')}`);
        for (const page of pages.filter((page) => !page.isClosed()).slice(-1))
            await page.screenshot({ path: join(logs, 'screens', `failed-${name.replace(/\W+/g, '-').slice(0, 60)}.png`) }).catch(() => undefined);
    }
    if (Date.now() - started > slow)
        console.log(`# that took ${Math.round((Date.now() - started) / 1000)} s`);
}

export function assert(truth, why) {
    if (!truth)
        throw new Error(why);
}

/** Closes the browser and ends with what was found. */
export async function done() {
    for (const one of browsers)
        await one.close();
    process.exit(failures ? 1 : 0);
}

export const box = {
    address,

    /** Runs a command as root on the box and answers what it prints. */
    sh(...command) {
        const shell = process.env.STEADBOX_SHELL;
        const [program, ...start] = shell ? shell.split(' ')
            : [join(tests, '../images/box'), 'sh', '--name', process.env.STEADBOX_BOX ?? process.env.BOX ?? 'box', '--'];
        return execFileSync(program, [...start, ...command], { encoding: 'utf8', timeout: 180000, maxBuffer: 64 << 20 });
    },

    /** The box's first process, as this machine numbers it. */
    leader() {
        return JSON.parse(execFileSync(join(tests, '../images/box'), ['status', '--name', process.env.STEADBOX_BOX ?? process.env.BOX ?? 'box', '--json'],
            { encoding: 'utf8' })).leader;
    },

    /** A fresh one-use link for the owner. */
    ownerLink() {
        const given = process.env.STEADBOX_OWNER_LINK;
        if (given) {
            delete process.env.STEADBOX_OWNER_LINK;
            return given;
        }
        return JSON.parse(this.sh('steadbox', 'owner', 'link', '--json')).url;
    },

    /** The part of a link that belongs after the address. */
    place(link) {
        return link.slice(link.indexOf('/#/link/'));
    },

    /** Calls the API over the web as somebody with these cookies; answers {status, body, headers}. */
    api(method, path, body, cookie = '') {
        return this.ask(method, `/api/v1${path}`, body === undefined ? undefined : JSON.stringify(body), {
            ...(cookie ? { Cookie: cookie } : {}), Origin: address,
            ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        }).then((answer) => ({ ...answer, body: JSON.parse(answer.body.toString() || 'null') }));
    },

    /** What only asks is asked again where the connection broke, as it may while the web server is loaded anew. */
    async ask(method, ...more) {
        return method === 'GET' ? until(`an answer of ${more[0]}`, () => this.get(method, ...more)) : this.get(method, ...more);
    },

    /** One plain request on a connection of its own, as a kept one may end with a reload; a box that vouches for itself is believed here. */
    get(method, path, body, headers = {}) {
        const target = new URL(path, address);
        const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
        return new Promise((resolve, reject) => {
            const request = send(target, { method, agent: false, rejectUnauthorized: false, headers: { ...headers, ...(body ? { 'Content-Length': Buffer.byteLength(body) } : {}) } }, (response) => {
                const parts = [];
                response.on('data', (part) => parts.push(part));
                response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
            });
            request.on('error', reject);
            request.end(body);
        });
    },

    /** Signs the owner in by a fresh link and answers the cookie; the password is kept for whoever wants to sign in by it. */
    async owner() {
        const token = this.ownerLink().split('/link/')[1];
        const seen = await this.api('POST', '/links/inspect', { token });
        const answer = await this.api('POST', '/links/use', {
            token, password: this.password, ...(seen.body.username ? {} : { username: 'mara' }), display_name: 'Mara Keller', language: 'en',
        });
        assert(answer.status === 200, `the owner's link is refused: ${JSON.stringify(answer.body)}`);
        this.ownerName = answer.body.username;
        return cookieOf(answer);
    },
    password: 'correct horse battery staple 7',
    ownerName: 'mara',
};

export function cookieOf(answer) {
    return (answer.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; ');
}

const browsers = [], pages = [];

/** A browser; its contexts come from context(). All names in the domains given lead to the box. */
export async function browser(...domains) {
    const made = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync',
            ...(domains.length ? [`--host-resolver-rules=${domains.map((domain) => `MAP *.${domain} ${new URL(address).hostname}`).join(', ')}`] : [])],
    });
    browsers.push(made);
    return made;
}

/** A window of its own: nothing shared with others. With a cookie it is signed in. */
export async function context(of, { width = 1440, height = width < 500 ? 760 : 900, mode = 'light', cookie = '', language = 'en-GB' } = {}) {
    const made = await of.newContext({
        viewport: { width, height }, colorScheme: mode, locale: language, ignoreHTTPSErrors: true, reducedMotion: 'reduce',
        permissions: ['clipboard-read', 'clipboard-write'], acceptDownloads: true,
    });
    made.setDefaultTimeout(patience);
    const { hostname } = new URL(address);
    for (const part of cookie.split('; ').filter(Boolean)) {
        const at = part.indexOf('=');
        await made.addCookies([{
            name: part.slice(0, at), value: part.slice(at + 1), ...(part.startsWith('__Host-') ? { url: address } : { domain: hostname, path: '/' }),
            secure: address.startsWith('https:'), httpOnly: true, sameSite: 'Strict',
        }]);
    }
    return made;
}

/** A page that remembers what went wrong in it; clean() fails on any of that. */
export async function open(within, path = '/') {
    const page = await steady(within);
    pages.push(page);
    page.complaints = [];
    page.addresses = [];
    page.on('console', (message) => {
        // A refused call is an answer of the API, not a fault of the page.
        if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
            page.complaints.push(message.text());
    });
    page.on('pageerror', (error) => page.complaints.push(error.message));
    page.on('request', (request) => page.addresses.push(request.url()));
    await page.goto(address + path);
    await page.waitForSelector('main, [role="alert"], dialog');
    return page;
}

// Other boxes come and go on this machine, and the browser then thinks its network changed; a web server that is loaded anew ends what it
// was about to answer; and the browser's own page about that may come between, too.
const broken = /ERR_NETWORK_CHANGED|ERR_CONNECTION_(RESET|REFUSED|CLOSED|ABORTED)|ERR_EMPTY_RESPONSE|ERR_HTTP2_|chrome-error:/;

/** A page whose loads are tried again where the connection broke. */
export async function steady(within) {
    const page = await within.newPage();
    for (const name of ['goto', 'reload']) {
        const load = page[name].bind(page);
        page[name] = async (...more) => {
            for (const end = Date.now() + patience; ; await new Promise((next) => setTimeout(next, 500))) {
                try {
                    return await load(...more);
                } catch (error) {
                    if (Date.now() > end || !broken.test(error.message))
                        throw error;
                }
            }
        };
    }
    return page;
}

export function clean(page) {
    assert(!page.complaints.length, page.complaints.join('; '));
    const foreign = page.addresses.filter((url) => !url.startsWith(address) && !/^(data|blob):/.test(url));
    assert(!foreign.length, `asked elsewhere: ${foreign.join(' ')}`);
}

/** Waits until look() answers something true, and answers that. That a connection broke counts as not yet. */
export async function until(what, look, seconds = patience / 1000) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((next) => setTimeout(next, 200))) {
        try {
            const found = await look();
            if (found)
                return found;
        } catch (error) {
            if (!['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(error.code))
                throw error;
        }
    }
    throw new Error(`in vain: ${what}`);
}

/** Waits until nothing is loading any more. */
export async function settled(page) {
    await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.skeleton'), null);
    await page.waitForTimeout(60);
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails on what axe calls serious or critical. */
export async function accessible(page) {
    // evaluate() does not pass the page's content policy, so the policy stays as it is while axe looks.
    await page.evaluate(axeSource);
    const found = await page.evaluate(async () => {
        const result = await window.axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'],
        });
        return result.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
            .map((one) => `${one.id} at ${one.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(', ')}`);
    });
    assert(!found.length, found.join('; '));
}

/** Fails where the page is wider than the window. */
export async function fits(page) {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert(over <= 0, `the page is ${over} px wider than the window`);
}

export async function shot(page, name) {
    await page.screenshot({ path: join(logs, 'screens', `${name}.png`) });
}

/** The six digits of an authenticator now (RFC 6238). */
export function totp(secret, at = Date.now()) {
    const bits = [...secret.replace(/[\s=]/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter.toUpperCase()).toString(2).padStart(5, '0')).join('');
    const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
    const count = Buffer.alloc(8);
    count.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
    const mac = createHmac('sha1', key).update(count).digest();
    const offset = mac[19] & 15;
    return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1000000).padStart(6, '0');
}

/** Answers calls of one operation from here: answer(page, 'GET', '/users', body or (url) => body); with `after` not before that promise is kept. */
export async function pretend(page, method, path, reply, { status = 200, after } = {}) {
    await page.route((url) => url.pathname === `/api/v1${path}`, async (route) => {
        if (route.request().method() !== method)
            return route.fallback();
        await after;
        const body = typeof reply === 'function' ? reply(new URL(route.request().url())) : reply;
        await route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
    });
}
