// A registry beside the box and a catalogue of one app of ours, for tests that install for real: "Diary" signs people in by the box, shows what
// arrives with a request, and keeps what is posted to it. Its version 1.1 never answers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { box, assert } from './browser.mjs';

const program = join(dirname(fileURLToPath(import.meta.url)), 'registry.py');
const key = '/root/diary.key', offers = '/srv/diary';
let registry = null, folder = '';

const manifest = (version, image) => ({
    format: 1, id: 'diary', version, downgrade_data_safe: true, title: { en: 'Diary', de: 'Tagebuch' }, summary: { en: 'A day in a line', de: 'Ein Tag in einer Zeile' },
    description: { en: 'Writes down **what one tells it**.', de: 'Schreibt auf, **was man ihm sagt**.' }, licence: 'Apache-2.0', homepage: 'https://diary.example', categories: ['writing'],
    containers: [{ name: 'web', image, args: ['sh', '-c', version === '1.1' ? 'exec sleep 100000' : 'exec httpd -f -p 80 -h /srv'], stop_seconds: 1, env: { MOTTO: '{{setting.motto}}' }, mounts: [{ data: 'pages', path: '/data' }] }],
    data: [{ name: 'pages', class: 'precious', consistency: 'plain' }], settings: [{ key: 'motto', type: 'string', label: { en: 'Motto', de: 'Motto' }, required: true }],
    http: { container: 'web', port: 80 }, sign_in: 'proxy', access: 'everyone', resources: { memory_mb: 8, memory_max_mb: 64, disk_mb: 10, download_mb: 2 }, network_out: 'none',
    health: { path: '/', expect: [200], start_seconds: 10, soak_seconds: 600 }, clone: { mail: 'mute', schedule: 'mute' },
});

function put(path, text) {
    box.sh('sh', '-c', `mkdir -p ${dirname(path)} && echo ${Buffer.from(text).toString('base64')} | base64 -d >${path}`);
}

export const catalogue = {
    image: '',

    /** Starts the registry and makes a key; nothing is on offer yet. */
    async start() {
        folder = mkdtempSync(join(tmpdir(), 'steadbox-catalogue-'));
        const ready = join(folder, 'ready'), name = process.env.BOX ?? 'box';
        registry = spawn('python3', [program, 'serve', name, ready, 'busybox'], { stdio: ['pipe', 'pipe', 'ignore'] });
        // Where the image is not built yet, that takes a while.
        for (const end = Date.now() + 600000; !existsSync(ready); await new Promise((done) => setTimeout(done, 100)))
            assert(registry.exitCode === null && Date.now() < end, 'the registry does not start');
        this.image = JSON.parse(readFileSync(ready, 'utf8')).images.busybox;
        box.sh('sh', '-c', `rm -rf ${offers} ${key}*; mkdir -p ${offers}; chmod 755 ${offers}; steadbox pack --make-key ${key}`);
        return box.sh('tail', '-n', '1', `${key}.pub`).trim();
    },

    /** Puts a version on offer. */
    offer(version) {
        const place = `/tmp/diary-${version}`;
        put(`${place}/manifest.json`, JSON.stringify(manifest(version, this.image)));
        put(`${place}/icon.svg`, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" rx="2" fill="#1f6b50"/></svg>');
        box.sh('sh', '-c', `steadbox pack ${place} --key ${key} --output ${offers} && steadbox pack --index ${offers} --key ${key} --name Diaries && chmod 644 ${offers}/*`);
    },

    /** How the registry behaves from now on: what reset() of registry.py takes. */
    async mood(words = {}) {
        const done = once(registry.stdout, 'data');
        registry.stdin.write(`${JSON.stringify(words)}\n`);
        await done;
    },

    directory: offers,

    stop() {
        registry?.kill('SIGTERM');
        rmSync(folder, { recursive: true, force: true });
    },
};
