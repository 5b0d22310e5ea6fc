import type { Vocabulary } from '../tokenizer/vocabulary.ts';
import type { ChatMessage, ChatOptions, JsonObject, JsonValue } from './chat-message.ts';
import { createChatTemplate, type ChatTemplate } from './chat-template.ts';
import { encodeLayout } from './layouts.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { mapStrings, PlainTextGuard } from './plain-text-guard.ts';
import { TemplateError } from './template-error.ts';

export type EncodeChat = (messages: readonly ChatMessage[], options?: ChatOptions) => number[];

export interface PromptEncoders {
  /** Plain text to ids; nothing in it is structure. */
  readonly encodeText: (text: string) => number[];
  /** Cuts at the tokens written out in the text, cleans what lies between them, and encodes that as plain text. */
  readonly encodePrompt: (text: string, clean: (text: string) => string) => number[];
}

/** See Tokenizer.encodeChat. */
export function createChatEncoder(vocabulary: Vocabulary, { encodeText, encodePrompt }: PromptEncoders): EncodeChat {
  const templates = new Map<string, PreparedTemplate>();
  const prepare = (source: string) => {
    const known = templates.get(source) ?? prepareTemplate(source, vocabulary);
    templates.set(source, known);
    return known;
  };
  return (messages, options = {}) => {
    checkMessages(messages);
    const toolTemplate = options.tools === undefined ? undefined : vocabulary.namedChatTemplates.get('tool_use');
    const source = toolTemplate ?? vocabulary.chatTemplate;
    checkTools(source, messages, options.tools ?? []);
    if (source === null) return encodeLayout(messages, vocabulary, encodeText);
    const { template, guard, ownGuard } = prepare(source);
    const mark = guard.chooseMark(collectStrings([messages, options.tools ?? [], options.variables ?? {}]));
    const protect = (value: JsonValue, by: PlainTextGuard) => mapStrings(value, (text) => by.protect(text, mark));
    const prompt = template.render(
      {
        ...(protect(options.variables ?? {}, guard) as JsonObject),
        messages: messages.map((message) => protect(message, message.role === 'assistant' ? ownGuard : guard)),
        tools: options.tools === undefined ? null : protect(options.tools, guard),
        documents: null,
        add_generation_prompt: options.addGenerationPrompt ?? true,
        bos_token: textOfToken(vocabulary.bosToken, vocabulary),
        eos_token: textOfToken(vocabulary.eosToken, vocabulary),
      },
      options.now ?? new Date(),
    );
    const ids = encodePrompt(prompt, (text) => PlainTextGuard.remove(text, mark));
    // Most templates write BOS themselves.
    const needsBos = vocabulary.addsBos && vocabulary.bosToken !== null && ids[0] !== vocabulary.bosToken;
    return needsBos && vocabulary.bosToken !== null ? [vocabulary.bosToken, ...ids] : ids;
  };
}

/** What a template does not read would be missing from the prompt without a word. */
function checkTools(source: string | null, messages: readonly ChatMessage[], tools: readonly JsonValue[]): void {
  const refuse = (what: string, count: number) => {
    const whose =
      source === null ? 'the model has no chat template' : 'the chat template of this model does not read them';
    throw new TemplateError('TOOLS_UNSUPPORTED', `the conversation has ${what} (${count}), but ${whose}`, {
      data: { value: count, limit: 0 },
    });
  };
  const calls = messages.reduce((sum, { tool_calls: made }) => sum + (Array.isArray(made) ? made.length : 0), 0);
  if (tools.length > 0 && !/\btools\b/.test(source ?? '')) refuse('tools', tools.length);
  if (calls > 0 && !/\btool_calls\b/.test(source ?? '')) refuse('calls of tools', calls);
}

interface PreparedTemplate {
  readonly template: ChatTemplate;
  readonly guard: PlainTextGuard;
  /** For what the model itself wrote: templates cut thoughts out of it by tokens like `</think>`. */
  readonly ownGuard: PlainTextGuard;
}

function prepareTemplate(source: string, vocabulary: Vocabulary): PreparedTemplate {
  const template = createChatTemplate(source);
  const textsOf = (ids: ReadonlySet<number>) => [...ids].map((id) => vocabulary.texts[id] ?? '').filter(isBreakable);
  const control = textsOf(vocabulary.controlTokens);
  // Some files have the marks of a conversation among the tokens that are matched anywhere.
  const marks = textsOf(vocabulary.userTokens).filter((text) => source.includes(text));
  return { template, guard: new PlainTextGuard([...control, ...marks]), ownGuard: new PlainTextGuard(control) };
}

/** Whether a mark can be put inside it. */
export function isBreakable(text: string): boolean {
  return text.length >= 2;
}

function checkMessages(messages: readonly ChatMessage[]): void {
  if (messages.length > TEMPLATE_LIMITS.messages) {
    throw new TemplateError(
      'INVALID_INPUT',
      `the conversation has ${messages.length} messages; at most ${TEMPLATE_LIMITS.messages} are taken`,
      { data: { value: messages.length, limit: TEMPLATE_LIMITS.messages } },
    );
  }
  const wrong = messages.find(({ role }) => !/^[\w-]{1,64}$/.test(role));
  if (wrong !== undefined) {
    throw new TemplateError('INVALID_INPUT', "a message's role must be 1 to 64 letters, digits, '_' or '-'", {
      data: { value: wrong.role.slice(0, 64) },
    });
  }
}

function collectStrings(values: readonly JsonValue[]): string[] {
  const texts: string[] = [];
  mapStrings(values, (text) => {
    texts.push(text);
    return text;
  });
  return texts;
}

function textOfToken(id: number | null, vocabulary: Vocabulary): string {
  return id === null ? '' : (vocabulary.texts[id] ?? '');
}
