/** Options of commands whose result follows from its seed. */
export const seedOption = {
  kind: 'integer',
  placeholder: 'N',
  minimum: 0,
  maximum: 0xff_ff_ff_ff,
  fallback: 0,
  summary: 'seed of the sampling',
} as const;

/** What an answer is made from, besides its prompt. */
export const generationOptions = {
  messages: {
    kind: 'text',
    placeholder: 'F.json',
    summary: 'conversation to answer in place of a prompt, as the messages of the OpenAI API',
  },
  tools: { kind: 'text', placeholder: 'F.json', summary: 'tools the model may call, as those of the OpenAI API' },
  'max-tokens': {
    kind: 'integer',
    placeholder: 'N',
    minimum: 1,
    maximum: 131_072,
    fallback: 128,
    summary: 'most tokens to generate',
  },
  temperature: {
    kind: 'number',
    placeholder: 'T',
    minimum: 0,
    maximum: 100,
    fallback: 0,
    summary: '0 always takes the likeliest token',
  },
  seed: seedOption,
} as const;
