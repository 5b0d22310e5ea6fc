#!/usr/bin/env node
/**
 * solc-js as the command that forge expects: `--version` and `--standard-json` (input on standard input, every source in
 * it). Forge would otherwise download a compiler. Plain JavaScript: forge starts it with whatever Node is first in PATH.
 */
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const solc = createRequire(import.meta.url)('solc');

if (process.argv.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (process.argv.includes('--standard-json')) {
  const output = solc.compile(await text(process.stdin), {
    import: (path) => ({ error: `${path} is not among the sources that forge gave` }),
  });
  // A pipe takes 64 KiB at a time: exit only when all of it is written.
  process.stdout.write(output, () => process.exit(0));
} else {
  console.error(`solc.mjs knows --version and --standard-json, not ${process.argv.slice(2).join(' ')}`);
  process.exitCode = 1;
}
