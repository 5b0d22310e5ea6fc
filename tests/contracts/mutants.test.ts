import { expect, test } from 'vitest';
import { isComplete, parseCoverage } from '../../scripts/contracts/coverage.ts';
import { inFile } from '../../scripts/contracts/mutants/mutant.ts';
import { applyEdits, mutants } from '../../scripts/contracts/run-mutants.ts';

test('every mutant still finds the text it changes', () => {
  expect(mutants.length).toBeGreaterThan(24);
  for (const mutant of mutants) expect(applyEdits(mutant).length).toBeGreaterThan(500);
});

test('no two mutants have one name, and every invariant has one that it must notice', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  const watched = new Set(mutants.map(({ invariant }) => invariant));
  const missing = Array.from({ length: 11 }, (_, index) => `I${index + 1}`).filter((name) => !watched.has(name));
  expect(missing).toEqual([]);
});

test.each([
  ['is gone', 'this text was never there'],
  ['is there twice', 'return'],
])('a mutant whose text %s fails loudly', (_, search) => {
  expect(() => applyEdits(inFile('BatchSettlement.sol', 'planted', search, ''))).toThrow(/not once/);
});

test('one line or branch that was not run is not full coverage', () => {
  const texts = [recordOf(9, 4), recordOf(8, 4), recordOf(9, 3), ''];
  expect(texts.map((text) => parseCoverage(text).map(isComplete))).toEqual([[true], [false], [false], []]);
});

/** A file with two functions, nine lines and four branches in lcov's text format. */
function recordOf(lines: number, branches: number): string {
  return `SF:contracts/A.sol\nFNF:2\nFNH:2\nLF:9\nLH:${lines}\nBRF:4\nBRH:${branches}\nend_of_record\n`;
}
