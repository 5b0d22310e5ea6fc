import type { Agreement, Hex } from '../../protocol/agreement.ts';
import { refuse, type Refusal } from '../../protocol/errors.ts';
import { smallestChunkUnits, type Task, taskUnits } from '../../protocol/tasks.ts';
import type { Quote } from '../../protocol/wire/quote-messages.ts';
import type { TaskRefusalCode } from './refusal-codes.ts';

/** Longest a signed agreement may bind the provider. */
const maxDurationSeconds = 24n * 3600n;

/** Does the agreement say what was quoted, about the task that came with it? No signature is checked here. */
export function checkAgreement(input: {
  readonly agreement: Agreement;
  readonly task: Task;
  readonly taskHash: Hex;
  readonly quote: Quote;
  readonly requester: Hex;
  readonly shaderSetHash: Hex;
  readonly nowSeconds: bigint;
}): Refusal<TaskRefusalCode> | null {
  const { agreement, task, quote, nowSeconds } = input;
  const inputHash: Hex = `0x${task.kind === 'chat' ? task.modelSha256 : task.sceneSha256}`;
  const expected: readonly (readonly [keyof Agreement, string])[] = [
    ['requester', input.requester],
    ['provider', quote.provider],
    ['taskHash', input.taskHash],
    ['inputHash', inputHash],
    ['shaderSetHash', input.shaderSetHash],
    ['numericProfile', quote.numericProfile],
  ];
  for (const [field, value] of expected) {
    if (String(agreement[field]).toLowerCase() !== value.toLowerCase()) {
      return refuse('AGREEMENT_MISMATCH', `${field} is ${String(agreement[field])}, not ${value}`);
    }
  }
  if (agreement.pricePerMillionUnits < quote.pricePerMillionUnits) {
    return refuse('PRICE_TOO_LOW', `${agreement.pricePerMillionUnits} per million units is below the quoted price`, {
      needed: quote.pricePerMillionUnits,
      available: agreement.pricePerMillionUnits,
    });
  }
  const units = taskUnits(task);
  if (agreement.maxUnits !== units || units > quote.maxUnits) {
    return refuse('AGREEMENT_MISMATCH', `maxUnits is ${agreement.maxUnits}, the task has ${units}`, {
      needed: units,
      available: agreement.maxUnits,
    });
  }
  const smallest = smallestChunkUnits(task);
  if (agreement.chunkUnits > quote.chunkUnits || agreement.chunkUnits < smallest) {
    return refuse(
      'AGREEMENT_MISMATCH',
      `chunkUnits is ${agreement.chunkUnits}, not ${smallest} to ${quote.chunkUnits}`,
      {
        needed: smallest,
        available: agreement.chunkUnits,
      },
    );
  }
  const isOpen = agreement.startBy > nowSeconds && agreement.finishBy >= agreement.startBy;
  if (!isOpen || agreement.finishBy > nowSeconds + maxDurationSeconds) {
    return refuse(
      'DEADLINE',
      `start by ${agreement.startBy} and finish by ${agreement.finishBy} do not fit now, ${nowSeconds}, and a day`,
    );
  }
  return null;
}
