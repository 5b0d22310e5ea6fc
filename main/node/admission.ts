import { refuse, type Refusal } from '../../protocol/errors.ts';
import type { Sha256, TaskKind } from '../../protocol/tasks.ts';
import type { TaskRefusalCode } from '../market/refusal-codes.ts';
import type { ModelFit } from './model-fit.ts';
import type { SceneFit } from './scene-fit.ts';
import type { InputStore, StoredInput } from '../store/input-store.ts';

export interface AdmissionComponents {
  readonly store: Pick<InputStore, 'find'>;
  /** Null while tasks are taken, else why not, as a whole sentence. */
  readonly closedReason: () => string | null;
  readonly openTasks: () => number;
  /** Tasks share the GPU chunk by chunk; more than a few only make each other late. */
  readonly maxOpenTasks: number;
  /** Why a model does not load on this adapter, or null. */
  readonly modelFit?: Pick<ModelFit, 'check'>;
  /** Why a scene does not, or null. */
  readonly sceneFit?: SceneFit;
}

/** What a task computes on, by content hash. */
export interface TaskInputs {
  readonly kind: TaskKind;
  readonly inputSha256: Sha256;
  readonly environmentSha256?: Sha256 | undefined;
}

export interface Admission {
  /** Would a task on these inputs be taken now? `isCounted`: the task that asks is in `openTasks` already. */
  check(
    inputs: TaskInputs,
    isCounted?: boolean,
  ): Promise<{ readonly ok: true; readonly input: StoredInput } | Refusal<TaskRefusalCode>>;
}

const wanted = { chat: 'model', render: 'scene' } as const;

export function createAdmission(components: AdmissionComponents): Admission {
  const { store, closedReason, openTasks, maxOpenTasks, modelFit, sceneFit } = components;
  return {
    async check({ kind, inputSha256, environmentSha256 }, isCounted = false) {
      const reason = closedReason();
      if (reason !== null) return refuse('NOT_ACCEPTING', reason);
      const input = await store.find(inputSha256);
      if (input === null || input.kind !== wanted[kind]) {
        const code = kind === 'chat' ? 'UNKNOWN_MODEL' : 'UNKNOWN_SCENE';
        return refuse(code, `no ${wanted[kind]} with sha256 ${inputSha256} is on this node`);
      }
      const environment = environmentSha256 === undefined ? undefined : await store.find(environmentSha256);
      if (environment === null || (environment !== undefined && environment.kind !== 'environment')) {
        return refuse('UNKNOWN_ENVIRONMENT', `no environment with sha256 ${environmentSha256} is on this node`);
      }
      if (openTasks() - (isCounted ? 1 : 0) >= maxOpenTasks) {
        return refuse('BUSY', `${maxOpenTasks} tasks are open, which is as many as this node takes`, {
          needed: 1n,
          available: 0n,
        });
      }
      const misfit = kind === 'chat' ? await modelFit?.check(input) : await sceneFit?.check(input, environment);
      return misfit ?? { ok: true, input };
    },
  };
}
