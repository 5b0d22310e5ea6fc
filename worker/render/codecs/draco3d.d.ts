/** What of Draco's decoder (npm `draco3d`) is used here. */
declare module 'draco3d/draco_decoder_nodejs.js' {
  export interface DracoStatus {
    ok(): boolean;
    error_msg(): string;
  }
  export interface DracoMesh {
    num_points(): number;
    num_faces(): number;
  }
  export interface DracoAttribute {
    readonly ptr: number;
    num_components(): number;
  }
  export interface DracoDecoder {
    DecodeArrayToMesh(bytes: Uint8Array, size: number, mesh: DracoMesh): DracoStatus;
    GetAttributeByUniqueId(mesh: DracoMesh, id: number): DracoAttribute;
    GetTrianglesUInt32Array(mesh: DracoMesh, size: number, pointer: number): boolean;
    GetAttributeDataArrayForAllPoints(
      mesh: DracoMesh,
      attribute: DracoAttribute,
      type: number,
      size: number,
      pointer: number,
    ): boolean;
  }
  export interface DracoModule {
    readonly Decoder: new () => DracoDecoder;
    readonly Mesh: new () => DracoMesh;
    readonly DT_INT8: number;
    readonly DT_UINT8: number;
    readonly DT_INT16: number;
    readonly DT_UINT16: number;
    readonly DT_FLOAT32: number;
    _malloc(sizeBytes: number): number;
    _free(pointer: number): void;
    destroy(object: object): void;
  }
  export default function createDecoder(options: {
    instantiateWasm(
      imports: object,
      receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): Readonly<Record<string, unknown>>;
  }): Promise<DracoModule>;
}
