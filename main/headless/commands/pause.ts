import { openApiClient } from '../api-client.ts';
import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { parseMinutes } from '../duration.ts';
import { renderState } from '../status-text.ts';

export const pauseCommand = defineCommand({
  words: ['pause'],
  summary: 'Hand back the task in hand and take no work, until resumed or for a time',
  options: {},
  positionals: [{ name: 'DURATION', summary: 'such as 30m, 2h or 1h30m; without it until "hearth resume"' }],
  async run({ dataDirectory, signal, output }, _options, [duration]) {
    const parameters = duration === undefined ? {} : { minutes: parseMinutes(duration) };
    const client = await openApiClient(dataDirectory, signal);
    const state = await client.request('pause', parameters);
    output.data(state);
    output.text(renderState(state));
    return exitCodes.done;
  },
});
