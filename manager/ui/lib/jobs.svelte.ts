// Long work, as far as this page knows it: what runs now, what just ended. Fed by events and by asking once at the start, so it
// survives a reload of the page.
import { call } from './api';
import type { Job } from './api.generated';
import { changes } from './changes.svelte';
import { session } from './session.svelte';
import { t, tOr } from './text.svelte';
import { toasts } from './toasts.svelte';

const over = new Set(['done', 'failed', 'cancelled']);

export function jobOver(job: Job): boolean {
    return over.has(job.state);
}

export function jobTitle(job: Job): string {
    // Looking through a table is the same kind of job as importing it, but no import.
    const kind = job.result?.dry_run === true ? `${job.kind}.dry` : job.kind;
    const title = tOr(`jobs.kind.${kind}`, tOr(`jobs.kind.${job.kind}`, job.kind));
    return job.object ? `${title}: ${job.object}` : title;
}

export function jobStage(job: Job): string {
    return job.stage ? tOr(`jobs.${job.kind}.${job.stage}`, job.stage) : t(`jobs.state.${job.state}`);
}

/** Parts of a job are told by the job they belong to. */
function byItself(job: Job): boolean {
    return Boolean(job.parent) || (job.actor === 'system' && ['domain-check', 'certificate-check', 'domain-primary'].includes(job.kind));
}

class Jobs {
    private known = $state.raw(new Map<string, Job>());
    /** Jobs that ended while the page was open, newest first; the bell shows them. */
    ended = $state.raw<Job[]>([]);
    unread = $state(0);
    running = $derived([...this.known.values()].filter((job) => !jobOver(job)));
    /** Of those, what somebody wants to see: not what the box looks after by itself every few hours, or every minute for a while. */
    shown = $derived(this.running.filter((job) => !byItself(job)));

    constructor() {
        changes.onJob((job) => this.take(job));
    }

    /** Asks what runs; called when somebody is signed in and after every gap. */
    async load(): Promise<void> {
        if (!session.can('job.list'))
            return;
        const [running, queued] = await Promise.all([
            call('job.list', { state: 'running', limit: 20 }), call('job.list', { state: 'queued', limit: 20 }),
        ]);
        const now = new Set([...running.items, ...queued.items].map((job) => job.id));
        const stale = this.running.filter((job) => !now.has(job.id));
        for (const job of [...running.items, ...queued.items])
            this.take(job);
        for (const job of stale)
            this.take(await call('job.show', { id: job.id }));
    }

    get(id: string): Job | undefined {
        return this.known.get(id);
    }

    /** Follows a job just begun. */
    async follow(id: string): Promise<Job> {
        const job = this.known.get(id) ?? await call('job.show', { id });
        this.take(job);
        return job;
    }

    take(job: Job): void {
        const before = this.known.get(job.id);
        if (before && jobOver(before) && !jobOver(job))
            return;
        this.known = new Map(this.known).set(job.id, job);
        if (jobOver(job) && !(before && jobOver(before)) && byItself(job))
            changes.touch('job');
        else if (jobOver(job) && !(before && jobOver(before))) {
            this.ended = [job, ...this.ended].slice(0, 20);
            this.unread++;
            changes.touch('job');
            toasts.show(t(`jobs.ended.${job.state}`, { job: jobTitle(job) }), {
                bad: job.state === 'failed', href: `/jobs/${job.id}`,
            });
        }
    }
}

export const jobs = new Jobs();
