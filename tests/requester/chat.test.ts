import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatReceiptDocument, parseReceiptDocument } from '../../protocol/receipt.ts';
import { verifyReceiptDocument } from '../../protocol/verify-receipt.ts';
import { createMarket, createToyWorker, type Market, toyStore } from './market.ts';
import { toyModelSha256, toyToken } from './toy-worker.ts';

let market: Market;
beforeEach(() => {
  market = createMarket();
});
afterEach(() => market.stop());

const request = {
  modelSha256: toyModelSha256,
  messages: [{ role: 'user' as const, content: 'Say something.' }],
  maxTokens: 100,
  temperatureMillionths: 700_000,
  seed: 4,
};

/** The answer as one machine would give it in one go. */
function expectedTokens(maxTokens = request.maxTokens): number[] {
  const sequence = [...'Say something.'].map((letter) => letter.charCodeAt(0));
  const tokens: number[] = [];
  while (tokens.length < maxTokens && tokens.at(-1) !== 0) {
    const token = toyToken(request.seed, sequence.length, sequence.at(-1) ?? 0);
    sequence.push(token);
    tokens.push(token);
  }
  return tokens;
}

test('an answer is streamed, verified, receipted and paid to the unit', async () => {
  const seller = await market.addSeller('seller');
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  let streamed = '';
  const answer = await buyer.requester.requestChat(request, {
    onProgress: (progress) => {
      if (progress.kind === 'text') streamed += progress.text;
    },
  });
  expect(answer.tokens).toEqual(expectedTokens());
  expect(streamed).toBe(answer.text);
  expect(answer.parts).toHaveLength(1);
  const part = answer.parts[0]!;
  expect(part).toMatchObject({ verdict: 'verified', units: 100n, amountDue: 100n, name: 'seller' });
  expect(seller.payments.claimable()).toBe(100n);
  expect(buyer.payments.totals().spent).toBe(100n);
  expect(seller.tasks.at(-1)).toMatchObject({ state: 'receipted', unitsDone: '100', amountDue: '100' });

  const document = parseReceiptDocument(formatReceiptDocument(part.receipt));
  const { ok, checks } = verifyReceiptDocument(document);
  expect(checks.filter((check) => !check.ok)).toEqual([]);
  expect(ok).toBe(true);
});

test.each([
  ['finely while the owner uses the machine', true, 8],
  ['coarsely while nobody does', false, 50],
])('the GPU is asked to cut its work %s', async (_, isOwnerPresent, sliceTargetMs) => {
  const seller = await market.addSeller('seller', { isOwnerPresent: () => isOwnerPresent });
  const buyer = await market.addBuyer();
  await buyer.requester.requestChat(request);
  expect([...seller.worker.paces]).toEqual([sliceTargetMs]);
});

test('a requester without a GPU accepts the answer without checking it', async () => {
  await market.addSeller('seller');
  const buyer = await market.addBuyer();
  const answer = await buyer.requester.requestChat(request);
  expect(answer.parts[0]).toMatchObject({ verdict: 'accepted' });
});

test('tools, what came of them and the time reach who answers and who checks alike', async () => {
  await market.addSeller('seller');
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  const asked = {
    ...request,
    messages: [
      ...request.messages,
      {
        role: 'assistant' as const,
        content: '',
        toolCalls: [{ id: 'c1', name: 'now', argumentsJson: '{"zone":"UTC"}' }],
      },
      { role: 'tool' as const, content: 'noon', toolCallId: 'c1' },
    ],
    tools: [{ name: 'now', description: 'The time', parametersJson: '{"type":"object"}' }],
    clockSeconds: 1_800_000_000,
  };
  const answer = await buyer.requester.requestChat(asked);
  expect(answer.parts[0]).toMatchObject({ verdict: 'verified' });
  const text = JSON.stringify({ tools: asked.tools, messages: asked.messages, clockSeconds: asked.clockSeconds });
  expect(answer.tokens[0]).toBe(toyToken(request.seed, text.length, text.charCodeAt(text.length - 1)));
});

