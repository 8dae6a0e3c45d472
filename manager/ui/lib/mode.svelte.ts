// Light, dark, or as the device says; kept on this device.
export type Mode = 'auto' | 'light' | 'dark';

const key = 'steadbox-mode';
export const mode = $state<{ value: Mode }>({ value: 'auto' });

function show(value: Mode): void {
    mode.value = value;
    if (value === 'auto')
        delete document.documentElement.dataset.mode;
    else
        document.documentElement.dataset.mode = value;
}

export function startMode(): void {
    let kept: string | null = null;
    try {
        kept = localStorage.getItem(key);
    } catch {
        // Nothing kept: as the device says.
    }
    show(kept === 'light' || kept === 'dark' ? kept : 'auto');
}

export function setMode(value: Mode): void {
    show(value);
    try {
        localStorage.setItem(key, value);
    } catch {
        // It holds for this page then.
    }
}
