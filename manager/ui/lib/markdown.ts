// Markdown into a tree, the part of it our documents use. The tree is drawn by Markdown.svelte as elements, never as HTML text, so a
// document can hold nothing that runs. Links lead to pages of this box, to https: or to mailto:; anything else stays text.
export type Inline =
    | { kind: 'text'; text: string }
    | { kind: 'code'; text: string }
    | { kind: 'strong'; parts: Inline[] }
    | { kind: 'em'; parts: Inline[] }
    | { kind: 'link'; href: string; parts: Inline[] };

export interface Item { parts: Inline[]; blocks: Block[] }

export type Block =
    | { kind: 'heading'; level: number; parts: Inline[]; id: string }
    | { kind: 'paragraph'; parts: Inline[] }
    | { kind: 'code'; text: string }
    | { kind: 'quote'; blocks: Block[] }
    | { kind: 'list'; ordered: boolean; items: Item[] }
    | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
    | { kind: 'rule' };

const itemMark = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const depthMax = 8;

export function parse(text: string, depth = 0): Block[] {
    const lines = text.replace(/\r\n?/g, '\n').replace(/<!--[\s\S]*?-->/g, '').split('\n');
    const blocks: Block[] = [];
    for (let at = 0; at < lines.length;) {
        const line = lines[at];
        if (!line.trim()) {
            at++;
            continue;
        }
        const taken = depth < depthMax ? block(lines, at, depth, blocks) : 0;
        if (taken) {
            at += taken;
            continue;
        }
        const words: string[] = [];
        while (at < lines.length && lines[at].trim() && !(words.length && starts(lines, at)))
            words.push(lines[at++].trim());
        blocks.push({ kind: 'paragraph', parts: inline(words.join(' ')) });
    }
    return blocks;
}

