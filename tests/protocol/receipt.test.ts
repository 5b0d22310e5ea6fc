import { Wallet } from 'ethers';
import { beforeAll, describe, expect, test } from 'vitest';
import { agreementTypes, type Hex, hearthDomain, receiptTypes, taskResultTypes } from '../../protocol/agreement.ts';
import { hashChunkChain } from '../../protocol/hashing/chunk-chain.ts';
import { hashShaderSet, sha256Hex } from '../../protocol/hashing/sha256.ts';
import { hashTask } from '../../protocol/hashing/task-hash.ts';
import { chainIdentity, hashAgreement } from '../../protocol/hashing/typed-data.ts';
import {
  formatReceiptDocument,
  parseReceiptDocument,
  type ReceiptDocument,
  receiptSchema,
} from '../../protocol/receipt.ts';
import type { Task } from '../../protocol/tasks.ts';
import { verifyReceiptDocument } from '../../protocol/verify-receipt.ts';
import { settlementAddress } from '../../protocol/x402.ts';

const requester = new Wallet(`0x${'01'.repeat(32)}`);
const provider = new Wallet(`0x${'02'.repeat(32)}`);
const stranger = new Wallet(`0x${'03'.repeat(32)}`);
const chain = chainIdentity(31_337n);
const domain = hearthDomain(chain.chainId, chain.settlement);
const payloads = [new Uint8Array([1, 2, 3]), new Uint8Array([4])];
const task: Task = {
  kind: 'chat',
  modelSha256: 'ab'.repeat(32),
  messages: [{ role: 'user', content: 'Hello' }],
  prefixTokens: [],
  maxTokens: 30,
  temperatureMillionths: 0,
  seed: 1,
};

async function createDocument(): Promise<ReceiptDocument> {
  const agreement = {
    agreementId: `0x${'11'.repeat(32)}`,
    requester: requester.address as Hex,
    provider: provider.address as Hex,
    channelId: `0x${'12'.repeat(32)}`,
    taskHash: hashTask(task),
    inputHash: `0x${'ab'.repeat(32)}`,
    shaderSetHash: `0x${'13'.repeat(32)}`,
    numericProfile: 'f32',
    pricePerMillionUnits: 1_500_000n,
    maxUnits: 30n,
    chunkUnits: 16n,
    startBy: 1_800_000_000n,
    finishBy: 1_800_000_900n,
  } as const;
  const agreementHash = hashAgreement(agreement, chain);
  const chunks = payloads.map((payload, sequence) => ({
    sequence,
    units: sequence === 0 ? 16n : 5n,
    payloadSha256: sha256Hex(payload),
  }));
  const resultHash = hashChunkChain(agreementHash, chunks);
  // 21 units at 1.5: 31.5, rounded up once.
  const shared = { agreementHash, resultHash, units: 21n, amountDue: 32n };
  const result = { ...shared, outcome: 'complete', adapterClass: 'vulkan/x', finishedAt: 1_800_000_100n } as const;
  const receipt = { ...shared, verdict: 'verified', issuedAt: 1_800_000_101n } as const;
  return {
    schema: receiptSchema,
    chainId: chain.chainId,
    settlement: settlementAddress,
    agreement,
    requesterSignature: (await requester.signTypedData(domain, agreementTypes, agreement)) as Hex,
    providerSignature: (await provider.signTypedData(domain, agreementTypes, agreement)) as Hex,
    chunks,
    result: { result, signature: (await provider.signTypedData(domain, taskResultTypes, result)) as Hex },
    receipt,
    receiptSignature: (await requester.signTypedData(domain, receiptTypes, receipt)) as Hex,
    task,
    payloads,
  };
}

let document: ReceiptDocument;
beforeAll(async () => {
  document = await createDocument();
});

