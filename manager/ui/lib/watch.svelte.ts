// One job seen from the page that began it: its stages as they come, and in the end its whole result (events carry only small ones).
import { call } from './api';
import type { Free, Job } from './api.generated';
import { jobOver, jobs } from './jobs.svelte';

export class Watch {
    id = $state('');
    private shown = $state.raw<Job | null>(null);
    job = $derived(this.id ? jobs.get(this.id) ?? this.shown ?? undefined : undefined);
    over = $derived(this.job ? jobOver(this.job) : false);
    busy = $derived(this.id !== '' && !this.over);
    /** Of a job that is done; null before, and where it failed. */
    result = $derived<Free | null>(this.shown?.id === this.id && this.shown.state === 'done' ? this.shown.result : null);

    start(id: string): void {
        this.shown = null;
        this.id = id;
    }

    stop(): void {
        this.start('');
    }

    /** Asks for the whole job: at the start, which may be a reload of the page, and when it is over. */
    async look(): Promise<void> {
        const { id } = this;
        if (!id)
            return;
        try {
            const job = await call('job.show', { id });
            if (id !== this.id)
                return;
            this.shown = job;
            // Its end is told by the events; where that one was missed, it is known from here.
            const known = jobs.get(id);
            if (!jobOver(job) || (known && !jobOver(known)))
                jobs.take(job);
        } catch {
            // It is long gone; the page then asks for it anew.
            if (id === this.id)
                this.stop();
        }
    }
}

/** Follows jobs for the component that calls this. */
export function watch(id = ''): Watch {
    const made = new Watch();
    made.id = id;
    $effect(() => {
        void made.id;
        void (made.id && jobs.get(made.id) && jobOver(jobs.get(made.id)!));
        void made.look();
    });
    return made;
}
