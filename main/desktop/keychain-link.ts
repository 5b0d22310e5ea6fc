/** The core's side of the system's keychain: questions go to Electron's main process, each with a deadline. */
import type { Keychain } from '../payment/index.ts';
import { PaymentError } from '../payment/index.ts';
import type { KeychainAnswer, KeychainQuestion } from './keychain-messages.ts';

export interface KeychainLink extends Keychain {
  receive(answer: KeychainAnswer): void;
}

/** macOS may ask the user for the login password first. */
const answerWithinMs = 120_000;

export function createKeychainLink(parts: {
  readonly send: (question: KeychainQuestion) => void;
  readonly schedule: (delayMs: number, task: () => void) => () => void;
}): KeychainLink {
  const waiting = new Map<number, (answer: KeychainAnswer | null) => void>();
  let nextId = 1;

  async function ask(action: KeychainQuestion['action'], text: string): Promise<KeychainAnswer> {
    const id = nextId++;
    const { promise, resolve } = Promise.withResolvers<KeychainAnswer | null>();
    waiting.set(id, resolve);
    const cancelDeadline = parts.schedule(answerWithinMs, () => resolve(null));
    parts.send({ kind: 'keychain', id, action, text });
    const answer = await promise;
    cancelDeadline();
    waiting.delete(id);
    if (answer === null) throw unavailable(`it did not answer within ${answerWithinMs / 1_000} s.`);
    if (!answer.ok && answer.code === 'unavailable') throw unavailable(answer.message);
    return answer;
  }

  return {
    receive: (answer) => waiting.get(answer.id)?.(answer),
    async seal(secret) {
      const answer = await ask('seal', secret);
      if (!answer.ok) throw unavailable(answer.message);
      return answer.text;
    },
    async open(sealed) {
      const answer = await ask('open', sealed);
      return answer.ok ? { secret: answer.text, isStale: answer.isStale } : null;
    },
  };
}

function unavailable(why: string): PaymentError {
  return new PaymentError('KEYCHAIN_UNAVAILABLE', `the system's keychain cannot keep the wallet: ${why}`);
}
