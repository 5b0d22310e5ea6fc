import { randomBytes } from 'node:crypto';
import type { Agreement, Hex } from '../../../protocol/agreement.ts';
import { type ChainIdentity, hashAgreement } from '../../../protocol/hashing/typed-data.ts';
import { type Task, taskUnits } from '../../../protocol/tasks.ts';
import type { Offer } from '../../market/quote-choice.ts';
import type { Signer } from '../../payment/types.ts';

export interface DraftAgreement {
  readonly agreement: Agreement;
  readonly agreementHash: Hex;
  readonly requesterSignature: Hex;
}

/** Time to accept and load; a model of many gigabytes from a slow disk takes minutes. */
const startWithinSeconds = 600n;
const shortestSeconds = 1_800n;
const longestSeconds = 86_000n;

/** The agreement as quoted, signed by the requester. */
export async function signAgreement(input: {
  readonly offer: Offer;
  readonly task: Task;
  readonly channelId: Hex;
  readonly shaderSetHash: Hex;
  readonly signer: Pick<Signer, 'address' | 'signAgreement'>;
  readonly chain: ChainIdentity;
  readonly nowSeconds: bigint;
}): Promise<DraftAgreement> {
  const { offer, task, channelId, shaderSetHash, signer, chain, nowSeconds } = input;
  const { quote } = offer;
  const maxUnits = taskUnits(task);
  const rate = quote.unitsPerThousandSeconds;
  const expected = rate === 0n ? longestSeconds : shortestSeconds + (maxUnits * 10_000n) / rate;
  const agreement: Agreement = {
    agreementId: `0x${randomBytes(32).toString('hex')}`,
    requester: signer.address,
    provider: quote.provider,
    channelId,
    taskHash: quote.taskHash,
    inputHash: `0x${task.kind === 'chat' ? task.modelSha256 : task.sceneSha256}`,
    shaderSetHash,
    numericProfile: quote.numericProfile,
    pricePerMillionUnits: quote.pricePerMillionUnits,
    maxUnits,
    chunkUnits: quote.chunkUnits,
    startBy: nowSeconds + startWithinSeconds,
    finishBy: nowSeconds + (expected < longestSeconds ? expected : longestSeconds),
  };
  const requesterSignature = await signer.signAgreement(agreement);
  return { agreement, agreementHash: hashAgreement(agreement, chain), requesterSignature };
}
