/**
 * A shader with named registers in place of arrays, whose size the host knows: lines between `// repeat COUNT` and `// end` are
 * repeated `counts.COUNT` times, NTH in them being 0, 1, 2 and so on. The counts are declared as constants in front.
 */
export function repeatLines(code: string, counts: Readonly<Record<string, number>>): string {
  const constants = Object.entries(counts).map(([name, count]) => `const ${name} = ${count}u;\n`);
  const repeated = code.replaceAll(/^ *\/\/ repeat (\w+)\n([^]*?)^ *\/\/ end\n/gm, (_, name: string, lines: string) => {
    const count = counts[name];
    if (count === undefined) throw new RangeError(`the shader repeats ${name} times, which is not said`);
    return Array.from({ length: count }, (_each, index) => lines.replaceAll('NTH', String(index))).join('');
  });
  return constants.join('') + repeated;
}
