import type { GenerationRequest } from '../../worker/llm/generation-request.ts';
import type { Engines, GenerationEngine, LanguageEngine, SceneEngine } from '../../worker/host/engines.ts';
import { openNodeSource } from '../../worker/host/file-source.ts';
import { createWorkerService, type WorkerService } from '../../worker/host/service.ts';
import type { MemoryEstimate, SceneEstimate, ModelDescription, WorkerOutbound } from '../../worker/messages.ts';
import { openTestDevice } from '../gpu/test-device.ts';

/** Devices that the services of a test opened, in order. */
export const devices: GPUDevice[] = [];
const services: WorkerService[] = [];

export function closeServices(): void {
  for (const service of services.splice(0)) service.close();
  devices.length = 0;
}

/** Engines small enough to see through: the service's own rules are under test, on a real device. */
export class RecordingEngines implements Engines {
  readonly destroyed: string[] = [];
  /** What was to be written by a chat template. */
  readonly conversations: unknown[] = [];
  onLoad: (device: GPUDevice) => Promise<void> | void = () => {};
  onNext: () => Promise<void> | void = () => {};
  readonly paces: number[] = [];
  /** What generations were opened with. */
  readonly opened: GenerationRequest[] = [];

  async loadModel(device: GPUDevice): Promise<LanguageEngine> {
    await this.onLoad(device);
    const description = { name: 'recording', vocabularySize: 10, contextLength: 32 } as ModelDescription;
    return {
      description,
      tokenizer: {
        encode: (text, { addBos }) => [...(addBos ? [0] : []), ...[...text].map(Number)],
        decode: (tokens) => tokens.join(''),
        encodeChat: (...conversation) => {
          this.conversations.push(conversation);
          return conversation[0].map((_, index) => index);
        },
      },
      logits: (tokens) => Promise.resolve(new Float32Array(tokens.length * 10).fill(0.5)),
      replay: (_, outputTokens) => Promise.resolve({ gaps: outputTokens.map(() => 0) }),
      score: () => Promise.resolve(new Float32Array()),
      embed: () => Promise.resolve(new Float32Array()),
      openGeneration: (request) => Promise.resolve(this.#openGeneration(request)),
      pace: (sliceTargetMs) => void this.paces.push(sliceTargetMs),
      destroy: () => void this.destroyed.push('model'),
    };
  }

  estimateModel(): Promise<MemoryEstimate> {
    return Promise.resolve({ residentBytes: 1, refusal: null } as MemoryEstimate);
  }

  denoise(): Promise<Float32Array<ArrayBuffer>> {
    return Promise.resolve(new Float32Array(4));
  }

  estimateScene(): Promise<SceneEstimate> {
    return Promise.resolve({ residentBytes: 1, peakBytes: 2, scene: null, refusal: null });
  }

  #openGeneration(request: GenerationRequest): GenerationEngine {
    this.opened.push(request);
    let left = request.maxTokens - (request.emittedTokens?.length ?? 0);
    return {
      next: async (maxTokens) => {
        await this.onNext();
        const count = Math.min(maxTokens, left);
        left -= count;
        return { tokens: Array.from({ length: count }, () => 7), text: '7', finished: left === 0 ? 'length' : null };
      },
      destroy: () => void this.destroyed.push('session'),
    };
  }

  openScene(): Promise<SceneEngine> {
    return Promise.resolve({
      description: {
        triangleCount: 1,
        emissiveTriangleCount: 0,
        meshCount: 1,
        materialCount: 1,
        nodeCount: 1,
        boundingBox: { minimum: [0, 0, 0], maximum: [1, 1, 1] },
        gpuBytes: 64,
      },
      renderTile: (tile) => Promise.resolve(new Float32Array((tile.x1 - tile.x0) * (tile.y1 - tile.y0) * 4)),
      renderGuides: (tile) => Promise.resolve(new Float32Array((tile.x1 - tile.x0) * (tile.y1 - tile.y0) * 8)),
      destroy: () => void this.destroyed.push('scene'),
    });
  }
}

export function openService(): {
  engines: RecordingEngines;
  sent: WorkerOutbound[];
  ask: (kind: string, parameters: unknown) => Promise<Record<string, unknown>>;
} {
  const engines = new RecordingEngines();
  const sent: WorkerOutbound[] = [];
  const service = createWorkerService({
    engines,
    openSource: openNodeSource,
    async openDevice() {
      const opened = await openTestDevice();
      devices.push(opened.device);
      return opened;
    },
    post: (message) => void sent.push(message),
  });
  services.push(service);
  let id = 0;
  return {
    engines,
    sent,
    async ask(kind, parameters) {
      id += 1;
      const mine = id;
      await service.handle({ id: mine, kind, parameters });
      const reply = sent.find((message) => 'id' in message && message.id === mine);
      if (reply === undefined || !('ok' in reply)) throw new Error(`${kind} was not answered`);
      return reply.ok ? { ok: reply.result } : { ...reply.error };
    },
  };
}
