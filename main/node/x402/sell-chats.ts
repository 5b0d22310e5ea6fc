/** Chats by request: the same admission, prices, models, GPU and books as between peers; only the payer comes over HTTP. */
import { basename } from 'node:path';
import type { Hex, NumericProfile } from '../../../protocol/agreement.ts';
import { errorText, type Refusal } from '../../../protocol/errors.ts';
import { sha256Hex } from '../../../protocol/hashing/sha256.ts';
import type { ChatTask } from '../../../protocol/tasks.ts';
import { taskCodec } from '../../../protocol/wire/task-codec.ts';
import type { PriceList } from '../../market/pricing.ts';
import type { HttpAnswer, HttpPayments, PaidRequest, Serve, ServedAnswer } from '../../payment/x402-http/index.ts';
import type { InputStore } from '../../store/input-store.ts';
import { GpuWorkerError } from '../gpu-worker.ts';
import type { TaskRunner } from '../task-runner.ts';
import { HandBack } from '../task/provider-session.ts';
import { TaskError } from '../task/task-error.ts';
import type { ChatAnswer } from '../task/whole-chat.ts';
import { x402Limits } from './limits.ts';
import { readChatRequest } from './read-chat-request.ts';

export interface ChatDesk {
  /** `stop` is aborted when the payer has gone. */
  sell(request: {
    readonly body: string;
    readonly payment: string | null;
    readonly stop: AbortSignal;
  }): Promise<HttpAnswer>;
  /** What a client asks without a chat: the terms, and its deposit back, which it gets whatever the node does. */
  settle(payment: string | null): Promise<HttpAnswer>;
  listModels(): Promise<HttpAnswer>;
}

export interface ChatDeskComponents {
  readonly payments: HttpPayments;
  readonly runner: Pick<TaskRunner, 'admitChat' | 'computeChat'>;
  readonly store: Pick<InputStore, 'list'>;
  readonly prices: () => PriceList;
  readonly shaderSetHash: Hex;
  readonly numericProfile: () => NumericProfile;
  /** Of the completions, as payers are told. */
  readonly url: string;
  readonly nowMs?: () => number;
}

/** Refusals by what a client may do about them; the rest is for later: 503. */
const statusByCode: Readonly<Record<string, number>> = {
  BAD_REQUEST: 400,
  NOT_OFFERED: 400,
  UNKNOWN_MODEL: 404,
  TOO_LARGE: 404,
  RATE: 429,
};
const retryAfterSeconds: Readonly<Record<string, number>> = { BUSY: 5, NOT_ACCEPTING: 60 };

/** What the terms are told for where no chat was sent. */
const usualChat = {
  kind: 'chat',
  messages: [{ role: 'user', content: 'Hello' }],
  prefixTokens: [],
  maxTokens: x402Limits.usualAnswerTokens,
  temperatureMillionths: 0,
  seed: 0,
} as const;

