/**
 * Runs anvil and ends it when the process that wanted it is gone, however that went: a killed parent closes our stdin.
 * Arguments: the binary, then anvil's own. Anvil's output passes through.
 */
import { spawn } from 'node:child_process';

const [binary, ...anvilArguments] = process.argv.slice(2);
if (binary === undefined) throw new Error('chain-guard needs the path of anvil');
const anvil = spawn(binary, anvilArguments, { stdio: ['ignore', 'inherit', 'inherit'] });
anvil.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
anvil.on('exit', (code) => process.exit(code ?? 1));
process.stdin.on('end', () => anvil.kill('SIGKILL'));
process.stdin.resume();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => anvil.kill('SIGKILL'));
