// Where we are: the path, the query, and how to go elsewhere. An address starting with /#/ keeps its path from the server (the
// one-use links: the token must not stand in anybody's access log).
interface Place {
    path: string;
    query: URLSearchParams;
    hidden: boolean;
}

function here(): Place {
    if (location.hash.startsWith('#/'))
        return { path: decodeURI(location.hash.slice(1)), query: new URLSearchParams(), hidden: true };
    return { path: location.pathname.replace(/(.)\/+$/, '$1'), query: new URLSearchParams(location.search), hidden: false };
}

class Router {
    place = $state.raw<Place>(here());
    /** Counts moves, so that the shell can bring focus to the new page. */
    moves = $state(0);
    private guard: (() => boolean) | null = null;

    get path(): string {
        return this.place.path;
    }

    get query(): URLSearchParams {
        return this.place.query;
    }

    start(): void {
        history.scrollRestoration = 'manual';
        addEventListener('popstate', (event) => this.arrive((event.state as { y?: number } | null)?.y ?? 0));
        addEventListener('hashchange', () => {
            if (location.hash.startsWith('#/'))
                this.arrive(0);
        });
        document.addEventListener('click', (event) => this.onClick(event));
        addEventListener('beforeunload', (event) => {
            if (this.guard?.())
                event.preventDefault();
        });
    }

    go(address: string, options: { replace?: boolean } = {}): void {
        if (options.replace)
            history.replaceState(null, '', address);
        else {
            history.replaceState({ y: scrollY }, '');
            history.pushState(null, '', address);
        }
        this.arrive(0);
    }

    /** Changes the query in place: filters belong into the address, but not into the history. */
    setQuery(values: Record<string, string | null | undefined>): void {
        const query = new URLSearchParams(location.search);
        for (const [name, value] of Object.entries(values))
            if (value)
                query.set(name, value);
            else
                query.delete(name);
        const text = query.toString();
        history.replaceState(history.state, '', location.pathname + (text ? `?${text}` : ''));
        this.place = here();
    }

    back(fallback: string): void {
        if (history.length > 1)
            history.back();
        else
            this.go(fallback, { replace: true });
    }

    /** Asks before the window closes while this says true. */
    protect(unsaved: (() => boolean) | null): void {
        this.guard = unsaved;
    }

    private arrive(y: number): void {
        const before = this.place.path;
        this.place = here();
        if (before !== this.place.path)
            this.moves++;
        restoreScroll(y);
    }

    private onClick(event: MouseEvent): void {
        if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
            return;
        const link = (event.target as Element).closest('a');
        const href = link?.getAttribute('href');
        if (!link || !href?.startsWith('/') || href.startsWith('//') || href.startsWith('/api/') || link.target || link.download)
            return;
        event.preventDefault();
        this.go(href);
    }
}

/** Goes back to where the reader was, as soon as the page has grown long enough again. */
function restoreScroll(y: number): void {
    let tries = 30;
    const attempt = () => {
        scrollTo(0, y);
        if (Math.abs(scrollY - y) > 2 && tries-- > 0)
            setTimeout(attempt, 50);
    };
    attempt();
}

export const router = new Router();
