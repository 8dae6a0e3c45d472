// How the state of a job is coloured; the word says it too.
export const kinds: Record<string, '' | 'warn' | 'bad' | 'calm'> = { queued: 'calm', running: 'calm', done: '', failed: 'bad', cancelled: 'warn' };
