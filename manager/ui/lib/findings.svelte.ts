// What needs attention. Shared by the dashboard and the bell, so that both always say the same.
import { call } from './api';
import type { Finding } from './api.generated';
import { bytes, dayText } from './format';
import { said } from './said.svelte';
import { has, t, type Values } from './text.svelte';
import { session } from './session.svelte';

class Findings {
    list = $state.raw<Finding[] | null>(null);
    checkedAt = $state(0);
    /** Those not put aside; notes are remarks, not needs. */
    open = $derived((this.list ?? []).filter((finding) => !finding.ignored_until));
    aside = $derived((this.list ?? []).filter((finding) => finding.ignored_until));
    needs = $derived(this.open.filter((finding) => finding.severity !== 'note'));

    async load(): Promise<void> {
        if (!session.can('finding.list'))
            return;
        this.list = (await call('finding.list')).items;
        this.checkedAt = Date.now() / 1000;
    }
}

export const findings = new Findings();

const days = ['day', 'since', 'until'];

/** A finding in the reader's language; the box's English where our catalogue does not know it. */
export function findingText(finding: Finding): { title: string; text: string } {
    const key = `findings.${finding.key}`;
    if (!has(`${key}.title`))
        return { title: said(finding.sentence), text: '' };
    const facts: Values = { n: finding.facts.count, ...finding.facts };
    if (typeof facts.reason === 'string')
        facts.reason = said(facts.reason);
    for (const [name, value] of Object.entries(finding.facts)) // sizes in the unit a person would say, days as one writes them
        if (name.endsWith('_mb') && typeof value === 'number')
            facts[name.slice(0, -3)] = bytes(value * 1e6);
        else if (days.includes(name) && typeof value === 'string')
            facts[name] = dayText(value);
    return { title: t(`${key}.title`, facts), text: has(`${key}.text`) ? t(`${key}.text`, facts) : '' };
}
