// Who is here and what they may do, and the face of the box. The page opens by asking both; signing in and out passes here.
import { ApiError, call, onFailure } from './api';
import type { OperationName, Session, Site } from './api.generated';
import { applyBrand } from './brand';
import { changes } from './changes.svelte';
import { bestLanguage, useLanguage } from './text.svelte';

const languageKey = 'steadbox-language';

class SessionState {
    site = $state.raw<Site | null>(null);
    who = $state.raw<Session | null>(null);
    ready = $state(false);
    /** What went wrong while opening, where there was anything. */
    error = $state.raw<ApiError | null>(null);
    /** The session ended under an open page: sign in on top of it, nothing typed is lost. */
    expired = $state(false);
    private allowed = $derived(new Set(this.who?.operations ?? []));

    /** The provider's name; empty where the box carries only our own. */
    get provider(): string {
        const name = this.site?.brand.name ?? '';
        return name === 'Steadbox' ? '' : name;
    }

    get signedIn(): boolean {
        return this.who !== null;
    }

    /** Whether there are administrative places for this person at all. */
    get administers(): boolean {
        return this.can('user.list') || this.can('system.show');
    }

    can(operation: OperationName): boolean {
        return this.allowed.has(operation);
    }

    async open(): Promise<void> {
        this.error = null;
        try {
            const [site, who] = await Promise.all([call('site.show'), this.ask()]);
            this.site = site;
            this.who = who;
            applyBrand(site.brand);
            await useLanguage(this.wish());
            if (who)
                changes.start();
        } catch (error) {
            await useLanguage(bestLanguage(this.stored(), ...navigator.languages));
            this.error = error as ApiError;
        }
        this.ready = true;
    }

    /** After a sign-in or a used link. */
    async enter(who: Session): Promise<void> {
        this.who = who;
        this.expired = false;
        changes.start();
        if (who.language)
            await this.speak(who.language);
        void this.refreshSite();
    }

    /** Asks again what is allowed. Where the session is over the page stays as it is, with the sign-in on top. */
    async refresh(): Promise<void> {
        const who = await this.ask();
        if (who)
            this.who = who;
        else
            this.ended();
    }

    async refreshSite(): Promise<void> {
        this.site = await call('site.show');
        applyBrand(this.site.brand);
    }

    async leave(): Promise<void> {
        changes.stop();
        await call('session.delete');
        this.who = null;
    }

    /** Changes the language of the page and remembers it on this device. */
    async speak(code: string): Promise<void> {
        await useLanguage(code);
        try {
            localStorage.setItem(languageKey, code);
        } catch {
            // A browser that keeps nothing is fine; the account remembers too.
        }
    }

    ended(): void {
        if (this.who && !this.expired) {
            this.expired = true;
            changes.stop();
        }
    }

    private stored(): string | null {
        try {
            return localStorage.getItem(languageKey);
        } catch {
            return null;
        }
    }

    private wish(): string {
        return bestLanguage(this.who?.language, this.stored(), ...navigator.languages, this.site?.language);
    }

    private async ask(): Promise<Session | null> {
        try {
            return await call('session.show');
        } catch (error) {
            if (error instanceof ApiError && error.status === 401)
                return null;
            throw error;
        }
    }
}

export const session = new SessionState();

onFailure((error) => {
    if (error.name === 'sign-in-needed')
        session.ended();
});
changes.onSession(() => {
    session.refresh().catch(() => undefined);
});
