/** A plain-text table: columns of figures to the right, columns of words to the left; works in any terminal and in a log file. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const isFigures = header.map((_, column) => rows.every((row) => /^[\d.]+( \S+)?$/.test(row[column] ?? '')));
  const format = (line: readonly string[]) =>
    widths
      .map((width, column) =>
        isFigures[column] === true ? (line[column] ?? '').padStart(width) : (line[column] ?? '').padEnd(width),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [format(header), rule, ...rows.map(format)].join('\n');
}
