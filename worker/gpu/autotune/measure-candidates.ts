import type { Rehearsal } from './candidate.ts';
import type { SubmitTimer } from './submit-timer.ts';

/** Long enough to drown the cost of a submit, short enough for a desktop in use. */
const SUBMIT_MS = 4;
const MOST_REPEATS = 4096;
const ROUNDS = 5;

/**
 * Median milliseconds of one run of each rehearsal. All take the same count of repeats, found on the first; rounds go through all of
 * them in turn, so that a clock that drifts or a neighbour's load meets each alike.
 */
export async function measureCandidates(timer: SubmitTimer, rehearsals: readonly Rehearsal[]): Promise<number[]> {
  const [first] = rehearsals;
  if (first === undefined) return [];
  const time = (rehearsal: Rehearsal, repeats: number) =>
    timer.time((pass) => {
      for (let repetition = 0; repetition < repeats; repetition++) rehearsal.run(pass, repetition);
    });
  let repeats = 1;
  // Doubling stops past the target, so that every submit stays within twice of it.
  while ((await time(first, repeats)) < SUBMIT_MS && repeats < MOST_REPEATS) repeats *= 2;
  const samples = rehearsals.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, rehearsal] of rehearsals.entries()) {
      samples[index]?.push((await time(rehearsal, repeats)) / repeats);
    }
  }
  return samples.map((values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Infinity);
}
