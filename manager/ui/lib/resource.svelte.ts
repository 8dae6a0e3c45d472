// Something loaded from the box: data, error, and loading again when its noun changes. Old data stays while new data comes, so
// that nothing jumps.
import { ApiError } from './api';
import { changes } from './changes.svelte';

export class Resource<T> {
    data = $state.raw<T | undefined>();
    error = $state.raw<ApiError | null>(null);
    loading = $state(true);
    private again = $state(0);
    private running: AbortController | null = null;

    /** Reads what the load depends on, then loads. Called inside an effect. */
    follow(load: (signal: AbortSignal) => Promise<T>, nouns: string[]): () => void {
        void this.again;
        changes.of(...nouns);
        const controller = new AbortController();
        this.running?.abort();
        this.running = controller;
        void this.run(load, controller);
        return () => controller.abort();
    }

    reload(): void {
        this.again++;
    }

    private async run(load: (signal: AbortSignal) => Promise<T>, controller: AbortController): Promise<void> {
        // The load itself must start at once, so that what it reads is noticed; the flags are not read here.
        const promise = load(controller.signal);
        await Promise.resolve();
        if (!controller.signal.aborted)
            this.loading = true;
        try {
            const data = await promise;
            if (controller.signal.aborted)
                return;
            this.data = data;
            this.error = null;
        } catch (error) {
            if (controller.signal.aborted)
                return;
            this.error = error instanceof ApiError ? error : new ApiError('internal', String(error), 0);
        }
        this.loading = false;
    }
}

/** A resource of the component that calls this; loaded again when what `load` reads changes, or one of the nouns does. */
export function resource<T>(load: (signal: AbortSignal) => Promise<T>, ...nouns: string[]): Resource<T> {
    const made = new Resource<T>();
    $effect(() => made.follow(load, nouns));
    return made;
}
