import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../../contracts/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.sol'));

/** What a reader of the interface meets: members at the first level of a contract. */
const member =
  /^ {4}(?:function|event|error|struct|mapping|constructor\(\w|(?:bytes32|uint40|address|I\w+) (?:public|private))/;

function undocumented(source: string): string[] {
  const lines = source.split('\n');
  return lines.filter((line, index) => member.test(line) && !/^ {4}\/\/\//.test(lines[index - 1] ?? ''));
}

test.each(files)('every member of %s says in NatSpec what it is', (name) => {
  const open = undocumented(readFileSync(new URL(name, folder), 'utf8')).filter(
    // Type strings, whose meaning is their text.
    (line) => !line.includes('bytes32 private constant'),
  );
  expect(open).toEqual([]);
});

test('the check sees a member without a word', () => {
  expect(undocumented('contract A {\n    function lost() external;\n    /// Found.\n    error Found();\n}')).toEqual([
    '    function lost() external;',
  ]);
  expect(files.length).toBeGreaterThan(6);
});
