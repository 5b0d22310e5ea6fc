import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { runDoctor } from '../doctor/run-doctor.ts';

const marks = { ok: 'ok     ', warning: 'warning', blocked: 'BLOCKED' } as const;

export const doctorCommand = defineCommand({
  words: ['doctor'],
  summary: 'Check what this machine needs to earn, with a fix for everything that is missing',
  details: 'Runs a small kernel on every adapter it finds. Exit 0 when nothing blocks, 1 otherwise.',
  options: {
    'api-port': {
      kind: 'integer',
      placeholder: 'N',
      minimum: 0,
      maximum: 65_535,
      fallback: 0,
      summary: 'port to check for the dashboard',
    },
    'rpc-url': { kind: 'text', placeholder: 'URL', summary: 'JSON-RPC endpoint of the chain to check' },
    token: { kind: 'text', placeholder: 'ADDRESS', summary: 'token contract to check on that chain' },
  },
  async run({ dataDirectory, adapter, listen, signal, output }, options) {
    const report = await runDoctor({
      dataDirectory,
      adapter,
      listen,
      apiPort: options['api-port'],
      rpcUrl: options['rpc-url'],
      token: options.token,
      signal,
      log: (line) => output.log(line),
      onCheck({ status, name, detail, fix }) {
        output.text(`${marks[status]}  ${name}: ${detail}`);
        if (fix !== undefined) output.text(`         fix: ${fix}`);
      },
    });
    output.data(report);
    output.text('');
    output.text(report.summary);
    return report.canEarn ? exitCodes.done : exitCodes.failed;
  },
});
