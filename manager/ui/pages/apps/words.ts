// What apps are called and how they stand, in the reader's words.
import { said } from '$lib/said.svelte';
import { language, t } from '$lib/text.svelte';
import type { App, AppPort, AppVersion } from '$lib/api.generated';

export const severityKind: Record<string, '' | 'warn' | 'bad' | 'calm'> = { ok: '', note: 'calm', warn: 'warn', bad: 'bad' };

/** The chip beside an app: colour by severity, and a rest that is wished for is no alarm. */
export function stateKind(app: App): '' | 'warn' | 'bad' | 'calm' {
    return app.severity === 'ok' && app.state !== 'running' ? 'calm' : severityKind[app.severity] ?? 'calm';
}

/** How an app stands, as one sentence. */
export function appText(app: App): string {
    const told = said(app.sentence);
    if (told && (language() === 'en' || told !== app.sentence))
        return told;
    // A sentence that is not known in this language: the state says what there is to say, and it follows where something is wrong.
    const known = ['installing', 'running', 'starting', 'failing', 'stopped', 'updating', 'maintenance', 'removing', 'broken'];
    const words = known.includes(app.state) ? t(`apps.says.${app.state}`) : '';
    return app.severity === 'warn' || app.severity === 'bad' || !words ? [words, app.sentence].filter(Boolean).join(' ') : words;
}

/** Whether the box does not try that version for now: it failed here, or the one that runs did and somebody has to decide. */
export function isHeld(app: App, to: string | null = app.update): boolean {
    return to !== null && (app.held_until ?? 0) * 1000 > Date.now() && (app.held_version === to || app.held_version === app.version);
}

/** Whether an update of all apps looks at this one: something newer can be reached, and it is neither broken nor worked on. */
export function mayUpdate(app: App): boolean {
    return app.update !== null && app.job === null && !['installing', 'updating', 'removing', 'broken'].includes(app.state);
}

/**
 * To which version an update of all apps takes this one, as the box chooses it: as far as the way leads; null = it stays.
 * What `update` names is one step away. Versions: newest first; null = they could not be asked for.
 */
export function updateTarget(app: App, versions: AppVersion[] | null): string | null {
    const to = versions ? versions.find((one) => one.state === 'offered' && one.reachable)?.version ?? null : app.update;
    return mayUpdate(app) && !isHeld(app, to) ? to : null;
}

/** What an update brings: the version itself and those on offer below it, as the box lists them, newest first. */
export function newsOf(versions: AppVersion[], to: string | undefined): AppVersion[] {
    const offered = versions.filter((one) => one.state === 'offered'), at = offered.findIndex((one) => one.version === to);
    return at < 0 ? [] : offered.slice(at).filter((one) => one.notes);
}

/** A size given in MB, in the unit a person would say. */
export function mb(value: number | null | undefined): string {
    if (value === null || value === undefined)
        return t('time.unknown');
    const large = value >= 1000;
    return new Intl.NumberFormat(language(), {
        style: 'unit', unit: large ? 'gigabyte' : 'megabyte', unitDisplay: 'short', maximumFractionDigits: large ? 1 : 0,
    }).format(large ? value / 1000 : value);
}

/** MB and nothing else, where sizes are compared. */
export function megabytes(value: number): string {
    return new Intl.NumberFormat(language(), { style: 'unit', unit: 'megabyte', unitDisplay: 'short', maximumFractionDigits: 0 }).format(value);
}

export function portText(port: AppPort): string {
    return `${port.name} ${port.protocol}/${port.port}`;
}

/** How long a package is cared for yet, whose last day that is: long enough, at most 90 days, or no more. As the box warns of its apps. */
export function careOf(end: string | null): '' | 'ends' | 'ended' {
    const left = Date.parse(end ?? '') + 86400e3 - Date.now();
    return left <= 0 ? 'ended' : left <= 91 * 86400e3 ? 'ends' : '';
}

/** Members of no group are nobody. */
export function opensToNobody(who: { access: string; groups: string[] }): boolean {
    return who.access === 'groups' && !who.groups.length;
}

export const signIns = ['none', 'own', 'proxy', 'oidc', 'ldap'];

/** How one signs in, in a few words. */
export function signInText(kind: string): string {
    return signIns.includes(kind) ? t(`apps.sign-in.${kind}`) : kind;
}

/** The part of key=value strings by key. */
export function pairs(list: string[]): Map<string, string> {
    return new Map(list.map((line) => {
        const at = line.indexOf('=');
        return at < 0 ? [line, ''] as const : [line.slice(0, at), line.slice(at + 1)] as const;
    }));
}
