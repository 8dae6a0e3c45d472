// One deed of a button: calls, shows failure where the button is, tells the lists.
import { ApiError, call } from './api';
import type { OperationFields, OperationName, OperationResults } from './api.generated';
import { changes } from './changes.svelte';
import { errorText } from './errors';
import { jobs } from './jobs.svelte';

export class Act {
    busy = $state('');
    error = $state('');

    async do<O extends OperationName>(operation: O, fields: OperationFields[O], ...nouns: string[]): Promise<OperationResults[O] | null> {
        this.busy = operation;
        this.error = '';
        try {
            const answer = await call(operation, fields);
            for (const noun of nouns)
                changes.touch(noun);
            if (answer && typeof answer === 'object' && 'job' in answer)
                await jobs.follow(String(answer.job));
            return answer;
        } catch (failure) {
            this.error = errorText(failure as ApiError);
            return null;
        } finally {
            this.busy = '';
        }
    }
}
