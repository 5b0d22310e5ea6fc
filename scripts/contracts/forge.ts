/** Runs forge from npm on the tests of contracts/ and reads its answer. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const projectFolder = fileURLToPath(new URL('../../', import.meta.url));

export interface ForgeRun {
  readonly tests: number;
  /** `contract.test: reason`, one for each test that failed. */
  readonly failures: readonly string[];
  /** Calls that invariant campaigns made. */
  readonly invariantCalls: number;
  /** Cases that fuzz tests ran. */
  readonly fuzzCases: number;
}

interface ForgeTest {
  readonly status: string;
  readonly reason: string | null;
  readonly kind: {
    readonly Invariant?: { readonly calls: number };
    readonly Fuzz?: { readonly runs: number };
  };
}

type ForgeAnswer = Readonly<Record<string, { readonly test_results: Readonly<Record<string, ForgeTest>> }>>;

/** `forge test --json` with the arguments; more environment in `environment`. @throws Error when no test ran. */
export async function runForgeTests(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ForgeRun> {
  const { output, errors } = await runForge(['test', '--json', ...parameters], environment);
  const start = output.indexOf('{');
  if (start === -1) throw new Error(`forge ran no test: ${errors || output}`);
  const answer: ForgeAnswer = JSON.parse(output.slice(start));
  const tests = Object.entries(answer).flatMap(([suite, { test_results: results }]) =>
    Object.entries(results).map(([name, test]) => ({ name: `${suite.split(':').at(-1)}.${name}`, ...test })),
  );
  if (tests.length === 0) throw new Error(`forge ran no test: ${errors}`);
  return {
    tests: tests.length,
    failures: tests
      .filter(({ status }) => status !== 'Success')
      .map(({ name, reason }) => `${name}: ${reason ?? 'failed'}`),
    invariantCalls: tests.reduce((sum, { kind }) => sum + (kind.Invariant?.calls ?? 0), 0),
    fuzzCases: tests.reduce((sum, { kind }) => sum + (kind.Fuzz?.runs ?? 0), 0),
  };
}

export interface ForgeOutput {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

export function runForge(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ForgeOutput> {
  return new Promise((resolve, reject) => {
    const forge = spawn(findForge(), parameters, {
      cwd: projectFolder,
      env: { ...process.env, ...environment, FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [output, errors] = ['', ''];
    forge.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    forge.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    forge.once('error', reject);
    forge.once('close', (exitCode) => resolve({ exitCode, output, errors }));
  });
}

/** The binary that npm installed for this platform: no download, no shell. */
function findForge(): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const packageName = `@foundry-rs/forge-${process.platform}-${architecture}`;
  const path = createRequire(import.meta.url).resolve(
    `${packageName}/bin/${process.platform === 'win32' ? 'forge.exe' : 'forge'}`,
  );
  if (!existsSync(path)) throw new Error(`${packageName} is installed without its binary`);
  return path;
}
