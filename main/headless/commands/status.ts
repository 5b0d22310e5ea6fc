import { openApiClient } from '../api-client.ts';
import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { renderStatus } from '../status-text.ts';

export const statusCommand = defineCommand({
  words: ['status'],
  summary: 'Show what the running node does, and why',
  options: {},
  async run({ dataDirectory, signal, output }) {
    const client = await openApiClient(dataDirectory, signal);
    const snapshot = await client.request('getSnapshot', {});
    output.data(snapshot);
    output.text(renderStatus(snapshot));
    return exitCodes.done;
  },
});
