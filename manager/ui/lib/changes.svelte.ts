// What the box tells while the page is open: jobs, findings, changed nouns. One stream, with reconnection; says whether the box can
// be reached. Resources read `changes.of(noun)` and are loaded again when it moves.
import { call, onFailure } from './api';
import type { Job } from './api.generated';

type Handler = (job: Job) => void;

class Changes {
    /** Whether the box could not be reached at the last try. */
    offline = $state(false);
    private counters = $state<Record<string, number>>({});
    private all = $state(0);
    private source: EventSource | null = null;
    private wait = 1000;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private burst = new Set<string>();
    private burstTimer: ReturnType<typeof setTimeout> | undefined;
    private jobHandlers = new Set<Handler>();
    private sessionHandlers = new Set<() => void>();

    /** A number that moves when something of these nouns changed, or when we were away and may have missed it. */
    of(...nouns: string[]): number {
        return nouns.reduce((sum, noun) => sum + (this.counters[noun] ?? 0), this.all);
    }

    onJob(handler: Handler): void {
        this.jobHandlers.add(handler);
    }

    onSession(handler: () => void): void {
        this.sessionHandlers.add(handler);
    }

    /** Says that something changed; several in a row become one reload. */
    touch(noun: string): void {
        this.burst.add(noun);
        this.burstTimer ??= setTimeout(() => {
            this.burstTimer = undefined;
            for (const name of this.burst)
                this.counters[name] = (this.counters[name] ?? 0) + 1;
            this.burst.clear();
        }, 150);
    }

    start(): void {
        if (this.source)
            return;
        const source = new EventSource('/api/v1/events');
        this.source = source;
        source.onopen = () => this.reached();
        source.onerror = () => this.lost();
        source.addEventListener('job', (event) => {
            const job = JSON.parse(event.data) as Job;
            for (const handler of this.jobHandlers)
                handler(job);
        });
        source.addEventListener('finding', () => this.touch('finding'));
        source.addEventListener('changed', (event) => {
            this.touch((JSON.parse(event.data) as { noun: string }).noun);
            // Whatever changed has a line in the log.
            this.touch('log');
        });
        source.addEventListener('session', () => this.sessionHandlers.forEach((handler) => handler()));
    }

    stop(): void {
        clearTimeout(this.timer);
        this.timer = undefined;
        this.source?.close();
        this.source = null;
    }

    /** A call did not get through. */
    missed(): void {
        if (!this.offline) {
            this.offline = true;
            this.lost();
        }
    }

    private missedSomething = false;

    private reached(): void {
        this.wait = 1000;
        this.offline = false;
        // The first opening follows the first load; every later one comes after a gap in which events were missed.
        if (this.missedSomething)
            this.all++;
        this.missedSomething = false;
    }

    /** Looks why the stream broke: the box is gone (keep trying), the session is over, or only the stream. */
    private lost(): void {
        this.missedSomething = true;
        this.source?.close();
        this.source = null;
        if (this.timer)
            return;
        this.timer = setTimeout(() => void this.probe(), this.wait);
        this.wait = Math.min(this.wait * 2, 15000);
    }

    private async probe(): Promise<void> {
        this.timer = undefined;
        try {
            await call('session.show');
            this.offline = false;
            this.start();
        } catch (error) {
            const name = (error as Error).name;
            if (name === 'unreachable' || name === 'busy') {
                this.offline = true;
                this.lost();
            } else
                this.offline = false;
        }
    }

    /** Tries at once; for the button on the offline line. */
    retry(): void {
        clearTimeout(this.timer);
        void this.probe();
    }
}

export const changes = new Changes();

onFailure((error) => {
    if (error.name === 'unreachable')
        changes.missed();
});
