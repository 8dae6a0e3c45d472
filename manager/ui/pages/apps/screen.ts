// The terminal's screen: xterm.js, loaded only where a terminal is opened. It writes style sheets and style attributes as text, which the
// content policy refuses; the document it is given makes of them what the policy allows: constructed sheets, and single properties.
import { FitAddon } from '@xterm/addon-fit';
import { Terminal, type ITheme } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';

export interface Screen {
    write(bytes: Uint8Array): void;
    focus(): void;
    /** Fits the screen into its place; the program inside is told by `resized`. */
    fit(): void;
    readonly rows: number;
    readonly columns: number;
    close(): void;
}

/** A `style` element whose text becomes a constructed sheet. */
function sheeted(style: HTMLStyleElement, sheets: Set<CSSStyleSheet>): HTMLStyleElement {
    const sheet = new CSSStyleSheet();
    const remove = style.remove.bind(style);
    let text = '';
    sheets.add(sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    Object.defineProperty(style, 'textContent', {
        get: () => text,
        set: (value: string) => { text = value; sheet.replaceSync(value); },
    });
    style.remove = () => {
        document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
        remove();
    };
    return style;
}

function permitted(sheets: Set<CSSStyleSheet>): Document {
    const create = (name: string, options?: ElementCreationOptions): HTMLElement => {
        const made = document.createElement(name, options);
        if (made instanceof HTMLStyleElement)
            return sheeted(made, sheets);
        const set = made.setAttribute.bind(made), get = made.getAttribute.bind(made);
        made.setAttribute = (key, value) => key === 'style' ? void (made.style.cssText = value) : set(key, value);
        made.getAttribute = (key) => key === 'style' ? made.style.cssText : get(key);
        return made;
    };
    return new Proxy(document, {
        get(target, name) {
            if (name === 'createElement')
                return create;
            const value: unknown = Reflect.get(target, name, target);
            return typeof value === 'function' ? value.bind(target) : value;
        },
        set: (target, name, value) => Reflect.set(target, name, value, target),
    });
}

/** Colours of the page's mode; the sixteen of the programs stay readable on both grounds. */
function theme(place: HTMLElement): ITheme {
    const style = getComputedStyle(place);
    const dark = matchMedia('(prefers-color-scheme: dark)').matches ? document.documentElement.dataset.mode !== 'light' : document.documentElement.dataset.mode === 'dark';
    const base = { background: style.backgroundColor, foreground: style.color, cursor: style.color, cursorAccent: style.backgroundColor };
    return dark
        ? { ...base, selectionBackground: '#2f5a49', black: '#3a4447', red: '#ff8a80', green: '#63c990', yellow: '#e9b04d', blue: '#7fb0f0', magenta: '#d3a0e8', cyan: '#6fd0cf', white: '#e9ece8', brightBlack: '#9aa6a0' }
        : { ...base, selectionBackground: '#bfe0d1', black: '#1d2421', red: '#b3261e', green: '#1b6f46', yellow: '#8a5200', blue: '#1f5aa6', magenta: '#7d3f98', cyan: '#0f6b72', white: '#5a655f', brightBlack: '#5a655f', brightWhite: '#3a4447' };
}

export function openScreen(place: HTMLElement, label: string, typed: (bytes: Uint8Array) => void, resized: (rows: number, columns: number) => void): Screen {
    const sheets = new Set<CSSStyleSheet>();
    const family = getComputedStyle(place).fontFamily;
    const terminal = new Terminal({
        fontFamily: family, fontSize: 13, lineHeight: 1.15, cursorBlink: false, scrollback: 5000, screenReaderMode: true, allowProposedApi: false,
        minimumContrastRatio: 4.5, theme: theme(place), documentOverride: permitted(sheets),
    });
    const fitter = new FitAddon();
    terminal.loadAddon(fitter);
    terminal.open(place);
    terminal.textarea?.setAttribute('aria-label', label);
    const encoder = new TextEncoder();
    terminal.onData((text) => typed(encoder.encode(text)));
    terminal.onBinary((text) => typed(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
    terminal.onResize(({ rows, cols }) => resized(rows, cols));
    fitter.fit();
    return {
        write: (bytes) => terminal.write(bytes),
        focus: () => terminal.focus(),
        fit: () => fitter.fit(),
        get rows() { return terminal.rows; },
        get columns() { return terminal.cols; },
        close() {
            terminal.dispose();
            document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !sheets.has(sheet));
        },
    };
}
