import { text as readAll } from 'node:stream/consumers';
import type { ChatMessage } from '../../../protocol/tasks.ts';
import type { StoredInput } from '../../store/input-store.ts';
import { readMessagesFile, readToolsFile } from '../chat-files.ts';
import { CommandError, exitCodes, UsageError } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { generationOptions } from '../generation-options.ts';
import { embeddedModelPath } from '../project-files.ts';
import { readBoughtInput } from '../request/bought-input.ts';
import { readCaps, requestOptions } from '../request/request-options.ts';

export const requestChatCommand = defineCommand({
  words: ['request', 'chat'],
  summary: 'Buy an answer from a provider: streamed, paid chunk by chunk, checked, receipted',
  details:
    'The text goes to stdout, costs, provider and receipt to stderr. Says what must be deposited and asks before it does so; --yes answers for a\nscript. Ctrl-C ends the answer, pays for what came and keeps the channel. "--prompt -" reads stdin.',
  options: {
    prompt: { kind: 'text', placeholder: 'S', summary: 'what to ask' },
    model: {
      kind: 'text',
      placeholder: 'F.gguf|SHA256',
      summary: 'model by its file, or by its hash where it is not here (default: the embedded tiny model)',
    },
    ...generationOptions,
    ...requestOptions,
  },
  async run(context, options) {
    const caps = readCaps(options);
    const named = readModelHash(options.model);
    const conversation = await readConversation(options);
    const [{ withBuyer }, { buyChat }] = await Promise.all([
      import('../request/with-buyer.ts'),
      import('../request/buy-chat.ts'),
    ]);
    const listInputs = async (): Promise<StoredInput[]> =>
      named === null ? [await readBoughtInput('--model', options.model ?? embeddedModelPath, 'model')] : [];
    return withBuyer(context, options, listInputs, async (session, [model]) => {
      const request = {
        ...conversation,
        modelSha256: model?.sha256 ?? named ?? '',
        maxTokens: options['max-tokens'],
        temperatureMillionths: Math.round(options.temperature * 1_000_000),
        seed: options.seed,
      };
      const name = model === undefined ? `model ${named}` : `${model.path}, sha256 ${model.sha256}`;
      const approval = { caps, isGiven: options.yes, waitSeconds: options.wait, unit: 'tokens', inputs: [name] };
      await buyChat(context, session, request, approval);
      return exitCodes.done;
    });
  },
});

/** Null where it is a file. */
function readModelHash(model: string | undefined): string | null {
  return model !== undefined && /^[0-9a-fA-F]{64}$/.test(model) ? model.toLowerCase() : null;
}

const roles = ['system', 'user', 'assistant', 'tool'] as const;

async function readConversation({
  prompt,
  messages,
  tools,
}: {
  readonly prompt: string | undefined;
  readonly messages: string | undefined;
  readonly tools: string | undefined;
}) {
  if ((prompt === undefined) === (messages === undefined)) {
    const found = prompt === undefined ? 'neither was given' : 'both were given';
    throw new UsageError(
      'MISSING_OPTION',
      `hearth request chat needs --prompt S (what to ask) or --messages F.json (a conversation); ${found}`,
    );
  }
  const offered = tools === undefined ? {} : { tools: await readToolsFile('--tools', tools) };
  if (messages === undefined) {
    const content = prompt === '-' ? await readAll(process.stdin) : (prompt ?? '');
    return { messages: [{ role: 'user', content }] satisfies ChatMessage[], ...offered };
  }
  const read = await readMessagesFile('--messages', messages);
  return {
    messages: read.map((message, index): ChatMessage => {
      const role = roles.find((known) => known === message.role);
      if (role !== undefined) return { ...message, role };
      const wrong = `[${index}].role must be ${roles.join(', ')}, it is "${message.role.slice(0, 40)}"`;
      throw new CommandError('FILE_INVALID', `--messages: ${messages}: ${wrong}`);
    }),
    ...offered,
  };
}
