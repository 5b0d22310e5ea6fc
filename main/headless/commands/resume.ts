import { openApiClient } from '../api-client.ts';
import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { renderState } from '../status-text.ts';

export const resumeCommand = defineCommand({
  words: ['resume'],
  summary: 'Take work again after a pause or after finish',
  options: {},
  async run({ dataDirectory, signal, output }) {
    const client = await openApiClient(dataDirectory, signal);
    const state = await client.request('resume', {});
    output.data(state);
    output.text(renderState(state));
    return exitCodes.done;
  },
});
