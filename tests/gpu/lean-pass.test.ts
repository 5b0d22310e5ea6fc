import { expect, it } from 'vitest';
import { LeanPass } from '../../worker/gpu/lean-pass.ts';

it('a lean pass sets no pipeline twice in a row and leaves out counts of one', () => {
  const calls: unknown[][] = [];
  const real = {
    setPipeline: (...parameters: unknown[]) => calls.push(['pipeline', ...parameters]),
    setBindGroup: (...parameters: unknown[]) => calls.push(['group', ...parameters]),
    dispatchWorkgroups: (...parameters: unknown[]) => calls.push(['dispatch', ...parameters]),
  } as unknown as GPUComputePassEncoder;
  const [first, second] = [{}, {}] as [GPUComputePipeline, GPUComputePipeline];
  const group = {} as GPUBindGroup;
  const pass = new LeanPass(real);
  for (const { pipeline, x, y, z } of [
    { pipeline: first, x: 3, y: 1, z: 1 },
    { pipeline: first, x: 3, y: 2 },
    { pipeline: second, x: 1, y: 1, z: 4 },
    { pipeline: first, x: 5 },
  ]) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, y, z);
  }
  expect(calls.filter(([kind]) => kind === 'pipeline').map(([, pipeline]) => pipeline)).toEqual([first, second, first]);
  expect(calls.filter(([kind]) => kind === 'group')).toHaveLength(4);
  expect(calls.filter(([kind]) => kind === 'dispatch')).toEqual([
    ['dispatch', 3],
    ['dispatch', 3, 2],
    ['dispatch', 1, 1, 4],
    ['dispatch', 5],
  ]);
});
