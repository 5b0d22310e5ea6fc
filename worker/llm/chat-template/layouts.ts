import type { Vocabulary } from './vocabulary.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

type EncodeText = (text: string) => number[];

/** See Tokenizer.encodeChat. */
export function encodeChatWithTemplate(
  messages: readonly ChatMessage[],
  vocabulary: Vocabulary,
  encode: EncodeText,
): number[] {
  const template = vocabulary.chatTemplate ?? '';
  const start = vocabulary.addsBos && vocabulary.bosToken !== null ? [vocabulary.bosToken] : [];
  if (template.includes('<|start_header_id|>')) {
    const layout = headerLayout(vocabulary, encode, ['<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'], '\n\n');
    if (layout !== undefined) return [...start, ...layout(messages)];
  }
  if (template.includes('<|im_start|>')) {
    const layout = chatMlLayout(vocabulary, encode);
    if (layout !== undefined) return [...start, ...layout(messages)];
  }
  const spoken = messages.filter(({ role }) => role === 'user');
  return [...start, ...encode(spoken.map(({ content }) => content).join('\n'))];
}

function headerLayout(
  vocabulary: Vocabulary,
  encode: EncodeText,
  markers: readonly [string, string, string],
  gap: string,
): ((messages: readonly ChatMessage[]) => number[]) | undefined {
  const [open, close, end] = markers.map((text) => vocabulary.idOfText.get(text));
  if (open === undefined || close === undefined || end === undefined) return undefined;
  const header = (role: string) => [open, ...encode(role), close];
  return (messages) => [
    ...messages.flatMap(({ role, content }) => [...header(role), ...encode(`${gap}${content.trim()}`), end]),
    ...header('assistant'),
    ...encode(gap),
  ];
}

function chatMlLayout(
  vocabulary: Vocabulary,
  encode: EncodeText,
): ((messages: readonly ChatMessage[]) => number[]) | undefined {
  const open = vocabulary.idOfText.get('<|im_start|>');
  const close = vocabulary.idOfText.get('<|im_end|>');
  if (open === undefined || close === undefined) return undefined;
  return (messages) => [
    ...messages.flatMap(({ role, content }) => [open, ...encode(`${role}\n${content}`), close, ...encode('\n')]),
    open,
    ...encode('assistant\n'),
  ];
}
