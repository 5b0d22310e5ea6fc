import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Hex, hearthDomain, identityBindingTypes } from '../../protocol/agreement.ts';
import { settlementAddress } from '../../protocol/x402.ts';
import { createLoopback, type Loopback, testChainId, testKey, testSigner } from './loopback.ts';

let loopback: Loopback;
beforeEach(() => {
  loopback = createLoopback();
});
afterEach(() => loopback.stop());

test('two nodes that meet know each other by wallet, on both sides', async () => {
  const provider = await loopback.start('provider');
  const requester = await loopback.start('requester', { listens: false, provides: false });
  const met = await requester.network.connect(provider.address());
  expect(met).toEqual({
    peerId: provider.network.peerId,
    wallet: testSigner('provider').address,
    provides: true,
    name: 'provider',
    adapterClass: 'test adapter',
    clockSkewSeconds: expect.any(Number),
  });
  expect(provider.network.peers()).toMatchObject([
    { peerId: requester.network.peerId, wallet: testSigner('requester').address, provides: false },
  ]);
  const key = await stat(join(provider.dataDirectory, 'peer-key'));
  expect(key.mode & 0o777).toBe(0o600);
});

test('a node on another chain is refused with both chain numbers', async () => {
  const provider = await loopback.start('provider');
  const stranger = await loopback.start('stranger', { listens: false, chainId: 8_453n });
  await expect(stranger.network.connect(provider.address())).rejects.toMatchObject({
    code: 'HELLO_REFUSED',
    data: { refusal: 'CHAIN_MISMATCH' },
    message: expect.stringContaining('chain 8453'),
  });
  expect(provider.network.peers()).toEqual([]);
});

test('a node whose clock is an hour off is refused', async () => {
  const provider = await loopback.start('provider');
  const late = await loopback.start('late', { listens: false, nowMs: () => Date.now() - 3_600_000 });
  await expect(late.network.connect(provider.address())).rejects.toMatchObject({ data: { refusal: 'CLOCK_SKEW' } });
});

test('a wallet that does not sign for its node is refused and banned', async () => {
  const provider = await loopback.start('provider');
  const forger = await loopback.start('forger', {
    listens: false,
    signer: {
      ...testSigner('victim'),
      async signBinding(binding) {
        const domain = hearthDomain(testChainId, settlementAddress);
        return (await testKey('somebody else').signTypedData(domain, identityBindingTypes, binding)) as Hex;
      },
    },
  });
  await expect(forger.network.connect(provider.address())).rejects.toThrow();
  await expect(forger.network.connect(provider.address())).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(provider.log.join('\n')).toContain('forgery');
  expect(provider.network.peers()).toEqual([]);
});

test('nobody gets a quote or a task before a hello', async () => {
  const provider = await loopback.start('provider');
  const requester = await loopback.start('requester', { listens: false });
  await expect(requester.network.openTask(provider.network.peerId)).rejects.toMatchObject({ code: 'NO_HELLO' });
});

test('a node keeps its peer id and forgets a peer that hangs up', async () => {
  const provider = await loopback.start('provider');
  const requester = await loopback.start('requester', { listens: false });
  await requester.network.connect(provider.address());
  const gone = new Promise<void>((resolve) => {
    provider.network.onPeersChanged((peers) => {
      if (peers.length === 0) resolve();
    });
  });
  await requester.network.stop();
  await gone;
  const again = await loopback.start('requester', { listens: false, dataDirectory: requester.dataDirectory });
  expect(again.network.peerId).toBe(requester.network.peerId);
});

test('a bootstrap address is dialled until it answers', async () => {
  const provider = await loopback.start('provider');
  const requester = await loopback.start('requester', { listens: false, bootstrap: [provider.address()] });
  if (requester.network.peers().length === 0) {
    await new Promise<void>((resolve) => requester.network.onPeersChanged(() => resolve()));
  }
  expect(requester.network.peers()[0]?.name).toBe('provider');
});
