import { expect, test } from 'vitest';
import { buildAliasTable } from '../../worker/render/emitters/alias-table.ts';
import { specularAlbedoTable } from '../../worker/render/albedo/specular.ts';
import { albedoTableSize } from '../../worker/render/albedo/table-grid.ts';
import { lobeAlbedo } from '../gpu/reference/surface.ts';

test.each([
  ['one light', [3]],
  ['equal lights', [1, 1, 1, 1, 1, 1, 1]],
  ['one light that outshines the others', [1e-6, 1000, 1e-6, 0.5, 2]],
  ['many lights', Array.from({ length: 997 }, (_, index) => 1 + ((index * 7919) % 101))],
])('an alias table chooses among %s in proportion to their weights', (_name, weights) => {
  const { thresholds, aliases, total } = buildAliasTable(weights);
  const shares = weights.map(() => 0);
  weights.forEach((_, index) => {
    const kept = thresholds[index] as number;
    const alias = aliases[index] as number;
    shares[index] = (shares[index] as number) + kept / weights.length;
    shares[alias] = (shares[alias] as number) + (1 - kept) / weights.length;
  });
  shares.forEach((share, index) => expect(share).toBeCloseTo((weights[index] as number) / total, 7));
});

test('the albedo table agrees with a plain quadrature of the lobe', () => {
  const table = specularAlbedoTable();
  const errors: number[] = [];
  const last = albedoTableSize - 1;
  for (const row of [0, 5, 11, 17, 24, 31]) {
    for (const column of [12, 17, 22, 27, 31]) {
      const width = Math.max((row / last) ** 2, 1 / 512);
      const [full, weighted] = lobeAlbedo((column / last) ** 2, width, 1200, 64);
      const index = (row * albedoTableSize + column) * 2;
      errors.push(Math.abs((table[index] as number) - full), Math.abs((table[index + 1] as number) - weighted));
    }
  }
  expect(Math.max(...errors)).toBeLessThan(1e-3);
});
