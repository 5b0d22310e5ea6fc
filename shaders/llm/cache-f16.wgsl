// How the key/value cache stores numbers: binary16, half the bytes of float32; taken where it is asked for and the adapter has
// shader-f16. Host: worker/llm/cache/cache-format.ts. Tolerance: half a unit of the 11-bit mantissa.
enable f16;
alias CacheScalar = f16;
alias CacheVector = vec4<f16>;
