/** Builds every mutant, runs the forge suite against it, and says which ones nobody noticed. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { artifactsFolder, compileContracts, contractNames, serializeArtifact } from '../compile-contracts.ts';
import { projectFolder, runForgeTests } from './forge.ts';
import { claimMutants } from './mutants/claim.ts';
import { depositMutants } from './mutants/deposit.ts';
import { identityMutants } from './mutants/identity.ts';
import type { Mutant } from './mutants/mutant.ts';
import { paybackMutants } from './mutants/payback.ts';

export const mutants: readonly Mutant[] = [...depositMutants, ...claimMutants, ...paybackMutants, ...identityMutants];

const mutantsFolder = join(projectFolder, 'node_modules/.cache/forge/mutants');
/** Fewer fuzz cases, and no search for the shortest failing sequence. A campaign stops at its first failure anyway. */
const campaign = { FOUNDRY_FUZZ_RUNS: '32', FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT: '0' };

/** Survivors, one line each: mutants that the suite, or the invariant they name, did not notice. */
export async function runMutants(report: (line: string) => void): Promise<string[]> {
  const { failures } = await runSuite(writeMutantArtifacts('none', undefined));
  if (failures.length > 0) return [`the unchanged contracts fail: ${failures.join('; ')}`];

  const survivors: string[] = [];
  const queue = mutants.entries();
  // Two at a time: one is compiled while forge runs the other.
  const work = async () => {
    for (const [index, mutant] of queue) {
      const found = await findSurvival(mutant, writeMutantArtifacts(String(index), mutant));
      for (const line of found) report(`  ${line}`);
      survivors.push(...found);
      if ((index + 1) % 20 === 0) report(`  ${index + 1} of ${mutants.length} mutants, ${survivors.length} survived`);
    }
  };
  await Promise.all([work(), work()]);
  return survivors;
}

async function findSurvival({ name, invariant }: Mutant, folder: string): Promise<string[]> {
  const { failures } = await runSuite(folder, invariant);
  const byInvariant = failures.filter((failure) => failure.includes('.invariant_'));
  const survivals: string[] = [];
  if (byInvariant.length === failures.length) survivals.push(`"${name}" is not noticed by the tests`);
  if (invariant !== undefined && byInvariant.length === 0) {
    survivals.push(`"${name}" is not noticed by invariant ${invariant}`);
  }
  return survivals;
}

function runSuite(folder: string, invariant = 'none') {
  return runForgeTests(['--match-test', `^(test|invariant_${invariant}_)`], {
    ...campaign,
    HEARTH_ARTIFACTS: folder,
    // What fails here must not be tried first on the next mutant.
    FOUNDRY_FUZZ_FAILURE_PERSIST_DIR: `${folder}/failures`,
    FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR: `${folder}/failures`,
    FOUNDRY_TEST_FAILURES_FILE: `${folder}/test-failures`,
  });
}

/** A folder with all artifacts, the mutant's own in the place of the committed one; relative to the project. */
function writeMutantArtifacts(name: string, mutant: Mutant | undefined): string {
  const folder = join(mutantsFolder, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(artifactsFolder, folder, { recursive: true });
  const file = mutant?.file ?? 'BatchSettlement.sol';
  const contractName = file.replace('.sol', '').replace('Types', '');
  if (!contractNames.some((known) => known === contractName)) throw new Error(`${file} has no artifact`);
  const replaced = mutant === undefined ? new Map<string, string>() : new Map([[file, applyEdits(mutant)]]);
  for (const artifact of compileContracts({ names: [contractName], replaced, draft: true })) {
    writeFileSync(join(folder, `${artifact.contractName}.json`), serializeArtifact(artifact));
  }
  return `node_modules/.cache/forge/mutants/${name}`;
}

/** @throws Error when a text to replace is not there exactly once. */
export function applyEdits({ name, file, edits }: Mutant): string {
  let text = readFileSync(new URL(`../${file}`, artifactsFolder), 'utf8');
  for (const [search, replace] of edits) {
    const parts = text.split(search);
    if (parts.length !== 2) {
      throw new Error(`mutant "${name}": ${file} has this text ${parts.length - 1} times, not once: ${search}`);
    }
    text = parts.join(replace);
  }
  return text;
}
