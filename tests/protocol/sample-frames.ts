import type { TaskFrame } from '../../protocol/wire/task-messages.ts';
import { taskCodec } from '../../protocol/wire/task-codec.ts';

const hash = (byte: string): `0x${string}` => `0x${byte.repeat(32)}`;
const address = (byte: string): `0x${string}` => `0x${byte.repeat(20)}`;
const signature: `0x${string}` = `0x${'9a'.repeat(64)}1b`;

/** One of every kind. */
export const sampleFrames: readonly TaskFrame[] = [
  {
    type: 'start',
    body: {
      agreement: {
        agreementId: hash('01'),
        requester: address('02'),
        provider: address('03'),
        channelId: hash('04'),
        taskHash: hash('05'),
        inputHash: hash('06'),
        shaderSetHash: hash('07'),
        numericProfile: 'f32',
        pricePerMillionUnits: 1_000_000n,
        maxUnits: 100n,
        chunkUnits: 16n,
        startBy: 1_800_000_000n,
        finishBy: 1_800_003_600n,
      },
      requesterSignature: signature,
      channel: {
        payer: address('02'),
        payerAuthorizer: address('00'),
        receiver: address('03'),
        receiverAuthorizer: address('03'),
        token: address('08'),
        withdrawDelay: 86_400,
        salt: hash('09'),
      },
      task: taskCodec.encode({
        kind: 'chat',
        modelSha256: 'ab'.repeat(32),
        messages: [{ role: 'system', content: 'Be brief.' }],
        prefixTokens: [],
        maxTokens: 100,
        temperatureMillionths: 0,
        seed: 1,
      }),
      voucher: { cumulative: 16n, signature, acknowledged: 0, coveredUnits: 48n },
    },
  },
  { type: 'accept', body: { providerSignature: signature } },
  { type: 'refuse', body: { code: 'BUSY', message: 'as many as this node takes', needed: 1n, available: 0n } },
  { type: 'progress', body: { activity: 'loading' } },
  { type: 'chunk', body: { sequence: 3, units: 16n, payloadSizeBytes: 4, payload: new Uint8Array([1, 2, 3, 4]) } },
  { type: 'chunkPart', body: { sequence: 3, payload: new Uint8Array([5]) } },
  { type: 'voucher', body: { cumulative: 32n, signature, acknowledged: 4, coveredUnits: 48n } },
  { type: 'cancel', body: { reason: 'user', message: 'enough' } },
  {
    type: 'result',
    body: {
      result: {
        agreementHash: hash('0a'),
        resultHash: hash('0b'),
        units: 64n,
        amountDue: 64n,
        outcome: 'handed-back',
        adapterClass: 'vulkan/maker/family/device',
        finishedAt: 1_800_000_100n,
      },
      signature,
    },
  },
  {
    type: 'receipt',
    body: {
      receipt: {
        agreementHash: hash('0a'),
        resultHash: hash('0b'),
        units: 64n,
        amountDue: 64n,
        verdict: 'verified',
        issuedAt: 1_800_000_101n,
      },
      signature,
    },
  },
  { type: 'receiptStored', body: {} },
  { type: 'ping', body: { nonce: 5n } },
  { type: 'pong', body: { nonce: 5n } },
];
