// A collection of any length, loaded page by page as far as somebody looks. Cursors go forward only, so a jump to the end loads
// what lies between, in large pages.
import { ApiError } from './api';
import type { Page } from './api.generated';
import { changes } from './changes.svelte';

type Fetch<T> = (page: { limit: number; after?: string }, signal: AbortSignal) => Promise<Page<T>>;

const firstPage = 100, largePage = 1000;

export class PagedList<T> {
    items = $state.raw<T[]>([]);
    total = $state(0);
    error = $state.raw<ApiError | null>(null);
    /** Whether anything has come yet. */
    ready = $state(false);
    loading = $state(false);
    private next: string | null = null;
    private wanted = 0;
    private again = $state(0);
    private controller: AbortController | null = null;
    private fetch: Fetch<T> | null = null;

    follow(fetch: Fetch<T>, nouns: string[]): () => void {
        void this.again;
        changes.of(...nouns);
        this.controller?.abort();
        const controller = new AbortController();
        this.controller = controller;
        this.fetch = fetch;
        // As much as was shown is loaded again, so that a change elsewhere does not throw the reader back.
        const limit = Math.min(largePage, Math.max(firstPage, this.wanted));
        void this.begin(fetch({ limit }, controller.signal), controller);
        return () => controller.abort();
    }

    reload(): void {
        this.again++;
    }

    /** Asks for everything up to this index. */
    need(index: number): void {
        this.wanted = Math.max(this.wanted, index + 1);
        if (!this.loading && this.next && this.items.length <= index)
            void this.onward();
    }

    private async begin(promise: Promise<Page<T>>, controller: AbortController): Promise<void> {
        await Promise.resolve();
        this.loading = true;
        try {
            const page = await promise;
            if (controller.signal.aborted)
                return;
            this.take(page, []);
            this.ready = true;
        } catch (error) {
            this.fail(error, controller);
        }
        this.loading = false;
        this.need(this.wanted - 1);
    }

    private async onward(): Promise<void> {
        const controller = this.controller;
        if (!controller || !this.fetch)
            return;
        this.loading = true;
        try {
            while (this.next && this.items.length < this.wanted && !controller.signal.aborted) {
                const limit = this.wanted - this.items.length > 200 ? largePage : 200;
                const page = await this.fetch({ limit, after: this.next }, controller.signal);
                if (controller.signal.aborted)
                    return;
                this.take(page, this.items);
            }
        } catch (error) {
            this.fail(error, controller);
        }
        this.loading = false;
    }

    private take(page: Page<T>, before: T[]): void {
        this.items = before.length ? [...before, ...page.items] : page.items;
        this.next = page.next;
        this.total = page.next ? Math.max(page.total, this.items.length) : this.items.length;
        this.error = null;
    }

    private fail(error: unknown, controller: AbortController): void {
        if (!controller.signal.aborted)
            this.error = error instanceof ApiError ? error : new ApiError('internal', String(error), 0);
    }
}

/** A list of the component that calls this; begun again when what `fetch` reads changes, or one of the nouns does. */
export function pagedList<T>(fetch: Fetch<T>, ...nouns: string[]): PagedList<T> {
    const made = new PagedList<T>();
    $effect(() => made.follow(fetch, nouns));
    return made;
}
