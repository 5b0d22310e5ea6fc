/** Buyers who run `hearth request` against providers with a toy GPU: network, chain, vouchers and files are real. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { commands } from '../../main/headless/commands/index.ts';
import { embeddedScenePath, projectDirectory } from '../../main/headless/project-files.ts';
import { runCli } from '../../main/headless/run-cli.ts';
import { openWallet } from '../../main/payment/index.ts';
import { hashFile } from '../../main/store/input-store.ts';
import { readShaderSetHash } from '../../main/store/shader-set.ts';
import { parseReceiptDocument } from '../../protocol/receipt.ts';
import { verifyReceiptDocument } from '../../protocol/verify-receipt.ts';
import { openMarketPlace } from '../payment/market-place.ts';
import { openToySeller, type ToySeller, type ToySellerOptions } from '../requester/toy-seller.ts';
import { toyModelSha256, toyStore } from '../requester/toy-worker.ts';

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly sellers?: readonly ToySeller[];
  readonly signal?: AbortSignal;
  readonly onText?: () => void;
}

export const chat = ['chat', '--prompt', 'Say something.', '--model', toyModelSha256, '--max-tokens', '60'];

/** Two providers that have the embedded scene, and buyers. */
export async function openRequestMarket() {
  const place = await openMarketPlace();
  const sceneSha256 = await hashFile(embeddedScenePath);
  const store = {
    find: async (sha256: string) =>
      sha256 === sceneSha256
        ? { sha256, kind: 'scene' as const, path: embeddedScenePath, sizeBytes: 1 }
        : toyStore.find(sha256),
  };
  const shaderSetHash = await readShaderSetHash(join(projectDirectory, 'shaders'));
  const sellers: ToySeller[] = [];
  const one = await addSeller('one');
  const two = await addSeller('two');

  async function addSeller(name: string, options: ToySellerOptions = {}): Promise<ToySeller> {
    const seller = await openToySeller(place, name, { store, shaderSetHash, ...options });
    sellers.push(seller);
    return seller;
  }

  /** A folder with a wallet that holds so much. */
  async function addBuyer(name: string, usdc = 1_000_000n): Promise<string> {
    const dataDirectory = join(place.folder, `buyer ${name}`);
    mkdirSync(dataDirectory, { mode: 0o700 });
    const { address } = await openWallet({ dataDirectory });
    await place.chain.fund(address, { eth: 10n ** 18n, usdc });
    return dataDirectory;
  }

  async function held(dataDirectory: string): Promise<bigint> {
    return place.chain.usdcOf((await openWallet({ dataDirectory })).address);
  }

  function argumentsFor(dataDirectory: string, words: readonly string[], asked: readonly ToySeller[]): string[] {
    const { rpcUrl, token } = place.chain.settings;
    const peers = asked.flatMap(({ network }) => ['--bootstrap', network.addresses()[0]!]);
    return [...words, '--rpc-url', rpcUrl, '--token', token, '--no-mdns', '--data-dir', dataDirectory, ...peers];
  }

  async function hearth(dataDirectory: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const { sellers: asked = [one], signal = new AbortController().signal, onText } = options;
    const ran = { stdout: '', stderr: '' };
    const exitCode = await runCli(argumentsFor(dataDirectory, words, asked), {
      commands,
      stdout: {
        write(text) {
          ran.stdout += text;
          onText?.();
        },
      },
      stderr: { write: (text) => (ran.stderr += text) },
      signal,
    });
    return { exitCode, ...ran };
  }

  return {
    one,
    two,
    addSeller,
    addBuyer,
    held,
    hearth,
    request: (dataDirectory: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> =>
      hearth(dataDirectory, requestFor(words), options),
    /** The command in a process of its own. */
    spawnRequest(dataDirectory: string, words: readonly string[], asked: readonly ToySeller[]): ChildProcess {
      const entry = fileURLToPath(new URL('../../main/headless/main.ts', import.meta.url));
      return spawn(process.execPath, [entry, ...argumentsFor(dataDirectory, requestFor(words), asked)], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    },
    async close(): Promise<void> {
      await Promise.all(sellers.map(({ network }) => network.stop()));
      await place.close();
    },
  };
}

/** Of an option that is given twice the last one holds. */
function requestFor(words: readonly string[]): string[] {
  return ['request', words[0] ?? '', '--no-check', '--wait', '20', ...words.slice(1)];
}

export function checkReceipts(dataDirectory: string, count: number): void {
  const folder = join(dataDirectory, 'receipts');
  const files = readdirSync(folder);
  expect(files).toHaveLength(count);
  for (const file of files) {
    const { ok } = verifyReceiptDocument(parseReceiptDocument(readFileSync(join(folder, file), 'utf8')));
    expect(ok, file).toBe(true);
  }
}
