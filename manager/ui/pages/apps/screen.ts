// The terminal's screen: xterm.js, loaded only where a terminal is opened. It writes style sheets and style attributes as text, which the
// content policy refuses; here they become what the policy allows: constructed sheets, and single properties.
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

/** Stands where a `style` element would; its text becomes a constructed sheet. */
function sheeted(sheets: Set<CSSStyleSheet>): HTMLElement {
    const stand = document.createElement('template');
    const sheet = new CSSStyleSheet();
    let text = '';
    sheets.add(sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    Object.defineProperty(stand, 'textContent', {
        get: () => text,
        set: (value: string) => { text = value; sheet.replaceSync(value); },
    });
    return stand;
}

/** Opens the terminal with a document that makes such stands. Parts of xterm.js ask the page's own document whatever they are given, so it
 *  is that one, for as long as the opening takes. */
function openIn(terminal: Terminal, place: HTMLElement, sheets: Set<CSSStyleSheet>): void {
    document.createElement = ((tag: string, options?: ElementCreationOptions) =>
        tag === 'style' ? sheeted(sheets) : Document.prototype.createElement.call(document, tag, options)) as Document['createElement'];
    try {
        terminal.open(place);
    } finally {
        delete (document as { createElement?: unknown }).createElement;
    }
}

// Colours beyond the sixteen are written as style attributes of spans, by a part of xterm.js that asks no document.
HTMLSpanElement.prototype.setAttribute = function (name: string, value: string): void {
    if (name === 'style')
        this.style.cssText = value;
    else
        Element.prototype.setAttribute.call(this, name, value);
};

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
        fontFamily: family, fontSize: 13, lineHeight: 1.15, cursorBlink: false, scrollback: 5000, screenReaderMode: true, allowProposedApi: false, drawBoldTextInBrightColors: false,
        minimumContrastRatio: 4.5, theme: theme(place),
    });
    const fitter = new FitAddon();
    terminal.loadAddon(fitter);
    openIn(terminal, place, sheets);
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
