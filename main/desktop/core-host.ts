/** The main process's side of the node core: forks the utility process, hands it ports, grants it files, stops it. */
import type { ForkOptions, MessagePortMain, UtilityProcess } from 'electron';
import { parseFromCore } from './core-messages.ts';
import type { FromCore, PortPurpose, ToCore } from './core-messages.ts';
import type { GrantedFiles } from './granted-files.ts';
import type { AnswerKeychain } from './keychain-host.ts';
import type { KeychainQuestion } from './keychain-messages.ts';
import type { SupervisedRun } from './supervisor.ts';
import { errorText } from '../../protocol/errors.ts';

/** A core that has not closed its ledger by then is killed; the ledger survives that (synchronous=FULL). */
export const STOP_DEADLINE_MS = 10_000;

export type CoreProcess = Pick<UtilityProcess, 'postMessage' | 'kill' | 'on'>;

export interface CoreHostParts {
  /** Path of the built core-process.js. */
  readonly modulePath: string;
  readonly fork: (modulePath: string, parameters: string[], options: ForkOptions) => CoreProcess;
  /** Command line for the core, from core-settings.ts. */
  readonly parameters: readonly string[];
  readonly grantedFiles: GrantedFiles;
  readonly answerKeychain: AnswerKeychain;
  readonly environment: NodeJS.ProcessEnv;
  readonly schedule: (delayMs: number, task: () => void) => () => void;
  readonly onStarted: () => void;
  /** The core ended with exit code 0: somebody asked it to stop. */
  readonly onStopped: () => void;
  readonly onRestartWorker: (reason: string) => void;
  readonly log: (sentence: string) => void;
}

export interface CoreHost {
  /** For the supervisor. */
  start(onEnded: (reason: string) => void): SupervisedRun;
  /** False where no core runs. */
  attach(purpose: PortPurpose, port: MessagePortMain): boolean;
  /** Nothing where no core runs: the next is told when it starts. */
  tellOwner(isPresent: boolean): void;
  /** Asks the core to stop by itself; resolves when it has, or was killed at the deadline. */
  stop(): Promise<void>;
}

export function createCoreHost(parts: CoreHostParts): CoreHost {
  let core: CoreProcess | null = null;
  let failure: string | null = null;

  function receive(from: CoreProcess, value: unknown): void {
    let message: FromCore;
    try {
      message = parseFromCore(value);
    } catch (error) {
      parts.log(`Ignored a message of the core: ${errorText(error)}`);
      return;
    }
    if (message.kind === 'grant') {
      const token = parts.grantedFiles.grant(message.path);
      tell(from, { kind: 'granted', id: message.id, token });
    } else if (message.kind === 'revoke') parts.grantedFiles.revoke(message.token);
    else if (message.kind === 'restart-worker') parts.onRestartWorker(message.reason);
    else if (message.kind === 'keychain') {
      void answerKeychain(from, message);
    } else failure = message.message;
  }

  async function answerKeychain(from: CoreProcess, question: KeychainQuestion): Promise<void> {
    const outcome = await parts.answerKeychain(question);
    if (core === from) tell(from, { kind: 'keychain-answer', id: question.id, ...outcome });
  }

  return {
    start(onEnded) {
      failure = null;
      const started = parts.fork(parts.modulePath, [...parts.parameters], {
        serviceName: 'Hearth node core',
        stdio: 'inherit',
        env: { ...parts.environment },
      });
      core = started;
      started.on('message', (value: unknown) => receive(started, value));
      started.on('exit', (code: number) => {
        if (core === started) core = null;
        if (code === 0) parts.onStopped();
        else onEnded(failure ?? `The node core ended with exit code ${code}.`);
      });
      started.on('spawn', () => parts.onStarted());
      return {
        end() {
          if (core === started) core = null;
          started.kill();
        },
      };
    },
    attach(purpose, port) {
      if (core === null) return false;
      tell(core, { kind: 'attach', purpose }, [port]);
      return true;
    },
    tellOwner(isPresent) {
      if (core !== null) tell(core, { kind: 'owner', isPresent });
    },
    stop() {
      const stopping = core;
      if (stopping === null) return Promise.resolve();
      return new Promise((resolve) => {
        const cancelDeadline = parts.schedule(STOP_DEADLINE_MS, () => {
          parts.log(`The node core did not stop within ${STOP_DEADLINE_MS} ms and was killed.`);
          stopping.kill();
          resolve();
        });
        stopping.on('exit', () => {
          cancelDeadline();
          resolve();
        });
        tell(stopping, { kind: 'stop' });
      });
    },
  };
}

function tell(core: CoreProcess, message: ToCore, ports: MessagePortMain[] = []): void {
  core.postMessage(message, ports);
}
