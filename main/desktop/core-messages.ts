/** What the Electron main process and the core's utility process say to each other, beside the ports they broker. */
import { isAbsolute } from 'node:path';
import { DesktopError } from './desktop-error.ts';
import { readKeychainAnswer, readKeychainQuestion } from './keychain-messages.ts';
import type { KeychainAnswer, KeychainQuestion } from './keychain-messages.ts';

export type PortPurpose = 'api' | 'worker';

/** Main -> core. `attach` comes with exactly one port. */
export type ToCore =
  | { readonly kind: 'attach'; readonly purpose: PortPurpose }
  | { readonly kind: 'granted'; readonly id: number; readonly token: string }
  /** Somebody has come to the machine, or left it. */
  | { readonly kind: 'owner'; readonly isPresent: boolean }
  | { readonly kind: 'stop' }
  | KeychainAnswer;

/** Core -> main. */
export type FromCore =
  | { readonly kind: 'grant'; readonly id: number; readonly path: string }
  | { readonly kind: 'revoke'; readonly token: string }
  /** The worker is stuck or its device is lost for good: a fresh window is wanted. */
  | { readonly kind: 'restart-worker'; readonly reason: string }
  | { readonly kind: 'failed'; readonly message: string }
  | KeychainQuestion;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** @throws DesktopError BAD_MESSAGE */
export function parseToCore(value: unknown): ToCore {
  if (isRecord(value)) {
    const { kind, purpose, id, token, isPresent } = value;
    if (kind === 'attach' && (purpose === 'api' || purpose === 'worker')) return { kind, purpose };
    if (kind === 'granted' && Number.isSafeInteger(id) && typeof token === 'string')
      return { kind, id: id as number, token };
    if (kind === 'owner' && typeof isPresent === 'boolean') return { kind, isPresent };
    if (kind === 'stop') return { kind };
    const answer = readKeychainAnswer(value);
    if (answer !== null) return answer;
  }
  throw new DesktopError(
    'BAD_MESSAGE',
    `the core takes attach, granted, owner, stop and keychain-answer; got ${kindOf(value)}`,
  );
}

/** @throws DesktopError BAD_MESSAGE */
export function parseFromCore(value: unknown): FromCore {
  if (isRecord(value)) {
    const { kind, id, path, token, message, reason } = value;
    if (kind === 'grant' && Number.isSafeInteger(id) && typeof path === 'string' && isAbsolute(path))
      return { kind, id: id as number, path };
    if (kind === 'revoke' && typeof token === 'string') return { kind, token };
    if (kind === 'restart-worker' && typeof reason === 'string') return { kind, reason };
    if (kind === 'failed' && typeof message === 'string') return { kind, message };
    const question = readKeychainQuestion(value);
    if (question !== null) return question;
  }
  throw new DesktopError(
    'BAD_MESSAGE',
    `the shell takes grant (an absolute path), revoke, restart-worker, failed and keychain; got ${kindOf(value)}`,
  );
}

function kindOf(value: unknown): string {
  return isRecord(value) ? `"${String(value['kind']).slice(0, 64)}"` : typeof value;
}
