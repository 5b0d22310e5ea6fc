import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatReceiptDocument } from '../../protocol/receipt.ts';
import { verifyReceiptDocument } from '../../protocol/verify-receipt.ts';
import { startHeadlessNode } from '../headless/headless-node.ts';
import { embeddedModelPath, embeddedScenePath } from '../headless/project-files.ts';
import type { RunningNode } from '../node/node.ts';
import { encodePng } from '../requester/image/index.ts';
import type { JobProgress, ProviderPart, Requester } from '../requester/types.ts';
import { hashFile } from '../store/input-store.ts';
import { findDiscrepancies, renderClosing, type BoughtPart, type ProviderBooks } from './closing.ts';
import { chooseDemoAdapter } from './demo-adapter.ts';
import { createDemoProviders, type DemoProviders } from './demo-providers.ts';
import { startLocalChain, type LocalChain } from './local-chain.ts';
import { DemoError } from './provider-process.ts';
import { createDemoScreen, type DemoScreen } from './screen.ts';

export interface DemoOptions {
  readonly once: boolean;
  readonly json: boolean;
  readonly dataDirectory: string;
  readonly adapter: string;
  readonly signal: AbortSignal;
  /** Lines of the nodes themselves, for stderr. */
  readonly log: (line: string) => void;
}

const prompt = 'The people of the United States';
const answerTokens = 64;
const oneEther = 10n ** 18n;
const budgetUsdc = 5_000_000n;

/** Software adapters draw a stamp, a real card a picture: both well inside the demo's five minutes. */
const pictures = {
  software: { widthPixels: 128, heightPixels: 96, samplesPerPixel: 16, tileSidePixels: 32 },
  real: { widthPixels: 640, heightPixels: 480, samplesPerPixel: 128, tileSidePixels: 64 },
} as const;

/**
 * A whole network on loopback: a chain, two providers in processes of their own, one requester in this one. Buys a chat and
 * a picture, verifies, pays, claims and settles, and compares receipts, ledgers and chain.
 *
 * @returns the exit code: 0 when everything agrees to the last unit, else 1.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const screen = createDemoScreen({ json: options.json, output: process.stdout });
  const folder = join(options.dataDirectory, 'demo');
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'results'), { recursive: true, mode: 0o700 });
  const closers: (() => Promise<void>)[] = [];
  try {
    const adapter = await chooseDemoAdapter(options.adapter, folder, options.log);
    screen.say(adapter.announce, 'adapter', { adapter: adapter.name, isSoftware: adapter.isSoftware });
    const chain = await startLocalChain();
    closers.push(() => chain.stop());
    screen.say('A local chain is up, with the settlement contract and a test USDC.', 'chain', { ...chain.settings });

    const requesterStarting = startRequester(folder, adapter.name, chain, options.log);
    closers.push(async () => (await requesterStarting).stop());
    const providersStarting = createDemoProviders({
      names: ['provider one', 'provider two'],
      folder,
      adapter: adapter.name,
      chain,
      screen,
      log: options.log,
      signal: options.signal,
    });
    closers.push(async () => (await providersStarting).stop());
    const [requester, providers] = await Promise.all([requesterStarting, providersStarting]);
    for (const { address } of providers.list()) await requester.connect(address);
    const parts = await buy(requester.requester, adapter.isSoftware ? pictures.software : pictures.real, {
      screen,
      folder,
      signal: options.signal,
      nameOf: (peerId) => providers.list().find((provider) => provider.peerId === peerId)?.name ?? peerId,
    });
    const books = await settle({ providers, requester, chain, parts, screen });
    const code = close(screen, parts, books, join(folder, 'results'));
    if (options.once || options.signal.aborted) return code;
    for (const { name, link } of providers.list())
      screen.say(`Dashboard of ${name}: ${link}`, 'dashboard', { name, link });
    screen.say('Serving until Ctrl-C.', 'serving');
    await aborted(options.signal);
    return code;
  } finally {
    // One that never came up has cleaned up behind itself; its failure is the one that is on its way out already.
    for (const closer of closers.toReversed()) await closer().catch(() => {});
  }
}

async function startRequester(
  folder: string,
  adapter: string,
  chain: LocalChain,
  log: (line: string) => void,
): Promise<RunningNode & { readonly requester: Requester }> {
  const node = await startHeadlessNode({
    dataDirectory: join(folder, 'requester'),
    adapter,
    listen: [],
    bootstrap: [],
    chain: chain.settings,
    name: 'requester',
    provides: false,
    log: (line) => log(`requester: ${line}`),
  });
  await chain.fund(node.walletAddress, { eth: oneEther, usdc: budgetUsdc });
  const { requester } = node;
  if (requester === null) throw new Error('a node with a chain has a requester');
  return { ...node, requester };
}

interface BuyContext {
  readonly screen: DemoScreen;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly nameOf: (peerId: string) => string;
}

async function buy(
  requester: Requester,
  picture: (typeof pictures)['software' | 'real'],
  { screen, folder, signal, nameOf }: BuyContext,
): Promise<BoughtPart[]> {
  const [modelSha256, sceneSha256] = await Promise.all([hashFile(embeddedModelPath), hashFile(embeddedScenePath)]);
  const results = join(folder, 'results');

  screen.say(`Chat: "${prompt}" (a toy model: plausible prose, nothing more)`, 'chat-started', { prompt });
  const chat = await requester.requestChat(
    {
      modelSha256,
      messages: [{ role: 'user', content: prompt }],
      maxTokens: answerTokens,
      temperatureMillionths: 700_000,
      seed: 1,
    },
    { signal, onProgress: (progress) => showProgress({ screen, nameOf }, 'chat', progress) },
  );
  await writeFile(join(results, 'answer.txt'), `${prompt}${chat.text}\n`);
  screen.say(`Chat done: ${chat.tokens.length} tokens.`, 'chat-done', { text: chat.text, tokens: chat.tokens });

  const { widthPixels, heightPixels, samplesPerPixel } = picture;
  screen.say(
    `Render: ${widthPixels}x${heightPixels}, ${samplesPerPixel} samples a pixel, tiles over both providers`,
    'render-started',
    { ...picture },
  );
  const render = await requester.requestRender(
    { sceneSha256, ...picture, seed: 1, maxBounces: 6 },
    { signal, onProgress: (progress) => showProgress({ screen, nameOf }, 'render', progress) },
  );
  await writeFile(join(results, 'picture.png'), encodePng(render.film));
  screen.say('Render done.', 'render-done', { path: join(results, 'picture.png') });

  const parts: BoughtPart[] = [
    ...chat.parts.map((part) => ({ job: 'chat' as const, part })),
    ...render.parts.map((part) => ({ job: 'render' as const, part })),
  ];
  await writeReceipts(results, parts);
  return parts;
}

/** One file a part; each is checked as `hearth verify` would, so that what lies on disk is known to hold. */
async function writeReceipts(results: string, parts: readonly BoughtPart[]): Promise<void> {
  for (const [index, { job, part }] of parts.entries()) {
    await writeFile(join(results, `receipt-${index + 1}-${job}.json`), formatReceiptDocument(part.receipt));
    const { ok, checks } = verifyReceiptDocument(part.receipt);
    if (ok) continue;
    const failed = checks.filter((check) => !check.ok).map((check) => `${check.name}: ${check.detail}`);
    throw new DemoError('UNBALANCED', `the ${job} receipt of ${part.name} does not verify: ${failed.join('; ')}`);
  }
}

