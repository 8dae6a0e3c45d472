// One form: values, errors beside their fields in the API's words, nothing lost on error, one deed however often Enter is pressed.
import { ApiError, call, newKey, type CallOptions } from './api';
import { operations, type OperationFields, type OperationName, type OperationResults } from './api.generated';
import { errorText } from './errors';

export class Form<V extends Record<string, unknown>> {
    values: V = $state() as V;
    errors = $state<Record<string, string>>({});
    /** An error that belongs to no field of this form. */
    general = $state('');
    /** The name of the last error, for forms that act on it (a second factor is wanted). */
    failed = $state('');
    busy = $state(false);
    private key = newKey();
    private sent = '';

    constructor(values: V) {
        this.values = values;
    }

    /** Calls the operation; answers its result, or null where it failed and the errors are shown. */
    async submit<O extends OperationName>(
        operation: O, fields: OperationFields[O], options: CallOptions = {},
    ): Promise<OperationResults[O] | null> {
        if (this.busy)
            return null;
        const request = JSON.stringify([operation, fields]);
        if (request !== this.sent)
            this.key = newKey();
        this.sent = request;
        this.busy = true;
        this.clear();
        try {
            const result = await call(operation, fields, { key: this.key, ...options });
            this.sent = '';
            return result;
        } catch (error) {
            this.show(error as ApiError, operation);
            return null;
        } finally {
            this.busy = false;
        }
    }

    clear(): void {
        this.errors = {};
        this.general = '';
        this.failed = '';
    }

    show(error: ApiError, operation?: OperationName): void {
        this.failed = error.name;
        // An answer that came back is final for its key; only a lost answer is asked for again with the same one.
        if (error.name !== 'unreachable')
            this.sent = '';
        const type = error.field && operation ? operations[operation][2][error.field]?.[0] : undefined;
        const words = errorText(error, type);
        if (error.field && error.field in this.values)
            this.point(error.field, words);
        else
            this.general = words;
    }

    /** What the form itself finds wrong, before anything is sent. */
    refuse(field: string, words: string): void {
        this.clear();
        this.point(field, words);
    }

    private point(field: string, words: string): void {
        this.errors = { [field]: words };
        queueMicrotask(() => document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
    }
}
