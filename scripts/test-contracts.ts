/**
 * `npm run test:contracts`: the contracts' unit, fuzz and invariant tests on the committed artifacts, their line and branch
 * coverage, and the mutants. Exits 1 on a failing test, too few calls, a line not run, or a mutant that nobody noticed.
 */
import { compileContracts, readStoredArtifact, serializeArtifact } from './compile-contracts.ts';
import { isComplete, measureCoverage } from './contracts/coverage.ts';
import { runForgeTests } from './contracts/forge.ts';
import { mutants, runMutants } from './contracts/run-mutants.ts';

const minimumInvariantCalls = 50_000;
const minimumMutants = 25;

const faults: string[] = [];

async function step(name: string, work: () => Promise<string>): Promise<void> {
  const startedAt = performance.now();
  const result = await work();
  console.log(`${name}: ${result} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);
}

await step('artifacts', async () => {
  const stale = compileContracts().filter(
    (artifact) => readStoredArtifact(artifact.contractName) !== serializeArtifact(artifact),
  );
  faults.push(...stale.map(({ contractName }) => `${contractName}.json is stale: node scripts/compile-contracts.ts`));
  return stale.length === 0 ? 'what the compiler makes of the sources' : 'stale';
});

await step('tests', async () => {
  const run = await runForgeTests([]);
  faults.push(...run.failures);
  if (run.invariantCalls < minimumInvariantCalls) {
    faults.push(`${run.invariantCalls} invariant calls, fewer than ${minimumInvariantCalls}`);
  }
  return `${run.tests} tests, ${run.fuzzCases} fuzz cases, ${run.invariantCalls} invariant calls, ${run.failures.length} failed`;
});

await step('coverage', async () => {
  const files = await measureCoverage();
  for (const { file, lines, branches } of files) {
    console.log(`  ${file}: ${lines.hit}/${lines.found} lines, ${branches.hit}/${branches.found} branches`);
  }
  const open = files.filter((file) => !isComplete(file));
  faults.push(...open.map(({ file }) => `${file} is not fully covered`));
  return open.length === 0 ? '100 % of lines, branches and functions' : `${open.length} files are not fully covered`;
});

await step('mutants', async () => {
  const survivors = await runMutants((line) => console.log(line));
  faults.push(...survivors);
  if (mutants.length < minimumMutants) faults.push(`${mutants.length} mutants, fewer than ${minimumMutants}`);
  return `${mutants.length} mutants, ${survivors.length} survived`;
});

for (const fault of faults) console.error(`FAULT ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
