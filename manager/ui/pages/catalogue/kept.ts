// What was typed into the form that began an installation, kept while its stages are shown, so that a failure leads back to a filled
// form. In memory only: there may be passwords in it.
const kept = new Map<string, unknown>();

export function keep(place: string, values: unknown): void {
    kept.clear();
    kept.set(place, values);
}

export function keptAt<T>(place: string): T | undefined {
    return kept.get(place) as T | undefined;
}
