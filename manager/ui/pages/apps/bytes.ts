// Bytes as base64, in pieces small enough for the stack.
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

/**
 * Reads a file chunk by chunk and hands it to the browser as a download. Where the browser can write to a file straight away it does,
 * so that an export larger than memory comes through; elsewhere the parts are kept by the browser until the last is there.
 */
export async function download(name: string, read: (offset: number) => Promise<Chunk>, progress: (share: number) => void, signal: AbortSignal, size = 0): Promise<void> {
    const picker = (window as { showSaveFilePicker?: (options: object) => Promise<FileSystemFileHandle> }).showSaveFilePicker;
    const file = picker && size > 64e6 ? await (await picker.call(window, { suggestedName: name })).createWritable() : null;
    const parts: Blob[] = [];
    try {
        for (let offset: number | null = 0; offset !== null;) {
            const chunk: Chunk = await read(offset);
            signal.throwIfAborted();
            const bytes = fromBase64(chunk.base64);
            if (chunk.next !== null && (!bytes.length || chunk.next <= offset))
                throw new Error('no progress');
            if (file)
                await file.write(bytes);
            else
                parts.push(new Blob([bytes]));
            progress(chunk.size ? Math.min(1, (offset + bytes.length) / chunk.size) : 1);
            offset = chunk.next;
        }
    } catch (error) {
        await file?.abort().catch(() => undefined);
        throw error;
    }
    if (file) {
        await file.close();
        return;
    }
    const address = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
}
