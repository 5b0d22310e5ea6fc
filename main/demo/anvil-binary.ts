import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { HearthError } from '../../protocol/errors.ts';

export type LocalChainErrorCode =
  | 'ANVIL_MISSING'
  | 'PORT_IN_USE'
  | 'ANVIL_FAILED'
  | 'ANVIL_TIMEOUT'
  | 'CHAIN_REQUEST_FAILED';

export class LocalChainError extends HearthError<LocalChainErrorCode> {}

const packageArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The anvil binary that npm installed for this platform, as a path; no download and no `npx`.
 * @throws LocalChainError ANVIL_MISSING
 */
export function findAnvilBinary(target: { platform: string; arch: string } = process): string {
  const { platform, arch } = target;
  const packageName = `@foundry-rs/anvil-${platform}-${packageArchitectures[arch] ?? arch}`;
  const fileName = platform === 'win32' ? 'anvil.exe' : 'anvil';
  try {
    const path = createRequire(import.meta.url).resolve(`${packageName}/bin/${fileName}`);
    if (existsSync(path)) return path;
  } catch {
    // The package is optional: npm leaves it out on other platforms and with --omit=optional.
  }
  throw new LocalChainError(
    'ANVIL_MISSING',
    `the local chain needs anvil, and ${packageName} is not installed; run "npm ci" without --omit=optional or --omit=dev`,
    { data: { packageName } },
  );
}
