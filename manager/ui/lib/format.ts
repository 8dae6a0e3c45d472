// Numbers, sizes and times in the reader's language.
import { language, t } from './text.svelte';

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

/** Bytes in the unit a person would say, powers of 1000 as disks are sold and the system counts. */
export function bytes(value: number): string {
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit++;
    }
    const digits = unit > 0 && value < 100 ? 1 : 0;
    return new Intl.NumberFormat(language(), {
        style: 'unit', unit: units[unit], unitDisplay: 'short', maximumFractionDigits: digits,
    }).format(value);
}

export function number(value: number): string {
    return value.toLocaleString(language());
}

export function percent(value: number): string {
    return new Intl.NumberFormat(language(), { style: 'percent' }).format(value);
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['year', 31557600], ['month', 2629800], ['week', 604800], ['day', 86400], ['hour', 3600], ['minute', 60],
];

/** A moment as seen from another, such as "3 hours ago". Seconds since 1970. */
export function relative(at: number, now: number): string {
    const format = new Intl.RelativeTimeFormat(language(), { numeric: 'auto', style: 'long' });
    const distance = at - now;
    for (const [unit, seconds] of steps)
        if (Math.abs(distance) >= seconds * (unit === 'week' ? 2 : 1))
            return format.format(Math.trunc(distance / seconds), unit);
    return format.format(Math.abs(distance) < 10 ? 0 : Math.trunc(distance), 'second');
}

/** A length of time in its two largest units, such as "3 days, 4 hours". */
export function duration(seconds: number): string {
    const parts: string[] = [];
    for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]] as const) {
        const count = Math.floor(seconds / size), begun = parts.length > 0;
        if (count > 0 || (unit === 'second' && !begun)) {
            parts.push(new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'long' }).format(count));
            seconds -= count * size;
        }
        if (begun)
            break;
    }
    return new Intl.ListFormat(language(), { style: 'narrow', type: 'unit' }).format(parts);
}

export function dateTime(at: number): string {
    return new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeStyle: 'medium' }).format(at * 1000);
}

export function date(at: number): string {
    return new Intl.DateTimeFormat(language(), { dateStyle: 'medium' }).format(at * 1000);
}

/** A day such as "2027-06-30" as the reader writes it. */
export function dayText(day: string): string {
    const at = Date.parse(`${day}T00:00`);
    return Number.isNaN(at) ? day : date(at / 1000);
}

/** A moment by its day and minute, such as "yesterday at 14:02"; further back than a week with its date. */
export function dayTime(at: number, now: number): string {
    const day = (moment: number) => new Date(moment * 1000).setHours(0, 0, 0, 0);
    const days = Math.round((day(at) - day(now)) / 86400000);
    const name = Math.abs(days) <= 1 ? new Intl.RelativeTimeFormat(language(), { numeric: 'auto' }).format(days, 'day')
        : new Intl.DateTimeFormat(language(), Math.abs(days) < 7 ? { weekday: 'long' } : { dateStyle: 'medium' }).format(at * 1000);
    return t('time.day-at', { day: name, time: new Intl.DateTimeFormat(language(), { timeStyle: 'short' }).format(at * 1000) });
}

export function list(items: string[]): string {
    return new Intl.ListFormat(language(), { type: 'conjunction' }).format(items);
}
