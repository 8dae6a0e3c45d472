// The words of the UI: one flat catalogue per language, loaded when it is wanted. Sentences take {values}; a key with a number
// `n` may have forms `.one` and `.other`.
import { useSaid } from './said.svelte';

type Catalogue = Record<string, string>;

const catalogues = import.meta.glob<Catalogue>('./texts/*.json', { import: 'default' });

let words = $state.raw<Catalogue>({});
let current = $state('en');

/** Languages there are catalogues for, as codes. */
export const languages = Object.keys(catalogues).map((path) => path.replace(/^.*\/|\.json$/g, '')).sort();

/** The name of a language in that language. */
export function languageName(code: string): string {
    const name = new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
    return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
}

export function language(): string {
    return current;
}

/** The best of our languages for a wish such as `de-AT`. */
export function bestLanguage(...wishes: (string | null | undefined)[]): string {
    for (const wish of wishes) {
        const code = wish?.toLowerCase().split(/[-_]/)[0];
        if (code && languages.includes(code))
            return code;
    }
    return 'en';
}

export async function useLanguage(code: string): Promise<void> {
    const wanted = bestLanguage(code);
    const [loaded] = await Promise.all([catalogues[`./texts/${wanted}.json`](), useSaid(wanted)]);
    words = loaded;
    current = wanted;
    document.documentElement.lang = wanted;
}

/** Whether the catalogue has a sentence for this key. */
export function has(key: string): boolean {
    return key in words || `${key}.other` in words;
}

export type Values = Record<string, unknown>;

/** The sentence for a key. */
export function t(key: string, values: Values = {}): string {
    let sentence = words[key];
    if (typeof values.n === 'number') {
        const form = new Intl.PluralRules(current).select(values.n);
        sentence = (values.n === 0 ? words[`${key}.zero`] : undefined) ?? words[`${key}.${form}`] ?? words[`${key}.other`] ?? sentence;
    }
    if (sentence === undefined)
        return key;
    return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => {
        const value = values[name];
        if (value === undefined || value === null)
            return whole;
        return typeof value === 'number' ? value.toLocaleString(current) : String(value);
    });
}

/** The sentence for a key, or the fallback where the catalogue has none. */
export function tOr(key: string, fallback: string, values: Values = {}): string {
    return has(key) ? t(key, values) : fallback;
}
