/**
 * Caps on what a GGUF header may claim. Real files stay far below: the largest vocabulary in use has 262,144 tokens and
 * about 515,000 merges, and its header is 16 MB.
 */
export const GGUF_LIMITS = {
  metadataEntries: 65_536,
  tensors: 65_536,
  /** Files that one model is split into. */
  parts: 1024,
  keyBytes: 65_535,
  tensorNameBytes: 255,
  stringBytes: 16 * 1024 * 1024,
  arrayElements: 1_048_576,
  /** Over all arrays of one file. */
  totalArrayElements: 4_194_304,
  headerBytes: 256 * 1024 * 1024,
  dimensions: 4,
  alignmentBytes: 65_536,
  /** One row of any tensor must fit the upload window (4 MiB) in F32. */
  rowElements: 1_048_576,
} as const;
