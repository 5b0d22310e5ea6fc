/** Peers that break the rules on purpose, over real connections; the node keeps running and serves the honest ones. */
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import type { Libp2p, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FrameStream } from '../../main/network/frame-stream.ts';
import { createPeerPenalties } from '../../main/network/peer-penalties.ts';
import { createRateLimiter } from '../../main/network/rate-limiter.ts';
import { publicPrefix } from '../../main/network/connection-gater.ts';
import type { QuoteRequest } from '../../protocol/wire/quote-messages.ts';
import { helloFrameCodec } from '../../protocol/wire/hello-messages.ts';
import { quoteFrameCodec } from '../../protocol/wire/quote-messages.ts';
import { taskFrameCodec } from '../../protocol/wire/task-messages.ts';
import { createLoopback, type Loopback, type TestNode } from './loopback.ts';

let loopback: Loopback;
let attackers: Libp2p[];
beforeEach(() => {
  loopback = createLoopback();
  attackers = [];
});
afterEach(async () => {
  await Promise.all(attackers.map((attacker) => attacker.stop()));
  await loopback.stop();
});

const request: QuoteRequest = {
  taskHash: `0x${'01'.repeat(32)}`,
  kind: 'chat',
  inputSha256: 'ab'.repeat(32),
  units: 1n,
  taskBytes: 10,
  largestTilePixels: 0,
  environmentSha256: undefined,
  shaderSetHash: `0x${'02'.repeat(32)}`,
};

/** A bare libp2p node that sends what it likes. */
async function attack(target: TestNode): Promise<(protocol: string, bytes: Uint8Array) => Promise<Stream>> {
  const attacker = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  });
  attackers.push(attacker);
  await attacker.dial(multiaddr(target.address()));
  const peerId = peerIdFromString(target.network.peerId);
  return async (protocol, bytes) => {
    if (attacker.getConnections(peerId).length === 0) await attacker.dial(multiaddr(target.address()));
    const stream = await attacker.dialProtocol(peerId, protocol);
    stream.send(bytes);
    return stream;
  };
}

function closed(stream: Stream): Promise<string> {
  return new Promise((resolve) => {
    stream.addEventListener('close', (event) => resolve(event.error === undefined ? 'closed' : 'reset'));
    if (stream.status === 'reset' || stream.status === 'aborted') resolve('reset');
  });
}

async function expectStillServing(target: TestNode): Promise<void> {
  const honest = await loopback.start('honest', { listens: false });
  await honest.network.connect(target.address());
  expect(await honest.network.requestQuote(target.network.peerId, request)).toMatchObject({ code: 'NOT_ACCEPTING' });
}

const prefixed = (frame: Uint8Array): Uint8Array =>
  Uint8Array.from([(frame.length & 0x7f) | 0x80, frame.length >> 7, ...frame]);

