// A place of an app's page that changes something: it follows the app while nothing is typed, sends only what was changed, and shows the
// job that brings it about.
import type { OperationFields } from '$lib/api.generated';
import { changes } from '$lib/changes.svelte';
import { Form } from '$lib/form.svelte';
import { jobs } from '$lib/jobs.svelte';
import { t } from '$lib/text.svelte';
import { toasts } from '$lib/toasts.svelte';
import { watch, type Watch } from '$lib/watch.svelte';

type Configure = Omit<OperationFields['app.configure'], 'app'>;

export class Editing<V extends Record<string, unknown>> {
    form: Form<V>;
    work: Watch = watch();
    private base = $state() as V;

    constructor(values: V) {
        this.form = new Form<V>(structuredClone(values));
        this.base = values;
    }

    /** Names of the values that were changed. */
    get changed(): (keyof V & string)[] {
        return Object.keys(this.base).filter((name) => JSON.stringify(this.form.values[name]) !== JSON.stringify(this.base[name]));
    }

    /** What the app has now; called in an effect. */
    follow(values: V): void {
        if (!this.changed.length && JSON.stringify(this.base) !== JSON.stringify(values)) {
            this.base = values;
            this.form.values = structuredClone(values);
        }
    }

    async save(app: string, fields: Configure): Promise<boolean> {
        const answer = await this.form.submit('app.configure', { app, ...fields });
        if (!answer)
            return false;
        this.base = structuredClone($state.snapshot(this.form.values)) as V;
        if (answer.job) {
            this.work.start(answer.job);
            void jobs.follow(answer.job).catch(() => undefined);
        } else
            toasts.show(t('form.saved'));
        changes.touch('app');
        return true;
    }
}

/** Lines of a text field, without empty ones. */
export function lines(text: string): string[] {
    return text.split('\n').map((line) => line.trim()).filter(Boolean);
}
