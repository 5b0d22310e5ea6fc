// How the key/value cache stores numbers: float32, as they are. Joined in front of rope-append.wgsl and attention.wgsl, which know
// nothing else about it. Host: worker/llm/cache/cache-format.ts. Exact.
alias CacheScalar = f32;
alias CacheVector = vec4<f32>;