test.each([
  ['a frame that claims 5000 bytes', '/hearth/hello/1', Uint8Array.from([0x88, 0x27, 1, 2, 3])],
  ['a frame that claims a terabyte', '/hearth/hello/1', Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
  ['a frame of noise', '/hearth/hello/1', Uint8Array.from([4, 0xff, 0xff, 0xff, 0xff])],
  ['a hello without its fields', '/hearth/hello/1', Uint8Array.from([2, 0x0a, 0])],
])('%s resets the stream, costs the peer points, and harms nobody else', async (_, protocol, bytes) => {
  const target = await loopback.start('target');
  const send = await attack(target);
  expect(await closed(await send(protocol, bytes))).toBe('reset');
  expect(target.log.join('\n')).toContain('malformed');
  await expectStillServing(target);
});

test('a peer that keeps breaking frames is disconnected, then banned, also after a restart', async () => {
  const target = await loopback.start('target');
  const send = await attack(target);
  const isBanned = (): boolean => target.log.some((line) => line.endsWith(', ban'));
  const deadline = performance.now() + 15_000;
  while (!isBanned() && performance.now() < deadline) {
    try {
      await closed(await send('/hearth/hello/1', Uint8Array.from([4, 0xff, 0xff, 0xff, 0xff])));
    } catch {
      // Disconnected, or dialling too often: `send` dials again in a moment.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  expect(isBanned()).toBe(true);
  expect(target.log.some((line) => line.endsWith(', disconnect'))).toBe(true);
  await expectStillServing(target);
  await target.network.stop();
  const again = await loopback.start('target', { dataDirectory: target.dataDirectory });
  const stream = attackers[0]!
    .dial(multiaddr(again.address()))
    .then((connection) => connection.newStream('/hearth/hello/1'));
  await expect(stream).rejects.toThrow();
});

test.each([
  ['/hearth/quote/1', prefixed(quoteFrameCodec.encode({ type: 'request', body: request })), quoteFrameCodec],
  ['/hearth/task/1', Uint8Array.from([2, 0x62, 0]), taskFrameCodec],
])('%s answers nobody who has not said hello', async (protocol, bytes, codec) => {
  const target = await loopback.start('target');
  const send = await attack(target);
  const stream = await send(protocol, bytes);
  const reply = await new FrameStream(stream, 8192).read({ timeoutMs: 5_000 });
  expect(codec.decode(reply!)).toMatchObject({ type: 'refuse', body: { code: 'NO_HELLO' } });
});

test('a twenty-first hello within a minute is refused with a reason', async () => {
  const target = await loopback.start('target');
  const send = await attack(target);
  const replies: unknown[] = [];
  for (let round = 0; round < 21; round += 1) {
    const stream = await send('/hearth/hello/1', Uint8Array.from([4, 0x0a, 0]));
    try {
      const reply = await new FrameStream(stream, 4096).read({ timeoutMs: 100 });
      if (reply !== null) replies.push(helloFrameCodec.decode(reply));
    } catch {
      // The twenty within the quota wait for the rest of their frame.
    }
    stream.abort(new Error('next'));
  }
  expect(replies).toMatchObject([{ type: 'refuse', body: { code: 'RATE' } }]);
});

test('half a frame and silence costs one stream and no more', async () => {
  const target = await loopback.start('target');
  const send = await attack(target);
  const streams = [
    await send('/hearth/hello/1', Uint8Array.from([100, 1])),
    await send('/hearth/hello/1', Uint8Array.from([0x80])),
  ];
  await expectStillServing(target);
  for (const stream of streams) stream.abort(new Error('done'));
});

test('a quota lets a burst pass, then one request per interval, per peer and in all', () => {
  let nowMs = 0;
  const limiter = createRateLimiter({
    perPeer: { count: 4, windowMs: 1_000 },
    total: { count: 6, windowMs: 1_000 },
    nowMs: () => nowMs,
  });
  const burst = (peer: string): boolean[] => Array.from({ length: 5 }, () => limiter.allow(peer));
  expect(burst('a')).toEqual([true, true, true, true, false]);
  expect(burst('b')).toEqual([true, true, false, false, false]);
  nowMs = 250;
  expect([limiter.allow('a'), limiter.allow('a'), limiter.allow('c')]).toEqual([true, false, false]);
  nowMs = 10_000;
  expect(burst('a')).toEqual([true, true, true, true, false]);
});

test('points fade by half in ten minutes, and a forgery bans at once for half an hour', () => {
  let nowMs = 1_000_000;
  const penalties = createPeerPenalties({ banFilePath: null, nowMs: () => nowMs });
  expect([
    penalties.add('slow', 'timeout'),
    penalties.add('slow', 'malformed'),
    penalties.add('slow', 'malformed'),
  ]).toEqual(['none', 'none', 'disconnect']);
  nowMs += 600_000;
  expect(penalties.score('slow')).toBe(11);
  expect(penalties.add('forger', 'forgery')).toBe('ban');
  expect(penalties.isBanned('forger')).toBe(true);
  nowMs += 30 * 60_000 + 1;
  expect(penalties.isBanned('forger')).toBe(false);
});

test.each([
  ['/ip4/203.0.113.7/tcp/1', '203.0.113'],
  ['/ip4/127.0.0.1/tcp/1', null],
  ['/ip4/192.168.7.9/tcp/1', null],
  ['/ip4/172.20.0.1/tcp/1', null],
  ['/ip6/2001:db8:1:2::5/tcp/1', '2001:db8:1'],
  ['/ip6/2001:db8::5/tcp/1', '2001:db8:0'],
  ['/ip6/::1/tcp/1', null],
  ['/ip6/fe80::1/tcp/1', null],
])('%s belongs to the neighbourhood %s', (address, prefix) => {
  expect(publicPrefix(multiaddr(address))).toBe(prefix);
});
