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

/** How a domain stands, in a sentence. */
export function domainText(domain: Domain): string {
    if (language() === 'en' && domain.sentence)
        return domain.sentence;
    if (!domain.checked_at)
        return t('domains.says.unasked');
    const open = domain.records - domain.ok;
    return `${domain.state === 'pending' ? `${t('domains.says.pending', { name: domain.box_name })} ` : ''}${open
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
