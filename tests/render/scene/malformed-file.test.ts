import { describe, expect, test } from 'vitest';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import { SceneError } from '../../../worker/render/scene/scene-error.ts';
import { glbOf, squareDocument } from './glb-fixture.ts';
import { refusalOf } from './refusal-of.ts';

const files: readonly [string, (file: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>, string][] = [
  ['an empty file', () => new Uint8Array(0), 'truncated: file asks for 20 bytes, but only 0 are there'],
  [
    'a picture',
    (file) => file.fill(0x89, 0, 1),
    'not-a-glb: the file starts with 0x46546c89; a GLB starts with 0x46546c67 ("glTF")',
  ],
  ['glTF 1', (file) => file.fill(1, 4, 5), 'not-a-glb: header.version is 1; only glTF 2 can be read'],
  [
    'a file cut short',
    (file) => file.slice(0, 900),
    'truncated: header.length asks for 1120 bytes, but only 900 are there',
  ],
  [
    'a first chunk that is not JSON',
    (file) => file.fill(0, 16, 17),
    'not-a-glb: the first chunk of the file is not JSON',
  ],
  [
    'a JSON chunk longer than allowed',
    (file) => file.fill(0x7f, 15, 16),
    'limit-exceeded: chunks[0].length is 2130707440 bytes; the limit is 16777216',
  ],
  [
    'a JSON chunk longer than the file',
    (file) => file.fill(1, 14, 15),
    'truncated: chunks[0].length asks for 66564 bytes, but only 1120 are there',
  ],
];

describe('a file that is no GLB is refused', () => {
  test.each(files)('%s', async (_name, damage, expected) => {
    const message = await refusalOf(loadScene(createMemorySource(damage(glbOf(squareDocument())))));
    expect(message.replace(/\d{3,}/g, 'N')).toBe(expected.replace(/\d{3,}/g, 'N'));
  });

  test.each([
    ['text that is not JSON', '{"asset":'],
    ['a document that is a list', '[]'],
    ['a document that is nothing', 'null'],
  ])('%s', async (_name, text) => {
    expect(await refusalOf(loadScene(createMemorySource(glbOf(text))))).toMatch(
      /^invalid-field: the (JSON chunk|document) /,
    );
  });
});

test('fourteen thousand random mutations of a scene end in a scene or in a refusal', async () => {
  const original = glbOf(squareDocument());
  let state = 1;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const outcomes = { loaded: 0, refused: 0 };
  for (let round = 0; round < 14_000; round += 1) {
    const file = original.slice(0, round % 5 === 0 ? random(original.length) : original.length);
    for (let change = 0; change <= random(4); change += 1) {
      if (file.length > 0) file[random(file.length)] = random(256);
    }
    try {
      await loadScene(createMemorySource(file));
      outcomes.loaded += 1;
    } catch (error) {
      if (!(error instanceof SceneError)) throw error;
      outcomes.refused += 1;
    }
  }
  expect(outcomes.loaded).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(5000);
});
