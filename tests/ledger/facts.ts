/** Made-up events that fit together: one channel, one task of ten units a chunk at one unit of money each. */
import type { Agreement, Hex, Receipt } from '../../protocol/agreement.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import type { Ledger, LedgerEvent, Role } from '../../main/ledger/index.ts';

export function bytes32(number: number): Hex {
  return `0x${number.toString(16).padStart(64, '0')}`;
}

export function account(number: number): Hex {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

export const channelId = bytes32(1);
export const payer = account(0xa);
export const receiver = account(0xb);
export const token = account(0xc);

export const config: ChannelConfig = {
  payer,
  payerAuthorizer: payer,
  receiver,
  receiverAuthorizer: receiver,
  token,
  withdrawDelay: 86_400,
  salt: bytes32(0),
};

export function agreementOf(task: number): Agreement {
  return {
    agreementId: bytes32(task),
    requester: payer,
    provider: receiver,
    channelId,
    taskHash: bytes32(0),
    inputHash: bytes32(0),
    shaderSetHash: bytes32(0),
    numericProfile: 'f32',
    pricePerMillionUnits: 1_000_000n,
    maxUnits: 10_000n,
    chunkUnits: 10n,
    startBy: 1_900_000_000n,
    finishBy: 1_900_000_000n,
  };
}

export function openChannel(role: Role, balance = 1_000_000n): LedgerEvent[] {
  return [
    { kind: 'channel', role, channelId, chainId: 31_337n, config, baseClaimed: 0n },
    { kind: 'deposit', role, channelId, balance, transactionHash: null },
  ];
}

export function openTask(role: Role, task: number): LedgerEvent {
  return {
    kind: 'agreement',
    role,
    agreementHash: bytes32(task),
    taskKind: 'chat',
    agreement: agreementOf(task),
    requesterSignature: '0x01',
    providerSignature: '0x02',
  };
}

export function voucher(role: Role, task: number, maxClaimableAmount: bigint): LedgerEvent {
  return {
    kind: 'voucher',
    role,
    agreementHash: bytes32(task),
    voucher: { channelId, maxClaimableAmount, signature: `0x${maxClaimableAmount.toString(16)}` },
  };
}

export function chunk(role: Role, task: number, sequence: number, units = 10n): LedgerEvent {
  return { kind: 'chunk', role, agreementHash: bytes32(task), chunk: { sequence, units, payloadSha256: bytes32(7) } };
}

export function acknowledge(task: number, acknowledged: number): LedgerEvent {
  return { kind: 'acknowledge', role: 'provider', agreementHash: bytes32(task), acknowledged };
}

export function receiptOf(task: number, units: bigint): Receipt {
  return {
    agreementHash: bytes32(task),
    resultHash: bytes32(9),
    units,
    amountDue: units,
    verdict: 'verified',
    issuedAt: 1_800_000_000n,
  };
}

export function receipt(role: Role, task: number, units: bigint): LedgerEvent {
  return { kind: 'receipt', role, receipt: receiptOf(task, units), signature: '0x03' };
}

export function claim(totalClaimed: bigint): LedgerEvent {
  return { kind: 'claim', role: 'provider', channelId, totalClaimed, transactionHash: null };
}

export function settle(totalSettled: bigint, isBase = false): LedgerEvent {
  return { kind: 'settle', role: 'provider', receiver, token, totalSettled, transactionHash: null, isBase };
}

/** A provider's task of three chunks, two acknowledged, covered up to 30. */
export function fillProvider(ledger: Ledger): void {
  ledger.append(...openChannel('provider'), openTask('provider', 2), voucher('provider', 2, 30n));
  ledger.append(chunk('provider', 2, 0), chunk('provider', 2, 1), chunk('provider', 2, 2), acknowledge(2, 2));
}
