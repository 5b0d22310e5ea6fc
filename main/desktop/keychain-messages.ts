/** The core asks Electron's main process, the only one that reaches the system's keychain, to seal and open one secret. */
export interface KeychainQuestion {
  readonly kind: 'keychain';
  readonly id: number;
  /** `seal`: `text` is a secret; `open`: `text` is what `seal` answered, in base64. */
  readonly action: 'seal' | 'open';
  readonly text: string;
}

export type KeychainAnswer = { readonly kind: 'keychain-answer'; readonly id: number } & KeychainOutcome;

export type KeychainOutcome =
  | { readonly ok: true; readonly text: string; readonly isStale: boolean }
  /** `unavailable`: there is no keychain that protects anything; `foreign`: it is there and did not seal this. */
  | { readonly ok: false; readonly code: 'unavailable' | 'foreign'; readonly message: string };

/** A secret of 32 bytes, sealed, is under a kilobyte on every system. */
const maximumCharacters = 16_384;

export function isKeychainText(text: unknown): text is string {
  return typeof text === 'string' && text.length <= maximumCharacters;
}

/** Null for anything else. */
export function readKeychainQuestion(value: Readonly<Record<string, unknown>>): KeychainQuestion | null {
  const { kind, id, action, text } = value;
  const isQuestion = kind === 'keychain' && Number.isSafeInteger(id) && (action === 'seal' || action === 'open');
  return isQuestion && isKeychainText(text) ? { kind, id: id as number, action, text } : null;
}

/** Null for anything else. */
export function readKeychainAnswer(value: Readonly<Record<string, unknown>>): KeychainAnswer | null {
  const { kind, id, ok, text, isStale, code, message } = value;
  if (kind !== 'keychain-answer' || !Number.isSafeInteger(id)) return null;
  const base = { kind, id: id as number } as const;
  if (ok === true && isKeychainText(text) && typeof isStale === 'boolean') return { ...base, ok, text, isStale };
  if (ok === false && (code === 'unavailable' || code === 'foreign') && isKeychainText(message)) {
    return { ...base, ok, code, message };
  }
  return null;
}
