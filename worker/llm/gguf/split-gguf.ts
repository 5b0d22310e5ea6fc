import { assertRange, type ByteSource } from '../../byte-source.ts';
import { GgufError, quoteName } from './gguf-error.ts';
import { GGUF_LIMITS } from './limits.ts';
import { parseGguf, type GgufFile, type GgufTensor } from './parse-gguf.ts';

/**
 * Parses a model in one file, or in the parts that `source` is joined from (`-00001-of-0000N.gguf`): metadata comes from the first, tensors
 * from all, their offsets from the start of the joined source. Each part is checked against its own size, so that no tensor can
 * reach into another part.
 *
 * @throws GgufError WRONG_PARTS when parts are missing, foreign or out of order; and whatever a single file may be refused for.
 */
export async function parseModelFile(source: ByteSource): Promise<GgufFile> {
  const sizes = source.partSizesBytes ?? [source.sizeBytes];
  const files: GgufFile[] = [];
  const tensors = new Map<string, GgufTensor>();
  let baseBytes = 0;
  for (const [index, sizeBytes] of sizes.entries()) {
    const file = await parseGguf(partOf(source, baseBytes, sizeBytes));
    checkPart(file, index, sizes.length, files[0]);
    files.push(file);
    for (const [name, tensor] of file.tensors) {
      if (tensors.has(name)) {
        throw new GgufError('DUPLICATE_NAME', `tensor ${quoteName(name)} appears in two parts`, {
          data: { field: name, part: index + 1 },
        });
      }
      tensors.set(name, { ...tensor, offsetBytes: tensor.offsetBytes + baseBytes });
    }
    if (tensors.size > GGUF_LIMITS.tensors) {
      throw new GgufError('LIMIT_EXCEEDED', `the parts hold more than ${GGUF_LIMITS.tensors} tensors`, {
        data: { field: 'tensor count', value: tensors.size, limit: GGUF_LIMITS.tensors },
      });
    }
    baseBytes += sizeBytes;
  }
  const [first] = files;
  if (first === undefined) throw new RangeError('a source has at least one part');
  const expected = first.metadata.integer('split.tensors.count', 0, GGUF_LIMITS.tensors, tensors.size);
  if (sizes.length > 1 && expected !== tensors.size) {
    throw wrongParts('split.tensors.count', `the parts hold ${tensors.size} tensors, but should hold ${expected}`);
  }
  return { ...first, tensors };
}

function checkPart(file: GgufFile, index: number, count: number, first: GgufFile | undefined): void {
  const claimed = file.metadata.integer('split.count', 0, GGUF_LIMITS.parts, 1);
  if (Math.max(1, claimed) !== count) {
    throw wrongParts(
      'split.count',
      `part ${index + 1} says that the model has ${claimed} parts, but ${count} were given`,
    );
  }
  if (count === 1) return;
  const number = file.metadata.integer('split.no', 0, GGUF_LIMITS.parts);
  if (number !== index) throw wrongParts('split.no', `part ${index + 1} says that it is part ${number + 1}`);
  if (first !== undefined && file.version !== first.version) {
    throw wrongParts('version', `part ${index + 1} is of version ${file.version}, the first of ${first.version}`);
  }
}

/** Bytes [baseBytes, baseBytes + sizeBytes) as a source of their own. */
function partOf(source: ByteSource, baseBytes: number, sizeBytes: number): ByteSource {
  return {
    sizeBytes,
    read(offsetBytes, lengthBytes) {
      assertRange(offsetBytes, lengthBytes, sizeBytes);
      return source.read(baseBytes + offsetBytes, lengthBytes);
    },
    close: () => Promise.resolve(),
  };
}

function wrongParts(field: string, message: string): GgufError {
  return new GgufError('WRONG_PARTS', `${field}: ${message}`, { data: { field } });
}
