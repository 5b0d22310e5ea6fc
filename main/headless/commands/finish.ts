import { openApiClient } from '../api-client.ts';
import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { renderState } from '../status-text.ts';

export const finishCommand = defineCommand({
  words: ['finish'],
  summary: 'Finish the task in hand, then take no more work',
  options: {},
  async run({ dataDirectory, signal, output }) {
    const client = await openApiClient(dataDirectory, signal);
    const state = await client.request('finish', {});
    output.data(state);
    output.text(renderState(state));
    return exitCodes.done;
  },
});
