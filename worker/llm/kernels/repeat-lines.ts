/**
 * A shader with named registers in place of arrays, whose size the host knows: lines between `// repeat COUNT NTH` and `// end NTH` are
 * repeated `counts.COUNT` times, with 0, 1, 2 and so on in place of every NTH in them. Repetitions may be nested under other names
 * than NTH. The counts are declared as constants in front.
 *
 * @throws RangeError for a count that is not given.
 */
export function repeatLines(code: string, counts: Readonly<Record<string, number>>): string {
  const constants = Object.entries(counts).map(([name, count]) => `const ${name} = ${count}u;\n`);
  return constants.join('') + repeat(code, counts);
}

function repeat(code: string, counts: Readonly<Record<string, number>>): string {
  return code.replaceAll(
    /^ *\/\/ repeat (\w+) (\w+)\n([^]*?)^ *\/\/ end \2\n/gm,
    (_, name: string, place: string, lines: string) => {
      const count = counts[name];
      if (count === undefined) throw new RangeError(`the shader repeats lines ${name} times, which nobody gives`);
      const each = Array.from({ length: count }, (_each, index) => lines.replaceAll(place, String(index)));
      return repeat(each.join(''), counts);
    },
  );
}
