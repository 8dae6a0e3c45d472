// The one way to the API: an operation's name and its fields in, its answer out. Knows paths, query strings, bodies, keys against
// doing things twice, and ETags; knows nothing of pages.
import { operations, type OperationFields, type OperationName, type OperationResults } from './api.generated';

const base = '/api/v1';

/** An answer that is not a success, in the API's own words. */
export class ApiError extends Error {
    constructor(
        readonly name: string,
        message: string,
        readonly status: number,
        readonly field: string | null = null,
        readonly hint: string | null = null,
        /** Seconds to wait before another try, where the box said so. */
        readonly retryAfter: number | null = null,
    ) {
        super(message);
    }
}

export interface CallOptions {
    signal?: AbortSignal;
    /** What was read before: the change is refused if somebody changed it meanwhile. */
    match?: object | null;
    /** The same key for the same intention: a second try after a broken line is then not a second deed. */
    key?: string;
}

type Listener = (error: ApiError) => void;
const etags = new WeakMap<object, string>();
const failures = new Set<Listener>();

/** Calls back on every failed call; the session and the offline state listen here. */
export function onFailure(listener: Listener): void {
    failures.add(listener);
}

export function newKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function call<O extends OperationName>(
    operation: O, fields?: OperationFields[O], options: CallOptions = {},
): Promise<OperationResults[O]> {
    return send(operation, (fields ?? {}) as Record<string, unknown>, options).catch(tell);
}

function tell(error: unknown): never {
    if (error instanceof ApiError)
        for (const listener of failures)
            listener(error);
    throw error;
}

export interface StreamEvent { name: string; data: Record<string, unknown> }

/** A stream of events that is read once, to its end. Unlike an EventSource it says why it was refused, begins nothing anew, and reads no
 *  faster than it is asked: who takes long over one part makes the box wait. Who stops asking ends it. */
export async function* stream<O extends OperationName>(operation: O, fields: OperationFields[O], signal: AbortSignal): AsyncGenerator<StreamEvent, void> {
    const { address } = request(operation, fields as Record<string, unknown>);
    const response = await ask(address, { headers: { Accept: 'text/event-stream' }, signal, credentials: 'same-origin' }).catch(tell);
    if (!response.ok || !response.body)
        return void await answer(response).catch(tell);
    const reader = response.body.getReader(), decoder = new TextDecoder();
    try {
        for (let rest = ''; ;) {
            const { done, value } = await reader.read();
            if (done)
                return;
            const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
            rest = blocks.pop() ?? '';
            for (const block of blocks) {
                const [, name] = /^event: (.*)$/m.exec(block) ?? [], [, data] = /^data: (.*)$/m.exec(block) ?? [];
                if (name && data)
                    yield { name, data: JSON.parse(data) as StreamEvent['data'] };
            }
        }
    } finally {
        await reader.cancel().catch(() => undefined);
    }
}

async function send<O extends OperationName>(
    operation: O, fields: Record<string, unknown>, options: CallOptions,
): Promise<OperationResults[O]> {
    const [method] = operations[operation];
    const { address, body } = request(operation, fields);
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (body !== undefined)
        headers['Content-Type'] = 'application/json';
    if (method === 'POST')
        headers['Idempotency-Key'] = options.key ?? newKey();
    const etag = options.match ? etags.get(options.match) : undefined;
    if (etag && method !== 'GET')
        headers['If-Match'] = etag;

    const init: RequestInit = { method, headers, body, signal: options.signal, credentials: 'same-origin' };
    const response = await ask(address, init).catch((error: unknown) => {
        // A phone that changes its network loses what was under way. Once more is harmless: a POST carries its key, the others
        // say the same thing twice; only a repeated DELETE would find nothing.
        if (options.signal?.aborted || method === 'DELETE')
            throw error;
        return new Promise<Response>((resolve, reject) => setTimeout(() => ask(address, init).then(resolve, reject), 600));
    });
    return answer(response);
}

async function ask(address: string, request: RequestInit): Promise<Response> {
    try {
        return await fetch(address, request);
    } catch (error) {
        if (request.signal?.aborted)
            throw error;
        throw new ApiError('unreachable', 'The box cannot be reached.', 0);
    }
}

/** Puts fields where they belong: into the path, the query string or the body. */
function request(operation: OperationName, fields: Record<string, unknown>): { address: string; body?: string } {
    const [method, path] = operations[operation];
    const rest = new Map(Object.entries(fields).filter(([, value]) => value !== undefined));
    const address = base + path.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = String(rest.get(name) ?? '');
        rest.delete(name);
        return encodeURIComponent(value);
    });
    if (method === 'GET' || method === 'DELETE') {
        const query = new URLSearchParams();
        for (const [name, value] of rest)
            if (value !== '' && value !== null)
                query.set(name, String(value));
        const text = query.toString();
        return { address: text ? `${address}?${text}` : address };
    }
    return { address, body: JSON.stringify(Object.fromEntries(rest)) };
}

async function answer<T>(response: Response): Promise<T> {
    let data: unknown = null;
    try {
        data = await response.json();
    } catch {
        // nginx answers in HTML while the manager is away; the status says enough.
    }
    if (response.ok && data !== null) {
        const etag = response.headers.get('ETag');
        if (etag)
            etags.set(data as object, etag);
        return data as T;
    }
    const error = (data as { error?: Record<string, string> } | null)?.error;
    const wait = Number(response.headers.get('Retry-After')) || null;
    if (error?.name)
        throw new ApiError(error.name, error.message, response.status, error.field ?? null, error.hint ?? null, wait);
    throw response.status >= 500 || response.ok
        ? new ApiError('unreachable', 'The box cannot be reached.', response.status, null, null, wait)
        : new ApiError('bad-request', response.statusText, response.status, null, null, wait);
}

/** The same deed at the command line, as `steadbox <noun> <verb> ...`; secrets are asked for there. */
export function command(operation: OperationName, fields: Record<string, unknown> = {}): string {
    const [noun, verb] = operation.split('.');
    const parts = ['steadbox', noun, verb], flags: string[] = [];
    for (const [name, [type, marks]] of Object.entries(operations[operation][2])) {
        const value = fields[name];
        const empty = value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);
        const flag = `--${name.replaceAll('_', '-')}`;
        if (marks.includes('s')) {
            if (!empty)
                flags.push(`${flag}-stdin`);
        } else if (marks.includes('p'))
            parts.push(empty ? name.toUpperCase() : shell(value));
        else if (type === 'BOOLEAN') {
            if (value !== undefined && value !== null)
                flags.push(value ? flag : `${flag}=false`);
        } else if (!empty)
            flags.push(flag, shell(Array.isArray(value) ? value.join(',') : value));
    }
    return [...parts, ...flags].join(' ');
}

function shell(value: unknown): string {
    const text = String(value);
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