test('a receipt verifies offline, also after it was written and read', () => {
  const read = parseReceiptDocument(formatReceiptDocument(document));
  expect(read.payloads).toEqual(payloads);
  expect(read.task).toEqual(task);
  const { ok, checks } = verifyReceiptDocument(read);
  expect(checks.filter((check) => !check.ok)).toEqual([]);
  expect(ok).toBe(true);
  expect(checks.map(({ name }) => name)).toEqual([
    'settlement',
    'requester-signature',
    'provider-signature',
    'agreement',
    'chunk-order',
    'chunk-chain',
    'units',
    'units-limit',
    'amount',
    'receipt-signature',
    'result-signature',
    'result-agreement',
    'result-chain',
    'result-units',
    'result-amount',
    'task',
    'output',
  ]);
});

type Change = (original: ReceiptDocument) => Partial<ReceiptDocument>;
const changes: [string, Change, string[]][] = [
  ['another chain', () => ({ chainId: 1n }), ['requester-signature', 'provider-signature', 'agreement', 'chunk-chain']],
  [
    'another price',
    ({ agreement }) => ({ agreement: { ...agreement, pricePerMillionUnits: 1n } }),
    ['requester-signature', 'amount'],
  ],
  ['another amount', ({ receipt }) => ({ receipt: { ...receipt, amountDue: 31n } }), ['amount', 'receipt-signature']],
  ['another verdict', ({ receipt }) => ({ receipt: { ...receipt, verdict: 'accepted' } }), ['receipt-signature']],
  ['a chunk less', ({ chunks }) => ({ chunks: chunks.slice(0, 1) }), ['chunk-chain', 'units', 'output']],
  [
    'chunks in another order',
    ({ chunks }) => ({ chunks: chunks.toReversed() }),
    ['chunk-order', 'chunk-chain', 'output'],
  ],
  [
    'a chunk above the agreed size',
    ({ chunks }) => ({ chunks: chunks.map((chunk) => ({ ...chunk, units: chunk.units * 2n })) }),
    ['chunk-order', 'chunk-chain', 'units', 'units-limit'],
  ],
  ['another payload', () => ({ payloads: [payloads[0]!, new Uint8Array([5])] }), ['output']],
  ['a payload less', () => ({ payloads: payloads.slice(0, 1) }), ['output']],
  ['another task', () => ({ task: { ...task, seed: 2 } }), ['task']],
  [
    'another adapter in the result',
    ({ result }) => ({ result: { ...result!, result: { ...result!.result, adapterClass: 'other' } } }),
    ['result-signature'],
  ],
  ['no result', () => ({ result: null }), ['result']],
  [
    'another settlement contract',
    () => ({ settlement: `0x${'99'.repeat(20)}` }),
    ['settlement', 'requester-signature'],
  ],
  [
    'the signatures swapped',
    (original) => ({ requesterSignature: original.providerSignature }),
    ['requester-signature'],
  ],
  ['a signature of nothing', () => ({ providerSignature: `0x${'00'.repeat(65)}` }), ['provider-signature']],
];

test.each(changes)('a receipt with %s does not verify, and says where', (_, change, failing) => {
  const { ok, checks } = verifyReceiptDocument({ ...document, ...change(document) });
  expect(ok).toBe(false);
  expect(checks.filter((check) => !check.ok).map(({ name }) => name)).toEqual(expect.arrayContaining(failing));
});

test('a receipt signed by a stranger does not verify', async () => {
  const receiptSignature = (await stranger.signTypedData(domain, receiptTypes, document.receipt)) as Hex;
  const { checks } = verifyReceiptDocument({ ...document, receiptSignature });
  expect(checks.filter((check) => !check.ok).map(({ name }) => name)).toEqual(['receipt-signature']);
});

test('a rejected delivery is paid up to the acknowledged chunk', async () => {
  const [first] = document.chunks;
  const { agreementHash } = document.receipt;
  const resultHash = hashChunkChain(agreementHash, [first!]);
  const receipt = { ...document.receipt, verdict: 'rejected', resultHash, units: 16n, amountDue: 24n } as const;
  const receiptSignature = (await requester.signTypedData(domain, receiptTypes, receipt)) as Hex;
  const { checks } = verifyReceiptDocument({ ...document, receipt, receiptSignature });
  expect(checks.filter((check) => !check.ok)).toEqual([]);
});

