// Roles and states, in the order in which they are always shown.
export const roles = ['owner', 'admin', 'user-manager', 'mail-manager', 'user'] as const;
export const states = ['active', 'invited', 'deactivated', 'frozen'] as const;
export const stateKind: Record<string, '' | 'warn' | 'bad' | 'calm'> = { active: '', invited: 'calm', deactivated: 'warn', frozen: 'bad' };

/** Roles somebody may grant: never one above their own. */
export function grantable(own: string): string[] {
    if (own === 'owner')
        return [...roles];
    return own === 'admin' ? roles.slice(1) : own === 'user-manager' ? ['user-manager', 'mail-manager', 'user'] : ['user'];
}
