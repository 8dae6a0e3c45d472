// Sentences of the box in other languages. The API speaks English where it gives a reason: it may be made of other reasons, and it may have
// lain in the store for months. texts/said/<language>.json has them as the box's source has them, with its %s and %u, and beside each the
// same in that language, where {1} {2} are what stood there. What is not found stays as it is. See docs/decisions/0033.
type Said = Record<string, string>;
interface Pattern { whole: RegExp; words: string; weight: number }

const catalogues = import.meta.glob<Said>('./texts/said/*.json', { import: 'default' });
let exact = new Map<string, string>();
let patterns: Pattern[] = [];
let known = new Map<string, string>();
// What was shown in one language is shown again when another is there.
let turn = $state(0);

const hole = /%(?:\.(?:\d+|\*))?(?:l{1,2}|z)?([sdu%])/;
const DEPTH = 4;

function pattern([sentence, words]: [string, string]): Pattern {
    const parts = sentence.split(new RegExp(hole, 'g'));
    let text = '', weight = 0;
    parts.forEach((part, at) => {
        if (at % 2 === 0) {
            text += part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
            weight += part.length;
        } else
            text += part === 's' ? '([\\s\\S]*?)' : part === '%' ? '%' : '(-?\\d+)';
    });
    return { whole: new RegExp(`^${text}$`), words, weight };
}

/** Makes ready what a language has; English has nothing. */
export async function useSaid(language: string): Promise<void> {
    const entries = Object.entries(await catalogues[`./texts/said/${language}.json`]?.() ?? {});
    exact = new Map(entries.filter(([sentence]) => !hole.test(sentence)));
    // The more of a sentence is fixed, the surer it is meant.
    patterns = entries.filter(([sentence]) => hole.test(sentence)).map(pattern).sort((a, b) => b.weight - a.weight);
    known = new Map();
    turn++;
}

/** One sentence, or what one pattern covers; null where nothing does. */
function whole(text: string, depth: number): string | null {
    const found = exact.get(text);
    if (found !== undefined)
        return found;
    for (const { whole: form, words } of patterns) {
        const match = form.exec(text);
        if (match)
            return words.replace(/\{(\d)\}/g, (_, at) => translate(match[Number(at)] ?? '', depth + 1));
    }
    return null;
}

/** Several sentences, or one with its context before it: "Cannot update: There is no app x." */
function parts(text: string, depth: number): string | null {
    for (const { index, 0: between } of text.matchAll(/[.:] (?=\S)/g)) {
        const left = text.slice(0, index + (between[0] === '.' ? 1 : 0)), right = text.slice(index + 2);
        const first = whole(left, depth + 1), rest = whole(right, depth + 1);
        if (first !== null || (rest !== null && between[0] === ':'))
            return `${first ?? left}${between[0] === ':' ? ': ' : ' '}${translate(right, depth + 1)}`;
    }
    return null;
}

function translate(text: string, depth: number): string {
    if (depth > DEPTH || !/[A-Za-z]{2}/.test(text))
        return text;
    return whole(text, depth) ?? parts(text, depth) ?? text;
}

/** What the box said, in the reader's language as far as its words are known. */
export function said(text: string | null | undefined): string {
    if (!text || turn === 0 || !patterns.length)
        return text ?? '';
    let words = known.get(text);
    if (words === undefined) {
        words = translate(text, 0);
        if (known.size > 2000)
            known.clear();
        known.set(text, words);
    }
    return words;
}
