import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const projectDirectory = fileURLToPath(new URL('../..', import.meta.url));
/** A cold type check of all rooms on two busy cores. */
const deadlineMs = 180_000;

/** Runs a tool from node_modules by its script, on the Node that runs the tests. */
function runTool(script: string, ...parameters: string[]): Promise<{ code: number | null; output: string }> {
  const path = `${projectDirectory}node_modules/${script}`;
  if (!existsSync(path)) throw new Error(`node_modules/${script} is missing; run "npm ci"`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...parameters], {
      cwd: projectDirectory,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

test.each([
  ['every room type-checks within its walls', 'typescript/bin/tsc', ['-b']],
  ['the linter finds nothing', 'oxlint/bin/oxlint', ['--deny-warnings']],
  ['every file is formatted', 'oxfmt/bin/oxfmt', ['--check']],
])(
  '%s',
  async (_sentence, script, parameters) => {
    const { code, output } = await runTool(script, ...parameters);
    expect(code, output).toBe(0);
  },
  deadlineMs + 10_000,
);
