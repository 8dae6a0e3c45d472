import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { svelte } from '@sveltejs/vite-plugin-svelte';

// Output is the same bytes for the same source: no dates, no machine paths, names from content. Nothing is inlined as a data:
// address or script, so that the content policy can stay at 'self'.
export default defineConfig({
    plugins: [svelte()],
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
            },
        },
    },
    server: { proxy: { '/api': { target: process.env.STEADBOX_DEV ?? 'http://127.0.0.1:8765', changeOrigin: true } } },
});
