import type { GenerationChunk, RenderSettings } from '../messages.ts';
import type { GenerationRequest } from '../llm/generation-request.ts';
import type { GenerationEngine, LanguageEngine, SceneEngine } from './engines.ts';
import type { RunLoad } from './persistent-device.ts';
import { WorkerServiceError } from './worker-service-error.ts';

/** Something on the device, and how to put it there again. */
export class Resident<Engine extends { destroy(): void }> {
  readonly #load: (device: GPUDevice) => Promise<Engine>;
  #engine: Engine;
  #failure: unknown = null;
  #isLive = true;

  constructor(engine: Engine, load: (device: GPUDevice) => Promise<Engine>) {
    this.#engine = engine;
    this.#load = load;
  }

  /** For what needs no device, as a tokenizer. */
  get described(): Engine {
    return this.#engine;
  }

  /** @throws what loading it again failed with */
  get engine(): Engine {
    if (this.#failure !== null) throw this.#failure;
    return this.#engine;
  }

  load(device: GPUDevice): Promise<Engine> {
    return this.#load(device);
  }

  replace(engine: Engine): void {
    this.#engine = engine;
    this.#failure = null;
    this.#isLive = true;
  }

  fail(error: unknown): void {
    this.#failure = error;
  }

  drop(): void {
    if (this.#isLive) this.#engine.destroy();
    this.#isLive = false;
  }
}

export interface ResidentScene {
  readonly settings: RenderSettings;
  readonly resident: Resident<SceneEngine>;
}

/** An answer that grows, wherever its device is: what was given is kept, so that it goes on from there. */
export class ResidentGeneration {
  readonly modelId: string;
  readonly #request: GenerationRequest;
  readonly #given: number[];
  #engine: GenerationEngine;
  /** Whose engine it is; another model under the same id means that this one went with its device. */
  #model: LanguageEngine;
  #finished: 'stop' | 'length' | null = null;
  #previous: Promise<unknown> = Promise.resolve();

  constructor(
    request: GenerationRequest & { readonly modelId: string },
    opened: { readonly model: LanguageEngine; readonly engine: GenerationEngine },
  ) {
    this.modelId = request.modelId;
    this.#request = request;
    this.#given = [...(request.emittedTokens ?? [])];
    this.#engine = opened.engine;
    this.#model = opened.model;
  }

  /** Calls of one answer follow each other, also when one of them has to be made again. */
  inTurn<Result>(call: () => Promise<Result>): Promise<Result> {
    const turn = this.#previous.then(call);
    this.#previous = turn.catch(() => undefined);
    return turn;
  }

  /** Up to `maxTokens` more; what was given is read again first where the engine went with its device. Counts once `keep` is told. */
  async next(maxTokens: number, model: LanguageEngine): Promise<Omit<GenerationChunk, 'durationMs'>> {
    if (model !== this.#model) {
      if (this.#finished !== null) return { tokens: [], text: '', finished: this.#finished };
      this.#engine = await model.openGeneration({ ...this.#request, emittedTokens: [...this.#given] });
      this.#model = model;
    }
    return this.#engine.next(maxTokens);
  }

  /** The chunk goes to the caller. */
  keep({ tokens, finished }: Omit<GenerationChunk, 'durationMs'>): void {
    this.#given.push(...tokens);
    this.#finished = finished;
  }

  drop(): void {
    this.#engine.destroy();
  }
}

/** Everything that callers loaded or opened, by the ids they gave. */
export class Residents {
  readonly models = new Map<string, Resident<LanguageEngine>>();
  readonly scenes = new Map<string, ResidentScene>();
  readonly generations = new Map<string, ResidentGeneration>();

  model(id: string): Resident<LanguageEngine> {
    return find(this.models, id, 'UNKNOWN_MODEL', 'model');
  }

  scene(id: string): ResidentScene {
    return find(this.scenes, id, 'UNKNOWN_SCENE', 'scene');
  }

  generation(id: string): ResidentGeneration {
    return find(this.generations, id, 'UNKNOWN_SESSION', 'generation');
  }

  unloadModel(id: string): void {
    const model = this.model(id);
    for (const [sessionId, { modelId }] of this.generations) {
      if (modelId === id) this.closeGeneration(sessionId);
    }
    this.models.delete(id);
    model.drop();
  }

  unloadScene(id: string): void {
    const { resident } = this.scene(id);
    this.scenes.delete(id);
    resident.drop();
  }

  closeGeneration(id: string): void {
    const generation = this.generation(id);
    this.generations.delete(id);
    generation.drop();
  }

  /** The device is gone: engines are let go, and what is known of them stays. */
  drop(): void {
    for (const generation of this.generations.values()) generation.drop();
    for (const resident of this.#loaded()) resident.drop();
  }

  /**
   * Puts models and scenes on a new device, one after the other; answers are read again when more of them is asked for. What cannot be
   * loaded any more answers with the reason from then on.
   *
   * @throws WorkerServiceError DEVICE_LOST
   */
  async restore(run: RunLoad): Promise<void> {
    for (const resident of this.#loaded()) await this.#restore(resident, run);
  }

  clear(): void {
    this.drop();
    this.generations.clear();
    this.models.clear();
    this.scenes.clear();
  }

  async #restore(resident: AnyResident, run: RunLoad): Promise<void> {
    try {
      resident.replace(await run((device) => resident.load(device)));
    } catch (error) {
      if (error instanceof WorkerServiceError && error.code === 'DEVICE_LOST') throw error;
      resident.fail(error);
    }
    // It may have been unloaded meanwhile.
    if (!this.#loaded().includes(resident)) resident.drop();
  }

  #loaded(): AnyResident[] {
    return [...this.models.values(), ...[...this.scenes.values()].map(({ resident }) => resident)];
  }
}

type AnyResident = Resident<{ destroy(): void }>;

function find<Value>(
  values: ReadonlyMap<string, Value>,
  id: string,
  code: 'UNKNOWN_MODEL' | 'UNKNOWN_SESSION' | 'UNKNOWN_SCENE',
  noun: string,
): Value {
  const value = values.get(id);
  if (value !== undefined) return value;
  throw new WorkerServiceError(code, `no ${noun} with the id ${id} is open here`, { data: { id, open: values.size } });
}

/** @throws WorkerServiceError ID_IN_USE */
export function assertFree(values: ReadonlyMap<string, unknown>, id: string, field: string): void {
  if (!values.has(id)) return;
  throw new WorkerServiceError('ID_IN_USE', `${field} ${id} is in use; close it first or take another`, {
    data: { field, id },
  });
}