export function createChatDesk(components: ChatDeskComponents): ChatDesk {
  const { payments, runner, store, prices, shaderSetHash, numericProfile, url, nowMs = Date.now } = components;

  async function findModel(name: string | null): Promise<{ readonly name: string; readonly sha256: string } | null> {
    const models = await listed();
    const wanted = name?.toLowerCase();
    return (
      models.find((model) => wanted === undefined || [model.name.toLowerCase(), model.sha256].includes(wanted)) ?? null
    );
  }

  async function listed(): Promise<readonly { readonly name: string; readonly sha256: string }[]> {
    const inputs = await store.list();
    return inputs
      .filter(({ kind }) => kind === 'model')
      .map(({ path, sha256 }) => ({ name: basename(path).replace(/\.gguf$/i, ''), sha256 }));
  }

  function serveBy(task: ChatTask, model: string, stop: AbortSignal): Serve {
    return async ({ agreement, agreementHash }) => {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(x402Limits.computeWithinMs)]);
      try {
        const answer = await runner.computeChat({ task, agreement, agreementHash }, signal);
        return toCompletion(answer, { model, agreementHash, nowMs: nowMs() });
      } catch (error) {
        return { ...refusalOf(error), made: null };
      }
    };
  }

  function requestFor(task: ChatTask, model: string, payment: string | null): PaidRequest {
    return {
      url,
      description: `An answer of up to ${task.maxTokens} tokens by ${model}`,
      kind: 'chat',
      terms: {
        taskHash: sha256Hex(taskCodec.encode(task)),
        inputHash: `0x${task.modelSha256}`,
        shaderSetHash,
        numericProfile: numericProfile(),
        pricePerMillionUnits: prices().chat,
        maxUnits: BigInt(task.maxTokens),
      },
      payment,
    };
  }

  return {
    async sell({ body, payment, stop }) {
      const read = readChatRequest(body);
      if (!read.ok) return refusedBy(read);
      const { model: name, ...chat } = read.chat;
      const model = await findModel(name);
      if (model === null) {
        return refusedBy({ ok: false, code: 'UNKNOWN_MODEL', message: `no model "${name ?? ''}"; see /v1/models` });
      }
      const clockSeconds = Math.floor(nowMs() / 1_000);
      const task: ChatTask = { ...chat, modelSha256: model.sha256, clockSeconds };
      // Before anybody pays: a node that would not compute asks for no money.
      const admitted = await runner.admitChat(model.sha256);
      if (!admitted.ok) return refusedBy(admitted);
      return payments.answer(requestFor(task, model.name, payment), serveBy(task, model.name, stop));
    },
    async settle(payment) {
      const [model] = await listed();
      const { name, sha256 } = model ?? { name: 'no model', sha256: '0'.repeat(64) };
      const task: ChatTask = { ...usualChat, modelSha256: sha256 };
      return payments.answer(requestFor(task, name, payment), async () => {
        return { ...refusedBy({ ok: false, code: 'BAD_REQUEST', message: 'a chat is sent by POST' }), made: null };
      });
    },
    async listModels() {
      const price = prices().chat.toString();
      const data = (await listed()).map(({ name, sha256 }) => {
        return { id: name, object: 'model', owned_by: 'hearth', sha256, price_per_million_tokens: price };
      });
      return json(200, { object: 'list', data });
    },
  };
}

function toCompletion(
  { text, tokens, finished }: ChatAnswer,
  about: { readonly model: string; readonly agreementHash: Hex; readonly nowMs: number },
): ServedAnswer {
  const choice = {
    index: 0,
    message: { role: 'assistant', content: text },
    finish_reason: finished === 'stop' ? 'stop' : 'length',
  };
  const answer = json(200, {
    id: about.agreementHash,
    object: 'chat.completion',
    created: Math.floor(about.nowMs / 1_000),
    model: about.model,
    choices: [choice],
    // Only what is charged for.
    usage: { completion_tokens: tokens.length },
  });
  const payloadSha256 = sha256Hex(new TextEncoder().encode(text));
  return { ...answer, made: { units: BigInt(tokens.length), payloadSha256 } };
}

/** What stopped the computation, in words that say nothing of this machine. @throws what is a fault of ours */
function refusalOf(error: unknown): HttpAnswer {
  if (error instanceof HandBack) return refusedBy({ ok: false, code: 'NOT_ACCEPTING', message: error.reason });
  if (error instanceof TaskError || error instanceof GpuWorkerError) {
    return refusedBy({ ok: false, code: error.code, message: errorText(error).slice(0, 300) });
  }
  throw error;
}

function refusedBy({ code, message }: Refusal): HttpAnswer {
  const seconds = retryAfterSeconds[code];
  const headers = seconds === undefined ? {} : { 'retry-after': String(seconds) };
  return json(statusByCode[code] ?? 503, { error: { code, message } }, headers);
}

export function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
