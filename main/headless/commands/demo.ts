import { defineCommand } from '../command-definition.ts';

export const demoCommand = defineCommand({
  words: ['demo'],
  summary: 'Run a whole network on loopback: a chain, two providers, one requester; a chat and a picture',
  details:
    'Everything stays on this machine. Without a real GPU the software adapter is used, and announced. Without --once the\ndashboard is served afterwards until Ctrl-C.',
  options: { once: { kind: 'flag', summary: 'end after the closing table' } },
  async run({ dataDirectory, adapter, json, signal, output }, { once }) {
    const { runDemo } = await import('../../demo/demo.ts');
    return runDemo({ once, json, dataDirectory, adapter, signal, log: (line: string) => output.log(line) });
  },
});
