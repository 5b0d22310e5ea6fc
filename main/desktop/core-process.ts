/** The utility process with the node core: puts the node together on Electron's side of the wall. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { readChainId } from '../headless/chain-rpc.ts';
import { readCard } from '../headless/hardware/index.ts';
import { takeSecret } from '../headless/secrets.ts';
import { defaultListen, type NodeOptions } from '../node/node-options.ts';
import { startNode } from '../node/node.ts';
import { createKeychainKeyStore } from '../payment/index.ts';
import { openTuningCache } from '../store/tuning-cache.ts';
import { readDesktopOptions } from './command-line.ts';
import type { DesktopOptions } from './command-line.ts';
import type { FromCore } from './core-messages.ts';
import { runCore } from './run-core.ts';
import type { CoreParentPort } from './run-core.ts';
import { parseSettings, readSettings } from './settings.ts';
import type { DesktopSettings } from './settings.ts';
import { runWalletCommand } from './wallet-command.ts';
import { errorText } from '../../protocol/errors.ts';

/** Written in by the build: an installed application carries the worker with its shaders inside, not the shader files. */
declare const HEARTH_SHADER_SET_HASH: `0x${string}`;

const projectDirectory = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(projectDirectory, 'package.json'), 'utf8')) as { version: string };
const log = (line: string): void => console.error(`hearth core: ${line}`);

const parentPort = process.parentPort as unknown as CoreParentPort;

const options = readDesktopOptions(process.argv.slice(2));
const { dataDirectory } = options;
if (dataDirectory === null) throw new Error('core-process.js is forked by the desktop shell with --data-dir');
const settings = await readAllSettings(dataDirectory).catch(failToStart);
const adapter = options.adapter ?? settings.adapter ?? 'real';

const passphrase = takeSecret('HEARTH_PASSPHRASE');
const backupPassphrase = takeSecret('HEARTH_BACKUP_PASSPHRASE');
const exit = (code: number): void => process.exit(code);
const { walletAction: action } = options;

if (action !== null) {
  await runWalletCommand({ parentPort, action, dataDirectory, passphrase, backupPassphrase, exit, log });
}

// Until the shell says otherwise: whoever has just started the application is at the machine.
let isOwnerPresent = true;
runCore({
  parentPort,
  adapter,
  tuning: openTuningCache(dataDirectory, log),
  onOwner(isPresent) {
    isOwnerPresent = isPresent;
  },
  version,
  async startNode(gpu, keychain) {
    const nodeOptions = await toNodeOptions(options, dataDirectory);
    const secrets = { keyStore: createKeychainKeyStore(keychain), ...(passphrase === undefined ? {} : { passphrase }) };
    return startNode(
      { ...nodeOptions, ...secrets },
      {
        openGpu: () => Promise.resolve(gpu),
        isOwnerPresent: () => isOwnerPresent,
        readCard: async (description) => (await readCard(description)).card,
        assetsDirectory: join(projectDirectory, 'assets'),
        readShaderSetHash: () => Promise.resolve(HEARTH_SHADER_SET_HASH),
      },
    );
  },
  exit,
  nowMs: () => Date.now(),
  log,
});

async function toNodeOptions({ listen, bootstrap }: DesktopOptions, directory: string): Promise<NodeOptions> {
  const { chain, name, x402 } = settings;
  return {
    dataDirectory: directory,
    adapter,
    listen: listen.length > 0 ? listen : (settings.listen ?? defaultListen),
    bootstrap: bootstrap.length > 0 ? bootstrap : (settings.bootstrap ?? []),
    chain: chain === undefined ? null : { ...chain, chainId: await readChainId(chain.rpcUrl) },
    mdns: true,
    ...(name === undefined ? {} : { name }),
    ...(x402 === undefined ? {} : { x402 }),
    version,
    log,
  };
}

/** The file's settings, with the chain of the command line in the place of its own. @throws DesktopError BAD_SETTINGS */
async function readAllSettings(directory: string): Promise<DesktopSettings> {
  const fromFile = await readSettings(join(directory, 'settings.json'));
  const { rpcUrl, token } = options;
  if (rpcUrl === null && token === null) return fromFile;
  return { ...fromFile, ...parseSettings({ chain: { rpcUrl, token } }, 'the command line') };
}

/** Settings that cannot be read: the shell shows the reason and tries again, with back-off. */
function failToStart(error: unknown): never {
  const failed: FromCore = { kind: 'failed', message: errorText(error) };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the parent process, not a window
  parentPort.postMessage(failed);
  process.exit(1);
}
