// An error in the reader's language. The API speaks English; in other languages its names, and for fields their types, say enough.
import type { ApiError } from './api';
import { has, language, t } from './text.svelte';

export function errorText(error: ApiError, fieldType?: string): string {
    if (error.name === 'unreachable')
        return t('errors.unreachable');
    let words = error.message;
    if (language() !== 'en') {
        const byType = `errors.type.${fieldType}`;
        if (fieldType && has(byType) && (error.name === 'bad-field' || error.name === 'missing-field'))
            words = t(error.name === 'missing-field' ? 'errors.missing-field' : byType);
        else if (has(`errors.${error.name}`))
            words = t(`errors.${error.name}`);
    }
    if (error.name === 'too-many' && error.retryAfter)
        return `${words} ${t('errors.wait', { n: error.retryAfter })}`;
    return error.hint && language() === 'en' && error.hint !== words ? `${words} ${error.hint}` : words;
}
