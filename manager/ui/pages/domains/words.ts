// What verdicts, states and records are called, and how a record is written down for a zone.
import type { Domain, DomainChange, DomainRecord } from '$lib/api.generated';
import { has, language, t } from '$lib/text.svelte';

type Kind = '' | 'warn' | 'bad' | 'calm';
export const scopes = ['subdomain', 'web', 'everything'] as const;
export const severityKind: Record<string, Kind> = { ok: '', note: 'calm', warn: 'warn', bad: 'bad' };
export const headers = ['no-index', 'hsts-subdomains', 'hsts-preload', 'no-referrer', 'same-origin-resources'] as const;

/** The chip of a record: its colour follows how much it matters, its word what was found. */
export function verdictKind(record: DomainRecord): Kind {
    if (record.verdict === 'ok')
        return '';
    if (record.ignored || !record.counts || ['waits', 'unknown', 'skipped'].includes(record.verdict))
        return 'calm';
    return severityKind[record.severity] || 'warn';
}

/** Whether somebody ought to do something about a record. */
export function needsSomebody(record: DomainRecord): boolean {
    return record.counts && !record.ignored && !['ok', 'waits', 'unknown', 'skipped'].includes(record.verdict);
}

/** Of how many of how many are right. Before anybody was asked that is neither good nor bad. */
export function scoreKind(domain: Domain): Kind {
    return domain.checked_at ? severityKind[domain.severity] ?? 'calm' : 'calm';
}

/** A sentence of the box with the domain as it was typed, where that differs from its A-labels. */
export function typed(sentence: string, domain: Pick<Domain, 'name' | 'shown'>): string {
    return domain.shown === domain.name ? sentence : sentence.replaceAll(domain.name, domain.shown);
}

/** What is the matter with a record and what to do; the box's English where the catalogue has no such sentence. */
export function verdictText(record: DomainRecord): { sentence: string; hint: string } {
    return {
        sentence: said(`domains.verdicts.${record.key}`, record.facts, record.sentence),
        hint: record.hint ? said(`domains.verdicts.${record.key}.hint`, record.facts, record.hint) : '',
    };
}

function said(key: string, facts: Record<string, unknown>, english: string): string {
    if (language() === 'en' || !has(key))
        return english;
    // Facts are text from the world: only gaps that the catalogue itself left open make a sentence useless.
    const gaps = [...t(key).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    return gaps.every((name) => facts[name] !== undefined && facts[name] !== null) ? t(key, facts) : english;
}

/** The box's name in a domain, as the domain was typed. */
export function boxName(domain: Domain): string {
    return domain.box_name.endsWith(domain.name) ? domain.box_name.slice(0, -domain.name.length) + domain.shown : domain.box_name;
}

/** How a domain stands, in a sentence. */
export function domainText(domain: Domain): string {
    if (language() === 'en' && domain.sentence)
        return domain.sentence;
    if (!domain.checked_at)
        return t('domains.says.unasked');
    const open = domain.records - domain.ok;
    if (!open && (domain.severity === 'warn' || domain.severity === 'bad'))
        return t('domains.says.other');
    return `${domain.state === 'pending' ? `${t('domains.says.pending', { name: boxName(domain) })} ` : ''}${open
        ? t('domains.says.open', { n: open, all: domain.records }) : t('domains.says.well', { n: domain.records })}`;
}

/** What happened, in the reader's language as far as its parts say it. */
export function changeText(change: DomainChange): string {
    const key = `domains.changed.${change.kind}`;
    if (language() === 'en' || !has(key) || !change.record)
        return change.sentence;
    return t(key, { record: change.record, before: change.before || t('domains.nothing'), after: change.after || t('domains.nothing') });
}

/** A whole record as a line of a zone file (RFC 1035 5.1): names with their final dot, text in quotes of at most 255 octets. */
export function zoneLine(record: Pick<DomainRecord, 'owner' | 'type'>, value: string): string {
    return `${record.owner}. 3600 IN ${record.type} ${zoneValue(record.type ?? '', value)}`;
}

function zoneValue(type: string, value: string): string {
    if (type === 'TXT')
        return (value.match(/[^]{1,255}/g) ?? ['']).map((part) => `"${part.replace(/["\\]/g, '\\$&')}"`).join(' ');
    return /^(CNAME|MX|SRV|PTR|NS)$/.test(type) && !value.endsWith('.') ? `${value}.` : value;
}

/** What somebody types into a form that asks for the name without the domain: @ for the domain itself. */
export function shortOwner(owner: string, domain: string): string {
    return owner === domain ? '@' : owner.endsWith(`.${domain}`) ? owner.slice(0, -domain.length - 1) : owner;
}
