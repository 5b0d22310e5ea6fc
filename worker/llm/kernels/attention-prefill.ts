import code from '../../../shaders/llm/attention-prefill.wgsl?raw';
import {
  attentionCode,
  attentionConstants,
  createAttentionShape,
  readsAtATime,
  type AttentionOptions,
} from './attention.ts';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';
import { repeatLines } from './repeat-lines.ts';
import type { HeadShape } from './rope-append.ts';

/** Queries (heads x rows) of a workgroup. As in the shader. */
const QUERIES = 32;

/**
 * Causal grouped-query attention of rows that follow each other in one sequence; one dispatch. Keys and values are read once for a
 * tile of 32 queries. headLength at most 256.
 */
export async function createAttentionPrefill(
  cache: PipelineCache,
  options: AttentionOptions & { readonly query: GPUBuffer },
): Promise<Kernel> {
  const { device } = cache;
  const { heads, table, batch, query, keys, values, output } = options;
  const headsPerGroup = heads.headCount / heads.keyValueHeadCount;
  const sharedHeads = Math.min(headsPerGroup, QUERIES);
  const tokens = Math.floor(QUERIES / sharedHeads);
  const label = 'llm.attention.prefill';
  const counts = {
    ...memoryPlan(device, heads),
    VECTOR_SLOTS: Math.ceil(heads.headStride / 32),
    LOADS: readsAtATime(device, 8),
    FOUR: 4,
  };
  const pipeline = await cache.get({
    label,
    code: [options.format.code, attentionCode, repeatLines(code, counts)].join('\n'),
    constants: attentionConstants(options),
  });
  const shape = createAttentionShape(device, label, options, { splitCount: 1, sharedHeads, tokens });
  const none = undefined;
  const group = createBindGroup(device, label, pipeline, [shape, table.rows, query, keys, values, output, none, batch]);
  const groups = heads.keyValueHeadCount * Math.ceil(headsPerGroup / sharedHeads);
  return {
    label,
    dispatchCount: 1,
    run(pass, tokenCount) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups, Math.ceil(tokenCount / tokens));
    },
    destroy: () => shape.destroy(),
  };
}

/**
 * What the memory of a workgroup holds: KEY_SLOTS, times eight keys of a tile with the shares of 8 quads, and the queries (STAGED) where at least
 * sixteen keys are left room.
 */
function memoryPlan(device: GPUDevice, { headStride }: HeadShape): { KEY_SLOTS: number; STAGED: number } {
  const slotBytes = 8 * (headStride * 4 + 16) + 8 * 8 * 16;
  const queryBytes = QUERIES * headStride * 4;
  // The highest scores of 64 invocations, and a little for drivers.
  const roomBytes = device.limits.maxComputeWorkgroupStorageSize - 64 * 16 - 64;
  const slots = (bytes: number): number => Math.min(4, 2 ** Math.floor(Math.log2(Math.max(1, bytes / slotBytes))));
  const beside = slots(roomBytes - queryBytes);
  return beside >= 2 ? { KEY_SLOTS: beside, STAGED: 1 } : { KEY_SLOTS: slots(roomBytes), STAGED: 0 };
}