function edit(change: (plain: Record<string, unknown>) => void): string {
  const plain = JSON.parse(formatReceiptDocument(document)) as Record<string, unknown>;
  change(plain);
  return JSON.stringify(plain);
}

describe('a document that breaks the schema is refused with the field', () => {
  test.each<[string, () => string, string]>([
    ['no JSON', () => '{', 'the receipt is not JSON'],
    ['a list', () => '[]', 'receipt document: an object is required'],
    [
      'another schema',
      () => edit((plain) => (plain['schema'] = 'hearth-receipt/9')),
      'receipt document.schema: "hearth-receipt/9" is not "hearth-receipt/1"',
    ],
    [
      'a number for a bigint',
      () => edit((plain) => (plain['chainId'] = 31_337)),
      'receipt document.chainId: a text is required',
    ],
    [
      'a negative chain',
      () => edit((plain) => (plain['chainId'] = '-1')),
      'receipt document.chainId: "-1" is not a decimal integer of at most 64 bits',
    ],
    [
      'a short signature',
      () => edit((plain) => (plain['receiptSignature'] = '0x12')),
      'receipt document.receiptSignature: 0x and 130 hex digits are required',
    ],
    [
      'chunks that are none',
      () => edit((plain) => (plain['chunks'] = [null])),
      'receipt document.chunks[0]: an object is required',
    ],
    [
      'a task that is none',
      () => edit((plain) => (plain['task'] = 'AAAA')),
      'receipt document.task: the message ends inside a number',
    ],
    [
      'a payload that is no base64',
      () => edit((plain) => (plain['payloads'] = ['%'])),
      'receipt document.payloads[0]: base64 is required',
    ],
    [
      'chunks that are no list',
      () => edit((plain) => (plain['chunks'] = {})),
      'receipt document.chunks: a list is required',
    ],
    [
      'more chunks than anybody delivers',
      () => edit((plain) => (plain['chunks'] = Array.from({ length: 1_000_001 }, () => 0))),
      'receipt document.chunks: 1000001 entries exceed the limit of 1000000',
    ],
    [
      'a chunk number with a fraction',
      () => edit((plain) => (plain['chunks'] = [{ sequence: 0.5 }])),
      'receipt document.chunks[0].sequence: an integer of at most 32 bits is required',
    ],
    [
      'a verdict of its own',
      () => formatReceiptDocument(document).replace('"verified"', '"fine"'),
      'receipt document.receipt.verdict: one of verified, accepted, partial, rejected is required',
    ],
    [
      'no agreement',
      () => edit((plain) => delete plain['agreement']),
      'receipt document.agreement: an object is required',
    ],
  ])('%s', (_, text, message) => {
    expect(() => parseReceiptDocument(text())).toThrow(message);
  });
});

test('a receipt without result, task and output is written, read and verified all the same', async () => {
  const receipt = { ...document.receipt, verdict: 'partial' } as const;
  const receiptSignature = (await requester.signTypedData(domain, receiptTypes, receipt)) as Hex;
  const bare = { ...document, result: null, task: null, payloads: null, receipt, receiptSignature };
  const read = parseReceiptDocument(formatReceiptDocument(bare));
  expect(read).toMatchObject({ result: null, task: null, payloads: null });
  expect(verifyReceiptDocument(read).ok).toBe(true);
});

test('the shader set hash depends on every name and text and on nothing else', () => {
  const files = [
    { name: 'llm/a.wgsl', text: 'fn a() {}\n' },
    { name: 'render/b.wgsl', text: 'fn b() {}\n' },
  ];
  const hash = hashShaderSet(files);
  expect(hashShaderSet(files.toReversed())).toBe(hash);
  expect(hashShaderSet(files.map(({ name, text }) => ({ name, text: text.replaceAll('\n', '\r\n') })))).toBe(hash);
  const [first, second] = files;
  const different = [
    [first!, { ...second!, text: 'fn c() {}\n' }],
    [first!, { ...second!, name: 'render/c.wgsl' }],
    [first!],
    [{ name: 'llm/a.wgslf', text: 'n a() {}\n' }, second!],
  ];
  for (const set of different) expect(hashShaderSet(set)).not.toBe(hash);
});
