/** Offline checks of a receipt document. Needs no network, no GPU and no trust in whoever handed it over. */
import type { ChunkRecord, Hex } from './agreement.ts';
import { hashChunkChain, nextLink } from './hashing/chunk-chain.ts';
import { sha256Hex } from './hashing/sha256.ts';
import { hashTask } from './hashing/task-hash.ts';
import { type ChainIdentity, hashAgreement, hashReceipt, hashTaskResult, isSignedBy } from './hashing/typed-data.ts';
import type { ReceiptDocument } from './receipt.ts';
import { priceOfUnits } from './tasks.ts';
import { settlementAddress } from './x402.ts';

export interface ReceiptCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What was compared, in words. */
  readonly detail: string;
}

export interface ReceiptVerification {
  readonly ok: boolean;
  readonly agreementHash: Hex;
  readonly checks: readonly ReceiptCheck[];
}

function same(name: string, what: string, found: unknown, expected: unknown): ReceiptCheck {
  const ok = String(found).toLowerCase() === String(expected).toLowerCase();
  return {
    name,
    ok,
    detail: ok ? `${what} is ${String(found)}` : `${what} is ${String(found)}, not ${String(expected)}`,
  };
}

function signed(name: string, who: string, address: Hex, hash: Hex, signature: Hex): ReceiptCheck {
  const ok = isSignedBy(address, hash, signature);
  return { name, ok, detail: ok ? `signed by ${who} ${address}` : `not signed by ${who} ${address}` };
}

/** All checks are made and listed, also after a failed one. */
export function verifyReceiptDocument(document: ReceiptDocument): ReceiptVerification {
  const { agreement, receipt, result, chunks } = document;
  const chain: ChainIdentity = { chainId: document.chainId, settlement: document.settlement };
  const agreementHash = hashAgreement(agreement, chain);
  const units = sumUnits(chunks);
  const lastLink = hashChunkChain(agreementHash, chunks);
  // A rejected delivery is paid up to the chunk that was acknowledged last before the fault was found.
  const paid = receipt.verdict === 'rejected' ? paidChunks(agreementHash, document) : chunks;
  const paidUnits = sumUnits(paid);
  const oversized = chunks.findIndex((chunk) => chunk.units > agreement.chunkUnits);
  const misplaced = chunks.findIndex((chunk, index) => chunk.sequence !== index);

  const checks: ReceiptCheck[] = [
    same('settlement', 'the settlement contract', document.settlement, settlementAddress),
    signed('requester-signature', 'requester', agreement.requester, agreementHash, document.requesterSignature),
    signed('provider-signature', 'provider', agreement.provider, agreementHash, document.providerSignature),
    same('agreement', 'the agreement of the receipt', receipt.agreementHash, agreementHash),
    {
      name: 'chunk-order',
      ok: misplaced === -1 && oversized === -1,
      detail:
        misplaced !== -1
          ? `chunk ${misplaced} has sequence ${chunks[misplaced]?.sequence}`
          : oversized !== -1
            ? `chunk ${oversized} has ${chunks[oversized]?.units} units, the agreement allows ${agreement.chunkUnits}`
            : `${chunks.length} chunks in order, none above ${agreement.chunkUnits} units`,
    },
    same('chunk-chain', 'the last link of the chunk chain', receipt.resultHash, hashChunkChain(agreementHash, paid)),
    same('units', 'the sum of units', receipt.units, paidUnits),
    {
      name: 'units-limit',
      ok: units <= agreement.maxUnits,
      detail: `${units} of at most ${agreement.maxUnits} units`,
    },
    same('amount', 'the amount due', receipt.amountDue, priceOfUnits(paidUnits, agreement.pricePerMillionUnits)),
    signed(
      'receipt-signature',
      'requester',
      agreement.requester,
      hashReceipt(receipt, chain),
      document.receiptSignature,
    ),
  ];
  if (result === null) {
    checks.push({
      name: 'result',
      ok: receipt.verdict === 'partial' || receipt.verdict === 'rejected',
      detail: `no result is signed, and the verdict is ${receipt.verdict}`,
    });
  } else {
    checks.push(
      signed(
        'result-signature',
        'provider',
        agreement.provider,
        hashTaskResult(result.result, chain),
        result.signature,
      ),
      same('result-agreement', 'the agreement of the result', result.result.agreementHash, agreementHash),
      same('result-chain', 'the result hash', result.result.resultHash, lastLink),
      same('result-units', 'the units of the result', result.result.units, units),
      same(
        'result-amount',
        'the amount of the result',
        result.result.amountDue,
        priceOfUnits(units, agreement.pricePerMillionUnits),
      ),
    );
  }
  if (document.task !== null) checks.push(same('task', 'the task hash', hashTask(document.task), agreement.taskHash));
  if (document.payloads !== null) checks.push(checkPayloads(document.payloads, document));
  return { ok: checks.every((check) => check.ok), agreementHash, checks };
}

function sumUnits(chunks: readonly ChunkRecord[]): bigint {
  return chunks.reduce((sum, chunk) => sum + chunk.units, 0n);
}

/** The chunks up to the link the receipt names; all of them where it names none. */
function paidChunks(agreementHash: Hex, { chunks, receipt }: ReceiptDocument): readonly ChunkRecord[] {
  let link = agreementHash;
  for (const [count, chunk] of chunks.entries()) {
    if (link === receipt.resultHash) return chunks.slice(0, count);
    link = nextLink(link, chunk);
  }
  return chunks;
}

function checkPayloads(payloads: readonly Uint8Array[], { chunks }: ReceiptDocument): ReceiptCheck {
  const wrong = chunks.findIndex((chunk, index) => {
    const payload = payloads[index];
    return payload === undefined || sha256Hex(payload) !== chunk.payloadSha256;
  });
  const ok = wrong === -1 && payloads.length === chunks.length;
  return {
    name: 'output',
    ok,
    detail: ok
      ? `${payloads.length} payloads match their hashes`
      : `${payloads.length} payloads for ${chunks.length} chunks, the first that differs is ${wrong}`,
  };
}
