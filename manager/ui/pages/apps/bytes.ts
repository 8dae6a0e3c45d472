// Bytes as base64, in pieces small enough for the stack; and what comes in parts as a download.
import { ApiError, stream } from '$lib/api';
import type { OperationFields } from '$lib/api.generated';

export function toBase64(bytes: Uint8Array): string {
    let text = '';
    for (let at = 0; at < bytes.length; at += 0x8000)
        text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
    const letters = atob(text), bytes = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at++)
        bytes[at] = letters.charCodeAt(at);
    return bytes;
}

export interface Chunk { name: string; size: number; offset: number; next: number | null; base64: string }

interface Sink { write(bytes: Uint8Array<ArrayBuffer>): Promise<void> | void; close(): Promise<void> | void; abort(): Promise<void> | void }

/** Somebody was asked where a file shall go, and said nowhere. */
export class Dismissed extends Error {}

function dismissed(error: unknown): never {
    throw error instanceof DOMException && error.name === 'AbortError' ? new Dismissed() : error;
}

/** Straight into a file where the browser can and `large` is true; elsewhere the browser keeps the parts until the last is there. */
async function sink(name: string, large: boolean): Promise<Sink> {
    const picker = (window as { showSaveFilePicker?: (options: object) => Promise<FileSystemFileHandle> }).showSaveFilePicker;
    const file = picker && large ? await (await picker.call(window, { suggestedName: name }).catch(dismissed)).createWritable() : null;
    if (file)
        return { write: (bytes) => file.write(bytes), close: () => file.close(), abort: () => file.abort().catch(() => undefined) };
    const parts: Blob[] = [];
    return {
        write: (bytes) => { parts.push(new Blob([bytes])); },
        close: () => {
            const address = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
            const link = document.createElement('a');
            link.href = address;
            link.download = name;
            link.click();
            setTimeout(() => URL.revokeObjectURL(address), 10000);
        },
        abort: () => undefined,
    };
}

/** Reads a file chunk by chunk (or throws Dismissed) and hands it to the browser as a download, so that an export larger than memory comes through where the browser can. */
export async function download(name: string, read: (offset: number) => Promise<Chunk>, progress: (share: number) => void, signal: AbortSignal, size = 0): Promise<void> {
    const to = await sink(name, size > 64e6);
    try {
        for (let offset: number | null = 0; offset !== null;) {
            const chunk: Chunk = await read(offset);
            signal.throwIfAborted();
            const bytes = fromBase64(chunk.base64);
            if (chunk.next !== null && (!bytes.length || chunk.next <= offset))
                throw new Error('no progress');
            await to.write(bytes);
            progress(chunk.size ? Math.min(1, (offset + bytes.length) / chunk.size) : 1);
            offset = chunk.next;
        }
    } catch (error) {
        await to.abort();
        throw error;
    }
    await to.close();
}

/** A directory as an archive; says how many were left out. The next part is asked for when the one before it is written. */
export async function downloadDirectory(name: string, fields: OperationFields['app.directory-read'], progress: (bytes: number) => void, signal: AbortSignal): Promise<number> {
    const to = await sink(name, /* large= */ true);
    let size = 0, skipped = -1;
    try {
        for await (const { name: event, data } of stream('app.directory-read', fields, signal)) {
            if (event === 'failed')
                throw new ApiError(String(data.name), String(data.message), 0);
            if (event === 'output') {
                const bytes = fromBase64(String(data.base64));
                await to.write(bytes);
                progress(size += bytes.length);
            } else if (event === 'end') {
                if (data.bytes !== size)
                    throw new Error('a part is missing');
                skipped = Number(data.skipped);
                break;
            }
        }
        if (skipped < 0)
            throw new Error('it broke off');
    } catch (error) {
        await to.abort();
        throw error;
    }
    await to.close();
    return skipped;
}
