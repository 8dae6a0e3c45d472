// An error in the reader's language. The API speaks English; in other languages its sentence where that is known, else its name, and for
// fields their types, say enough.
import type { ApiError } from './api';
import { said } from './said.svelte';
import { has, language, t } from './text.svelte';

// Names that cover many cases: there the box's own sentence says more than the name.
const broad = new Set(['wrong-state', 'conflict', 'bad-request', 'not-allowed', 'helper-failed', 'internal', 'busy']);

export function errorText(error: ApiError, fieldType?: string): string {
    if (error.name === 'unreachable')
        return t('errors.unreachable');
    let words = error.message;
    if (language() !== 'en') {
        const told = said(error.message), hint = said(error.hint);
        if (told !== error.message && !(fieldType && error.name === 'bad-field'))
            return hint && hint !== error.hint ? `${told} ${hint}` : told;
        const byType = `errors.type.${fieldType}`;
        if (fieldType && has(byType) && error.name === 'bad-field')
            words = t(byType);
        else if (has(`errors.${error.name}`))
            words = broad.has(error.name) && error.message ? `${t(`errors.${error.name}`)} (${error.message})` : t(`errors.${error.name}`);
    }
    if (error.name === 'too-many' && error.retryAfter)
        return `${words} ${t('errors.wait', { n: error.retryAfter })}`;
    return error.hint && language() === 'en' && error.hint !== words ? `${words} ${error.hint}` : words;
}
