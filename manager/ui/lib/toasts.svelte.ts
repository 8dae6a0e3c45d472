// Short notices that go by themselves. Nothing stands only here: each is also in the log, the bell or on the page.
export interface Toast {
    id: number;
    text: string;
    bad: boolean;
    href: string | null;
}

class Toasts {
    list = $state.raw<Toast[]>([]);
    private last = 0;

    show(text: string, options: { bad?: boolean; href?: string } = {}): void {
        const toast = { id: ++this.last, text, bad: options.bad ?? false, href: options.href ?? null };
        this.list = [...this.list.slice(-2), toast];
        setTimeout(() => this.hide(toast.id), toast.bad ? 12000 : 6000);
    }

    hide(id: number): void {
        this.list = this.list.filter((toast) => toast.id !== id);
    }
}

export const toasts = new Toasts();
