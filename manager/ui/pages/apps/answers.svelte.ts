// Answers to what a package asks: as the form holds them, and as the operations take them.
import type { Question } from '$lib/api.generated';
import { pairs } from './words';

export type Answers = Record<string, string | boolean>;

/** What stands in the form at first: what was answered before, or what the package proposes. Secrets come back empty. */
export function firstAnswers(questions: Question[], settings: string[] = []): Answers {
    const given = pairs(settings);
    return Object.fromEntries(questions.map((question) => {
        const value = question.type === 'password' ? '' : given.get(question.key) ?? question.initial ?? '';
        return [question.key, question.type === 'boolean' ? /^(true|yes|1|on)$/.test(value) : value];
    }));
}

/** The fields `settings` and `secret_settings`; only what differs from `before`, where that is told. */
export function answerFields(questions: Question[], answers: Answers, before?: Answers): { settings?: string[]; secret_settings?: string } {
    const open: string[] = [], secret: string[] = [];
    for (const question of questions) {
        const value = answers[question.key];
        if (value === undefined || (before && before[question.key] === value))
            continue;
        if (question.type === 'password') {
            if (value)
                secret.push(`${question.key}=${value}`);
        } else if (before || typeof value === 'boolean' || value.trim())
            open.push(`${question.key}=${value}`);
    }
    return { ...(open.length ? { settings: open } : {}), ...(secret.length ? { secret_settings: secret.join('\n') } : {}) };
}

/** Questions that want an answer and have none. */
export function unanswered(questions: Question[], answers: Answers): string[] {
    return questions.filter((question) => question.required && question.type !== 'boolean' && !String(answers[question.key] ?? '').trim())
        .map((question) => question.key);
}
