import { createMemorySource } from '../../../worker/byte-source.ts';
import type { SceneView } from '../../../worker/messages.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import { SceneError } from '../../../worker/render/scene/scene-error.ts';

export interface Outcomes {
  loaded: number;
  refused: number;
}

/** Numbers 0..limit-1 from a seed. */
export function seededIntegers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/**
 * Loads a file again and again with one to four bytes changed, half of the changes in its last `tailBytes`. Anything but a
 * scene or a SceneError is thrown.
 */
export async function mutate(
  original: Uint8Array<ArrayBuffer>,
  options: { rounds: number; seed: number; tailBytes: number; view?: SceneView },
): Promise<Outcomes> {
  const random = seededIntegers(options.seed);
  const outcomes = { loaded: 0, refused: 0 };
  for (let round = 0; round < options.rounds; round += 1) {
    const file = original.slice();
    const from = round % 2 === 0 ? 0 : file.length - options.tailBytes;
    for (let change = 0; change <= random(4); change += 1) file[from + random(file.length - from)] = random(256);
    try {
      await loadScene(createMemorySource(file), options.view);
      outcomes.loaded += 1;
    } catch (error) {
      if (!(error instanceof SceneError)) throw error;
      outcomes.refused += 1;
    }
  }
  return outcomes;
}
