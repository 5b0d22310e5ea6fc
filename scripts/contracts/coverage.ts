/** Line and branch coverage of the contracts, measured by forge on its own unoptimized build of the sources. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder, runForge } from './forge.ts';

export interface CoverageCount {
  readonly found: number;
  readonly hit: number;
}

export interface FileCoverage {
  readonly file: string;
  readonly lines: CoverageCount;
  readonly branches: CoverageCount;
  readonly functions: CoverageCount;
}

/** Of every file directly in contracts/ that has code. @throws Error when a test fails or nothing was measured. */
export async function measureCoverage(): Promise<FileCoverage[]> {
  const path = join(projectFolder, 'node_modules/.cache/forge/lcov.info');
  const { exitCode, output, errors } = await runForge(
    ['coverage', '--no-match-test', 'invariant_', '--report', 'lcov', '--report-file', path],
    { HEARTH_ARTIFACTS: 'sources', FOUNDRY_FUZZ_RUNS: '32' },
  );
  if (exitCode !== 0) throw new Error(`forge coverage failed: ${errors || output}`);
  const files = parseCoverage(readFileSync(path, 'utf8')).filter(({ file }) => /^contracts\/\w+\.sol$/.test(file));
  if (!files.some(({ file }) => file === 'contracts/BatchSettlement.sol')) throw new Error('nothing was measured');
  return files;
}

/** Reads lcov's text format: SF names the file, LF/LH count lines, BRF/BRH branches, FNF/FNH functions. */
export function parseCoverage(text: string): FileCoverage[] {
  return text
    .split('end_of_record')
    .filter((record) => record.includes('SF:'))
    .map((record) => {
      const read = (name: string) => Number(new RegExp(`^${name}:(\\d+)$`, 'm').exec(record)?.[1] ?? 0);
      return {
        file: (/^SF:(.+)$/m.exec(record)?.[1] ?? '').replaceAll('\\', '/'),
        lines: { found: read('LF'), hit: read('LH') },
        branches: { found: read('BRF'), hit: read('BRH') },
        functions: { found: read('FNF'), hit: read('FNH') },
      };
    });
}

export function isComplete({ lines, branches, functions }: FileCoverage): boolean {
  return [lines, branches, functions].every(({ found, hit }) => hit === found) && lines.found > 0;
}
