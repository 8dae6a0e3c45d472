import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import { svelte } from '@sveltejs/vite-plugin-svelte';

/** Leaves a packed copy beside each file, for nginx's gzip_static: packed best, and once only. No date goes into it. */
function packed(): Plugin {
    let folder = '';
    return {
        name: 'packed',
        apply: 'build',
        configResolved: (config) => { folder = join(config.root, config.build.outDir); },
        closeBundle() {
            for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(js|css|html|svg)$/.test(file)))
                writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(join(folder, name)), { level: 9 }));
        },
    };
}

// Output is the same bytes for the same source: no dates, no machine paths, names from content. Nothing is inlined as a data:
// address or script, so that the content policy can stay at 'self'.
export default defineConfig({
    plugins: [svelte(), packed()],
    resolve: { alias: { $lib: fileURLToPath(new URL('./lib', import.meta.url)) } },
    build: {
        target: ['chrome123', 'firefox128', 'safari17.5'],
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        rollupOptions: {
            output: {
                entryFileNames: 'assets/[name]-[hash].js',
                chunkFileNames: 'assets/[name]-[hash].js',
                assetFileNames: 'assets/[name]-[hash][extname]',
                // What pages share comes in one file; each page and each language in its own, and the terminal only where one is opened.
                codeSplitting: { groups: [{ name: 'shared', test: /node_modules\/(?!@xterm)|\/ui\/lib\/(?!texts\/)/ }] },
            },
        },
    },
    server: { proxy: { '/api': { target: process.env.STEADBOX_DEV ?? 'http://127.0.0.1:8765', changeOrigin: true } } },
});
