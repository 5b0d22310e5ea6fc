/**
 * Somebody else pays the gas: claims signed by the receiver authorizer go to an x402 facilitator, which sends
 * `claimWithSignature` and `settle`. It can neither change the amounts nor where the money goes, only leave it undone.
 */
import type { Hex } from '../../protocol/agreement.ts';
import { settlementDomain } from '../../protocol/x402.ts';
import type { ClaimRow } from './chain-client.ts';
import { PaymentError } from './payment-error.ts';
import { asHex } from './typed-data.ts';

export interface ClaimRelay {
  /** Answers the transaction's hash. @throws PaymentError RELAY_REFUSED, RELAY_UNREACHABLE */
  claim(rows: readonly ClaimRow[], authorizerSignature: Hex): Promise<Hex>;
  settle(receiver: Hex): Promise<Hex>;
}

const relayTimeoutMs = 60_000;
/** An answer is one transaction hash and a reason. */
const answerLimitBytes = 65_536;

/** @param url of the facilitator, without `/settle`. The form is that of x402 version 2, scheme `batch-settlement`. */
export function createHttpRelay(options: {
  readonly url: string;
  readonly chainId: bigint;
  readonly token: Hex;
}): ClaimRelay {
  const { url, chainId, token } = options;

  async function post(payload: object, payTo: Hex, receiverAuthorizer: Hex, withdrawDelay: number): Promise<Hex> {
    const requirements = {
      scheme: 'batch-settlement',
      network: `eip155:${chainId}`,
      asset: token,
      amount: '0',
      payTo,
      maxTimeoutSeconds: relayTimeoutMs / 1_000,
      extra: { receiverAuthorizer, withdrawDelay, name: settlementDomain(chainId).name, version: '1' },
    };
    const body = { x402Version: 2, accepted: requirements, payload };
    const answer = await ask({ x402Version: 2, paymentPayload: body, paymentRequirements: requirements });
    const { success, transaction, errorReason, errorMessage } = answer;
    if (success === true && typeof transaction === 'string' && /^0x[0-9a-f]{64}$/i.test(transaction)) {
      return asHex(transaction);
    }
    const reason = [errorReason, errorMessage]
      .filter((part) => typeof part === 'string')
      .join(': ')
      .slice(0, 200);
    throw new PaymentError('RELAY_REFUSED', `the relay did not send the claim: ${reason || 'no reason given'}`);
  }

  async function ask(request: object): Promise<Record<string, unknown>> {
    try {
      const response = await fetch(`${url.replace(/\/$/, '')}/settle`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(relayTimeoutMs),
      });
      const answer: unknown = JSON.parse(await readText(response));
      if (typeof answer === 'object' && answer !== null) return { ...answer };
      throw new Error(`HTTP ${response.status}`);
    } catch (cause) {
      throw new PaymentError('RELAY_UNREACHABLE', 'the relay for claims did not answer', { cause });
    }
  }

  return {
    async claim(rows, claimAuthorizerSignature) {
      const config = rows[0]?.config;
      if (config === undefined) throw new PaymentError('RECORD_INVALID', 'a claim without a row');
      const claims = rows.map((row) => ({
        voucher: { channel: row.config, maxClaimableAmount: row.maxClaimableAmount.toString() },
        signature: row.signature,
        totalClaimed: row.totalClaimed.toString(),
      }));
      const payload = { type: 'claim', claims, claimAuthorizerSignature };
      return post(payload, config.receiver, config.receiverAuthorizer, config.withdrawDelay);
    },
    settle: (receiver) => post({ type: 'settle', receiver, token }, receiver, receiver, 0),
  };
}

/** @throws Error when the body is longer than the limit; what comes after it is not read. */
async function readText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of body ?? []) {
    sizeBytes += part.byteLength;
    if (sizeBytes > answerLimitBytes) throw new Error(`an answer of more than ${answerLimitBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
