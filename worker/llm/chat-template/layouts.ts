import type { Vocabulary } from '../tokenizer/vocabulary.ts';
import { textOf, type ChatMessage } from './chat-message.ts';

type EncodeText = (text: string) => number[];
type Layout = (messages: readonly ChatMessage[]) => number[];

/**
 * A conversation for a file without a template: as its vocabulary's marks suggest, Llama 3 headers or ChatML, whose tokens are put
 * between contents that are never parsed for any. Without such marks, the contents of the user's messages joined with line feeds.
 */
export function encodeLayout(messages: readonly ChatMessage[], vocabulary: Vocabulary, encode: EncodeText): number[] {
  const start = vocabulary.addsBos && vocabulary.bosToken !== null ? [vocabulary.bosToken] : [];
  const layout = headerLayout(vocabulary, encode) ?? chatMlLayout(vocabulary, encode);
  if (layout !== undefined) return [...start, ...layout(messages)];
  const spoken = messages.filter(({ role }) => role === 'user');
  return [...start, ...encode(spoken.map(textOf).join('\n'))];
}

function headerLayout(vocabulary: Vocabulary, encode: EncodeText): Layout | undefined {
  const open = vocabulary.idOfText.get('<|start_header_id|>');
  const close = vocabulary.idOfText.get('<|end_header_id|>');
  const end = vocabulary.idOfText.get('<|eot_id|>');
  if (open === undefined || close === undefined || end === undefined) return undefined;
  const gap = '\n\n';
  const header = (role: string) => [open, ...encode(role), close];
  return (messages) => [
    ...messages.flatMap((message) => [...header(message.role), ...encode(`${gap}${textOf(message).trim()}`), end]),
    ...header('assistant'),
    ...encode(gap),
  ];
}

function chatMlLayout(vocabulary: Vocabulary, encode: EncodeText): Layout | undefined {
  const open = vocabulary.idOfText.get('<|im_start|>');
  const close = vocabulary.idOfText.get('<|im_end|>');
  if (open === undefined || close === undefined) return undefined;
  return (messages) => [
    ...messages.flatMap((message) => [open, ...encode(`${message.role}\n${textOf(message)}`), close, ...encode('\n')]),
    open,
    ...encode('assistant\n'),
  ];
}
