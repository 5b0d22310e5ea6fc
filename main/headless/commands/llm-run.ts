import { text as readAll } from 'node:stream/consumers';
import { readMessagesFile, readToolsFile } from '../chat-files.ts';
import { exitCodes, UsageError } from '../cli-errors.ts';
import { type CommandContext, defineCommand } from '../command-definition.ts';
import { generationOptions } from '../generation-options.ts';
import type { GpuProcess } from '../gpu-process.ts';
import { describeAdapter, withGpu } from '../gpu-session.ts';
import {
  loadModelFile,
  modelId,
  modelOptions,
  parseCacheType,
  parseVectors,
  resolveModelPath,
  vectorsOption,
} from '../model-options.ts';
import { readSamplingOptions, samplingOptions } from '../sampling-options.ts';

/** Small enough that text appears as it is made, large enough that the round trip does not count. */
const tokensPerCall = 8;
const sessionId = 'run';

export const llmRunCommand = defineCommand({
  words: ['llm', 'run'],
  summary: "Continue a prompt on this machine's GPU and stream the text",
  details:
    'The prompt is continued as it stands; --chat puts it into the chat template of the model. "--prompt -" reads stdin.\n--messages is a whole conversation for the chat template, --tools what it may offer; calls come as the model writes them.\nThe same seed, model and adapter give the same text.',
  options: {
    ...modelOptions,
    vectors: vectorsOption,
    prompt: { kind: 'text', placeholder: 'S', summary: 'text to continue' },
    ...generationOptions,
    ...samplingOptions,
    stop: { kind: 'text', placeholder: 'S', summary: 'text that ends the answer, not printed' },
    logprobs: {
      kind: 'integer',
      placeholder: 'N',
      minimum: 0,
      maximum: 20,
      summary: "report tokens' log-probabilities and the N likeliest (with --json)",
    },
    speculate: {
      kind: 'integer',
      placeholder: 'N',
      minimum: 1,
      maximum: 15,
      summary: 'guess up to N tokens from repetition, check them in one pass: the same text, sooner where it repeats',
    },
    chat: { kind: 'flag', summary: 'treat the prompt as a message of the user' },
  },
  async run(context, options) {
    const cache = parseCacheType(options.cache);
    const vectors = parseVectors(options.vectors);
    const path = await resolveModelPath(options.model);
    const input = await readInput(options);
    return withGpu(context, async (gpu) => {
      const { signal } = context;
      const model = await loadModelFile(gpu, path, signal, cache, vectors);
      const { tokens } =
        'messages' in input
          ? await gpu.worker.call('encode-chat', { modelId, ...input }, { signal })
          : await gpu.worker.call('tokenize', { modelId, ...input, addBos: true }, { signal });
      const { prefillMs } = await gpu.worker.call(
        'open-generation',
        {
          sessionId,
          modelId,
          promptTokens: tokens,
          maxTokens: options['max-tokens'],
          sampling: { temperature: options.temperature, seed: options.seed, ...readSamplingOptions(options) },
          ...(options.stop === undefined ? {} : { stopStrings: [options.stop] }),
          ...(options.logprobs === undefined ? {} : { logProbabilities: options.logprobs }),
          ...(options.speculate === undefined ? {} : { speculation: { maxTokens: options.speculate } }),
        },
        { signal },
      );
      const answer = await generate(context, gpu);
      const tokensPerSecond = answer.decodeMs === 0 ? 0 : (answer.tokens.length * 1000) / answer.decodeMs;
      context.output.stream('\n');
      context.output.log(
        `${answer.tokens.length} tokens, ${tokensPerSecond.toFixed(1)} tokens/s; prompt of ${tokens.length} tokens in ${Math.round(prefillMs)} ms`,
      );
      if (answer.drafts !== undefined) {
        const { checked, accepted } = answer.drafts;
        context.output.log(`${accepted} of ${checked} drafted tokens came true`);
      }
      context.output.data({
        event: 'summary',
        model: model.name,
        adapter: describeAdapter(gpu),
        promptTokens: tokens.length,
        ...answer,
        prefillMs,
        tokensPerSecond,
      });
      return exitCodes.done;
    });
  },
});

interface InputOptions {
  readonly prompt?: string | undefined;
  readonly messages?: string | undefined;
  readonly tools?: string | undefined;
  readonly chat: boolean;
}

/** The text to continue, or the conversation to answer. @throws UsageError, CommandError */
async function readInput({ prompt, messages, tools, chat }: InputOptions) {
  if ((prompt === undefined) === (messages === undefined)) {
    const found = prompt === undefined ? 'neither was given' : 'both were given';
    throw new UsageError(
      'MISSING_OPTION',
      `hearth llm run needs --prompt S (text to continue) or --messages F.json (a conversation); ${found}`,
    );
  }
  if (tools !== undefined && messages === undefined && !chat) {
    throw new UsageError('MISSING_OPTION', '--tools belongs to a conversation: --chat or --messages F.json is missing');
  }
  const offered = tools === undefined ? {} : { tools: await readToolsFile('--tools', tools) };
  if (messages !== undefined) return { messages: await readMessagesFile('--messages', messages), ...offered };
  const text = prompt === '-' ? await readAll(process.stdin) : (prompt ?? '');
  return chat ? { messages: [{ role: 'user', content: text }], ...offered } : { text };
}

/** Pulls chunks until the model or the limit ends the text. */
async function generate({ output, signal }: CommandContext, { worker }: GpuProcess) {
  const tokens: number[] = [];
  let text = '';
  let decodeMs = 0;
  const drafts = { checked: 0, accepted: 0 };
  for (;;) {
    const chunk = await worker.call('next-tokens', { sessionId, maxTokens: tokensPerCall }, { signal });
    tokens.push(...chunk.tokens);
    text += chunk.text;
    decodeMs += chunk.durationMs;
    drafts.checked += chunk.drafts?.checked ?? 0;
    drafts.accepted += chunk.drafts?.accepted ?? 0;
    output.stream(chunk.text);
    const { logProbabilities } = chunk;
    output.data({
      event: 'chunk',
      tokens: chunk.tokens,
      text: chunk.text,
      ...(logProbabilities && { logProbabilities }),
    });
    if (chunk.finished !== null)
      return { text, tokens, finished: chunk.finished, decodeMs, ...(chunk.drafts && { drafts }) };
  }
}
