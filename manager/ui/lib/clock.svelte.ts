// The present, in steps: relative times move without each having its own timer. Stands still while the page is not seen.
class Clock {
    now = $state(Date.now() / 1000);

    constructor() {
        setInterval(() => {
            if (!document.hidden)
                this.now = Date.now() / 1000;
        }, 10000);
        document.addEventListener('visibilitychange', () => {
            this.now = Date.now() / 1000;
        });
    }
}

export const clock = new Clock();
