/** Hands a text to the browser as a file; it never leaves the reader's machine on the way. */
export function save(name: string, text: string, type = 'text/plain'): void {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
}