/** Whether a line begins something else than more of the paragraph. */
function starts(lines: string[], at: number): boolean {
    return /^(#{1,6}\s|```|~~~|>\s?|\s*(---+|\*\*\*+)\s*$)/.test(lines[at]) || itemMark.test(lines[at]);
}

/** Takes the block that begins here; answers its number of lines, 0 where it is a paragraph. */
function block(lines: string[], at: number, depth: number, blocks: Block[]): number {
    const line = lines[at];
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (heading) {
        blocks.push({ kind: 'heading', level: heading[1].length, parts: inline(heading[2]), id: slug(heading[2]) });
        return 1;
    }
    if (/^\s*(---+|\*\*\*+)\s*$/.test(line)) {
        blocks.push({ kind: 'rule' });
        return 1;
    }
    if (/^\s*(```|~~~)/.test(line))
        return fence(lines, at, blocks);
    if (/^>/.test(line)) {
        const until = run(lines, at, (other) => /^>/.test(other));
        const inner = lines.slice(at, until).map((other) => other.replace(/^>\s?/, '')).join('\n');
        blocks.push({ kind: 'quote', blocks: parse(inner, depth + 1) });
        return until - at;
    }
    if (line.includes('|') && /^\s*\|?[\s:|-]*-[\s:|-]*$/.test(lines[at + 1] ?? '') && lines[at + 1].includes('|'))
        return table(lines, at, blocks);
    if (itemMark.test(line))
        return list(lines, at, depth, blocks);
    return 0;
}

function run(lines: string[], at: number, fits: (line: string) => boolean): number {
    while (at < lines.length && fits(lines[at]))
        at++;
    return at;
}

function fence(lines: string[], at: number, blocks: Block[]): number {
    const mark = lines[at].trim().slice(0, 3);
    const indent = lines[at].length - lines[at].trimStart().length;
    const until = run(lines, at + 1, (line) => !line.trim().startsWith(mark));
    const text = lines.slice(at + 1, until).map((line) => line.slice(Math.min(indent, line.length - line.trimStart().length))).join('\n');
    blocks.push({ kind: 'code', text });
    return Math.min(until + 1, lines.length) - at;
}

function cells(line: string): Inline[][] {
    return line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((cell) => inline(cell.trim().replaceAll('\\|', '|')));
}

function table(lines: string[], at: number, blocks: Block[]): number {
    const until = run(lines, at + 2, (line) => line.includes('|'));
    blocks.push({ kind: 'table', head: cells(lines[at]), rows: lines.slice(at + 2, until).map(cells) });
    return until - at;
}

function list(lines: string[], at: number, depth: number, blocks: Block[]): number {
    const begin = at, first = itemMark.exec(lines[at])!;
    const indent = first[1].length, ordered = /\d/.test(first[2]);
    const items: Item[] = [];
    while (at < lines.length) {
        const mark = itemMark.exec(lines[at]);
        if (!mark || mark[1].length !== indent || /\d/.test(mark[2]) !== ordered)
            break;
        const inner = [mark[3]];
        const width = lines[at].length - mark[3].length;
        at++;
        // What is indented deeper belongs to the item, also after an empty line.
        while (at < lines.length) {
            const deeper = lines[at].length - lines[at].trimStart().length > indent;
            if (lines[at].trim() ? !deeper : !/^\s+\S/.test(lines[at + 1] ?? '') || (lines[at + 1].length - lines[at + 1].trimStart().length) <= indent)
                break;
            inner.push(lines[at].slice(Math.min(width, lines[at].length - lines[at].trimStart().length)));
            at++;
        }
        const parsed = parse(inner.join('\n'), depth + 1);
        const head = parsed[0]?.kind === 'paragraph' ? parsed.shift() as Extract<Block, { kind: 'paragraph' }> : null;
        items.push({ parts: head?.parts ?? [], blocks: parsed });
        while (at < lines.length && !lines[at].trim() && itemMark.test(lines[at + 1] ?? '') && itemMark.exec(lines[at + 1])![1].length === indent)
            at++;
    }
    blocks.push({ kind: 'list', ordered, items });
    return at - begin;
}

const spans = /(`+)(.+?)\1|!?\[([^\]]*)\]\(([^()\s]+(?:\([^()\s]*\))?)(?:\s+"[^"]*")?\)|<((?:https:\/\/|mailto:)[^<>\s]+)>|(\*\*|__)(?=\S)(.+?)\6|(\*|_)(?=\S)(.+?)\8(?![\w*])/;

export function inline(text: string): Inline[] {
    const parts: Inline[] = [];
    while (text) {
        const found = spans.exec(text);
        if (!found)
            break;
        const [whole, , code, label, href, bare, , strong, , em] = found;
        // An underscore inside a word is a letter.
        const inWord = whole[0] === '_' && /\w/.test(text[found.index - 1] ?? '');
        const before = text.slice(0, found.index + (inWord ? whole.length : 0));
        if (before)
            parts.push({ kind: 'text', text: unescape(before) });
        text = text.slice(found.index + whole.length);
        if (inWord)
            continue;
        if (code !== undefined)
            parts.push({ kind: 'code', text: code.trim() });
        else if (bare)
            parts.push({ kind: 'link', href: bare, parts: [{ kind: 'text', text: bare.replace('mailto:', '') }] });
        else if (href !== undefined) {
            const target = whole[0] === '!' ? null : address(href);
            const inner = inline(label);
            parts.push(...(target ? [{ kind: 'link' as const, href: target, parts: inner }] : inner));
        } else
            parts.push(strong !== undefined ? { kind: 'strong', parts: inline(strong) } : { kind: 'em', parts: inline(em) });
    }
    if (text)
        parts.push({ kind: 'text', text: unescape(text) });
    return parts;
}

function unescape(text: string): string {
    return text.replace(/\\([\\`*_{}[\]()#+.!|<>-])/g, '$1');
}

/** Where a link of a document leads on this box; null where it may not lead anywhere. */
function address(href: string): string | null {
    if (/^(https:\/\/|mailto:|\/(?!\/)|#)/.test(href))
        return href;
    const page = /^(?:\.{0,2}\/)*((?:[\w-]+\/)*)([\w-]+)\.md(#[\w-]+)?$/.exec(href);
    return page ? `/help/${page[2]}${page[3] ?? ''}` : null;
}

export function slug(text: string): string {
    return text.toLowerCase().replace(/[`*_]/g, '').replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '');
}
