/** Reads the payment header of a request that anybody may have written: every field is checked before it is used. */
import type { Hex } from '../../../protocol/agreement.ts';
import type { ChannelConfig } from '../../../protocol/x402.ts';
import { scheme } from './wire.ts';
import type { DepositAuthorization, HttpPayment, PaymentFault, VoucherFields } from './wire.ts';

/** A payload is under 2 KiB; the limit leaves room for extensions. */
const maximumHeaderBytes = 16_384;

type Reading = HttpPayment | { readonly fault: PaymentFault };

/** Thrown inside this file only, and turned into a fault. */
class Unreadable extends Error {}

export function readPayment(header: string): Reading {
  try {
    if (header.length > maximumHeaderBytes) return { fault: 'invalid_batch_settlement_evm_payload_type' };
    const content = asRecord(JSON.parse(Buffer.from(header, 'base64').toString('utf8')));
    const accepted = asRecord(content['accepted']);
    if (content['x402Version'] !== 2 || accepted['scheme'] !== scheme) {
      return { fault: 'invalid_batch_settlement_evm_scheme' };
    }
    return readPayload(asRecord(content['payload']), asText(accepted['network']));
  } catch {
    // Whatever it was that could not be read: it is no payment.
    return { fault: 'invalid_batch_settlement_evm_payload_type' };
  }
}

function readPayload(payload: Readonly<Record<string, unknown>>, network: string): Reading {
  const base = { network, config: readConfig(asRecord(payload['channelConfig'])), voucher: readVoucher(payload) };
  switch (payload['type']) {
    case 'voucher':
      return { ...base, type: 'voucher' };
    case 'refund': {
      const { amount } = payload;
      return { ...base, type: 'refund', amount: amount === undefined ? null : asAmount(amount) };
    }
    case 'deposit': {
      const deposit = asRecord(payload['deposit']);
      const amount = asAmount(deposit['amount']);
      return { ...base, type: 'deposit', amount, authorization: readAuthorization(asRecord(deposit['authorization'])) };
    }
    default:
      return { fault: 'invalid_batch_settlement_evm_payload_type' };
  }
}

function readVoucher(payload: Readonly<Record<string, unknown>>): VoucherFields {
  const voucher = asRecord(payload['voucher']);
  return {
    channelId: asHex(voucher['channelId'], 32),
    maxClaimableAmount: asAmount(voucher['maxClaimableAmount']),
    signature: asHex(voucher['signature']),
  };
}

function readConfig(config: Readonly<Record<string, unknown>>): ChannelConfig {
  const { withdrawDelay } = config;
  if (typeof withdrawDelay !== 'number' || !Number.isSafeInteger(withdrawDelay) || withdrawDelay < 0) {
    throw new Unreadable('withdrawDelay');
  }
  return {
    payer: asHex(config['payer'], 20),
    payerAuthorizer: asHex(config['payerAuthorizer'], 20),
    receiver: asHex(config['receiver'], 20),
    receiverAuthorizer: asHex(config['receiverAuthorizer'], 20),
    token: asHex(config['token'], 20),
    withdrawDelay,
    salt: asHex(config['salt'], 32),
  };
}

function readAuthorization(authorization: Readonly<Record<string, unknown>>): DepositAuthorization {
  if (authorization['permit2Authorization'] !== undefined) {
    const permit = asRecord(authorization['permit2Authorization']);
    return {
      method: 'permit2',
      nonce: asInteger(permit['nonce']),
      deadline: asInteger(permit['deadline']),
      signature: asHex(permit['signature']),
    };
  }
  const receive = asRecord(authorization['erc3009Authorization']);
  return {
    method: 'eip3009',
    validAfter: asInteger(receive['validAfter']),
    validBefore: asInteger(receive['validBefore']),
    salt: BigInt(asHex(receive['salt'], 32)),
    signature: asHex(receive['signature']),
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreadable('an object');
  return Object.fromEntries(Object.entries(value));
}

function asText(value: unknown): string {
  if (typeof value !== 'string') throw new Unreadable('a text');
  return value;
}

function asInteger(value: unknown, bits = 256): bigint {
  const text = asText(value);
  if (!/^\d{1,78}$/.test(text) || BigInt(text) >> BigInt(bits) !== 0n) throw new Unreadable('an integer');
  return BigInt(text);
}

function asAmount(value: unknown): bigint {
  return asInteger(value, 128);
}

function asHex(value: unknown, sizeBytes?: number): Hex {
  const text = asText(value);
  if (!/^0x(?:[\da-f]{2})*$/i.test(text)) throw new Unreadable('hex');
  if (sizeBytes !== undefined && text.length !== 2 + 2 * sizeBytes) throw new Unreadable(`${sizeBytes} bytes`);
  return `0x${text.slice(2)}`;
}
