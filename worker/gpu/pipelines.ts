/** One compute pipeline to compile: `code` is the whole module; constants fill its `override`s. */
export interface PipelineRequest {
  readonly label: string;
  readonly code: string;
  readonly entryPoint?: string;
  readonly constants?: Readonly<Record<string, number>>;
}

/**
 * Compiles a compute pipeline without blocking; compile several in parallel with Promise.all.
 *
 * @throws Error naming the label and the compiler's first messages when the shader does not compile.
 */
export async function createComputePipeline(device: GPUDevice, request: PipelineRequest): Promise<GPUComputePipeline> {
  const module = device.createShaderModule({ label: request.label, code: request.code });
  try {
    return await device.createComputePipelineAsync({
      label: request.label,
      layout: 'auto',
      compute: {
        module,
        ...(request.entryPoint === undefined ? {} : { entryPoint: request.entryPoint }),
        ...(request.constants === undefined ? {} : { constants: { ...request.constants } }),
      },
    });
  } catch (error) {
    const information = await module.getCompilationInfo();
    const lines = information.messages
      .slice(0, 5)
      .map((message) => `${message.lineNum}:${message.linePos} ${message.message}`);
    throw new Error(`pipeline ${request.label} does not compile: ${lines.join('; ') || String(error)}`, {
      cause: error,
    });
  }
}
