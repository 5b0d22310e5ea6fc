import { expect, test } from 'vitest';
import { bytes32, config } from '../ledger/facts.ts';
import { readPayment } from '../../main/payment/x402-http/read-payment.ts';

test.each<[string, object, string]>([
  ['of another version', { x402Version: 1 }, 'scheme'],
  ['of another scheme', { accepted: { scheme: 'exact', network: 'eip155:31337' } }, 'scheme'],
  ['that is too long', { padding: 'A'.repeat(16_385) }, 'payload_type'],
  ['without a payload', {}, 'payload_type'],
])('a payment header %s is no payment of ours', (_what, change, fault) => {
  const accepted = { scheme: 'batch-settlement', network: 'eip155:31337' };
  const header = Buffer.from(JSON.stringify({ x402Version: 2, accepted, ...change })).toString('base64');
  expect(readPayment(header)).toEqual({ fault: `invalid_batch_settlement_evm_${fault}` });
});

test('a deposit by Permit2 is read', () => {
  const permit2Authorization = { nonce: '1', deadline: '2', signature: '0x12' };
  const payload = {
    type: 'deposit',
    channelConfig: config,
    voucher: { channelId: bytes32(1), maxClaimableAmount: '100', signature: '0x12' },
    deposit: { amount: '5', authorization: { permit2Authorization } },
  };
  const content = { x402Version: 2, accepted: { scheme: 'batch-settlement', network: 'eip155:31337' }, payload };
  expect(readPayment(Buffer.from(JSON.stringify(content)).toString('base64'))).toMatchObject({
    type: 'deposit',
    authorization: { method: 'permit2', nonce: 1n, deadline: 2n },
  });
});