test('the cheaper of two providers is chosen', async () => {
  await market.addSeller('dear', { prices: { chat: 3_000_000n, render: 1n } });
  await market.addSeller('cheap', { prices: { chat: 2_000_000n, render: 1n } });
  const buyer = await market.addBuyer();
  const answer = await buyer.requester.requestChat(request);
  expect(answer.parts.map(({ name, amountDue }) => [name, amountDue])).toEqual([['cheap', 200n]]);
});

test('when the provider is lost another goes on with the very same answer, and each is paid for its own part', async () => {
  let calls = 0;
  const first = await market.addSeller('first', {
    prices: { chat: 1_000_000n, render: 1n },
    before: async (kind) => {
      if (kind === 'next-tokens' && (calls += 1) > 3) {
        await first.node.network.stop();
      }
    },
  });
  const second = await market.addSeller('second', { prices: { chat: 2_000_000n, render: 1n } });
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  const answer = await buyer.requester.requestChat(request);
  expect(answer.tokens).toEqual(expectedTokens());
  expect(answer.parts.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['first', 'partial'],
    ['second', 'verified'],
  ]);
  const [lost, finished] = answer.parts;
  expect(lost!.units + finished!.units).toBe(BigInt(answer.tokens.length));
  expect(buyer.payments.totals().spent).toBe(lost!.amountDue + finished!.amountDue);
  expect(second.payments.claimable()).toBe(finished!.amountDue);
  // It never heard of the receipt: what was acknowledged is claimable, which is all but the last chunk.
  expect(first.payments.claimable()).toBeLessThanOrEqual(lost!.amountDue);
  expect(first.payments.claimable()).toBeGreaterThan(0n);
  expect(verifyReceiptDocument(lost!.receipt).checks.filter((check) => !check.ok)).toEqual([]);
  expect(buyer.payments.undeliveredReceipts(lost!.wallet)).toHaveLength(1);
});

test('a provider that was lost gets its receipt when it comes back', async () => {
  const seller = await market.addSeller('seller');
  const buyer = await market.addBuyer();
  const answering = buyer.requester.requestChat(request, {
    onProgress: (progress) => {
      if (progress.kind === 'text') void buyer.node.network.stop();
    },
  });
  await expect(answering).rejects.toMatchObject({ code: 'NO_PROVIDER' });
  const owed = buyer.payments.undeliveredReceipts(seller.payments.address);
  expect(owed).toHaveLength(1);
  const back = await market.loopback.start('buyer again', {
    signer: buyer.node.signer,
    provides: false,
    listens: false,
  });
  const { createRequester } = await import('../../main/requester/index.ts');
  const requester = createRequester({
    network: back.network,
    payments: buyer.payments,
    signer: buyer.node.signer,
    chainId: 31_337n,
    shaderSetHash: `0x${'5e'.repeat(32)}`,
  });
  await back.network.connect(seller.node.address());
  await requester.deliverReceipts();
  expect(buyer.payments.undeliveredReceipts(seller.payments.address)).toEqual([]);
  expect(seller.payments.claimable()).toBe(owed[0]!.receipt.amountDue);
  requester.close();
});

test('when the GPU process dies the provider goes on from the delivered tokens', async () => {
  let calls = 0;
  await market.addSeller('seller', {
    before: (kind, worker) => {
      if (kind === 'next-tokens' && (calls += 1) === 4) worker.die();
    },
  });
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  const answer = await buyer.requester.requestChat(request);
  expect(answer.tokens).toEqual(expectedTokens());
  expect(answer.parts).toMatchObject([{ verdict: 'verified', units: 100n }]);
});

test('a task that kills the GPU process three times is handed back with a signed result', async () => {
  let calls = 0;
  await market.addSeller('weak', {
    before: (kind, worker) => {
      if (kind === 'next-tokens' && (calls += 1) > 3) worker.die();
    },
  });
  await market.addSeller('strong', { prices: { chat: 9_000_000n, render: 1n } });
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  const answer = await buyer.requester.requestChat(request);
  expect(answer.tokens).toEqual(expectedTokens());
  expect(answer.parts.map(({ name, receipt }) => [name, receipt.result?.result.outcome])).toEqual([
    ['weak', 'handed-back'],
    ['strong', 'complete'],
  ]);
});