function showProgress(
  { screen, nameOf }: Pick<BuyContext, 'screen' | 'nameOf'>,
  job: 'chat' | 'render',
  progress: JobProgress,
): void {
  if (progress.kind === 'text') screen.stream(progress.text);
  else if (progress.kind === 'agreed')
    screen.say(`  agreed with ${nameOf(progress.peerId)}: ${progress.units} units`, 'agreed', { job, ...progress });
  else if (progress.kind === 'lost')
    screen.say(`  lost ${nameOf(progress.peerId)}: ${progress.reason}`, 'lost', { job, ...progress });
  else if (progress.kind === 'part') sayPart(screen, job, progress.part);
  else if (progress.kind === 'tile') {
    const { unitsDone, unitsTotal, peerId } = progress;
    screen.progress('picture', Number(unitsDone), Number(unitsTotal), { job, peerId });
  }
}

function sayPart(screen: DemoScreen, job: string, part: ProviderPart): void {
  const { agreementHash, peerId, name, units, amountDue, verdict, detail } = part;
  screen.say(`  ${name}: ${units} units, ${verdict}. ${detail}`, 'part', {
    job,
    agreementHash,
    peerId,
    name,
    units,
    amountDue,
    verdict,
    detail,
  });
}

interface SettleContext {
  readonly providers: DemoProviders;
  readonly requester: RunningNode & { readonly requester: Requester };
  readonly chain: LocalChain;
  readonly parts: readonly BoughtPart[];
  readonly screen: DemoScreen;
}

/** Brings killed providers back, hands them their receipts, lets everybody claim, and reads all books. */
async function settle({ providers, requester, chain, parts, screen }: SettleContext): Promise<ProviderBooks[]> {
  for (const provider of await providers.revive()) await requester.connect(provider.address);
  await requester.requester.deliverReceipts();
  const books: ProviderBooks[] = [];
  for (const { name, wallet, api } of providers.list()) {
    const { claimed, channels } = await api.request('claim', {});
    screen.say(`${name} claimed on ${channels} ${channels === 1 ? 'channel' : 'channels'}.`, 'claimed', {
      name,
      claimed,
    });
    const { earnings } = await api.request('getSnapshot', {});
    const own = parts.filter(({ part }) => part.wallet.toLowerCase() === wallet.toLowerCase());
    books.push({
      name,
      wallet,
      receipts: own.reduce((sum, { part }) => sum + part.amountDue, 0n),
      ledgerEarned: BigInt(earnings.earned),
      ledgerSettled: BigInt(earnings.settled),
      onChain: await chain.usdcOf(wallet),
    });
  }
  return books;
}

function close(
  screen: DemoScreen,
  parts: readonly BoughtPart[],
  books: readonly ProviderBooks[],
  results: string,
): number {
  const closing = { parts, books };
  const wrong = findDiscrepancies(closing);
  screen.block(renderClosing(closing), 'summary', {
    ok: wrong.length === 0,
    wrong,
    results,
    parts: parts.map(({ job, part: { receipt: _receipt, ...part } }) => ({ job, ...part })),
    books,
  });
  screen.say(`The answer, the picture and ${parts.length} receipts are in ${results}`, 'results', { results });
  for (const sentence of wrong) screen.say(sentence, 'discrepancy');
  return wrong.length === 0 ? 0 : 1;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
