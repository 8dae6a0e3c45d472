// All pages there are. A page is a folder in pages/ with page.json and page.svelte; nothing else needs to know of it.
import type { Component } from 'svelte';
import type { OperationName } from './api.generated';
import type { IconName } from './icons';
import { session } from './session.svelte';

export type Door = 'launcher' | 'admin';

export interface PageManifest {
    /** Where it is; everything below belongs to it too. */
    route: string;
    /** Key of its title. */
    title: string;
    icon: IconName;
    /** The frame it stands in; `both`: administration for those who administer, the launcher for all others. */
    door: Door | 'public' | 'both';
    /** Place in the navigation; without one it stands in no menu. */
    order?: number;
    /** The only door in whose menu it stands, where others reach it in another way. */
    menu?: Door;
    /** The operation that opens it: who may not call it does not see the page. */
    operation?: OperationName;
    /** The letter that goes here after `g`. */
    letter?: string;
    /** Places on the page that the search finds too; paths are below the route. */
    places?: { path: string; title: string; operation?: OperationName }[];
    /** Reached by /#/... only, so that its address stays in the browser. */
    hidden?: boolean;
}

export interface PageProps {
    /** What follows the page's route in the address, split at slashes. */
    rest: string[];
}

export interface Page extends PageManifest {
    load: () => Promise<{ default: Component<PageProps> }>;
}

const manifests = import.meta.glob<PageManifest>('../pages/*/page.json', { eager: true, import: 'default' });
const components = import.meta.glob<{ default: Component<PageProps> }>('../pages/*/page.svelte');

export const pages: Page[] = Object.entries(manifests)
    .map(([path, manifest]) => ({ ...manifest, load: components[path.replace('page.json', 'page.svelte')] }))
    .sort((a, b) => (a.order ?? 99) - (b.order ?? 99));

export function mayOpen(page: Page): boolean {
    return page.door === 'public' || (session.signedIn && (!page.operation || session.can(page.operation)));
}

/** The frame a page is shown in. */
export function doorOf(page: Page | null): Door {
    if (!page || !mayOpen(page) || page.door === 'public')
        return 'launcher';
    return page.door === 'both' ? (session.administers ? 'admin' : 'launcher') : page.door;
}

/** The pages of one door's menu that this person may open. */
export function menu(door: Door): Page[] {
    return pages.filter((page) => page.order !== undefined && mayOpen(page) && doorOf(page) === door && (page.menu ?? door) === door);
}

/** The page for a path: the longest route that is the path or a folder above it. */
export function pageFor(path: string, hidden: boolean): { page: Page; rest: string[] } | null {
    let best: Page | null = null;
    for (const page of pages) {
        const fits = path === page.route || (page.route !== '/' && path.startsWith(`${page.route}/`));
        if (fits && Boolean(page.hidden) === hidden && (!best || page.route.length > best.route.length))
            best = page;
    }
    if (!best)
        return null;
    const rest = path.slice(best.route.length).split('/').filter(Boolean).map(decode);
    return { page: best, rest };
}

function decode(part: string): string {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}
