/**
 * Renders every chat template in llama.cpp's collection within our bounds and with the bare library, for short, long and tool-calling
 * conversations, and writes how many agree to bench/results/chat-templates.json. Exits 1 where the bounds change anything.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkout } from './dequantised-model.ts';
import { checkOutModels } from './vocabularies.ts';

const { createChatTemplate } = (await import(
  pathToFileURL(join(checkout, 'worker/llm/chat-template/chat-template.ts')).href
)) as typeof import('../../worker/llm/chat-template/chat-template.ts');
type JsonObject = import('../../worker/llm/chat-template/chat-message.ts').JsonObject;
interface Library {
  readonly Template: new (source: string) => { render(variables: Record<string, unknown>): string };
}
const library = createRequire(join(checkout, 'package.json'))('@huggingface/jinja') as Library;

const parameters = {
  type: 'object',
  properties: { place: { type: 'string', description: 'where' } },
  required: ['place'],
};
const TOOLS = [
  { type: 'function', function: { name: 'get_weather', description: 'Weather <b>of</b> a place', parameters } },
];
const CALL = { id: 'call12345', type: 'function', function: { name: 'get_weather', arguments: { place: 'Oslo' } } };
const CONVERSATIONS: Readonly<Record<string, readonly JsonObject[]>> = {
  short: [{ role: 'user', content: 'Hello' }],
  system: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hi!' },
    { role: 'user', content: 'More '.repeat(200) },
  ],
  tools: [
    { role: 'user', content: 'Weather?' },
    { role: 'assistant', content: '', tool_calls: [CALL] },
    { role: 'tool', tool_call_id: CALL.id, name: 'get_weather', content: 'sunny' },
  ],
  long: Array.from({ length: 400 }, (_, index) => ({
    role: index % 2 === 1 ? 'assistant' : 'user',
    content: `${'text '.repeat(400)}${index}`,
  })),
};

/** What came out, or 'refused': the library's words for it differ from ours. */
function attempt(render: () => string): string {
  try {
    return render();
  } catch {
    return 'refused';
  }
}

const folder = join(process.env['MODELS'] ?? checkOutModels(), 'templates');
const files = readdirSync(folder).filter((file) => file.endsWith('.jinja'));
const counts = { templates: files.length, conversations: 0, equal: 0, refusedByBoth: 0, different: 0 };
for (const file of files) {
  const source = readFileSync(join(folder, file), 'utf8');
  for (const [name, messages] of Object.entries(CONVERSATIONS)) {
    for (const tools of name === 'tools' ? [TOOLS] : [null, TOOLS]) {
      const variables = {
        messages,
        tools,
        documents: null,
        add_generation_prompt: true,
        bos_token: '<s>',
        eos_token: '</s>',
      };
      const bare = attempt(() => new library.Template(source).render({ ...variables }));
      const bounded = attempt(() => createChatTemplate(source).render(variables, new Date()));
      counts.conversations += 1;
      if (bare !== bounded) {
        counts.different += 1;
        console.log(`${file}, ${name}: ${bare.length} characters, within bounds ${bounded.length}`);
      } else if (bare === 'refused') counts.refusedByBoth += 1;
      else counts.equal += 1;
    }
  }
}
console.log(counts);
const madeOn = new Date().toISOString().slice(0, 10);
writeFileSync(
  join(checkout, 'bench/results/chat-templates.json'),
  `${JSON.stringify({ madeOn, source: 'llama.cpp v0.5.0, models/templates', ...counts }, null, 2)}\n`,
);
process.exit(counts.different === 0 ? 0 : 1);
