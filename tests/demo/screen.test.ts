import { describe, expect, it } from 'vitest';
import { createDemoScreen } from '../../main/demo/screen.ts';
import { renderTable } from '../../main/demo/table.ts';

function record(options: { json: boolean; isTTY: boolean }) {
  let text = '';
  const screen = createDemoScreen({
    json: options.json,
    output: { isTTY: options.isTTY, write: (part) => (text += part) },
  });
  screen.say('Two providers are up.', 'providers', { count: 2, paid: 12n });
  screen.stream('The ');
  screen.stream('people');
  screen.progress('picture', 1, 2, { provider: 'one' });
  screen.block('table', 'summary', { ok: true });
  return text;
}

describe('what the demo shows', () => {
  it('keeps progress bars out of a log file', () => {
    expect(record({ json: false, isTTY: false })).toBe('Two providers are up.\n  The people\n\ntable\n');
  });

  it('draws progress over one line of a terminal', () => {
    expect(record({ json: false, isTTY: true })).toContain('\r  picture [##############..............] 50 %\n');
  });

  it('gives a script one JSON document a line, amounts as text', () => {
    const events = record({ json: true, isTTY: true })
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toEqual([
      { event: 'providers', message: 'Two providers are up.', count: 2, paid: '12' },
      { event: 'text', text: 'The ' },
      { event: 'text', text: 'people' },
      { event: 'progress', label: 'picture', done: 1, total: 2, provider: 'one' },
      { event: 'summary', ok: true },
    ]);
  });

  it('lines up a table, figures to the right and words to the left', () => {
    const rows = [
      ['chat', '7.1 t/s', 'a'],
      ['render one', '12345 s/s', 'bee'],
    ];
    expect(renderTable(['task', 'speed', 'by'], rows)).toBe(
      'task            speed  by\n----------  ---------  ---\nchat          7.1 t/s  a\nrender one  12345 s/s  bee',
    );
  });
});
