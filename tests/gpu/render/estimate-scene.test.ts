import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { allocationLedgerOf } from '../../../worker/gpu/allocation-ledger.ts';
import { estimateScene } from '../../../worker/render/estimate-scene.ts';
import { openScene } from '../../../worker/render/index.ts';
import { glbOf, squareDocument } from '../../render/scene/glb-fixture.ts';
import { getTestDevice } from '../test-device.ts';

const room = new Uint8Array(readFileSync(new URL('../../../assets/hearth-room.glb', import.meta.url)));
const settings = { widthPixels: 40, heightPixels: 30, seed: 1, maxBounces: 2 };
const tilePixels = 40 * 30;

/** A sky of 8 x 4 pixels as Radiance writes it, uncompressed. */
const sky = new Uint8Array([
  ...new TextEncoder().encode('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n'),
  ...Array.from({ length: 32 }, () => [128, 64, 32, 129]).flat(),
]);

describe('a scene that does not load is a refusal, and nothing is allocated', () => {
  test.each([
    [
      'a malformed one',
      glbOf(squareDocument((edit) => edit.set('nodes.0.mesh', 1))),
      {},
      { code: 'BAD_SCENE', message: 'nodes[0].mesh is 1, but meshes has 1 entries' },
    ],
    [
      'one with more indices than its file holds',
      glbOf(squareDocument((edit) => edit.set('accessors.1.count', 3_000_000))),
      {},
      {
        code: 'BAD_SCENE',
        message: 'accessors[1] ends at byte 6000000 of bufferViews[1], which has 12 bytes',
      },
    ],
    [
      'one that is larger than the budget',
      glbOf(squareDocument()),
      { budgetBytes: 20_000 },
      { code: 'OUT_OF_MEMORY', message: expect.stringContaining('but 20000 are available'), available: 20_000 },
    ],
  ])('%s', async (_name, file, options, refusal) => {
    const device = await getTestDevice();
    const before = allocationLedgerOf(device).counts;
    const estimate = await estimateScene(device, createMemorySource(file), settings, { tilePixels, ...options });
    expect(estimate.refusal).toMatchObject(refusal);
    expect(allocationLedgerOf(device).counts).toEqual(before);
  });

  test('one that needs more bindings than the adapter has', async () => {
    const { features } = await getTestDevice();
    const limits = {
      maxBufferSize: 2 ** 30,
      maxStorageBufferBindingSize: 100_000,
      maxUniformBufferBindingSize: 65_536,
      maxComputeWorkgroupsPerDimension: 65_535,
      maxStorageBuffersPerShaderStage: 8,
    };
    const { refusal } = await estimateScene({ limits, features }, createMemorySource(room), settings, { tilePixels });
    expect(refusal).toMatchObject({ code: 'OUT_OF_MEMORY', available: 8 });
    expect(refusal?.message).toMatch(/need \d+ buffers of at most 100000 bytes; a shader binds at most 8 here/);
  });
});

test.each([
  ['the room', room, undefined],
  ['a square under a sky', glbOf(squareDocument()), sky],
])(
  '%s takes as much as was said, to the byte',
  async (_name, file, light) => {
    const device = await getTestDevice();
    const environment = () => (light === undefined ? {} : { environment: createMemorySource(light) });
    const source = () => createMemorySource(file);
    const estimate = await estimateScene(device, source(), settings, { tilePixels, ...environment() });
    expect(estimate.refusal).toBeNull();

    const ledger = allocationLedgerOf(device);
    const before = ledger.counts.liveBytes;
    const renderer = await openScene(device, source(), settings, environment());
    expect(ledger.counts.liveBytes - before).toBe(estimate.residentBytes);
    expect(renderer.description).toEqual(estimate.scene);

    ledger.resetPeak();
    await renderer.renderTile({ x0: 0, y0: 0, x1: 40, y1: 30 }, 0, 1);
    // The second driver is not there yet.
    expect(ledger.counts.peakBytes - before).toBe(estimate.residentBytes + tilePixels * 32);
    expect(ledger.counts.peakBytes - before).toBeLessThanOrEqual(estimate.peakBytes);
    renderer.destroy();
    expect(ledger.counts.liveBytes).toBe(before);
  },
  120_000,
);
