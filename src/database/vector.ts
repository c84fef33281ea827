import { endianness } from 'node:os';

/**
 * pgvector's binary form of a vector: number of dimensions and a reserved zero (2 × int16), then the elements as
 * float32, all big-endian. A Buffer is sent as a binary parameter, which spares printing and parsing 1,536 decimals.
 */
export function vectorToBinary(vector: Float32Array): Buffer {
  const binary = Buffer.allocUnsafe(4 + vector.byteLength);
  binary.writeUInt16BE(vector.length, 0);
  binary.writeUInt16BE(0, 2);
  const elements = binary.subarray(4);
  elements.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  // All at once, by the processor's own instructions: a tenth of the time of writing one element after the other.
  if (endianness() === 'LE') elements.swap32();
  return binary;
}

/** pgvector's text form, `[0.1,0.2]`, as it comes back in rows. */
export function vectorFromText(text: string): number[] {
  return JSON.parse(text) as number[];
}
