/**
 * Puts lines of WGSL in the place of each `//@ name` of a shader: for what the language cannot loop over, as registers that must have names
 * of their own to stay registers.
 *
 * @throws RangeError for a name without lines.
 */
export function fillLines(code: string, lines: Readonly<Record<string, readonly string[]>>): string {
  return code.replaceAll(/^( *)\/\/@ (\w+)$/gm, (_, indent: string, name: string) => {
    const found = lines[name];
    if (found === undefined) throw new RangeError(`the shader asks for lines ${name}, which nobody gives`);
    return found.map((line) => indent + line).join('\n');
  });
}