test.each([
  [0, []],
  [4096, ['the GPU worker still holds 4096 bytes in 1 allocations']],
])('an owner who takes the GPU back hears of memory that was not freed: %i bytes', async (keptBytes, said) => {
  const logged: string[] = [];
  const seller = await market.addSeller('seller', { keptBytes, log: (sentence) => logged.push(sentence) });
  await seller.runner.handBack('a game was started');
  expect(logged).toEqual(said);
});

test('the owner takes the GPU back and is paid for what was delivered', async () => {
  let calls = 0;
  let handedBack = Promise.resolve();
  const seller = await market.addSeller('seller', {
    before: (kind) => {
      if (kind === 'next-tokens' && (calls += 1) === 4) handedBack = seller.runner.handBack('a game was started');
    },
  });
  await market.addSeller('other', { prices: { chat: 9_000_000n, render: 1n } });
  const buyer = await market.addBuyer();
  const answer = await buyer.requester.requestChat(request);
  expect(answer.tokens).toEqual(expectedTokens());
  expect(answer.parts[0]?.receipt.result?.result.outcome).toBe('handed-back');
  expect(seller.payments.claimable()).toBe(answer.parts[0]?.amountDue);
  expect(seller.tasks.at(-1)?.state).toBe('receipted');
  await handedBack;
  expect(seller.runner.openTasks).toBe(0);
  expect(seller.worker.calls['release']).toBe(1);
});

test.each([
  ['changed-token', /token 20 is not what the model says/],
  ['early-stop', /where the model goes on/],
  ['other-text', /the text is not that of the tokens/],
] as const)(
  'a provider that cheats with a %s is found out, and the answer comes from an honest one',
  async (cheat, why) => {
    const cheater = await market.addSeller('cheater', { cheat });
    await market.addSeller('honest', { prices: { chat: 5_000_000n, render: 1n } });
    const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
    const answer = await buyer.requester.requestChat(request);
    expect(answer.tokens).toEqual(expectedTokens());
    expect(answer.parts.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['cheater', 'rejected'],
      ['honest', 'verified'],
    ]);
    expect(answer.parts[0]?.detail).toMatch(why);
    // What was acknowledged before the fault was found is owed; the rest is not paid.
    expect(cheater.payments.claimable()).toBe(answer.parts[0]?.amountDue);
    expect(verifyReceiptDocument(answer.parts[0]!.receipt).checks.filter((check) => !check.ok)).toEqual([]);
  },
);

test('the sentences of all refusals reach the requester', async () => {
  await market.addSeller('closed', { closedReason: () => 'The owner is playing.' });
  const buyer = await market.addBuyer();
  await expect(buyer.requester.requestChat(request)).rejects.toMatchObject({
    code: 'NO_PROVIDER',
    refusals: [{ code: 'NOT_ACCEPTING', message: 'The owner is playing.' }],
  });
  await expect(buyer.requester.requestChat({ ...request, modelSha256: 'ee'.repeat(32) })).rejects.toThrow(
    'NOT_ACCEPTING',
  );
  await expect(buyer.requester.requestChat({ ...request, maxTokens: 0 })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
    message: 'chat.maxTokens: 0 is not between 1 and 131072',
  });
  await expect(buyer.requester.requestChat({ ...request, modelSha256: 'nonsense' })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
});

test('a requester that cancels gets a receipt for what it has', async () => {
  const seller = await market.addSeller('seller');
  const buyer = await market.addBuyer();
  const controller = new AbortController();
  let tokens = 0;
  const answering = buyer.requester.requestChat(request, {
    signal: controller.signal,
    onProgress: (progress) => {
      if (progress.kind !== 'text') return;
      tokens += progress.tokens.length;
      if (tokens >= 30) controller.abort();
    },
  });
  await expect(answering).rejects.toMatchObject({ code: 'CANCELLED', parts: [{ name: 'seller' }] });
  await seller.runner.idle();
  expect(seller.tasks.at(-1)?.state).toMatch(/receipted|delivered/);
  expect(seller.payments.claimable()).toBeGreaterThan(0n);
});
