/** What a template may be given. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** One turn of a conversation, in the form models' templates were written for: `content` is text, or parts such as `{ type: 'text', text }`. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string | readonly JsonObject[] | null;
  /** What some templates read as well: `tool_calls`, `tool_call_id`, `name`, `reasoning_content`... */
  readonly [field: string]: JsonValue | undefined;
}

export interface ChatOptions {
  /** Functions the model may call, as JSON schemas: `{ type: 'function', function: { name, description, parameters } }`. */
  readonly tools?: readonly JsonObject[];
  /** Whether the prompt ends where the model's answer begins; true unless said otherwise. */
  readonly addGenerationPrompt?: boolean;
  /** Further variables of the template, say `enable_thinking`. */
  readonly variables?: JsonObject;
  /** What `strftime_now` tells, in UTC; now unless said otherwise. */
  readonly now?: Date;
}

/** The text of a message, its parts joined. */
export function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return (content ?? []).flatMap(({ text }) => (typeof text === 'string' ? [text] : [])).join('');
}
