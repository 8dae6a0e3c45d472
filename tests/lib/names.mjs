// The small internet of names (dns_world.py) for a box that browser tests talk to; the box's own resolver then begins at its root.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { box } from './browser.mjs';

const program = join(dirname(fileURLToPath(import.meta.url)), 'dns_world.py');
let folder = '';

function world(verb, ...more) {
    return execFileSync(program, [verb, folder, ...more], { encoding: 'utf8', timeout: 180000 });
}

function put(path, text) {
    box.sh('sh', '-c', `mkdir -p ${dirname(path)} && echo ${Buffer.from(text).toString('base64')} | base64 -d >${path}`);
}

export const names = {
    /** Starts it beside the box and turns the box's resolver to it. */
    start() {
        folder = join(mkdtempSync(join(tmpdir(), 'steadbox-names-')), 'world');
        const number = Number(new URL(box.address).hostname.split('.')[2]);
        this.net = `10.77.${number}`;
        world('start', '--net', this.net, '--device', `sbx${number}`);
        const conf = box.sh('cat', '/usr/share/steadbox/unbound.conf').split('\n').filter((line) => !line.includes('auto-trust-anchor-file')).join('\n');
        for (const name of ['root.hints', 'root.ds'])
            put(`/etc/steadbox-test/${name}`, readFileSync(join(folder, name), 'utf8'));
        put('/etc/steadbox-test/unbound.conf', conf + world('unbound').replaceAll(folder, '/etc/steadbox-test'));
        put('/etc/systemd/system/unbound.service.d/test.conf', '[Service]\nExecStart=\nExecStart=/usr/sbin/unbound -d -p -c /etc/steadbox-test/unbound.conf\n');
        box.sh('sh', '-c', 'systemctl daemon-reload && systemctl restart unbound');
    },

    set(zone, name, type, ...values) {
        world('set', zone, name, type, ...values);
    },

    get(name, type) {
        return world('get', name, type).split('\n').filter(Boolean);
    },

    /** algorithm, name and secret of the key that may write */
    key() {
        return readFileSync(join(folder, 'tsig'), 'utf8').trim().split(':');
    },

    /** The box goes back to the world's own root. */
    stop() {
        if (!folder)
            return;
        try {
            box.sh('sh', '-c', 'rm -rf /etc/steadbox-test /etc/systemd/system/unbound.service.d/test.conf; systemctl daemon-reload; systemctl restart unbound');
        } finally {
            world('stop');
            rmSync(dirname(folder), { recursive: true, force: true });
        }
    },
};
