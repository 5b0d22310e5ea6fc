import type { NumericProfile } from '../../../protocol/agreement.ts';
import { cacheTypeOf } from '../../../protocol/numeric-profile.ts';
import type { Sha256 } from '../../../protocol/tasks.ts';
import type { RenderSettings } from '../../../worker/messages.ts';
import type { RequesterComponents } from '../components.ts';
import type { CheckingWorker } from '../types.ts';

/** The buyer's own GPU worker with the task's input loaded. */
export interface Checker {
  readonly worker: CheckingWorker;
  /** Loads at the first use, as the profile says. @throws GpuWorkerError, or what the store throws. */
  model(profile: NumericProfile): Promise<string>;
  scene(settings: RenderSettings): Promise<string>;
  /** Gives back what was loaded. Never throws. */
  close(): Promise<void>;
}

/** Null where there is nothing to check with: no worker, or not the input. */
export async function openChecker(
  components: RequesterComponents,
  inputSha256: Sha256,
  environmentSha256?: Sha256,
): Promise<Checker | null> {
  const { worker, store } = components;
  if (worker === undefined || store === undefined) return null;
  const input = await store.find(inputSha256);
  if (input === null) return null;
  const light = environmentSha256 === undefined ? undefined : await store.find(environmentSha256);
  if (light === null) return null;
  const environment = light === undefined ? {} : { environment: { kind: 'file', path: light.path } as const };
  const source = { kind: 'file', path: input.path } as const;
  // Not the task runner's ids: a node that sells and buys has both, and each unloads its own. Random, for two jobs at once.
  const id = `check-${crypto.randomUUID()}`;
  let loaded: Promise<unknown> | null = null;
  let unload: (() => Promise<unknown>) | null = null;
  let loadedType: ReturnType<typeof cacheTypeOf> | null = null;
  return {
    worker,
    async model(profile) {
      const cacheType = cacheTypeOf(profile);
      if (loaded !== null && loadedType !== cacheType) {
        // Another provider, who rounds otherwise.
        await loaded;
        await worker.call('unload-model', { modelId: id });
        loaded = null;
      }
      unload = () => worker.call('unload-model', { modelId: id });
      loadedType = cacheType;
      loaded ??= worker.call('load-model', { modelId: id, source, cacheType });
      await loaded;
      return id;
    },
    async scene(settings) {
      unload = () => worker.call('unload-scene', { sceneId: id });
      loaded ??= worker.call('load-scene', { sceneId: id, source, settings, ...environment });
      await loaded;
      return id;
    },
    async close() {
      await loaded?.catch(() => {
        // Whoever waited for it has heard.
      });
      await unload?.().catch((error: unknown) => components.log?.(`unloading ${id} failed: ${String(error)}`));
    },
  };
}
